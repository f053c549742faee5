//! What it takes to get from the scenario as it is to an option.
//!
//! Changes of the outbound type are judged by the tables by which `check --to` judges them. Leaves out: quotas, maintenance windows,
//! and what has to be made anew around the cluster, such as routes and firewall rules.

use crate::experiment::diff::changed;
use crate::outbound::{Egress, Partition, PortPool};
use crate::scenario::Scenario;
use crate::scenario::deployed::{allowed_changes, figure_is_true, outbound_types_behind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How much, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MigrationEffort {
    /// Nothing changes.
    None,
    /// The cluster stays, and so do its open connections.
    KeepsConnections,
    /// The cluster stays; open connections end.
    DropsConnections,
    /// The cluster must be made anew.
    NewCluster,
    /// No table tells.
    Unknown,
}

/// The virtual network in which a change is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllowedNetwork {
    /// Any.
    Any,
    /// Only one that AKS manages.
    Managed,
    /// Only one of the cluster's owner.
    Own,
}

/// The change from the scenario as it is to an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    /// How much it is.
    pub effort: MigrationEffort,
    /// Where the outbound type may be changed; null where it stays, or may not be changed.
    pub network: Option<AllowedNetwork>,
    /// Why.
    pub reason: String,
}

impl Migration {
    /// The least change first: one that is allowed in any network before one that is not.
    pub fn rank(&self) -> (MigrationEffort, bool) {
        (self.effort, matches!(self.network, Some(AllowedNetwork::Managed | AllowedNetwork::Own)))
    }

    fn new(effort: MigrationEffort, reason: impl Into<String>) -> Self {
        Self { effort, network: None, reason: reason.into() }
    }
}

/// From `own`, the scenario as it is, to `option`.
pub fn migration(own: &Scenario, option: &Scenario) -> Migration {
    let keys: Vec<String> =
        changed(&own.resolved, &option.resolved).into_iter().map(|change| change.key).collect();
    if keys.is_empty() {
        return Migration::new(MigrationEffort::None, "the configuration as it is");
    }
    let model = |scenario: &Scenario| {
        let model = scenario.resolved.pointer("/outbound/model").and_then(Value::as_str);
        model.unwrap_or_default().to_string()
    };
    let (from, to) = (model(own), model(option));
    if from != to { of_types(&from, &to) } else { of_settings(own, option, &keys) }
}

/// From one model to another: what the outbound types behind them may become.
fn of_types(from: &str, to: &str) -> Migration {
    let (before, after) = (outbound_types_behind(from), outbound_types_behind(to));
    if let Some(model) = [(from, &before), (to, &after)].iter().find(|(_, types)| types.is_empty()) {
        let reason = format!("{} is no outbound type of AKS, so no table of changes has it", model.0);
        return Migration::new(MigrationEffort::Unknown, reason);
    }
    if let Some(same) = before.iter().find(|name| after.contains(name)) {
        let reason = format!(
            "the outbound type stays {same}, but its route leads to another device: open connections end, addresses change"
        );
        return Migration::new(MigrationEffort::DropsConnections, reason);
    }
    let allowed = |own_network: bool| {
        let becomes = before.iter().filter_map(|name| allowed_changes(own_network, name)).flatten();
        becomes.filter(|name| after.contains(name)).count() > 0
    };
    let types = format!("{} may become {}", listed(&before), listed(&after));
    let anew = "the cluster must be made anew";
    let (network, place) = match (allowed(false), allowed(true)) {
        (false, false) => {
            let reason = format!("no table lets {} become {}: {anew}", listed(&before), listed(&after));
            return Migration::new(MigrationEffort::NewCluster, reason);
        }
        (true, true) => (AllowedNetwork::Any, String::new()),
        (true, false) => (
            AllowedNetwork::Managed,
            format!(" in a virtual network that AKS manages (in one of its own {anew})"),
        ),
        (false, true) => (
            AllowedNetwork::Own,
            format!(" in a virtual network of its own (in one that AKS manages {anew})"),
        ),
    };
    let (effort, ends) = match figure_is_true("change_drops_connections") {
        true => (MigrationEffort::DropsConnections, "; open connections end, addresses change"),
        false => (MigrationEffort::KeepsConnections, ""),
    };
    Migration { effort, network: Some(network), reason: format!("{types}{place}{ends}") }
}

/// `loadBalancer`, `managedNATGateway or userAssignedNATGateway`.
fn listed(types: &[String]) -> String {
    match types {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => types.concat(),
    }
}

/// The same model with other settings, in place: connections end whose ports go.
fn of_settings(own: &Scenario, option: &Scenario, keys: &[String]) -> Migration {
    let told = changes(keys);
    if keys.iter().any(|key| key == "cluster.network_plugin") {
        let reason = "the network plugin changes, and no table tells what that does";
        return Migration::new(MigrationEffort::Unknown, reason);
    }
    if own.outbound.addresses(&own.cluster).prefix_length
        != option.outbound.addresses(&option.cluster).prefix_length
    {
        let reason = format!("{told}: another public IP prefix, so all addresses change");
        return Migration::new(MigrationEffort::DropsConnections, reason);
    }
    match takes_ports_away(own, option) {
        true => Migration::new(
            MigrationEffort::DropsConnections,
            format!("{told}: connections on ports that go are cut off"),
        ),
        false => {
            Migration::new(MigrationEffort::KeepsConnections, format!("{told}: no port that is in use goes"))
        }
    }
}

/// Keys that change, the first few by name.
fn changes(keys: &[String]) -> String {
    let listed = keys.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    match keys.len() {
        ..=3 => format!("changes {listed}"),
        all => format!("changes {listed} and {} more", all - 3),
    }
}

/// Whether a public IP goes, a way out, or ports of one.
fn takes_ports_away(own: &Scenario, option: &Scenario) -> bool {
    let ips = |scenario: &Scenario| scenario.outbound.public_ips(&scenario.cluster);
    let (before, after) = (devices(own), devices(option));
    ips(option) < ips(own)
        || after.len() < before.len()
        || before.iter().zip(&after).any(|(before, after)| loses_ports(before, after))
}

/// Every way out; none of one that the platform would refuse.
fn devices(scenario: &Scenario) -> Vec<Egress> {
    let Scenario { outbound, ways_out, cluster, .. } = scenario;
    let others = ways_out.iter().map(|way| way.egress(cluster));
    std::iter::once(outbound.egress(cluster)).chain(others).filter_map(Result::ok).collect()
}

/// Whether a port pool has fewer ports afterwards, or goes. A node that goes takes its own along, and its clients.
fn loses_ports(before: &Egress, after: &Egress) -> bool {
    let unlimited = |pool: &PortPool| pool.all_ports().unwrap_or(u64::MAX);
    let shrinks = |(number, pool): (usize, &PortPool)| match after.pools.get(number) {
        None => before.partition != Partition::Node,
        Some(later) => unlimited(later) < unlimited(pool),
    };
    before.model != after.model || before.pools.iter().enumerate().any(shrinks)
}
