//! What became of thresholds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A judged threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdResult {
    /// As written.
    pub expression: String,
    /// Pass, fail, or inconclusive.
    pub verdict: Verdict,
    /// Estimate; null when nothing was seen.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// What would settle it, where it is inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// What a comparison of an interval with a limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The unfavourable bound meets the limit.
    Pass,
    /// The favourable bound misses it.
    Fail,
    /// The interval straddles it.
    Inconclusive,
}
