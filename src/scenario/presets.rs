//! `preset` of a workload: traffic that clusters commonly have, with the destinations that it needs.
//!
//! A preset stands under the workload that names it. Tables with the same alternatives are merged, any other key of the
//! workload replaces the preset's. Its destinations join those of the scenario unless one of that name is there.

use super::reader::Table;
use super::tree::{Entry, Node, Value};
use crate::profile::Profile;
use crate::workload::Arrivals;
use std::ops::Range;

/// All presets of workloads.
pub const WORKLOADS: [Profile; 6] = [
    Profile {
        name: "workloads/aks-mandatory-egress",
        text: include_str!("../../models/workloads/aks-mandatory-egress.toml"),
    },
    Profile { name: "workloads/api-server", text: include_str!("../../models/workloads/api-server.toml") },
    Profile {
        name: "workloads/dns-coredns-azure",
        text: include_str!("../../models/workloads/dns-coredns-azure.toml"),
    },
    Profile {
        name: "workloads/dns-coredns-outside",
        text: include_str!("../../models/workloads/dns-coredns-outside.toml"),
    },
    Profile {
        name: "workloads/dns-localdns-outside",
        text: include_str!("../../models/workloads/dns-localdns-outside.toml"),
    },
    Profile {
        name: "workloads/dns-stub-outside",
        text: include_str!("../../models/workloads/dns-stub-outside.toml"),
    },
];

/// Keys of a preset that describe it, or are not the workload's.
const NOT_THE_WORKLOADS: [&str; 4] = ["title", "source", "assumption", "destination"];

/// A share of hits above this is a slip: nothing would be left to simulate.
const MOST_HITS: f64 = 0.999_999;

/// Lays presets under the workloads of a scenario that name them, and adds their destinations.
pub fn lay_under(scenario: &mut Node) {
    let Some(Value::List(workloads)) = scenario.get("workload").map(|node| &node.value) else { return };
    let presets: Vec<Option<Node>> = workloads.iter().map(preset).collect();
    if presets.iter().all(Option::is_none) {
        return;
    }
    let own_destination = presets.iter().any(Option::is_none).then(internet);
    let Some(Value::List(workloads)) = scenario.entry("workload").map(|node| &mut node.value) else { return };
    let mut needed = Vec::new();
    for (workload, preset) in workloads.iter_mut().zip(presets) {
        let Some(preset) = preset else { continue };
        let place = workload.get("preset").map_or(0..0, |node| node.span.clone());
        merge(workload, &preset, &place);
        needed.extend(destinations(workload, &preset, &place));
    }
    let declares = scenario.get("destination").is_some();
    let own_destination = own_destination.filter(|_| !declares && !needed.is_empty());
    add_destinations(scenario, own_destination.into_iter().chain(needed));
}

/// A wrong name is a problem.
pub fn check(table: &Table<'_>) {
    let names: Vec<(&str, ())> = WORKLOADS.iter().map(|profile| (profile.short_name(), ())).collect();
    table.choice("preset", &names);
}

/// What is left of `arrivals` when a cache answers its share of them: each apart from the others.
pub fn missed(table: &Table<'_>, arrivals: Option<Arrivals>) -> Option<Arrivals> {
    let hits = table.number("cache_hit_ratio", 0.0, MOST_HITS);
    match arrivals? {
        Arrivals::Poisson { rate } => Some(Arrivals::Poisson { rate: rate * (1.0 - hits?) }),
        _ => {
            let help = Some("write the rate of the misses, or `arrivals.poisson`".to_string());
            let span = table.get("cache_hit_ratio").map_or(0..0, |node| node.span.clone());
            table.wrong(&span, "`cache_hit_ratio` is for `arrivals.poisson` only".into(), help);
            None
        }
    }
}

fn preset(workload: &Node) -> Option<Node> {
    let Value::Text(name) = &workload.get("preset")?.value else { return None };
    WORKLOADS.iter().find(|profile| profile.short_name() == name)?.tree().ok()
}

/// What workloads reach that name no destination in a scenario without any.
fn internet() -> Node {
    let name = Node { value: Value::Text("internet".into()), span: 0..0 };
    let entry = Entry { key: "name".into(), span: 0..0, node: name };
    Node { value: Value::Table(vec![entry]), span: 0..0 }
}

/// Lays `under` under `own`; what is added stands at `place`.
fn merge(own: &mut Node, under: &Node, place: &Range<usize>) {
    let (Value::Table(entries), Value::Table(defaults)) = (&mut own.value, &under.value) else { return };
    for default in defaults.iter().filter(|entry| !NOT_THE_WORKLOADS.contains(&entry.key.as_str())) {
        match entries.iter_mut().find(|entry| entry.key == default.key) {
            None => entries.push(placed(default, place)),
            Some(entry) if entry.key != "destinations" && same_alternative(&entry.node, &default.node) => {
                merge(&mut entry.node, &default.node, place);
            }
            Some(_) => {}
        }
    }
}

/// Whether the keys of `own` are all among those of `under`, so that they set some of its values.
fn same_alternative(own: &Node, under: &Node) -> bool {
    match (&own.value, &under.value) {
        (Value::Table(own), Value::Table(_)) => own.iter().all(|entry| under.get(&entry.key).is_some()),
        _ => false,
    }
}

/// An entry of a preset, as if it stood at `place`.
fn placed(entry: &Entry, place: &Range<usize>) -> Entry {
    Entry { key: entry.key.clone(), span: place.clone(), node: at(&entry.node, place) }
}

fn at(node: &Node, place: &Range<usize>) -> Node {
    let value = match &node.value {
        Value::List(nodes) => Value::List(nodes.iter().map(|node| at(node, place)).collect()),
        Value::Table(entries) => Value::Table(entries.iter().map(|entry| placed(entry, place)).collect()),
        other => other.clone(),
    };
    Node { value, span: place.clone() }
}

/// Those of the preset's destinations that the workload reaches.
fn destinations(workload: &Node, preset: &Node, place: &Range<usize>) -> Vec<Node> {
    let Some(Value::List(shipped)) = preset.get("destination").map(|node| &node.value) else {
        return Vec::new();
    };
    let reached = |node: &&Node| match name(node) {
        Some(name) => workload.get("destinations").is_some_and(|reached| reached.get(name).is_some()),
        None => false,
    };
    shipped.iter().filter(reached).map(|node| at(node, place)).collect()
}

fn name(destination: &Node) -> Option<&str> {
    match &destination.get("name")?.value {
        Value::Text(name) => Some(name),
        _ => None,
    }
}

fn add_destinations(scenario: &mut Node, needed: impl Iterator<Item = Node>) {
    if scenario.get("destination").is_none()
        && let Some(node) = scenario.entry("destination")
    {
        node.value = Value::List(Vec::new());
    }
    let Some(Value::List(declared)) = scenario.entry("destination").map(|node| &mut node.value) else {
        return;
    };
    for destination in needed {
        if declared.iter().all(|each| name(each) != name(&destination)) {
            declared.push(destination);
        }
    }
}
