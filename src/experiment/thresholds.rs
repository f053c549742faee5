//! Judging results against limits: by the interval, not by the estimate.

use super::estimate;
use super::results::{HeadroomFigures, RatioEstimate, RatioMethod, Results, ThresholdResult, Verdict};
use crate::error::ExitStatus;
use crate::metrics::BATCHES;
use crate::scenario::{Comparison, Threshold};

/// The ratio of that name in `results`.
pub fn ratio_named<'a>(results: &'a Results, name: &str) -> Option<&'a RatioEstimate> {
    match name {
        "failure_ratio" => Some(&results.failure_ratio),
        "first_attempt_failure_ratio" => Some(&results.first_attempt_failure_ratio),
        "connection_failure_ratio" => Some(&results.connection_failure_ratio),
        "request_failure_ratio" => Some(&results.request_failure_ratio),
        _ => None,
    }
}

/// The interval of a metric in `results`, or nothing if it has no such metric.
pub fn metric(results: &Results, name: &str) -> Option<(Option<f64>, f64, f64)> {
    let exact = |value: f64| Some((Some(value), value, value));
    if let Some(ratio) = ratio_named(results, name) {
        return Some((ratio.estimate, ratio.low, ratio.high));
    }
    let Results { occupancy, connect_delay_s: delay, .. } = results;
    match name {
        "occupancy.mean" => exact(occupancy.mean),
        "occupancy.p50" => exact(occupancy.p50),
        "occupancy.p95" => exact(occupancy.p95),
        "occupancy.p99" => exact(occupancy.p99),
        "occupancy.max" => exact(occupancy.max),
        "occupancy.full_time_ratio" => exact(occupancy.full_time_ratio),
        "connect_delay_s.mean" => exact(delay.mean),
        "connect_delay_s.p50" => exact(delay.p50),
        "connect_delay_s.p99" => exact(delay.p99),
        "connect_delay_s.max" => exact(delay.max),
        "headroom" => results.headroom_search.as_ref().map(HeadroomFigures::interval),
        _ => None,
    }
}

/// Judges one threshold.
pub fn judge(results: &Results, threshold: &Threshold) -> ThresholdResult {
    let (estimate, low, high) = metric(results, &threshold.metric).unwrap_or((None, f64::NAN, f64::NAN));
    advised(judge_interval(estimate, low, high, threshold), results, threshold)
}

/// Judges one threshold at another confidence, where its metric is a ratio and has an interval.
pub fn judge_at(results: &Results, threshold: &Threshold, confidence: f64) -> ThresholdResult {
    let Some(ratio) = ratio_named(results, &threshold.metric) else { return judge(results, threshold) };
    let splitting = results.rare.as_ref().and_then(|rare| rare.splitting.as_ref());
    let values = match (ratio.method, splitting) {
        (Some(RatioMethod::Splitting), Some(splitting)) => splitting.replications as usize,
        _ if results.replications == 1 => BATCHES,
        _ => results.replications as usize,
    };
    let RatioEstimate { estimate, low, high, .. } = estimate::at_confidence(ratio, values, confidence);
    advised(judge_interval(estimate, low, high, threshold), results, threshold)
}

/// The same with what would settle it, where it is inconclusive.
fn advised(judged: ThresholdResult, results: &Results, threshold: &Threshold) -> ThresholdResult {
    if judged.verdict != Verdict::Inconclusive {
        return judged;
    }
    let told = if threshold.metric == "headroom" {
        "the limit lies between the loads that are proved and refuted: use more replications or a longer `duration`".into()
    } else if by_splitting(results, &threshold.metric) {
        "the limit lies within the interval of splitting: use more `trajectories` in `run.rare`".into()
    } else {
        advice(&judged, threshold.limit, results.replications)
    };
    ThresholdResult { advice: Some(told), ..judged }
}

/// Whether splitting found the ratio that is judged.
fn by_splitting(results: &Results, metric: &str) -> bool {
    ratio_named(results, metric).is_some_and(|ratio| ratio.method == Some(RatioMethod::Splitting))
}

/// What would settle an inconclusive threshold, judged at whatever confidence.
fn advice(judged: &ThresholdResult, limit: f64, replications: u32) -> String {
    if judged.estimate.is_some() {
        return "the limit lies within the interval: use more replications or a longer `duration`".into();
    }
    let chances = |bound: f64| libm::log(1.0 - estimate::CONFIDENCE) / libm::log(1.0 - bound);
    let needed = (f64::from(replications) * chances(limit) / chances(judged.high)).ceil();
    if !needed.is_finite() || needed > 1e6 {
        return "nothing failed, but so small a limit cannot be proved by simulation; `run.rare = \"auto\"` may prove it by theory \
                or splitting"
            .into();
    }
    format!("nothing failed, but in too few independent chances to fail: use `--replications {needed}`")
}

/// Judges an interval.
pub fn judge_interval(estimate: Option<f64>, low: f64, high: f64, threshold: &Threshold) -> ThresholdResult {
    let holds = |value: f64| match threshold.comparison {
        Comparison::Below => value < threshold.limit,
        Comparison::AtMost => value <= threshold.limit,
        Comparison::Above => value > threshold.limit,
        Comparison::AtLeast => value >= threshold.limit,
    };
    let verdict = match (holds(low), holds(high)) {
        (true, true) => Verdict::Pass,
        (false, false) => Verdict::Fail,
        _ => Verdict::Inconclusive,
    };
    let expression = threshold.expression.clone();
    ThresholdResult { expression, verdict, estimate, low, high, advice: None }
}

/// The worst of the verdicts; pass when there is none.
pub fn worst(thresholds: &[ThresholdResult]) -> Verdict {
    let any = |verdict| thresholds.iter().any(|threshold| threshold.verdict == verdict);
    match (any(Verdict::Fail), any(Verdict::Inconclusive)) {
        (true, _) => Verdict::Fail,
        (false, true) => Verdict::Inconclusive,
        (false, false) => Verdict::Pass,
    }
}

/// The exit status of a verdict.
pub fn exit_status(verdict: Verdict) -> ExitStatus {
    match verdict {
        Verdict::Pass => ExitStatus::Success,
        Verdict::Fail => ExitStatus::ThresholdFailed,
        Verdict::Inconclusive => ExitStatus::Inconclusive,
    }
}
