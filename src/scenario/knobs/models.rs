//! The shipped models that a scenario uses, and where in it their figures are set.

use crate::profile::Profile;
use crate::scenario::client_pool::CLIENTS;
use crate::scenario::presets::WORKLOADS;
use crate::scenario::syn::SYN_SCHEDULES;
use crate::scenario::{node_stage, pod, shipped};
use serde_json::Value;

/// A model, and the table of the scenario that its figures belong to.
pub(super) struct Used {
    pub model: Profile,
    table: String,
}

impl Used {
    /// The scenario's key of a figure.
    pub fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.table)
    }

    /// The shipped value of a figure.
    pub fn shipped(&self, key: &str) -> Option<Value> {
        let tree = self.model.tree().ok()?.to_json();
        key.split('.').try_fold(&tree, |value, step| value.get(step)).cloned()
    }
}

/// Those of a scenario with its defaults filled in: devices, nodes, pods, workloads, clients, SYN schedules.
pub(super) fn used(resolved: &Value) -> Vec<Used> {
    let device = |table: String, keys: &Value| {
        keys["model"].as_str().and_then(shipped::named).map(|model| Used { model, table })
    };
    let mut all: Vec<Used> = device("outbound".into(), &resolved["outbound"]).into_iter().collect();
    all.extend(tables(resolved, "way_out").filter_map(|(table, keys)| device(table, keys)));
    if let Some(plugin) = resolved["cluster"]["network_plugin"].as_str() {
        let stage = node_stage::of_plugin(plugin);
        all.extend(stage.map(|model| Used { model, table: "cluster.node_stage".into() }));
        all.push(Used { model: pod::POD, table: "cluster".into() });
    }
    for (table, workload) in tables(resolved, "workload") {
        let used = |all: &[Profile], name: &Value, table: String| {
            let model = all.iter().find(|profile| Some(profile.short_name()) == name.as_str()).copied();
            model.map(|model| Used { model, table })
        };
        all.extend(used(&WORKLOADS, &workload["preset"], table.clone()));
        all.extend(used(&CLIENTS, &workload["client_pool"]["preset"], format!("{table}.client_pool")));
        all.extend(used(&SYN_SCHEDULES, &workload["syn"], format!("{table}.syn")));
    }
    for (table, relay) in tables(resolved, "relay") {
        let name = relay["client_pool"]["preset"].as_str();
        let model = CLIENTS.iter().find(|profile| Some(profile.short_name()) == name).copied();
        all.extend(model.map(|model| Used { model, table: format!("{table}.client_pool") }));
    }
    all
}

/// The tables of a list, each with its path: by name, or by number where it has none.
fn tables<'a>(resolved: &'a Value, kind: &'a str) -> impl Iterator<Item = (String, &'a Value)> {
    let all = resolved[kind].as_array().into_iter().flatten().enumerate();
    all.map(move |(number, table)| match table["name"].as_str() {
        Some(name) if !name.contains('.') => (format!("{kind}.{name}"), table),
        _ => (format!("{kind}.{number}"), table),
    })
}
