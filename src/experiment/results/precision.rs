//! How many replications were run where a precision was asked for, and why no more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why no more replications were run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The interval of `failure_ratio` is narrow enough, and 20 replications or more had a failure.
    Precision,
    /// `max_replications` came first.
    MaxReplications,
    /// `max_replications` came, and nothing had failed.
    NoFailure,
    /// Nothing failed, and the other options of the comparison are precise enough.
    OtherOptions,
}

/// What became of `run.precision`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrecisionReached {
    /// Half-width of the interval of `failure_ratio` asked for, as a share of the estimate.
    pub asked: f64,
    /// The one reached; null where nothing failed, or with one replication.
    pub reached: Option<f64>,
    /// Replications allowed.
    pub max_replications: u32,
    /// Why no more were run.
    pub reason: StopReason,
}
