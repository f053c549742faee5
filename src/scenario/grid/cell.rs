//! The scenario of one cell.

use crate::error::{Error, Problem};
use crate::scenario::file::check;
use crate::scenario::later_devices::keep_those_of_the_cluster;
use crate::scenario::overrides::{self, Override};
use crate::scenario::reader::Origin;
use crate::scenario::tree::{Node, Value, parse};
use crate::scenario::{Scenario, shipped, units};

/// Reads and checks a scenario with keys set from outside, those of `settings` last.
///
/// Where these name another outbound model than the file, what the file says of its own goes, as with `read_as`; keys
/// that are set or varied hold for every model.
pub fn read_cell(file: &str, text: &str, set: &[Override], settings: &[Override]) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    if let Some(model) = settings.iter().find_map(|(key, value)| (key == MODEL).then_some(value)) {
        forget_another(&mut tree, model.trim_matches('"'));
    }
    overrides::apply(&mut tree, set)?;
    overrides::apply(&mut tree, settings).map_err(as_varied)?;
    let outside = outside_the_range(&tree);
    if !outside.is_empty() {
        return Err(Error::PlatformRefuses(outside));
    }
    check(Origin { file, text, flags: "--set or --vary", trace: None }, tree)?.accepted()
}

const MODEL: &str = "outbound.model";

fn forget_another(tree: &mut Node, model: &str) {
    let own = tree.get("outbound").and_then(|outbound| outbound.get("model"));
    if own.is_some_and(|own| own.value == Value::Text(model.into())) {
        return;
    }
    if let Some(table) = tree.entry("outbound") {
        *table = Node::set(Value::Table(Vec::new()));
    }
    keep_those_of_the_cluster(tree);
}

/// Values of `[outbound]` that the platform does not allow. In a single run they are a slip; a grid over several models meets
/// them by its nature.
fn outside_the_range(tree: &Node) -> Vec<Problem> {
    let outbound = tree.get("outbound");
    let model = outbound.and_then(shipped::model_of);
    let ranges = match model.as_ref().and_then(|model| model.get("range")).map(|range| &range.value) {
        Some(Value::Table(entries)) => entries.as_slice(),
        _ => &[],
    };
    let outside = ranges.iter().filter_map(|range| {
        let [value, least, most] =
            [outbound?.get(&range.key)?, range.node.get("least")?, range.node.get("most")?];
        // Of the wrong kind is bad input.
        if std::mem::discriminant(&value.value) != std::mem::discriminant(&least.value) {
            return None;
        }
        let within = (quantity(least)?..=quantity(most)?).contains(&quantity(value)?);
        (!within).then(|| {
            let [value, least, most] = [value, least, most].map(written);
            format!("`{}` is {value}; the platform allows {least} to {most}", range.key)
        })
    });
    let problem = |message| Problem { file: "--vary".into(), line: None, column: None, message, help: None };
    outside.map(problem).collect()
}

/// A whole number, or the nanoseconds of a time.
fn quantity(node: &Node) -> Option<i128> {
    match &node.value {
        Value::Integer(number) => Some(i128::from(*number)),
        Value::Text(text) => units::duration(text).ok().map(|span| i128::from(span.nanos())),
        _ => None,
    }
}

fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        _ => node.to_json().to_string(),
    }
}

fn as_varied(error: Error) -> Error {
    match error {
        Error::Input(mut problems) => {
            problems.iter_mut().for_each(|problem| problem.file = "--vary".into());
            Error::Input(problems)
        }
        other => other,
    }
}

/// A scenario as it is given, without any default and unchecked.
pub fn given(file: &str, text: &str, set: &[Override]) -> Result<serde_json::Value, Error> {
    let mut tree = parse(file, text)?;
    overrides::apply(&mut tree, set)?;
    Ok(tree.to_json())
}
