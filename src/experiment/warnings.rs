//! Reasons not to trust the numbers, each with what to do about it.

use super::plan::{Plan, Start};
use super::results::{RatioEstimate, RatioMethod, Results, StopReason, WarmUpReason};
use crate::scenario::{Outbound, Scenario};
use crate::time::SimDuration;

/// Fewer failures than this make a poor estimate.
const FEW_FAILURES: u64 = 50;

/// More than this share of attempts fail only where more is asked for than there is.
const OVERLOADED: f64 = 0.02;

/// Ports are kept alike where the deviation is less than this share of the mean.
const ALIKE: f64 = 0.3;

/// A half-width above this share of the estimate is wide.
const WIDE: f64 = 0.25;

/// Warnings about `results`.
pub fn warnings(plan: &Plan, scenario: &Scenario, results: &Results) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(no_replications(plan));
    warnings.extend(precision_missed(results));
    if results.totals.attempts == 0 && results.totals.flows > 0 {
        warnings.push(
            "no flow needed a port of the outbound device: check `reach` of the destinations".to_string(),
        );
    }
    if results.totals.flows == 0 && results.totals.requests == 0 {
        warnings.push(
            "no flow was asked for in the measured time: lengthen `duration` or raise the rate".to_string(),
        );
    }
    warnings.extend(poor_estimate(plan, results));
    warnings.extend(short_run(plan, results));
    warnings.extend(unsettled(plan));
    warnings.extend(in_step(plan, results));
    warnings.extend(too_late(scenario));
    warnings.extend(crowded_firewalls(scenario));
    warnings.extend(reuse_without_effect(scenario));
    if results.totals.stale > 0 {
        warnings.push(format!(
            "{} requests met a connection that the device had forgotten: set the client pool's `idle_timeout` below the \
             device's",
            results.totals.stale
        ));
    }
    if results.totals.unresolved > 0 {
        warnings.push(format!(
            "{} requests still waited in line or for a retry when the run ended: clients ask for more than they can get, and \
             the backlog grows; these requests are in no ratio",
            results.totals.unresolved
        ));
    }
    warnings
}

fn no_replications(plan: &Plan) -> Option<String> {
    if plan.is_recorded() {
        let record = "the traffic is recorded: the counts are exact for this record";
        return Some(format!("{record}; the interval, from 20 parts of it, is for another one like it"));
    }
    let only = "one replication: the interval comes from 20 batches of it; use `--replications 10` or more";
    (plan.replications == 1).then(|| only.into())
}

fn precision_missed(results: &Results) -> Option<String> {
    let found = results.precision?;
    let (most, asked) = (found.max_replications, found.asked * 100.0);
    let reached = |reached: f64| format!("the half-width is {:.1} % of the failure ratio", reached * 100.0);
    match found.reason {
        StopReason::Precision | StopReason::OtherOptions => None,
        StopReason::NoFailure => Some(format!(
            "nothing failed in any of the {most} replications that `max_replications` allows, so there is no ratio of which \
             `precision` could be a share: the upper bound is what is known"
        )),
        StopReason::MaxReplications => Some(format!(
            "{most} replications, the most that `max_replications` allows, are not enough for a `precision` of {asked} %: \
             {}, and fewer than 20 replications with a failure are never enough; raise it or lengthen `duration`",
            found.reached.map_or("there is no interval over replications".into(), reached)
        )),
    }
}

fn poor_estimate(plan: &Plan, results: &Results) -> Option<String> {
    if plan.is_recorded() {
        return None;
    }
    let wide = is_wide(&results.failure_ratio);
    match results.rare.as_ref().map(|rare| rare.method) {
        Some(RatioMethod::ErlangB) => return None,
        Some(RatioMethod::Splitting) => {
            return wide.then(|| {
                "the interval is wider than a quarter of the estimate: use more `trajectories` in `run.rare`"
                    .into()
            });
        }
        Some(RatioMethod::Plain) | None => {}
    }
    results.failure_ratio.estimate?;
    let failures = results.totals.snat_failures;
    if failures < FEW_FAILURES {
        return Some(format!(
            "only {failures} failures were seen: the ratio is uncertain; lengthen `duration` or use more replications"
        ));
    }
    wide.then(|| "the interval is wider than a quarter of the estimate: use more replications".to_string())
}

fn is_wide(ratio: &RatioEstimate) -> bool {
    let RatioEstimate { estimate, low, high, .. } = ratio;
    estimate.is_some_and(|estimate| (high - low) / 2.0 > WIDE * estimate)
}

/// Whether so few failures were counted, or so unevenly, that their ratio says little.
pub fn is_poor(results: &Results) -> bool {
    results.totals.snat_failures < FEW_FAILURES || is_wide(&results.failure_ratio)
}

fn unsettled(plan: &Plan) -> Option<String> {
    let choice = plan.warm_up_choice.filter(|choice| choice.reason == WarmUpReason::Unsettled)?;
    Some(format!(
        "the start may not be forgotten: in neither of two pilot runs of {} s had busy ports settled by half of it (MSER-5); \
         set a longer `warm_up`, unless the load itself never settles",
        choice.pilot_s
    ))
}

/// From empty rows that are asked for more than they have, ports fill up together and come free together, again and again where each
/// is kept for about as long.
fn in_step(plan: &Plan, results: &Results) -> Option<String> {
    let RatioEstimate { estimate, low, high, .. } = results.failure_ratio;
    let (estimate, holding) = (estimate?, &results.port_holding_s);
    let steady = plan.start != Start::Stationary && plan.has_steady_rate() && plan.system.epochs.is_empty();
    let in_step = estimate > OVERLOADED && holding.sd < ALIKE * holding.mean;
    let off_by = holding.mean / results.duration_s;
    (steady && in_step && off_by > (high - low) / 2.0 / estimate).then(|| {
        format!(
            "each port is kept for about {:.0} s, so those that fill up after the start come free in step, and the ratio depends on \
             which part of that the measured {:.0} s hold: lengthen `duration`",
            holding.mean, results.duration_s
        )
    })
}

/// More instances, at first or later, than the ports of a public IP suffice for.
fn crowded_firewalls(scenario: &Scenario) -> Option<String> {
    let later = scenario.events.devices.iter().map(|(_, device)| device);
    let others = scenario.ways_out.iter().map(|way| &way.device);
    let all = std::iter::once(&scenario.outbound).chain(later).chain(others);
    all.filter_map(|device| match device {
        Outbound::Firewall(device) => device.crowded(0),
        _ => None,
    })
    .next()
}

/// Which port is reused matters only where the rows of a port pool are looked at together.
fn reuse_without_effect(scenario: &Scenario) -> Option<String> {
    let of_device = |key: &str| scenario.resolved.pointer(&format!("/outbound/{key}"));
    let says = |key: &str, word: &str| of_device(key).and_then(|value| value.as_str()) == Some(word);
    let asked = of_device("used_ports").and_then(|value| value.as_bool()) == Some(true);
    (says("reuse", "fresh-first") && !says("hold_scope", "port") && !asked).then(|| {
        "`reuse` changes no number here: it decides which ports are used, which is looked at only with `hold_scope = \"port\"` or \
         `used_ports = true`"
            .to_string()
    })
}

/// Events that nobody sees.
fn too_late(scenario: &Scenario) -> Option<String> {
    let end = scenario.run.duration;
    let instants: Vec<SimDuration> = scenario.events.instants().filter(|at| *at >= end).collect();
    let first = instants.first()?;
    let what = scenario.events.at(*first).next().unwrap_or_default();
    let more = match instants.len() {
        1 => String::new(),
        several => format!(" and {} more", several - 1),
    };
    Some(format!(
        "\"{what}\" at {first}{more} comes when the measured time of {end} is over: lengthen `duration`"
    ))
}

fn short_run(plan: &Plan, results: &Results) -> Option<String> {
    let holding = results.port_holding_s.mean;
    let short = plan.start != Start::Stationary
        && !plan.is_pure_burst()
        && holding > 0.0
        && results.duration_s < 5.0 * holding;
    short.then(|| {
        format!(
            "the measured {:.0} s are less than five mean holding times ({holding:.0} s): lengthen `duration`",
            results.duration_s
        )
    })
}
