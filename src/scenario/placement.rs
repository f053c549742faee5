//! Which pods there are, and on which node each runs.

use super::reader::Table;
use super::tree::Value;
use crate::cluster::{Cluster, NodePool};
use crate::flow::NodeId;

const MOST_PODS: u64 = 1_000_000;

/// The node of each pod of a workload or relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// By pod.
    pub nodes: Vec<NodeId>,
    /// Whether they take a place among the pods of their nodes.
    pub on: Place,
}

/// What runs on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A pod, with an address of its own.
    Pods,
    /// Processes of the node itself, with the node's address.
    Host,
}

/// Reads `pods` and `placement` on the nodes of `pool`.
pub fn placed(table: &Table<'_>, cluster: &Cluster, pool: &NodePool) -> Option<Placed> {
    if table.get("pods").is_some_and(|node| matches!(node.value, Value::Text(_))) {
        return one_a_node(table, cluster, pool);
    }
    let pods = table.count("pods", 1, MOST_PODS).unwrap_or(1);
    Some(Placed { nodes: placement(table, pool, pods)?, on: Place::Pods })
}

/// One on each node of the node pool that is named, or of the cluster.
fn one_a_node(table: &Table<'_>, cluster: &Cluster, pool: &NodePool) -> Option<Placed> {
    table.choice("pods", &[("per-node", ())])?;
    if let Some(node) = table.get("placement") {
        let help = Some("remove `placement`, or write a number of `pods`".to_string());
        table.wrong(&node.span, "`pods = \"per-node\"` says where they run".into(), help);
    }
    let nodes: Vec<NodeId> = match table.get("node_pool") {
        Some(_) => pool.ids().collect(),
        None => (0..cluster.nodes()).map(NodeId).collect(),
    };
    let there = nodes.into_iter().filter(|node| !cluster.away.contains(node));
    Some(Placed { nodes: there.collect(), on: Place::Host })
}

/// The node pool that is named; the first one where the name is wrong, so that the rest can be checked.
pub fn node_pool<'c>(table: &Table<'_>, cluster: &'c Cluster) -> Option<&'c NodePool> {
    let node = table.get("node_pool");
    let Some(name) = table.text("node_pool") else { return cluster.node_pools.first() };
    let found = cluster.node_pools.iter().find(|pool| pool.name == name);
    if let (None, Some(node)) = (found, node) {
        let names = cluster.node_pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>().join(", ");
        table.wrong(&node.span, format!("`node_pool` is \"{name}\"; there are {names}"), None);
    }
    found.or(cluster.node_pools.first())
}

fn placement(table: &Table<'_>, pool: &NodePool, pods: u64) -> Option<Vec<NodeId>> {
    let even = |pod: u64, first: u32, nodes: u32| NodeId(first + (pod % u64::from(nodes)) as u32);
    let node = match table.get("placement") {
        None => return Some((0..pods).map(|pod| even(pod, pool.first.0, pool.nodes)).collect()),
        Some(node) => node,
    };
    if matches!(node.value, Value::Text(_)) {
        table.choice("placement", &[("even", ())])?;
        return Some((0..pods).map(|pod| even(pod, pool.first.0, pool.nodes)).collect());
    }
    let placement = table.reader.table(node, "placement");
    let share = placement.need("hot_node", "0.5").and_then(|_| placement.number("hot_node", 0.0, 1.0));
    placement.finish();
    let hot = if pool.nodes == 1 { pods } else { (share? * pods as f64).round() as u64 };
    let place = |pod: u64| match pod < hot {
        true => pool.first,
        false => even(pod - hot, pool.first.0 + 1, pool.nodes - 1),
    };
    Some((0..pods).map(place).collect())
}
