//! How fast the program was.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How fast it ran; left out with `--reproducible`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Performance {
    /// Arrivals and releases.
    pub events: u64,
    /// Flows, warm-up included.
    pub flows: u64,
    /// Wall time.
    pub wall_s: f64,
    /// Events per second of wall time.
    pub events_per_s: f64,
    /// Threads used.
    pub threads: usize,
}
