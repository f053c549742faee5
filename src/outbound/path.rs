//! Paths: the stages that a flow passes on its way out, in order. It needs a port in each.

use super::Egress;
use crate::flow::StageId;

/// The stages of a cluster, and the ways through them.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// Stages, by id.
    pub stages: Vec<Egress>,
    /// Stages of each way out, nearest the pod first; workloads name theirs by its number here.
    pub ways: Vec<Vec<StageId>>,
}

impl Paths {
    /// One way out, through `stages`, nearest the pod first.
    pub fn through(stages: Vec<Egress>) -> Self {
        let way = (0..stages.len() as u32).map(StageId).collect();
        Self { stages, ways: vec![way] }
    }

    /// The outbound device of the first way: its last stage.
    pub fn device(&self) -> &Egress {
        self.of_way(0).last().unwrap_or(&self.stages[0])
    }

    /// The stages of a way, nearest the pod first.
    pub fn of_way(&self, way: usize) -> impl DoubleEndedIterator<Item = &Egress> {
        self.ways[way].iter().map(|stage| &self.stages[stage.index()])
    }

    /// Whether every flow passes one stage.
    pub fn is_single(&self) -> bool {
        self.ways.iter().all(|way| way.len() == 1)
    }
}
