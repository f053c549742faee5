//! Which instance of a device each node uses.

use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::scenario::keys::Keys;
use crate::scenario::reader::{count, list};
use crate::scenario::tree::Node;

impl Keys<'_> {
    /// The instance of each node, written from 1.
    pub(super) fn by_node(&self, node: &Node, instances: u32, cluster: &Cluster) -> Option<Vec<PortPoolId>> {
        let reader = self.own.reader;
        let entries = list(reader, "by_node", node);
        if entries.len() != cluster.nodes() as usize {
            let message = format!(
                "`by_node` has {} entries for {} nodes; write one a node",
                entries.len(),
                cluster.nodes()
            );
            reader.problem(&node.span, message, None);
            return None;
        }
        let pool = |node: &Node| count(reader, "by_node", node, 1, u64::from(instances));
        entries.iter().map(|node| pool(node).map(|instance| PortPoolId(instance as u32 - 1))).collect()
    }
}
