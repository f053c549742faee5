//! Which pods there are, and on which node each runs.

use super::reader::{Table, list, number};
use super::tree::Value;
use crate::cluster::{Cluster, NodePool};
use crate::flow::NodeId;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

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
    let names = cluster.node_pools.iter().map(|pool| pool.name.as_str());
    let number = table.named("node_pool", "node pool", names).unwrap_or(0);
    cluster.node_pools.get(number)
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
    let (way, _) = placement.only(&["hot_node", "zipf", "weights"])?;
    let weights = match way {
        "hot_node" => {
            let share = placement.number("hot_node", 0.0, 1.0)?;
            let hot = if pool.nodes == 1 { pods } else { (share * pods as f64).round() as u64 };
            let place = |pod: u64| match pod < hot {
                true => pool.first,
                false => even(pod - hot, pool.first.0 + 1, pool.nodes - 1),
            };
            return Some((0..pods).map(place).collect());
        }
        "zipf" => {
            let exponent = placement.number("zipf", 0.0, 10.0)?;
            (1..=pool.nodes).map(|rank| libm::pow(f64::from(rank), -exponent)).collect()
        }
        _ => weights(&placement, pool)?,
    };
    Some(by_weight(&weights, pods).into_iter().map(|node| NodeId(pool.first.0 + node)).collect())
}

/// A weight for each node of the node pool.
fn weights(placement: &Table<'_>, pool: &NodePool) -> Option<Vec<f64>> {
    let node = placement.get("weights")?;
    let entries = list(placement.reader, "weights", node);
    if entries.len() as u64 != u64::from(pool.nodes) && matches!(node.value, Value::List(_)) {
        let message = format!(
            "`weights` has {}, and the node pool {} has {}; write one weight for each node",
            entries.len(),
            pool.name,
            pool.nodes
        );
        placement.wrong(&node.span, message, None);
        return None;
    }
    let read: Option<Vec<f64>> =
        entries.iter().map(|entry| number(placement.reader, "weights", entry, 0.0, 1e12)).collect();
    let weights = read.filter(|weights| !weights.is_empty())?;
    if weights.iter().all(|weight| *weight == 0.0) {
        let help = Some("give one a weight above 0".to_string());
        placement.wrong(&node.span, "all `weights` are 0".into(), help);
        return None;
    }
    Some(weights)
}

/// The node of each pod, so that nodes get pods by their weights and pods of one node do not follow each other: each pod
/// goes to the node with the largest weight / (2 x pods so far + 1), the first of equals. With equal weights that is one
/// after the other.
fn by_weight(weights: &[f64], pods: u64) -> Vec<u32> {
    let mut counts = vec![0u64; weights.len()];
    let claim = |node: usize, pods: u64| (Claim(weights[node] / (2 * pods + 1) as f64), Reverse(node));
    let wanting = (0..weights.len()).filter(|node| weights[*node] > 0.0);
    let mut claims: BinaryHeap<(Claim, Reverse<usize>)> = wanting.map(|node| claim(node, 0)).collect();
    let mut next = || {
        let (_, Reverse(node)) = claims.pop()?;
        counts[node] += 1;
        claims.push(claim(node, counts[node]));
        Some(node as u32)
    };
    (0..pods).map_while(|_| next()).collect()
}

/// How much a node wants the next pod.
#[derive(PartialEq)]
struct Claim(f64);

impl Eq for Claim {}

impl PartialOrd for Claim {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Claim {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(weights: &[f64], pods: u64) -> Vec<usize> {
        let placed = by_weight(weights, pods);
        (0..weights.len() as u32).map(|node| placed.iter().filter(|each| **each == node).count()).collect()
    }

    #[test]
    fn nodes_get_pods_by_their_weights() {
        assert_eq!(counts(&[0.5, 0.3, 0.2], 10), [5, 3, 2]);
        assert_eq!(counts(&[3.0, 0.0, 1.0], 8), [6, 0, 2]);
        assert_eq!(counts(&[6.0, 1.0], 4), [3, 1], "0.57 of a pod is nearer to one than to none");
        let zipf: Vec<f64> = (1..=4).map(|rank| 1.0 / f64::from(rank)).collect();
        assert_eq!(counts(&zipf, 25), [12, 6, 4, 3]);
    }

    #[test]
    fn equal_weights_take_turns() {
        assert_eq!(by_weight(&[2.0; 3], 7), [0, 1, 2, 0, 1, 2, 0]);
    }
}
