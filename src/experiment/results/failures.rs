//! Attempts and failures: in all, by reason, by name, and the first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Counts over all replications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Tries to get a port, of flows whose first try is in the measured time.
    pub attempts: u64,
    /// Tries that found no legal port.
    pub snat_failures: u64,
    /// Flows asked for.
    pub flows: u64,
    /// Flows whose client gave up.
    pub connection_failures: u64,
    /// Requests of applications.
    pub requests: u64,
    /// Requests that failed.
    pub request_failures: u64,
    /// Requests that met a connection whose mapping had expired.
    pub stale: u64,
    /// Flows that a network policy or a route table denied before they asked for a port: among `flows` and
    /// `connection_failures`, but neither attempts nor SNAT failures.
    #[serde(default)]
    pub denied: u64,
    /// Flows whose pod had no local port left towards their destination: no SYN was sent, so they are among `flows` and
    /// `connection_failures`, but neither attempts nor SNAT failures.
    #[serde(default)]
    pub no_local_port: u64,
    /// Requests that were neither served nor given up when the run ended; not among `requests`.
    #[serde(default)]
    pub unresolved: u64,
}

/// A count of failures with its stage and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCount {
    /// Stage: `load-balancer`.
    pub stage: String,
    /// Reason: `no_free_port`, `destination_cap`, `total_cap`, `no_egress`, `node_cap`, `tracking_table_full`,
    /// `search_gave_up`.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Attempts and failures of one node or destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedFailures {
    /// Node or destination.
    pub name: String,
    /// Tries to get a port.
    pub attempts: u64,
    /// Tries that found none.
    pub snat_failures: u64,
}

/// The first failure of all replications: the earliest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstFailure {
    /// When, from time 0.
    pub time_s: f64,
    /// Stage.
    pub stage: String,
    /// Reason.
    pub reason: String,
    /// Port pool.
    pub port_pool: String,
    /// Node.
    pub node: String,
    /// Destination.
    pub destination: String,
    /// In which replication, from 0.
    pub replication: u32,
}
