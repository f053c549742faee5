//! Paths: the stages that a flow passes on its way out, in order. It needs a port in each.

use super::Egress;
use crate::flow::{DestinationId, StageId};

/// The stages of a cluster, and the ways through them.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// Stages, by id.
    pub stages: Vec<Egress>,
    /// Ways out; workloads name theirs by its number here. Never empty.
    pub ways: Vec<Way>,
}

/// A way out of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its stages, nearest the pod first.
    pub stages: Vec<StageId>,
    /// Destinations for which it is not meant: they are reached by the first way.
    pub not_for: Vec<DestinationId>,
}

impl Paths {
    /// One way out, through `stages`, nearest the pod first.
    pub fn through(stages: Vec<Egress>) -> Self {
        let way = Way { stages: (0..stages.len() as u32).map(StageId).collect(), not_for: Vec::new() };
        Self { stages, ways: vec![way] }
    }

    /// Adds a way through a device of its own, behind the same stages as the first.
    pub fn add(&mut self, device: Egress, not_for: Vec<DestinationId>) {
        let mut stages = self.ways[0].stages.clone();
        stages.pop();
        stages.push(StageId(self.stages.len() as u32));
        self.stages.push(device);
        self.ways.push(Way { stages, not_for });
    }

    /// The outbound device of the first way: its last stage.
    pub fn device(&self) -> &Egress {
        self.of_way(0).last().unwrap_or(&self.stages[0])
    }

    /// The stages of a way, nearest the pod first.
    pub fn of_way(&self, way: usize) -> impl DoubleEndedIterator<Item = &Egress> {
        self.ways[way].stages.iter().map(|stage| &self.stages[stage.index()])
    }

    /// The way that flows of `way` take to `destination`.
    pub fn way_to(&self, way: usize, destination: DestinationId) -> &Way {
        let own = &self.ways[way];
        if own.not_for.contains(&destination) { &self.ways[0] } else { own }
    }

    /// Whether every flow passes one stage.
    pub fn is_single(&self) -> bool {
        self.ways.iter().all(|way| way.stages.len() == 1)
    }
}
