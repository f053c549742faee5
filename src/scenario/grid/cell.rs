//! The scenario of one cell.

use crate::error::{Error, Problem};
use crate::scenario::file::check;
use crate::scenario::later_devices::keep_those_of_the_cluster;
use crate::scenario::overrides::{self, Override};
use crate::scenario::reader::Origin;
use crate::scenario::tree::{Node, Value, parse};
use crate::scenario::{Scenario, ranges};

/// Reads and checks a scenario with keys set from outside, those of `settings` last.
///
/// Where these name another outbound model than the file, what the file says of its own goes, as with an option of a comparison; keys
/// that are set or varied hold for every model.
pub fn read_cell(file: &str, text: &str, set: &[Override], settings: &[Override]) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    if let Some(model) = settings.iter().find_map(|(key, value)| (key == MODEL).then_some(value)) {
        forget_another(&mut tree, model.trim_matches('"'));
    }
    overrides::apply(&mut tree, set)?;
    overrides::apply_from("--vary", &mut tree, settings)?;
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
    let problem = |outside: ranges::Outside| Problem {
        file: "--vary".into(),
        line: None,
        column: None,
        message: outside.message,
        help: None,
    };
    ranges::outside(tree).into_iter().map(problem).collect()
}

/// A scenario as it is given, without any default and unchecked.
pub fn given(file: &str, text: &str, set: &[Override]) -> Result<serde_json::Value, Error> {
    let mut tree = parse(file, text)?;
    overrides::apply(&mut tree, set)?;
    Ok(tree.to_json())
}
