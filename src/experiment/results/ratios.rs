//! Ratios with their uncertainty.

use super::RatioMethod;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `low` and `high` of a ratio mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EstimateKind {
    /// A two-sided interval over replications.
    Interval,
    /// Nothing was seen: `high` bounds the ratio from above, `estimate` is null.
    UpperBound,
    /// The ratio itself, from a formula: both bounds are the estimate.
    Exact,
}

/// A ratio with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatioEstimate {
    /// Ratio of sums over replications; null when nothing was seen.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Confidence of the bounds.
    pub confidence: f64,
    /// What the bounds are.
    pub kind: EstimateKind,
    /// Standard error over replications; null where there is none.
    pub standard_error: Option<f64>,
    /// Where `run.rare` asks for it, how this ratio was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<RatioMethod>,
}
