//! Which nodes are there, and which are on their way out, as the steps of events are taken.

use super::placing::Placing;
use super::steps::Step;
use super::{Cluster, Departure, Placement};
use crate::flow::NodeId;
use std::collections::{BTreeMap, BTreeSet};

/// The nodes whose flows end.
pub type Left = Vec<(NodeId, Departure)>;

/// What follows a node that is drained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Afterwards {
    Nothing,
    Another,
}

/// The nodes of a cluster and the pods on them.
pub struct Presence<'a> {
    away: BTreeSet<NodeId>,
    /// Nodes that went for good, until more are wanted.
    scaled_away: BTreeSet<NodeId>,
    /// How many events hold a node lost.
    lost: BTreeMap<NodeId, u32>,
    /// Nodes that go when they are drained, and whether another of their number is wanted then.
    draining: BTreeMap<NodeId, Afterwards>,
    placing: Placing<'a>,
}

impl<'a> Presence<'a> {
    /// At first.
    pub fn new(cluster: &'a Cluster, placements: &[Placement]) -> Self {
        Self {
            away: cluster.away.clone(),
            scaled_away: BTreeSet::new(),
            lost: BTreeMap::new(),
            draining: BTreeMap::new(),
            placing: Placing::new(cluster, placements),
        }
    }

    /// Nodes that are away.
    pub fn away(&self) -> &BTreeSet<NodeId> {
        &self.away
    }

    /// Where the pods of each workload are.
    pub fn placements(&self) -> &[Placement] {
        self.placing.placements()
    }

    /// The nodes whose flows end; the name of a node pool without a node for its pods.
    pub fn take(&mut self, step: &Step) -> Result<Left, String> {
        let ended = |nodes: &[NodeId], how| nodes.iter().map(|node| (*node, how)).collect();
        match step {
            Step::Come(nodes) => {
                self.scaled_away.retain(|node| !nodes.contains(node));
                let (later, now): (Vec<NodeId>, Vec<NodeId>) =
                    nodes.iter().partition(|node| self.draining.contains_key(node));
                self.draining.extend(later.into_iter().map(|node| (node, Afterwards::Another)));
                self.use_again(&now);
                Ok(Vec::new())
            }
            Step::Drain(nodes) => {
                let (lost, there): (Vec<NodeId>, Vec<NodeId>) =
                    nodes.iter().partition(|node| self.away.contains(node));
                self.scaled_away.extend(lost);
                self.draining.extend(there.into_iter().map(|node| (node, Afterwards::Nothing)));
                self.placing.stop_using(nodes);
                self.placing.move_away(nodes)?;
                Ok(Vec::new())
            }
            Step::Drained(nodes) => {
                let afterwards = |node: &NodeId| Some((*node, self.draining.remove(node)?));
                let drained: Vec<(NodeId, Afterwards)> = nodes.iter().filter_map(afterwards).collect();
                let (anew, gone): (Vec<_>, Vec<_>) =
                    drained.iter().partition(|(_, afterwards)| *afterwards == Afterwards::Another);
                let of = |them: Vec<(NodeId, Afterwards)>| them.into_iter().map(|(node, _)| node);
                self.scaled_away.extend(of(gone.clone()));
                self.away.extend(of(gone));
                self.use_again(&of(anew).collect::<Vec<NodeId>>());
                Ok(drained.into_iter().map(|(node, _)| (node, Departure::Closes)).collect())
            }
            Step::Return(nodes) => {
                let mut back = Vec::new();
                for node in nodes {
                    let times_lost = self.lost.entry(*node).or_default();
                    *times_lost = times_lost.saturating_sub(1);
                    if *times_lost == 0 && !self.scaled_away.contains(node) {
                        back.push(*node);
                    }
                }
                self.use_again(&back);
                Ok(Vec::new())
            }
            Step::Notice(nodes) => {
                let gone: Vec<NodeId> =
                    nodes.iter().filter(|node| self.away.contains(node)).copied().collect();
                self.placing.move_away(&gone)?;
                Ok(Vec::new())
            }
            Step::Empty(nodes) => {
                self.placing.stop_using(nodes);
                self.placing.move_away(nodes)?;
                Ok(Vec::new())
            }
            Step::Leave(nodes, how) => {
                self.away.extend(nodes);
                self.placing.stop_using(nodes);
                match how {
                    Departure::Closes => self.scaled_away.extend(nodes),
                    Departure::FallsSilent => {
                        nodes.iter().for_each(|node| *self.lost.entry(*node).or_default() += 1);
                    }
                }
                Ok(ended(nodes, *how))
            }
            Step::Reimage(nodes) => {
                let there: Vec<NodeId> =
                    nodes.iter().filter(|node| !self.away.contains(node)).copied().collect();
                self.use_again(&there);
                Ok(ended(&there, Departure::Closes))
            }
            Step::Pods(workload, pods) => {
                self.placing.resize(*workload, *pods)?;
                Ok(Vec::new())
            }
        }
    }

    fn use_again(&mut self, nodes: &[NodeId]) {
        for node in nodes {
            self.away.remove(node);
        }
        self.placing.use_nodes(nodes);
    }
}
