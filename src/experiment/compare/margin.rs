//! How clearly the recommended option is the one to take.

use super::differences::PairedDifference;
use super::{ComparedOption, recommend::Recommendation};
use crate::experiment::results::Verdict;
use crate::scenario::{Comparison, Threshold};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Distance from the limit, and from the next option.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Margin {
    /// The option that the margin is of: the recommended one, or the best where none is.
    pub option: usize,
    /// The next best; null without one.
    pub runner_up: Option<usize>,
    /// The threshold that decides: the first that some option does not pass, or the one that is met most narrowly; null without
    /// any.
    pub threshold: Option<String>,
    /// How far the worse end of each option's interval is on the right side of the limit, in the metric's unit: below 0 where it is
    /// on the wrong side; empty without a threshold.
    pub distances: Vec<f64>,
    /// The runner-up minus the option, over paired replications.
    pub difference: Option<PairedDifference>,
}

/// The margin of what is recommended.
pub fn margin(
    options: &[ComparedOption],
    thresholds: &[Threshold],
    recommendation: &Recommendation,
    differences: &[PairedDifference],
) -> Option<Margin> {
    let Recommendation { option, runner_up, .. } = recommendation;
    let own = option.or(*runner_up)?;
    let next = runner_up.filter(|next| *next != own);
    let deciding = deciding(options, thresholds, own);
    let threshold = deciding.map(|number| &thresholds[number]);
    let distances = deciding
        .map(|number| options.iter().map(|option| distance(option, thresholds, number)).collect::<Vec<_>>());
    let metric = match threshold.map(|threshold| threshold.metric.as_str()) {
        Some("failure_ratio") => "failure_ratio",
        _ => "connection_failure_ratio",
    };
    Some(Margin {
        option: own,
        runner_up: next,
        threshold: threshold.map(|threshold| threshold.expression.clone()),
        distances: distances.unwrap_or_default(),
        difference: next.and_then(|next| between(differences, metric, own, next)),
    })
}

/// The number of the threshold that decides.
fn deciding(options: &[ComparedOption], thresholds: &[Threshold], own: usize) -> Option<usize> {
    let numbers = 0..thresholds.len();
    let divides = |number: &usize| {
        options.iter().any(|option| option.results.thresholds[*number].verdict != Verdict::Pass)
    };
    let relative = |number: usize| {
        distance(&options[own], thresholds, number) / thresholds[number].limit.abs().max(f64::MIN_POSITIVE)
    };
    let narrowest = || numbers.clone().min_by(|one, other| relative(*one).total_cmp(&relative(*other)));
    numbers.clone().find(divides).or_else(narrowest)
}

/// How far the worse end of an interval is from the limit; below 0 on the wrong side.
fn distance(option: &ComparedOption, thresholds: &[Threshold], number: usize) -> f64 {
    let (judged, Threshold { comparison, limit, .. }) =
        (&option.results.thresholds[number], &thresholds[number]);
    match comparison {
        Comparison::Below | Comparison::AtMost => limit - judged.high,
        Comparison::Above | Comparison::AtLeast => judged.low - limit,
    }
}

/// The second option minus the first, whichever way they were paired.
fn between(
    differences: &[PairedDifference],
    metric: &str,
    first: usize,
    second: usize,
) -> Option<PairedDifference> {
    let of_metric = |pair: &&PairedDifference| pair.metric == metric;
    let mut pairs = differences.iter().filter(of_metric);
    let pair = pairs.find(|pair| {
        (pair.first, pair.second) == (first, second) || (pair.second, pair.first) == (first, second)
    })?;
    if pair.first == first {
        return Some(pair.clone());
    }
    let turned = |bound: Option<f64>| bound.map(|bound| -bound);
    Some(PairedDifference {
        first,
        second,
        difference: -pair.difference,
        low: turned(pair.high),
        high: turned(pair.low),
        ..pair.clone()
    })
}
