//! Which pod goes where when nodes come and go.
//!
//! Pods do not move when nodes come: Kubernetes does not rebalance. A pod that must go, or is new, goes to the node of its
//! node pool with the fewest pods.

use super::{Cluster, NodePool};
use crate::flow::NodeId;
use std::collections::BTreeSet;

/// The pods of a workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The node of each.
    pub pods: Vec<NodeId>,
    /// Whether one runs on each node.
    pub one_a_node: bool,
}

/// All pods, and the nodes that may have more of them.
///
/// Invariants: `pods_on` counts the pods of workloads that do not have one on each node; `usable` has, by node pool, each node that may
/// get pods, with its count.
#[derive(Debug)]
pub(super) struct Placing<'a> {
    cluster: &'a Cluster,
    placements: Vec<Placement>,
    pods_on: Vec<u32>,
    usable: Vec<BTreeSet<(u32, NodeId)>>,
}

impl<'a> Placing<'a> {
    /// The pods as they are at first; nodes that are away get none.
    pub(super) fn new(cluster: &'a Cluster, placements: &[Placement]) -> Self {
        let mut pods_on = vec![0; cluster.nodes() as usize];
        let counted = placements.iter().filter(|placement| !placement.one_a_node);
        counted.flat_map(|placement| &placement.pods).for_each(|node| pods_on[node.index()] += 1);
        let usable_in = |pool: &NodePool| {
            let there = pool.ids().filter(|node| !cluster.away.contains(node));
            there.map(|node| (pods_on[node.index()], node)).collect()
        };
        let usable = cluster.node_pools.iter().map(usable_in).collect();
        Self { cluster, placements: placements.to_vec(), pods_on, usable }
    }

    /// The pods of each workload.
    pub(super) fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// Pods may go to these nodes; what runs on each node comes up there at once.
    pub(super) fn use_nodes(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            if let Some(pool) = self.pool_of(*node) {
                self.usable[pool].insert((self.pods_on[node.index()], *node));
            }
        }
        for number in 0..self.placements.len() {
            if !self.placements[number].one_a_node {
                continue;
            }
            let pool = self.one_pool_of(number);
            let there: BTreeSet<NodeId> = self.placements[number].pods.iter().copied().collect();
            let meant = |node: &&NodeId| pool.is_none_or(|pool| self.cluster.node_pools[pool].has(**node));
            let new: Vec<NodeId> =
                nodes.iter().filter(meant).filter(|node| !there.contains(node)).copied().collect();
            self.placements[number].pods.extend(new);
        }
    }

    /// No pod goes to these nodes any more.
    pub(super) fn stop_using(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            if let Some(pool) = self.pool_of(*node) {
                self.usable[pool].remove(&(self.pods_on[node.index()], *node));
            }
        }
    }

    /// Pods move away from nodes that are no longer used; the name of a node pool without a node for them.
    pub(super) fn move_away(&mut self, nodes: &[NodeId]) -> Result<(), String> {
        let left: BTreeSet<NodeId> = nodes.iter().copied().collect();
        for number in 0..self.placements.len() {
            if self.placements[number].one_a_node {
                self.placements[number].pods.retain(|node| !left.contains(node));
                continue;
            }
            for pod in 0..self.placements[number].pods.len() {
                let from = self.placements[number].pods[pod];
                if left.contains(&from) {
                    let to = self.emptiest_beside(from)?;
                    self.placements[number].pods[pod] = to;
                    self.count(from, -1);
                    self.count(to, 1);
                }
            }
        }
        Ok(())
    }

    /// A workload has so many pods from now on, at least one; the last ones go.
    pub(super) fn resize(&mut self, workload: usize, pods: u32) -> Result<(), String> {
        let pods = pods.max(1) as usize;
        while self.placements[workload].pods.len() < pods {
            let node = self.emptiest_beside(self.placements[workload].pods[0])?;
            self.placements[workload].pods.push(node);
            self.count(node, 1);
        }
        for node in self.placements[workload].pods.split_off(pods) {
            self.count(node, -1);
        }
        Ok(())
    }

    fn count(&mut self, node: NodeId, more: i32) {
        let before = self.pods_on[node.index()];
        let after = before.saturating_add_signed(more);
        self.pods_on[node.index()] = after;
        if let Some(pool) = self.pool_of(node)
            && self.usable[pool].remove(&(before, node))
        {
            self.usable[pool].insert((after, node));
        }
    }

    /// The node with the fewest pods in the node pool that has `node`.
    fn emptiest_beside(&self, node: NodeId) -> Result<NodeId, String> {
        let Some(pool) = self.pool_of(node) else { return Ok(node) };
        let emptiest = self.usable[pool].first().map(|(_, node)| *node);
        emptiest.ok_or_else(|| self.cluster.node_pools[pool].name.clone())
    }

    fn pool_of(&self, node: NodeId) -> Option<usize> {
        self.cluster.node_pools.iter().position(|pool| pool.has(node))
    }

    /// The one node pool that a workload with a pod on each node is for; none where it is for all.
    fn one_pool_of(&self, workload: usize) -> Option<usize> {
        let pods = &self.placements[workload].pods;
        let pools = self.cluster.node_pools.iter();
        let mut with_pods = pools.enumerate().filter(|(_, pool)| pods.iter().any(|node| pool.has(*node)));
        match (with_pods.next(), with_pods.next()) {
            (Some((pool, _)), None) => Some(pool),
            _ => None,
        }
    }
}
