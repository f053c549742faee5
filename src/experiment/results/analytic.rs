//! Theory beside simulation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A closed form beside the simulated value, for the row with the highest offered load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalyticCheck {
    /// Port pool of the row.
    pub port_pool: String,
    /// Destination of the row, or null.
    pub destination: Option<String>,
    /// Ports of the row.
    pub ports: u64,
    /// New flows per second that the row is asked for.
    pub rate_per_s: f64,
    /// Mean time that a flow keeps its port, hold-down included.
    pub holding_s: f64,
    /// rate x holding, erlang.
    pub offered_erlang: f64,
    /// ports / holding: the most new flows per second that the row sustains.
    pub sustainable_rate_per_s: f64,
    /// Erlang-B blocking; null where arrivals are not Poisson or clients retry.
    pub erlang_b: Option<f64>,
    /// The simulated first-attempt failure ratio of the same row.
    pub simulated: Option<f64>,
    /// Why `erlang_b` is null, or what to make of the comparison.
    pub remark: String,
}
