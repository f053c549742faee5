//! The machines that pods run on.

mod network;

pub use network::{Limits, Network, NetworkPlugin, PodAddresses};

use crate::flow::NodeId;

/// Machines of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePool {
    /// Name in the scenario.
    pub name: String,
    /// Its first node.
    pub first: NodeId,
    /// How many nodes.
    pub nodes: u32,
    /// Extra nodes during an upgrade, which the platform counts when it checks port allocations.
    pub max_surge: u32,
}

/// All nodes of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// In the order of the scenario; never empty.
    pub node_pools: Vec<NodePool>,
    /// Its network, where the scenario names a plugin.
    pub network: Option<Network>,
}

impl Cluster {
    /// Nodes of all node pools together.
    pub fn nodes(&self) -> u32 {
        self.node_pools.iter().map(|pool| pool.nodes).sum()
    }

    /// Nodes that the platform's validation counts: all nodes and their surge.
    pub fn nodes_counted(&self) -> u32 {
        self.node_pools
            .iter()
            .map(|pool| pool.nodes.saturating_add(pool.max_surge))
            .fold(0, u32::saturating_add)
    }

    /// A node's name: its node pool and its number there, from 1.
    pub fn node_name(&self, node: NodeId) -> String {
        let pool = self.node_pools.iter().find(|pool| node.0 - pool.first.0.min(node.0) < pool.nodes);
        match pool {
            Some(pool) => format!("{}-{}", pool.name, node.0 - pool.first.0 + 1),
            None => format!("node-{}", node.0 + 1),
        }
    }
}
