//! Differences between options, taken replication by replication: what their traffic has in common cancels.

use crate::experiment::estimate;
use crate::metrics::Counts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The difference of a metric between two options, over paired replications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairedDifference {
    /// Index of the first option.
    pub first: usize,
    /// Index of the second.
    pub second: usize,
    /// Metric.
    pub metric: String,
    /// Mean of second minus first.
    pub difference: f64,
    /// Lower bound; null with one replication.
    pub low: Option<f64>,
    /// Upper bound; null with one replication.
    pub high: Option<f64>,
    /// Confidence of the bounds.
    pub confidence: f64,
}

/// Metrics that are compared.
const METRICS: [&str; 2] = ["failure_ratio", "connection_failure_ratio"];

/// A value of each of [`METRICS`].
pub type Ratios = [f64; METRICS.len()];

/// Those of one replication.
pub fn ratios_of(counts: &Counts) -> Ratios {
    METRICS.map(|metric| counts.ratio_named(metric).unwrap_or(0.0))
}

/// Every pair of options, metric by metric; `ratios` by option and replication.
pub fn differences(ratios: &[Vec<Ratios>]) -> Vec<PairedDifference> {
    let mut differences = Vec::new();
    for (number, metric) in METRICS.iter().enumerate() {
        for first in 0..ratios.len() {
            for second in first + 1..ratios.len() {
                let pairs = ratios[first].iter().zip(&ratios[second]);
                let paired: Vec<f64> = pairs.map(|(one, other)| other[number] - one[number]).collect();
                differences.push(difference(metric, first, second, &paired));
            }
        }
    }
    differences
}

fn difference(metric: &str, first: usize, second: usize, paired: &[f64]) -> PairedDifference {
    let (difference, low, high) = estimate::mean(paired);
    PairedDifference {
        first,
        second,
        metric: metric.into(),
        difference,
        low: Some(low).filter(|low| low.is_finite()),
        high: Some(high).filter(|high| high.is_finite()),
        confidence: estimate::CONFIDENCE,
    }
}
