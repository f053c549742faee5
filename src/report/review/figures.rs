//! The platform's figures that a run rests on, each with its source, date and doubt.

use super::heading;
use crate::error::Error;
use crate::profile::Figure;
use crate::report::document::Block;
use crate::report::table::Table;
use crate::scenario::shipped;
use serde_json::Value;

/// Every figure of the scenario's outbound model, and what it rests on.
pub fn platform(scenario: &Value) -> Result<Vec<Block>, Error> {
    let outbound = &scenario["outbound"];
    let Some(profile) = outbound["model"].as_str().and_then(shipped::named) else { return Ok(Vec::new()) };
    let mut table = Table::new(["figure", "value used", "rests on"]);
    for figure in profile.figures()?.iter().filter(|figure| !figure.key.starts_with("range.")) {
        let used = figure.key.split('.').fold(outbound, |value, key| &value[key]);
        table.push([figure.key.clone(), plain(used), basis(figure, used)]);
    }
    Ok(vec![heading("Platform figures used"), Block::Table(table)])
}

fn basis(figure: &Figure, used: &Value) -> String {
    if *used != figure.value {
        return format!("set in the scenario; the shipped model has {}", plain(&figure.value));
    }
    let assumptions = figure.assumptions.iter().map(|why| format!("assumed: {why}"));
    figure.sources.iter().cloned().chain(assumptions).collect::<Vec<_>>().join("; ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}
