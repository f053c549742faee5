//! What may happen to the cluster while it runs.

use crate::flow::NodeId;
use crate::time::SimDuration;

/// Something that happens to the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it begins, after the start of the measured time.
    pub at: SimDuration,
    /// What happens.
    pub change: Change,
    /// Pods of nodes that are drained end after this time.
    pub drain: SimDuration,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A node pool, by position, has so many nodes from now on: the next numbers come, the highest are drained and go.
    Scale {
        /// The node pool.
        pool: usize,
        /// Nodes.
        nodes: u32,
    },
    /// Every node of a node pool is drained and made anew, `surge` at a time, beside as many extra nodes.
    Upgrade {
        /// The node pool.
        pool: usize,
        /// Extra nodes, which are the highest numbers of the node pool; at least 1.
        surge: u32,
        /// How long each round takes.
        round: SimDuration,
    },
    /// Nodes are lost without a word. Their pods come up elsewhere.
    Lose {
        /// Of these those that are wanted then, rising.
        of: Vec<NodeId>,
        /// So many at most, those with the highest numbers.
        most: usize,
        /// How long until others do their pods' work.
        noticed_after: SimDuration,
        /// How long until the nodes are back; absent: never.
        back_after: Option<SimDuration>,
    },
    /// A workload, by position, has so many pods from now on.
    Pods {
        /// The workload.
        workload: usize,
        /// Pods.
        pods: u32,
    },
}
