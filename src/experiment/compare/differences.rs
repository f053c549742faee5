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

/// What failed, and of how many.
type Failed = fn(&Counts) -> (u64, u64);

/// Ratios of a replication.
pub const RATIOS: [(&str, Failed); 4] = [
    ("failure_ratio", |counts| (counts.snat_failures, counts.attempts)),
    ("first_attempt_failure_ratio", |counts| (counts.first_failures, counts.first_attempts)),
    ("connection_failure_ratio", |counts| (counts.connection_failures, counts.flows)),
    ("request_failure_ratio", |counts| (counts.request_failures, counts.requests)),
];

/// The ratio of that name; 0 of none.
pub fn ratio_of(metric: &str, counts: &Counts) -> f64 {
    let found = RATIOS.iter().find(|(name, _)| *name == metric).map(|(_, ratio)| ratio(counts));
    found.map_or(0.0, |(failed, all)| failed as f64 / all.max(1) as f64)
}

/// Metrics that are compared.
const METRICS: [&str; 2] = ["failure_ratio", "connection_failure_ratio"];

/// A value of each of [`METRICS`].
pub type Ratios = [f64; METRICS.len()];

/// Those of one replication.
pub fn ratios_of(counts: &Counts) -> Ratios {
    METRICS.map(|metric| ratio_of(metric, counts))
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
