//! `[cluster]` and `[[node_pool]]`: the machines.

use super::network::network;
use super::reader::{Reader, Table, count, tables};
use super::tree::{Node, Value};
use crate::cluster::{Cluster, NodePool};
use crate::flow::NodeId;

/// Nodes of all node pools together: twice the largest AKS cluster.
const MOST_NODES: u64 = 10_000;

/// Reads the machines; one node where there is no node pool.
pub fn cluster<'a>(reader: &'a Reader<'a>, root: &Table<'a>) -> Cluster {
    let network = root.get("cluster").and_then(|node| network(reader, node));
    let mut node_pools: Vec<NodePool> = Vec::new();
    for (number, node) in tables(reader, root.get("node_pool"), "node_pool").iter().enumerate() {
        let table = reader.table(node, "node_pool");
        let name = table.text("name").map_or_else(|| format!("pool-{}", number + 1), str::to_string);
        if node_pools.iter().any(|pool| pool.name == name) {
            table.wrong(&node.span, format!("two node pools are called \"{name}\""), None);
        }
        let nodes = table.need("nodes", "10").and_then(|_| table.count("nodes", 1, MOST_NODES)).unwrap_or(1);
        let all = nodes + node_pools.iter().map(|pool| u64::from(pool.nodes)).sum::<u64>();
        if all > MOST_NODES {
            let message =
                format!("the node pools up to \"{name}\" have {all} nodes; allowed are {MOST_NODES}");
            table.wrong(&node.span, message, None);
        }
        let nodes = if all > MOST_NODES { 1 } else { nodes as u32 };
        let max_surge = max_surge(reader, table.get("max_surge"), nodes);
        table.finish();
        let first = NodeId(node_pools.iter().map(|pool| pool.nodes).sum());
        node_pools.push(NodePool { name, first, nodes, max_surge });
    }
    if node_pools.is_empty() {
        node_pools.push(NodePool { name: "node".into(), first: NodeId(0), nodes: 1, max_surge: 1 });
    }
    Cluster { node_pools, network }
}

fn max_surge(reader: &Reader<'_>, node: Option<&Node>, nodes: u32) -> u32 {
    match node.map(|node| &node.value) {
        None => 1,
        Some(Value::Text(text)) if text.ends_with('%') => {
            match text.trim_end_matches('%').trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => {
                    (f64::from(nodes) * percent / 100.0).ceil() as u32
                }
                _ => {
                    let span = node.map(|node| node.span.clone()).unwrap_or(0..0);
                    reader.problem(
                        &span,
                        format!("`max_surge` is \"{text}\"; allowed is \"0%\" to \"100%\""),
                        None,
                    );
                    1
                }
            }
        }
        Some(_) => node.and_then(|node| count(reader, "max_surge", node, 0, 10_000)).unwrap_or(1) as u32,
    }
}
