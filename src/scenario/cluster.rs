//! `[cluster]` and `[[node_pool]]`: the machines.

use super::network::network;
use super::reader::{Reader, Table, count, tables};
use super::tree::{Node, Value};
use crate::cluster::{Cluster, NodePool};
use crate::flow::NodeId;
use crate::time::SimDuration;

/// Nodes of all node pools together: twice the largest AKS cluster.
pub const MOST_NODES: u64 = 10_000;

/// Reads the machines; one node where there is no node pool. Nodes that events bring get numbers too.
pub fn cluster<'a>(reader: &'a Reader<'a>, root: &Table<'a>) -> Cluster {
    let network = root.get("cluster").and_then(|node| network(reader, node));
    let events = tables(reader, root.get("event"), "event");
    let mut node_pools: Vec<NodePool> = Vec::new();
    for (number, node) in tables(reader, root.get("node_pool"), "node_pool").iter().enumerate() {
        let table = reader.table(node, "node_pool");
        let name = table.text("name").map_or_else(|| format!("pool-{}", number + 1), str::to_string);
        if node_pools.iter().any(|pool| pool.name == name) {
            table.wrong(&node.span, format!("two node pools are called \"{name}\""), None);
        }
        let rule = table.get("autoscale").and_then(|node| autoscale(reader, node));
        let nodes = nodes_at_first(&table, rule.as_ref());
        let max_surge = max_surge(reader, "max_surge", table.get("max_surge"), nodes as u32, 1);
        let zones = table.count("zones", 1, 3).unwrap_or(0) as u32;
        table.finish();
        let first = NodeId(node_pools.iter().map(|pool| pool.numbers).sum());
        let most_by_autoscaler = rule.as_ref().map(|rule| rule.most);
        let pool =
            NodePool { name, first, nodes: nodes as u32, numbers: 0, max_surge, most_by_autoscaler, zones };
        let numbers = numbers_needed(&pool, events);
        let all = numbers + u64::from(first.0);
        if all > MOST_NODES {
            let brought = if numbers > nodes { " with those that come later" } else { "" };
            let message = format!(
                "the node pools up to \"{}\" have {all} nodes{brought}; allowed are {MOST_NODES}",
                pool.name
            );
            reader.problem(&node.span, message, None);
        }
        let numbers = if all > MOST_NODES { 1 } else { numbers as u32 };
        node_pools.push(NodePool { nodes: pool.nodes.min(numbers), numbers, ..pool });
    }
    if node_pools.is_empty() {
        let (name, first) = ("node".to_string(), NodeId(0));
        let pool =
            NodePool { name, first, nodes: 1, numbers: 1, max_surge: 1, most_by_autoscaler: None, zones: 0 };
        let numbers = numbers_needed(&pool, events).min(MOST_NODES) as u32;
        node_pools.push(NodePool { numbers, ..pool });
    }
    Cluster::new(node_pools, network)
}

/// `autoscale = { min = 3, max = 20 }`, and the rule where it says how many pods a node has room for.
pub struct Autoscale {
    /// Fewest nodes.
    pub least: u32,
    /// Most nodes.
    pub most: u32,
    /// Pods that a node has room for; absent: nothing scales by rule.
    pub pods_per_node: Option<u32>,
    /// How long a new node takes.
    pub takes: SimDuration,
    /// Nodes go when fewer were enough for so long.
    pub calm: SimDuration,
}

/// A new node takes this long where the rule does not say.
const NODE_TAKES: SimDuration = SimDuration::from_secs(240);
/// The cluster autoscaler's default.
const NODE_CALM: SimDuration = SimDuration::from_secs(600);

/// Reads the autoscaler of a node pool.
pub fn autoscale<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Autoscale> {
    let table = reader.table(node, "autoscale");
    table.need("min", "3");
    table.need("max", "20");
    let (least, most) = (table.count("min", 1, MOST_NODES), table.count("max", 1, MOST_NODES));
    let pods_per_node = table.count("pods_per_node", 1, 250).map(|pods| pods as u32);
    let (takes, calm) = (table.duration("takes"), table.duration("calm"));
    table.finish();
    let (least, most) = (least? as u32, most? as u32);
    if least > most {
        let help = Some("write a `min` of at most `max`".to_string());
        reader.problem(&node.span, format!("`min` is {least} and `max` {most}"), help);
        return None;
    }
    let (takes, calm) = (takes.unwrap_or(NODE_TAKES), calm.unwrap_or(NODE_CALM));
    Some(Autoscale { least, most, pods_per_node, takes, calm })
}

/// `nodes`; the autoscaler's fewest where it is not said.
fn nodes_at_first(table: &Table<'_>, rule: Option<&Autoscale>) -> u64 {
    let Some(rule) = rule else {
        // A rule that could not be read has its own problem.
        if table.get("autoscale").is_some() {
            return table.count("nodes", 1, MOST_NODES).unwrap_or(1);
        }
        return table.need("nodes", "10").and_then(|_| table.count("nodes", 1, MOST_NODES)).unwrap_or(1);
    };
    let (least, most) = (u64::from(rule.least), u64::from(rule.most));
    table.count("nodes", least, most).unwrap_or(least)
}

/// Numbers that the nodes of `pool` need, with all that `events` bring. What is wrong with an event is told by its reader.
fn numbers_needed(pool: &NodePool, events: &[Node]) -> u64 {
    let of_pool = |change: &&Node| match change.get("node_pool").map(|node| &node.value) {
        Some(Value::Text(name)) => *name == pool.name,
        _ => true,
    };
    let named = |kind: &'static str| events.iter().filter_map(move |event| event.get(kind)).filter(of_pool);
    let scaled = named("scale").filter_map(|change| whole(change.get("nodes")?));
    let most = scaled.fold(u64::from(pool.nodes.max(pool.most_by_autoscaler.unwrap_or(0))), u64::max);
    let surge = named("upgrade").map(|change| surge_of(pool, change.get("surge"), most as u32)).max();
    most + u64::from(surge.unwrap_or(0))
}

fn whole(node: &Node) -> Option<u64> {
    match node.value {
        Value::Integer(number) => u64::try_from(number).ok(),
        _ => None,
    }
}

/// Extra nodes of an upgrade: as it says, or as the node pool does; at least 1.
pub fn surge_of(pool: &NodePool, node: Option<&Node>, nodes: u32) -> u32 {
    let said = match node.map(|node| &node.value) {
        None => Some(pool.max_surge),
        Some(Value::Text(text)) => percent(text).map(|percent| part(percent, nodes)),
        Some(Value::Integer(number)) => u32::try_from(*number).ok(),
        Some(_) => None,
    };
    said.unwrap_or(1).clamp(1, nodes.max(1))
}

/// Extra nodes during an upgrade, as a number or a share of `nodes`; `unsaid` where nothing is said.
pub fn max_surge(reader: &Reader<'_>, key: &str, node: Option<&Node>, nodes: u32, unsaid: u32) -> u32 {
    let Some(node) = node else { return unsaid };
    match &node.value {
        Value::Text(text) if text.ends_with('%') => match percent(text) {
            Some(percent) => part(percent, nodes),
            None => {
                let message = format!("`{key}` is \"{text}\"; allowed is \"0%\" to \"100%\"");
                reader.problem(&node.span, message, None);
                1
            }
        },
        _ => count(reader, key, node, 0, MOST_NODES).unwrap_or(1) as u32,
    }
}

fn percent(text: &str) -> Option<f64> {
    let number = text.strip_suffix('%')?.trim().parse::<f64>().ok()?;
    (0.0..=100.0).contains(&number).then_some(number)
}

fn part(percent: f64, nodes: u32) -> u32 {
    (f64::from(nodes) * percent / 100.0).ceil() as u32
}
