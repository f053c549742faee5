//! Failures too rare for plain simulation: theory where it is exact, else splitting on ports in use.
//!
//! Splitting gives the ratio of the long run, whatever the measured time. Its domain is what
//! [`crate::simulation::undividable`] leaves.

mod figures;
mod levels;
mod parts;
mod splitting;

use super::analysis::closed_form;
use super::plan::Plan;
use super::results::{RareFigures, RatioEstimate, RatioMethod, Results, SplittingFigures};
use super::{Control, estimate, runner, warnings};
use crate::error::Error;
use crate::scenario::{Rare, RareMethod};
use crate::simulation::TrialKey;
use figures::{Found, Ratios};
use levels::Levels;
use parts::{Part, Parts};
use rayon::prelude::*;
use splitting::{Effort, Replication};
use std::sync::atomic::Ordering;

/// Refuses a plan that asks for splitting where that says nothing, before anything is simulated.
pub fn check(plan: &Plan) -> Result<(), Error> {
    match plan.rare {
        Some(Rare { method: RareMethod::Splitting, .. }) => Parts::of(plan).map(|_| ()).map_err(refused),
        _ => Ok(()),
    }
}

fn refused(why: String) -> Error {
    let message = format!(
        "`rare` is \"splitting\", but splitting would not say how often flows fail: {why}; write \"auto\", or leave `rare` out \
         and use more `replications` and a longer `duration`"
    );
    Error::input("run.rare", message)
}

/// Puts the figures of the method that suits in place of what plain simulation saw, where `plan` asks for it.
pub fn apply(plan: &Plan, control: &Control<'_>, results: &mut Results) -> Result<(), Error> {
    let Some(rare) = plan.rare else { return Ok(()) };
    let simulated = results.failure_ratio.clone();
    let told = |method, why: &str| RareFigures {
        method,
        why: why.into(),
        simulated: simulated.clone(),
        splitting: None,
    };
    if rare.method == RareMethod::Auto {
        if let Ok(ratio) = closed_form::exact_ratio(plan) {
            let why =
                "Poisson arrivals whose clients take no for an answer, and nothing but ports refuses: exact";
            results.rare = Some(told(RatioMethod::ErlangB, why));
            let exact = RatioEstimate { method: Some(RatioMethod::ErlangB), ..estimate::exact(ratio) };
            let [failure, first_attempt, connection, request] = [(); 4].map(|()| exact.clone());
            put(plan, results, Ratios { failure, first_attempt, connection, request });
            return Ok(());
        }
        if !warnings::is_poor(results) {
            results.rare = Some(told(RatioMethod::Plain, "plain simulation saw enough failures"));
            return Ok(());
        }
    }
    let parts = match (Parts::of(plan), rare.method) {
        (Ok(parts), _) => parts,
        (Err(why), RareMethod::Splitting) => return Err(refused(why)),
        (Err(why), RareMethod::Auto) => {
            let why = format!("theory is not exact here, and splitting would say nothing: {why}");
            results.rare = Some(told(RatioMethod::Plain, &why));
            return Ok(());
        }
    };
    match (split(&parts, rare, plan.seed, control)?, rare.method) {
        (Ok((ratios, figures)), _) => {
            let why = "few failures or none in plain simulation";
            let why = if rare.method == RareMethod::Auto { why } else { "asked for" };
            results.rare =
                Some(RareFigures { splitting: Some(figures), ..told(RatioMethod::Splitting, why) });
            put(plan, results, ratios);
            Ok(())
        }
        (Err(why), RareMethod::Splitting) => Err(refused(why)),
        (Err(why), RareMethod::Auto) => {
            results.rare = Some(told(RatioMethod::Plain, &format!("splitting said nothing: {why}")));
            Ok(())
        }
    }
}

/// Flows that need no port count among connections and requests, but in no part.
fn put(plan: &Plan, results: &mut Results, ratios: Ratios) {
    let Ratios { failure, first_attempt, connection, request } = ratios;
    (results.failure_ratio, results.first_attempt_failure_ratio) = (failure, first_attempt);
    if plan.system.sources.iter().all(|source| !source.hops.is_empty()) {
        (results.connection_failure_ratio, results.request_failure_ratio) = (connection, request);
    }
}

type Split = Result<(Ratios, SplittingFigures), String>;

/// Splits every part, on all threads; the inner error says why splitting found nothing.
fn split(all: &Parts, rare: Rare, seed: u64, control: &Control<'_>) -> Result<Split, Error> {
    let effort = Effort { trajectories: rare.trajectories, base: rare.base };
    let choose = |part: &Part| Levels::choose(all, part, effort, seed, control.stop);
    let levels: Result<Vec<Levels>, String> =
        runner::on_threads(control, || all.parts.par_iter().map(choose).collect())?;
    stopped(control)?;
    let levels = match levels {
        Ok(levels) => levels,
        Err(why) => return Ok(Err(why)),
    };
    let each: Vec<(usize, u32)> = (0..all.parts.len())
        .flat_map(|part| (0..rare.replications).map(move |replication| (part, replication)))
        .collect();
    let replicate = |(part, replication): (usize, u32)| {
        let key = TrialKey { seed, replication };
        splitting::replicate(all, &all.parts[part], &levels[part], effort, key, control.stop)
    };
    let mut replications: Vec<Replication> =
        runner::on_threads(control, || each.into_par_iter().map(replicate).collect())?;
    stopped(control)?;
    if replications.iter().flatten().any(|stage| stage.endless > 0) {
        return Ok(Err("an excursion did not come to its end; name another `base`".into()));
    }
    let mut found = Vec::new();
    for levels in levels {
        let others = replications.split_off(rare.replications as usize);
        found.push(Found { levels, replications: std::mem::replace(&mut replications, others) });
    }
    let parts = all.parts.iter().zip(&found);
    let figures = SplittingFigures {
        replications: rare.replications,
        trajectories: rare.trajectories,
        parts: parts.map(|(part, found)| figures::part(all, part, found, effort)).collect(),
    };
    Ok(Ok((Ratios::of(&figures::by_replication(all, &found, rare.replications)), figures)))
}

fn stopped(control: &Control<'_>) -> Result<(), Error> {
    match control.stop.load(Ordering::Relaxed) {
        0 => Ok(()),
        code => Err(runner::stopped(code)),
    }
}
