//! Settings that each node has of its own.

use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::scenario::keys::Keys;
use crate::scenario::reader::{count, list};
use crate::scenario::tree::{Node, Value};

impl Keys<'_> {
    /// The instance of each node, written from 1.
    pub(super) fn by_node(&self, node: &Node, instances: u32, cluster: &Cluster) -> Option<Vec<PortPoolId>> {
        let entries = self.entry_a_node("by_node", list(self.own.reader, "by_node", node), node, cluster)?;
        let pool = |node: &Node| count(self.own.reader, "by_node", node, 1, u64::from(instances));
        entries.iter().map(|node| pool(node).map(|instance| PortPoolId(instance as u32 - 1))).collect()
    }

    /// One number for every node, or a list of one a node.
    pub(super) fn for_each_node(&self, key: &str, cluster: &Cluster) -> Option<Vec<u32>> {
        let node = self.get(key)?;
        let most = u64::from(u32::MAX);
        let number = |node: &Node| count(self.own.reader, key, node, 1, most).map(|number| number as u32);
        match &node.value {
            Value::List(entries) => {
                self.entry_a_node(key, entries, node, cluster)?.iter().map(number).collect()
            }
            _ => number(node).map(|most| vec![most; cluster.nodes() as usize]),
        }
    }

    fn entry_a_node<'n>(
        &self,
        key: &str,
        entries: &'n [Node],
        node: &Node,
        cluster: &Cluster,
    ) -> Option<&'n [Node]> {
        let (found, nodes) = (entries.len(), cluster.nodes());
        if found != nodes as usize {
            let message = format!("`{key}` has {found} entries for {nodes} nodes; write one a node");
            self.own.reader.problem(&node.span, message, None);
            return None;
        }
        Some(entries)
    }
}
