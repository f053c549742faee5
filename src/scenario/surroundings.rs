//! What a workload stands among.

use super::placement::{Place, Placed};
use super::relay::Relay;
use super::ways_out::NamedWay;
use crate::cluster::Cluster;
use crate::workload::{ClientPool, Destination};

/// What a workload may refer to.
pub struct Surroundings<'a> {
    /// The machines.
    pub cluster: &'a Cluster,
    /// Destinations so far; recorded and made-up ones are added.
    pub destinations: Vec<Destination>,
    /// Pods on each node so far, by node.
    pub pods: Vec<u64>,
    /// What stands between workloads and the outbound device.
    pub relays: Vec<Relay>,
    /// How the device of each way out keeps connections of its own; the first is `[outbound]`.
    pub upstream: Vec<Option<ClientPool>>,
    /// Ways out beside `[outbound]`.
    pub ways_out: &'a [NamedWay],
    /// Their names, of those with a problem too.
    pub declared_ways: Vec<&'a str>,
}

impl Surroundings<'_> {
    /// Counts pods on their nodes.
    pub fn note_pods(&mut self, placed: &Placed) {
        if placed.on == Place::Pods {
            placed.nodes.iter().for_each(|node| self.pods[node.index()] += 1);
        }
    }
}

/// More than this in one number is a slip.
pub const MOST_FLOWS: u64 = 100_000_000;
