//! Options that go on one replication at a time, until all but the best are clearly worse.
//!
//! What an option does in a replication does not depend on which others are left.

use super::kim_nelson::{Rule, Selecting};
use crate::error::Error;
use crate::experiment::estimate::CONFIDENCE;
use crate::experiment::plan::Plan;
use crate::experiment::runner::{Control, Progress, Trials, on_threads};
use crate::metrics::Counts;
use crate::scenario::{Comparison, Scenario};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How options are eliminated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elimination {
    /// Differences of the metric smaller than this do not matter; above 0 and below 1.
    pub indifference: f64,
    /// No more replications than this of any option.
    pub most_replications: u32,
}

/// How the best option was selected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// The metric, whose smallest mean over replications is the best.
    pub metric: String,
    /// Differences smaller than this do not matter.
    pub indifference: f64,
    /// The chance that the best is selected, where it is better than the others by that much.
    pub confidence: f64,
    /// Replications of every option before the first was judged.
    pub first_stage: u32,
    /// The constant eta of Kim and Nelson's procedure.
    pub eta: f64,
    /// Its h squared.
    pub h2: f64,
    /// No option was to have more replications.
    pub most_replications: u32,
    /// Whether the best is known; false where more replications would be needed than allowed.
    pub decided: bool,
    /// Options that are left: the best, or several with the same mean; where it is not decided, all that may be it.
    pub left: Vec<usize>,
    /// Replications of those.
    pub replications: u32,
    /// Replications that would have decided for sure.
    pub enough_replications: f64,
    /// Options that were clearly worse, in the order in which they went.
    pub eliminated: Vec<EliminatedOption>,
}

/// An option that was clearly worse than another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EliminatedOption {
    /// Its index.
    pub option: usize,
    /// After so many replications.
    pub after: u32,
    /// Index of the option that it was clearly worse than.
    pub by: usize,
    /// Mean difference of the metric to that one.
    pub difference: f64,
    /// How large the difference had to be then.
    pub needed: f64,
}

/// The metric by which options are eliminated: that of the first threshold, where it is a ratio below a limit; else the share of
/// connections that are lost.
fn metric(scenario: &Scenario) -> &str {
    let of_threshold = scenario.thresholds.first().and_then(|threshold| {
        let below = matches!(threshold.comparison, Comparison::Below | Comparison::AtMost);
        let is_ratio = Counts::default().ratio_named(&threshold.metric).is_some();
        (below && is_ratio).then_some(threshold.metric.as_str())
    });
    of_threshold.unwrap_or("connection_failure_ratio")
}

/// What is asked for besides must not be another rule of when to stop, or another way to find ratios.
pub fn check(scenarios: &[Scenario]) -> Result<(), Error> {
    let wrong = |why: &str| Err(Error::input("--indifference", why));
    let any = |has: fn(&Scenario) -> bool| scenarios.iter().any(has);
    if scenarios.len() < 2 {
        return wrong("one option is no choice; name two or more with `--option`");
    }
    if any(|scenario| scenario.run.precision.is_some()) {
        return wrong("`run.precision` is another rule of when to stop; write `--set run.precision=null`");
    }
    if any(|scenario| scenario.run.rare.is_some()) {
        return wrong("replications are judged by what they count; write `--set run.rare=null`");
    }
    match any(|scenario| scenario.run.replications < 2) {
        true => wrong("the first stage is one replication, which shows no spread; write `--replications 10`"),
        false => Ok(()),
    }
}

/// Runs the trials of `plans` until the best is known; each plan then tells how many those were.
pub fn run(
    plans: &mut [Plan],
    scenarios: &[Scenario],
    asked: Elimination,
    control: &Control<'_>,
) -> Result<(Vec<Trials>, Selection), Error> {
    let Elimination { indifference, most_replications } = asked;
    let (first, metric) = (plans[0].replications, metric(&scenarios[0]));
    let rule = Rule::new(plans.len(), first, indifference);
    let mut progress: Vec<Progress> = plans.iter().map(|plan| Progress::new(plan, control)).collect();
    let mut observed: Vec<Vec<f64>> = vec![Vec::new(); plans.len()];
    let selecting = on_threads(control, || {
        let all: Vec<usize> = (0..plans.len()).collect();
        go_on(plans, &mut progress, &all, first, control)?;
        observe(&progress, metric, &mut observed);
        let mut selecting = Selecting::begin(rule, &observed);
        let mut count = first;
        while !selecting.is_over(count) && count < most_replications {
            count += 1;
            go_on(plans, &mut progress, selecting.survivors(), count, control)?;
            observe(&progress, metric, &mut observed);
            selecting.judge(&observed, count);
        }
        Ok::<_, Error>((selecting, count))
    })?;
    let (selecting, replications) = selecting?;
    let eliminated = selecting.eliminated().iter().map(|each| EliminatedOption {
        option: each.design,
        after: each.after,
        by: each.by,
        difference: each.difference,
        needed: each.needed,
    });
    let selection = Selection {
        metric: metric.into(),
        indifference,
        confidence: CONFIDENCE,
        first_stage: first,
        eta: rule.eta,
        h2: rule.h2,
        most_replications,
        decided: selecting.is_over(replications),
        left: selecting.survivors().to_vec(),
        replications,
        enough_replications: selecting.most().max(f64::from(first)),
        eliminated: eliminated.collect(),
    };
    Ok((progress.into_iter().map(Progress::trials).collect(), selection))
}

/// Runs those options up to `count` replications.
fn go_on(
    plans: &mut [Plan],
    progress: &mut [Progress],
    options: &[usize],
    count: u32,
    control: &Control<'_>,
) -> Result<(), Error> {
    let pairs = plans.par_iter_mut().zip(progress).enumerate();
    let left = pairs.filter(|(number, _)| options.contains(number));
    left.map(|(_, (plan, progress))| {
        plan.replications = count;
        progress.go_on(plan, control)
    })
    .collect()
}

/// The metric of each replication, so far as it was run.
fn observe(progress: &[Progress], metric: &str, observed: &mut [Vec<f64>]) {
    for (progress, values) in progress.iter().zip(observed) {
        let more = progress.summaries().iter().skip(values.len());
        values.extend(more.map(|trial| trial.counts().ratio_named(metric).unwrap_or(0.0)));
    }
}
