//! The platform's figures that a run rests on, each with its source, date and doubt.

use super::heading;
use crate::error::Error;
use crate::profile::{Figure, Profile};
use crate::report::document::Block;
use crate::report::table::Table;
use crate::scenario::{node_stage, pod, shipped};
use serde_json::Value;

/// Every figure of the scenario's outbound models and of what its nodes do, and what each rests on.
pub fn platform(scenario: &Value) -> Result<Vec<Block>, Error> {
    let models = models(scenario);
    if models.is_empty() {
        return Ok(Vec::new());
    }
    let mut blocks = vec![heading("Platform figures used")];
    for Used { whose, model, keys } in &models {
        if models.len() > 1 {
            blocks.push(Block::Paragraph(format!("{whose}: {}", model.name)));
        }
        let mut table = Table::new(["figure", "value used", "rests on"]);
        for figure in model.figures()?.iter().filter(|figure| !figure.key.starts_with("range.")) {
            let used = used(keys, &figure.key);
            table.push([figure.key.clone(), plain(used), basis(figure, used)]);
        }
        blocks.push(Block::Table(table));
    }
    Ok(blocks)
}

/// The value of a dotted key. A table within that lacks it, such as one law for all kinds, holds for all of them.
fn used<'a>(keys: &'a Value, key: &str) -> &'a Value {
    let mut steps = key.split('.');
    let outer = &keys[steps.next().unwrap_or_default()];
    steps.fold(outer, |value, key| value.get(key).unwrap_or(value))
}

/// A shipped model, and the table of the scenario that holds the values used.
struct Used<'a> {
    whose: String,
    model: Profile,
    keys: &'a Value,
}

/// In the order in which flows meet them: the pods, the nodes, `[outbound]`, the ways out beside it.
fn models(scenario: &Value) -> Vec<Used<'_>> {
    let (cluster, outbound) = (&scenario["cluster"], &scenario["outbound"]);
    let node = cluster["network_plugin"].as_str().and_then(node_stage::of_plugin);
    let node = node.map(|model| Used { whose: "nodes".into(), model, keys: &cluster["node_stage"] });
    let pods =
        cluster.get("local_ports").map(|_| Used { whose: "pods".into(), model: pod::POD, keys: cluster });
    let device = |whose: String, keys| shipped_model(keys).map(|model| Used { whose, model, keys });
    let ways = scenario["way_out"].as_array().into_iter().flatten();
    let ways = ways.filter_map(|way| device(format!("way out \"{}\"", plain(&way["name"])), way));
    pods.into_iter().chain(node).chain(device("outbound".into(), outbound)).chain(ways).collect()
}

fn shipped_model(device: &Value) -> Option<Profile> {
    device["model"].as_str().and_then(shipped::named)
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
