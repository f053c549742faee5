//! How many times the load still meets the thresholds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A search for the headroom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeadroomFigures {
    /// What has to hold.
    pub target: Vec<String>,
    /// The largest load at which it holds for sure, 1 being the load as it is; null where it does at none that was tried.
    pub proved: Option<f64>,
    /// The smallest load at which it fails for sure; null where it does at none up to `most`.
    pub refuted: Option<f64>,
    /// How far apart neighbouring loads are, as a share.
    pub resolution: f64,
    /// The largest load that was tried.
    pub most: f64,
    /// Simulations needed.
    pub evaluations: u32,
    /// Why there is none; absent where there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl HeadroomFigures {
    /// Whether the largest load that was tried still holds.
    pub fn is_more_than_tried(&self) -> bool {
        self.proved.is_some_and(|proved| proved >= self.most)
    }

    /// The interval: proved, and the first that is refuted, or the largest that was tried.
    pub fn interval(&self) -> (Option<f64>, f64, f64) {
        (self.proved, self.proved.unwrap_or(0.0), self.refuted.unwrap_or(self.most))
    }
}
