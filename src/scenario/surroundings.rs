//! What a workload stands among.

use crate::cluster::Cluster;
use crate::workload::Destination;

/// What a workload may refer to.
pub struct Surroundings<'a> {
    /// The machines.
    pub cluster: &'a Cluster,
    /// Destinations so far; recorded and made-up ones are added.
    pub destinations: Vec<Destination>,
    /// Pods on each node so far, by node.
    pub pods: Vec<u64>,
}

/// More than this in one number is a slip.
pub const MOST_FLOWS: u64 = 100_000_000;
