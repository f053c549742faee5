//! Which option to take, and why.

use super::ComparedOption;
use super::elimination::Selection;
use super::migration::{Migration, MigrationEffort};
use crate::experiment::results::{Results, ThresholdResult, Verdict};
use std::cmp::Ordering;

/// What is recommended, if anything is, and why.
pub struct Recommendation {
    /// Pass where one is.
    pub verdict: Verdict,
    /// Its index.
    pub option: Option<usize>,
    /// The best of the others, or of all where none is recommended.
    pub runner_up: Option<usize>,
    /// The reason.
    pub why: String,
}

/// Among the options that meet every threshold the one with the fewest public IPs; without thresholds the one that loses the fewest
/// connections. Of equals the cheapest, where all their costs are known; then the one that takes the least change; then the emptiest.
///
/// Where options were eliminated, only those that are left are candidates.
pub fn recommend(options: &[ComparedOption], selection: Option<&Selection>) -> Recommendation {
    let ranked = ranked(options, selection);
    let (first, second) = (ranked.first().copied(), ranked.get(1).copied());
    if let Some(selection) = selection.filter(|selection| !selection.decided) {
        let why = undecided(selection);
        return Recommendation { verdict: Verdict::Inconclusive, option: None, runner_up: first, why };
    }
    match first.filter(|first| options[*first].results.verdict == Verdict::Pass) {
        None => none_recommended(options, selection, first),
        Some(best) => {
            let why = reason(options, best, second, selection);
            Recommendation { verdict: Verdict::Pass, option: Some(best), runner_up: second, why }
        }
    }
}

/// Options from the best to the worst; those that were eliminated last.
fn ranked(options: &[ComparedOption], selection: Option<&Selection>) -> Vec<usize> {
    let is_out = |option: usize| selection.is_some_and(|selection| !selection.left.contains(&option));
    let mut ranked: Vec<usize> = (0..options.len()).collect();
    ranked.sort_by(|one, other| {
        let by_elimination = is_out(*one).cmp(&is_out(*other));
        by_elimination.then_with(|| compared(options, *one, *other).0)
    });
    ranked
}

/// What tells two options apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deciding {
    Verdict,
    Failures,
    PublicIps,
    Cost,
    Change,
    Room,
    Nothing,
}

/// Which of two options is better, and by what.
fn compared(options: &[ComparedOption], one: usize, other: usize) -> (Ordering, Deciding) {
    let judged = options.iter().any(|option| !option.results.thresholds.is_empty());
    let (one, other) = (&options[one], &options[other]);
    let worth = |option: &ComparedOption| match option.results.verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail => 2,
    };
    let both_pass = worth(one) == 0 && worth(other) == 0;
    let failures = |option: &ComparedOption| match judged && both_pass {
        true => 0.0,
        false => option.results.connection_failure_ratio.estimate.unwrap_or(0.0),
    };
    let unknown = (MigrationEffort::Unknown, false);
    let change = |option: &ComparedOption| option.migration.as_ref().map_or(unknown, Migration::rank);
    // A cost that is not known for all of them would let a hole in the price file decide.
    let costs = options.iter().all(|option| option.monthly_cost.is_some());
    let cost = |option: &ComparedOption| option.monthly_cost.filter(|_| costs).unwrap_or(0.0);
    let criteria = [
        (worth(one).cmp(&worth(other)), Deciding::Verdict),
        (failures(one).total_cmp(&failures(other)), Deciding::Failures),
        (one.results.public_ips.cmp(&other.results.public_ips), Deciding::PublicIps),
        (cost(one).total_cmp(&cost(other)), Deciding::Cost),
        (change(one).cmp(&change(other)), Deciding::Change),
        (one.results.occupancy.mean.total_cmp(&other.results.occupancy.mean), Deciding::Room),
    ];
    criteria.into_iter().find(|(order, _)| order.is_ne()).unwrap_or((Ordering::Equal, Deciding::Nothing))
}

fn undecided(selection: &Selection) -> String {
    let left = selection.left.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    format!(
        "options {left} are not told apart after {} replications, the most allowed; use `--max-replications {}`, or a larger \
         `--indifference`",
        selection.replications, selection.enough_replications
    )
}

fn none_recommended(
    options: &[ComparedOption],
    selection: Option<&Selection>,
    best: Option<usize>,
) -> Recommendation {
    let is_left = |index: usize| selection.is_none_or(|selection| selection.left.contains(&index));
    let undecided = options.iter().map(|option| &option.results).enumerate();
    let undecided =
        undecided.filter(|(index, results)| results.verdict == Verdict::Inconclusive && is_left(*index));
    let advice = |results: &Results| results.thresholds.iter().find_map(|each| each.advice.clone());
    let undecided: Vec<String> = undecided
        .map(|(index, results)| format!("option {index}: {}", advice(results).unwrap_or_default()))
        .collect();
    let (verdict, why) = match undecided.is_empty() {
        true => (Verdict::Fail, "no option meets every threshold; add public IPs or lower the load".into()),
        false => {
            let why = format!("no option is proved to meet every threshold; {}", undecided.join("; "));
            (Verdict::Inconclusive, why)
        }
    };
    Recommendation { verdict, option: None, runner_up: best, why }
}

fn reason(
    options: &[ComparedOption],
    best: usize,
    second: Option<usize>,
    selection: Option<&Selection>,
) -> String {
    let option = &options[best];
    let failing = match option.results.failure_ratio.estimate {
        None => "no SNAT failure was seen".into(),
        Some(estimate) => format!("{:.3} % of attempts find no SNAT port", estimate * 100.0),
    };
    let name = option.phrase();
    let meets = if option.results.thresholds.is_empty() { "" } else { "meets every threshold, and " };
    if let Some(Selection { metric, indifference, confidence, left, .. }) = selection {
        let equals = if left.len() > 1 { ", with others that are as good" } else { "" };
        // Replications without a failure show no spread, and so no doubt.
        let unseen = match option.results.failure_ratio.estimate {
            None => ", as far as replications without any failure can tell",
            Some(_) => "",
        };
        return format!(
            "{name} {meets}has the smallest {metric}{equals} (best with {} % confidence, or within {indifference} of the best{unseen}): {failing}",
            confidence * 100.0
        );
    }
    let Some(second) = second else { return format!("{name} {}: {failing}", only(option)) };
    let by = compared(options, best, second).1;
    let against = decided(option, &options[second], by);
    match (option.results.thresholds.is_empty(), by) {
        (true, Deciding::Failures) => format!("{name} loses the fewest connections: {failing}"),
        (true, _) => format!("{name} loses as few connections as any, and {against}: {failing}"),
        (false, _) => format!("{name} meets every threshold, and {against}: {failing}"),
    }
}

fn only(option: &ComparedOption) -> &'static str {
    if option.results.thresholds.is_empty() { "is the only option" } else { "meets every threshold" }
}

/// Why one option stands before the other.
fn decided(option: &ComparedOption, other: &ComparedOption, by: Deciding) -> String {
    let share = |option: &ComparedOption| format!("{:.1} %", option.results.occupancy.mean * 100.0);
    let name = other.phrase();
    match by {
        Deciding::Verdict => {
            let missed = other.results.thresholds.iter().find(|each| each.verdict != Verdict::Pass);
            let expression = missed.map(|ThresholdResult { expression, .. }| expression.as_str());
            let how = if other.results.verdict == Verdict::Fail { "fails" } else { "is not proved to meet" };
            format!("is the only one: the next, {name}, {how} {}", expression.unwrap_or("one"))
        }
        Deciding::Failures => "loses the fewest connections".into(),
        Deciding::PublicIps => {
            format!(
                "needs the fewest public IPs ({} against {})",
                option.results.public_ips, other.results.public_ips
            )
        }
        Deciding::Cost => {
            let cost = |option: &ComparedOption| {
                let currency = option.cost.as_ref().map(|cost| cost.currency.as_str()).unwrap_or_default();
                format!("{currency} {:.2}", option.monthly_cost.unwrap_or(0.0))
            };
            format!(
                "costs less than the next with as few public IPs ({} a month against {})",
                cost(option),
                cost(other)
            )
        }
        Deciding::Change => format!("takes less of a change than {name}"),
        Deciding::Room => format!(
            "has the most room (its fullest row is {} full on average, against {})",
            share(option),
            share(other)
        ),
        Deciding::Nothing => format!("equals {name}, which stands after it"),
    }
}
