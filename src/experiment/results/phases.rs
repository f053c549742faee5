//! What happened to the cluster, and how it fared in between.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The time from one moment at which something happens to the next, over all replications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// When it begins.
    pub start_s: f64,
    /// When the next one does.
    pub end_s: f64,
    /// What happens at its start; nothing for the first, which begins with the measured time.
    pub what: Vec<String>,
    /// Nodes that are there at its end.
    pub nodes: u32,
    /// Ports of the outbound device at its end, towards one destination; null: unlimited.
    pub ports: Option<u64>,
    /// Attempts of any flow at an instant of it, over all replications.
    pub attempts: u64,
    /// SNAT failures among them.
    pub snat_failures: u64,
    /// Live flows that lost their port to a change of the cluster, over all replications; their requests are counted as they were
    /// before. A UDP flow lives until its idle timeout.
    pub cut_off: u64,
}

/// A device changed the number of its instances by itself.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Scaled {
    /// Replication, from 0.
    pub replication: u32,
    /// When; before 0 in the warm-up.
    pub at_s: f64,
    /// Instances from then on.
    pub instances: u32,
    /// Live flows that were cut off by it.
    pub cut_off: u64,
}
