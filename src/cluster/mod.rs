//! The machines that pods run on.

mod autoscale;
mod event;
mod network;
mod placing;
mod presence;
mod steps;
mod timeline;

pub use autoscale::{NodeRule, PodRule, by_rule};
pub use event::{Change, Event};
pub use network::{Limits, Network, NetworkPlugin, PodAddresses, PodSockets};
pub use placing::Placement;
pub use timeline::{Departure, Moment, NoRoom, Timeline};

use crate::flow::NodeId;
use std::collections::BTreeSet;

/// Machines of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePool {
    /// Name in the scenario.
    pub name: String,
    /// Its first node.
    pub first: NodeId,
    /// How many nodes at first.
    pub nodes: u32,
    /// Numbers for its nodes, those included that come later.
    pub numbers: u32,
    /// Extra nodes during an upgrade, which the platform counts when it checks port allocations.
    pub max_surge: u32,
    /// The most nodes that its autoscaler may have, where it has one.
    pub most_by_autoscaler: Option<u32>,
    /// Availability zones that its nodes are dealt to in turn; 0 where it has none.
    pub zones: u32,
}

impl NodePool {
    /// Its nodes.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (self.first.0..self.first.0 + self.numbers).map(NodeId)
    }

    /// Whether a node is one of its.
    pub fn has(&self, node: NodeId) -> bool {
        (self.first.0..self.first.0 + self.numbers).contains(&node.0)
    }
}

/// All nodes of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// In the order of the scenario; never empty.
    pub node_pools: Vec<NodePool>,
    /// Its network, where the scenario names a plugin.
    pub network: Option<Network>,
    /// Nodes that are not there, or not yet.
    pub away: BTreeSet<NodeId>,
}

impl Cluster {
    /// The machines as they are at first.
    pub fn new(node_pools: Vec<NodePool>, network: Option<Network>) -> Self {
        let later = |pool: &NodePool| (pool.first.0 + pool.nodes..pool.first.0 + pool.numbers).map(NodeId);
        let away = node_pools.iter().flat_map(later).collect();
        Self { node_pools, network, away }
    }

    /// Numbers of nodes: those of all node pools together, away or not.
    pub fn nodes(&self) -> u32 {
        self.node_pools.iter().map(|pool| pool.numbers).sum()
    }

    /// Nodes that are there.
    pub fn nodes_there(&self) -> u32 {
        self.nodes() - self.away.len() as u32
    }

    /// Nodes of a node pool that are there.
    pub fn nodes_there_in(&self, pool: &NodePool) -> u32 {
        pool.numbers - pool.ids().filter(|node| self.away.contains(node)).count() as u32
    }

    /// Nodes that the platform's validation counts: those of every node pool, or the most that its autoscaler may have, and the
    /// surge.
    pub fn nodes_counted(&self) -> u32 {
        let counted = |pool: &NodePool| {
            let nodes = pool.most_by_autoscaler.unwrap_or_else(|| self.nodes_there_in(pool));
            nodes.saturating_add(pool.max_surge)
        };
        self.node_pools.iter().map(counted).fold(0, u32::saturating_add)
    }

    /// A node's name: its node pool and its number there, from 1.
    pub fn node_name(&self, node: NodeId) -> String {
        let pool = self.node_pools.iter().find(|pool| pool.has(node));
        match pool {
            Some(pool) => format!("{}-{}", pool.name, node.0 - pool.first.0 + 1),
            None => format!("node-{}", node.0 + 1),
        }
    }
}
