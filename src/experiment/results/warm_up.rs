//! How long the time before time 0 was, and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an automatic warm-up is as long as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarmUpReason {
    /// The settling time: the longest hold-down and five mean lifetimes. MSER-5 asks for no more.
    SettlingTime,
    /// The MSER-5 point, which is later.
    Mser5,
    /// Another option of a comparison needs as much.
    CommonStart,
    /// The settling time: a replication is shorter than twenty of them, so MSER-5 was not asked.
    Unasked,
    /// The settling time, though MSER-5 would delete more than half of each of two pilot runs.
    Unsettled,
}

/// How an automatic warm-up was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmUpChoice {
    /// Why it is as long as it is.
    pub reason: WarmUpReason,
    /// Longest hold-down and five mean lifetimes.
    pub settling_s: f64,
    /// What MSER-5 would delete of the pilot run; null when that is more than half of it, or without one.
    pub mser5_s: Option<f64>,
    /// Length of the pilot run; 0 without one.
    pub pilot_s: f64,
}
