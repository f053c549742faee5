//! Which of the things that are not known for sure changes the answer.
//!
//! Each is varied alone, over its range, around the scenario as it is, on the same traffic: what the runs have in common cancels in
//! the difference. What two doubts do together is not looked at; a sweep shows that.

mod advice;
mod results;
mod swing;

pub use results::{
    Difference, Figure, Flips, KnobResults, MeasureNext, MeasureReason, NotVaried, SensitivityResults,
    Setting, Swing, ValueResults,
};

use super::results::{Results, SCHEMA_VERSION, Verdict};
use super::{Control, analysis, paired, thresholds};
use crate::error::Error;
use crate::scenario::Scenario;
use crate::scenario::knobs::{Doubt, Knob, LeftOut};
use crate::scenario::overrides::Override;
use std::sync::atomic::{AtomicU64, Ordering};
use swing::Seen;

/// A question about what is uncertain.
pub struct Question<'a> {
    /// The scenario as it is.
    pub base: &'a Scenario,
    /// The scenario with some keys set.
    pub scenario_at: &'a dyn Fn(&[Override]) -> Result<Scenario, Error>,
    /// What is varied.
    pub knobs: Vec<Knob>,
    /// What is not.
    pub left_out: Vec<LeftOut>,
    /// The metric that is looked at, as thresholds name it.
    pub metric: &'a str,
}

/// Varies everything that is uncertain, one at a time.
pub fn sensitivity(mut question: Question<'_>, control: &Control<'_>) -> Result<SensitivityResults, Error> {
    let (tried, scenarios) = tried(&mut question)?;
    let mut seen = run(&question, &scenarios, control)?.into_iter();
    let lacking = || Error::Defect("a value was not run".into());
    let (base_results, base) = seen.next().ok_or_else(lacking)?;
    let judged = !base_results.thresholds.is_empty();
    let mut knobs = Vec::new();
    for (knob, choices) in question.knobs.iter().zip(tried) {
        let mut values = Vec::new();
        for (settings, refused) in choices {
            let found = if refused.is_none() { Some(seen.next().ok_or_else(lacking)?) } else { None };
            values.push((settings, refused, found));
        }
        knobs.push(knob_results(knob, (&base, base_results.verdict), values, judged));
    }
    knobs.sort_by(|one, other| other.swing.difference.difference.total_cmp(&one.swing.difference.difference));
    let not_varied = |LeftOut { keys, model, why }| NotVaried { keys, model, why };
    Ok(SensitivityResults {
        schema_version: SCHEMA_VERSION,
        verdict: verdict(base_results.verdict, &knobs),
        metric: question.metric.into(),
        base: base.figure,
        measure_next: advice::measure_next(&knobs),
        knobs,
        not_varied: question.left_out.into_iter().map(not_varied).collect(),
        base_results,
    })
}

/// A value, and why the platform would refuse it, if so.
type Tried = (Vec<Setting>, Option<String>);

/// The values of each knob, and the scenarios to run: the base, then every value that is not refused. A value of a model that does not fit
/// the scenario is left out; one that somebody asked for is wrong input.
fn tried(question: &mut Question<'_>) -> Result<(Vec<Vec<Tried>>, Vec<Scenario>), Error> {
    let (mut all, mut knobs) = (Vec::new(), Vec::new());
    let mut scenarios = vec![question.base.clone()];
    for knob in std::mem::take(&mut question.knobs) {
        let (mut values, mut unfit) = (Vec::new(), None);
        for choice in &knob.choices {
            let settings =
                choice.iter().map(|(key, value)| Setting { key: key.clone(), value: value.clone() });
            let refused = match (question.scenario_at)(choice).and_then(|scenario| {
                super::Plan::new(&scenario)?;
                Ok(scenario)
            }) {
                Ok(scenario) => {
                    scenarios.push(scenario);
                    None
                }
                Err(refused @ Error::PlatformRefuses(_)) => Some(refused.in_brief()),
                Err(wrong @ Error::Input(_)) if knob.doubt != Doubt::Asked => {
                    unfit = Some(wrong.in_brief());
                    continue;
                }
                Err(error) => return Err(error),
            };
            values.push((settings.collect(), refused));
        }
        match (&knob.doubt, unfit) {
            (Doubt::Assumed { model, .. }, Some(why)) if values.is_empty() => {
                let (keys, model) = (knob.keys.clone(), model.clone());
                let why = format!("its other values do not fit this scenario: {why}");
                question.left_out.push(LeftOut { keys, model, why });
            }
            _ => {
                all.push(values);
                knobs.push(knob);
            }
        }
    }
    question.knobs = knobs;
    Ok((all, scenarios))
}

/// Runs all of them on the same traffic.
fn run(
    question: &Question<'_>,
    scenarios: &[Scenario],
    control: &Control<'_>,
) -> Result<Vec<(Results, Seen)>, Error> {
    let Control { threads, stop, sharding, progress } = *control;
    let within = Control { threads, stop, sharding, progress: &|_, _| {} };
    let done = AtomicU64::new(0);
    paired::run(scenarios, &within, |scenario, plan, trials| {
        let results = analysis::results(scenario, plan, trials, &within)?;
        let replications = analysis::by_replication(scenario, plan, trials, threads, question.metric);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, scenarios.len() as u64);
        let (estimate, low, high) =
            thresholds::metric(&results, question.metric).unwrap_or((None, f64::NAN, f64::NAN));
        let ratio = swing::ratio(&results, question.metric);
        Ok((results, Seen { figure: Figure { estimate, low, high }, replications, ratio }))
    })
}

/// What was tried, why it was refused, what came out.
type Value = (Vec<Setting>, Option<String>, Option<(Results, Seen)>);

fn knob_results(
    knob: &Knob,
    (base, verdict): (&Seen, Verdict),
    values: Vec<Value>,
    judged: bool,
) -> KnobResults {
    let swing = {
        let seen = values.iter().filter_map(|(_, _, found)| found.as_ref().map(|(_, seen)| seen));
        swing::widest(base, seen)
    };
    let values: Vec<ValueResults> = values
        .into_iter()
        .map(|(settings, refused, found)| ValueResults {
            settings,
            refused,
            figure: found.as_ref().map(|(_, seen)| seen.figure),
            difference: found.as_ref().map(|(_, seen)| swing::difference(base, seen)),
            verdict: found.as_ref().filter(|_| judged).map(|(results, _)| results.verdict),
            thresholds: found.map(|(results, _)| results.thresholds).unwrap_or_default(),
        })
        .collect();
    let verdicts = values.iter().filter_map(|value| value.verdict);
    let (model, why, stated) = match &knob.doubt {
        Doubt::Assumed { model, why, measure } => (Some(model.clone()), Some(why.clone()), measure.clone()),
        Doubt::Asked => (None, None, None),
    };
    KnobResults {
        keys: knob.keys.clone(),
        base: knob.base.clone(),
        measure: stated.unwrap_or_else(|| advice::how_to_measure(&knob.keys, model.is_some()).into()),
        model,
        why,
        flips: judged.then(|| flips(verdict, verdicts)),
        values,
        swing,
    }
}

/// Whether verdicts differ from that of the scenario.
fn flips(base: Verdict, values: impl Iterator<Item = Verdict>) -> Flips {
    let all: Vec<Verdict> = std::iter::once(base).chain(values).collect();
    let any = |verdict| all.contains(&verdict);
    match (any(Verdict::Pass) && any(Verdict::Fail), any(Verdict::Inconclusive)) {
        (true, _) => Flips::Yes,
        (false, true) => Flips::CannotTell,
        (false, false) => Flips::No,
    }
}

fn verdict(base: Verdict, knobs: &[KnobResults]) -> Verdict {
    let unsure = knobs.iter().any(|knob| matches!(knob.flips, Some(Flips::Yes | Flips::CannotTell)));
    match base {
        Verdict::Pass if unsure => Verdict::Inconclusive,
        other => other,
    }
}
