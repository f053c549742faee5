//! Metrics of two results, and whether they differ by more than chance.

use crate::experiment::estimate;
use crate::experiment::results::{EstimateKind, RatioEstimate, RatioMethod, Results};
use crate::experiment::thresholds::{self, ratio_named};
use crate::scenario::THRESHOLD_METRICS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a difference says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The two are equal.
    Same,
    /// The interval of the difference does not contain 0.
    Significant,
    /// It does: chance may have done it.
    NotSignificant,
    /// There is no interval to judge by.
    Unknown,
}

/// A metric of two results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricChange {
    /// Its name, as thresholds know it.
    pub metric: String,
    /// Before; null where nothing was seen.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
    /// After minus before; a ratio of which nothing was seen counts as 0.
    pub difference: f64,
    /// Lower bound of the difference; null where there is none.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// What that says.
    pub evidence: Evidence,
}

impl MetricChange {
    /// Whether more fails than chance would explain.
    pub(super) fn is_worse(&self) -> bool {
        self.metric.ends_with("failure_ratio")
            && self.evidence == Evidence::Significant
            && self.difference > 0.0
    }
}

/// Every metric that a threshold may name.
pub(super) fn changes(before: &Results, after: &Results) -> Vec<MetricChange> {
    let of = |results: &Results, name: &str| thresholds::metric(results, name).and_then(|(value, ..)| value);
    let change = |name: &&str| {
        let (one, other) = (of(before, name), of(after, name));
        let difference = other.unwrap_or(0.0) - one.unwrap_or(0.0);
        let reach = reach(before, after, name).filter(|_| one != other);
        MetricChange {
            metric: (*name).into(),
            before: one,
            after: other,
            difference,
            low: reach.map(|(below, _)| difference - below),
            high: reach.map(|(_, above)| difference + above),
            evidence: evidence(one == other, difference, reach),
        }
    };
    let told =
        |name: &&&str| [before, after].iter().any(|results| thresholds::metric(results, name).is_some());
    THRESHOLD_METRICS.iter().filter(told).map(change).collect()
}

/// How far below and above an estimate its interval reaches.
pub type Reach = (f64, f64);

/// What a difference says whose interval reaches so far.
pub fn evidence(is_same: bool, difference: f64, reach: Option<Reach>) -> Evidence {
    match reach {
        _ if is_same => Evidence::Same,
        None => Evidence::Unknown,
        Some((below, above)) if difference > below || -difference > above => Evidence::Significant,
        Some(_) => Evidence::NotSignificant,
    }
}

/// Of the difference of a ratio.
fn reach(before: &Results, after: &Results, name: &str) -> Option<Reach> {
    let (one, other) = (ratio_named(before, name)?, ratio_named(after, name)?);
    let counted = |ratio: &RatioEstimate| ratio.method.is_none_or(|method| method == RatioMethod::Plain);
    // Where nobody tries twice all ratios are one.
    let by_replication = [(one, before), (other, after)]
        .into_iter()
        .all(|(ratio, results)| *ratio == results.failure_ratio && counted(ratio));
    let paired = by_replication.then(|| paired(before, after)).flatten();
    paired.or_else(|| independent(one, other))
}

/// Replication by replication, where there are as many.
fn paired(before: &Results, after: &Results) -> Option<Reach> {
    paired_reach(&failure_ratios(before), &failure_ratios(after))
}

/// Of the mean difference of values that belong together two by two; none with fewer than two pairs.
pub fn paired_reach(before: &[f64], after: &[f64]) -> Option<Reach> {
    if before.len() != after.len() || before.len() < 2 {
        return None;
    }
    let differences: Vec<f64> = before.iter().zip(after).map(|(one, other)| other - one).collect();
    let (mean, low, high) = estimate::mean(&differences);
    Some((mean - low, high - mean))
}

/// The failure ratio of each replication.
fn failure_ratios(results: &Results) -> Vec<f64> {
    let mut counts = vec![(0u64, 0u64); results.replications as usize];
    for window in &results.windows {
        if let Some((failed, all)) = counts.get_mut(window.replication as usize) {
            *failed += window.snat_failures;
            *all += window.attempts;
        }
    }
    counts.into_iter().map(|(failed, all)| failed as f64 / all.max(1) as f64).collect()
}

/// Of two estimates whose replications are not known one by one: as if they were independent, which makes the interval
/// wider than it need be where they share their traffic.
pub fn independent(before: &RatioEstimate, after: &RatioEstimate) -> Option<Reach> {
    let reach = |ratio: &RatioEstimate| match (ratio.estimate, ratio.standard_error) {
        (None, _) => Some((0.0, ratio.high)),
        // The lower bound may have been cut at 0.
        (Some(_), None) if ratio.kind == EstimateKind::Exact => Some((0.0, 0.0)),
        (Some(estimate), Some(error)) if error > 0.0 => Some((ratio.high - estimate, ratio.high - estimate)),
        _ => None,
    };
    let ((before_below, before_above), (after_below, after_above)) = (reach(before)?, reach(after)?);
    let both = |one: f64, other: f64| (one * one + other * other).sqrt();
    Some((both(after_below, before_above), both(after_above, before_below)))
}
