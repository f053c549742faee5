//! Trials and shards on all cores. What is summed is the same for any number of threads.

use super::{Plan, precision};
use crate::error::{Error, ExitStatus};
use crate::flow::QuotaId;
use crate::metrics::{Recorder, Summary};
use crate::scenario::Precision;
use crate::simulation::{Shard, Sharding, TrialKey, run_shard, shards};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// How a caller watches and stops a run.
pub struct Control<'a> {
    /// Threads; 0 for one per core.
    pub threads: usize,
    /// Told how many of all work items are done.
    pub progress: &'a (dyn Fn(u64, u64) + Sync),
    /// Set to an exit status to stop.
    pub stop: &'a AtomicUsize,
    /// How systems are cut; [`Sharding::Smallest`] unless a test wants otherwise.
    pub sharding: Sharding,
}

/// What all trials amount to.
#[derive(Debug, Clone, PartialEq)]
pub struct Trials {
    /// One summary a replication.
    pub summaries: Vec<Summary>,
    /// Wall time, seconds.
    pub wall_s: f64,
    /// Shards of a trial.
    pub shards: usize,
}

/// Runs the trials of `plan`, with a precision as many as it needs; `plan` then tells how many those were.
pub fn run(plan: &mut Plan, control: &Control<'_>) -> Result<Trials, Error> {
    let mut all = run_together(std::slice::from_mut(plan), control)?;
    all.pop().ok_or_else(|| Error::Defect("a plan was not run".into()))
}

/// Runs plans that ask for the same precision, all as many trials as the neediest needs, so that they can be paired.
///
/// A plan in which nothing has failed is not asked unless nothing failed in any: an upper bound is never a share of
/// an estimate, and would take all others to the most replications allowed.
pub fn run_together(plans: &mut [Plan], control: &Control<'_>) -> Result<Vec<Trials>, Error> {
    let first = plans.iter().map(|plan| plan.replications).max().unwrap_or(1);
    let precision = plans.iter().find_map(|plan| plan.precision);
    let most = precision.map_or(first, |precision| precision.most);
    let mut progress: Vec<Progress> = plans.iter().map(|plan| Progress::new(plan, control)).collect();
    for look in precision::looks(first, most) {
        for (plan, progress) in plans.iter_mut().zip(&mut progress) {
            plan.replications = look;
            progress.go_on(plan, control)?;
        }
        if precision.is_some_and(|precision| are_enough(&precision, &progress)) {
            break;
        }
    }
    Ok(progress.into_iter().map(Progress::trials).collect())
}

fn are_enough(precision: &Precision, progress: &[Progress]) -> bool {
    let asked = || progress.iter().filter(|each| !precision::leaves_it_to_others(&each.summaries));
    asked().next().is_some() && asked().all(|each| precision::is_reached(precision, &each.summaries))
}

/// Trials of a plan so far.
pub(super) struct Progress {
    cut: Vec<Shard>,
    sharding: Sharding,
    summaries: Vec<Summary>,
    wall_s: f64,
}

impl Progress {
    /// None yet.
    pub(super) fn new(plan: &Plan, control: &Control<'_>) -> Self {
        let cut = shards(&plan.system, control.sharding);
        Self { cut, sharding: control.sharding, summaries: Vec::new(), wall_s: 0.0 }
    }

    /// Runs the trials up to `plan.replications`.
    ///
    /// A quota that spans shards couples them only if it can bind: not when the most flows in each shard, added up, stay
    /// below it. Otherwise all trials are run again with all who draw on it in one shard.
    pub(super) fn go_on(&mut self, plan: &Plan, control: &Control<'_>) -> Result<(), Error> {
        let began = Instant::now();
        let more = self.summaries.len() as u32..plan.replications;
        self.summaries.extend(on_threads(control, || run_trials(plan, &self.cut, more, control))??);
        let may_bind = |summary: &Summary| a_quota_may_bind(plan, summary);
        if self.sharding != Sharding::ByQuota && self.summaries.iter().any(may_bind) {
            self.sharding = Sharding::ByQuota;
            self.cut = shards(&plan.system, self.sharding);
            let all = 0..plan.replications;
            self.summaries = on_threads(control, || run_trials(plan, &self.cut, all, control))??;
        }
        self.wall_s += began.elapsed().as_secs_f64();
        Ok(())
    }

    /// One summary a replication.
    pub(super) fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// What they amount to.
    pub(super) fn trials(self) -> Trials {
        let Self { cut, sharding: _, summaries, wall_s } = self;
        Trials { summaries, wall_s, shards: cut.len() }
    }
}

fn a_quota_may_bind(plan: &Plan, summary: &Summary) -> bool {
    let most = |quota: &QuotaId| u64::from(plan.system.quotas[quota.index()].most);
    summary.most_live.iter().any(|(quota, live)| *live >= most(quota))
}

/// Does `work` on the threads of `control`, or on those of the larger work that it is a part of.
pub(super) fn on_threads<T: Send>(
    control: &Control<'_>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Error> {
    match rayon::current_thread_index() {
        Some(_) => Ok(work()),
        None => Ok(threads(control)?.install(work)),
    }
}

/// The threads to run on.
pub(super) fn threads(control: &Control<'_>) -> Result<rayon::ThreadPool, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(control.threads).build();
    pool.map_err(|why| Error::Defect(format!("no threads: {why}")))
}

/// The trials of `replications`, numbered from 0.
fn run_trials(
    plan: &Plan,
    cut: &[Shard],
    replications: Range<u32>,
    control: &Control<'_>,
) -> Result<Vec<Summary>, Error> {
    let done = AtomicU64::new(cut.len() as u64 * u64::from(replications.start));
    let all = cut.len() as u64 * u64::from(plan.replications);
    let trial = |replication: u32| {
        let key = TrialKey { seed: plan.seed, replication };
        let part = |shard: &Shard| {
            if control.stop.load(Ordering::Relaxed) != 0 {
                return None;
            }
            let recorder = Recorder::new(plan.cuts, &plan.system, shard);
            let mut recorder = recorder.watching(&plan.probes).telling_apart(&plan.phases);
            let events = run_shard(&plan.system, shard, key, control.stop, &mut recorder);
            (control.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            Some(recorder.finish(events))
        };
        let join = |mut one: Summary, other: Summary| {
            one.merge(other);
            Some(one)
        };
        cut.par_iter().map(part).try_reduce(|| Summary::empty(&plan.cuts), join)
    };
    let summaries: Option<Vec<Summary>> = replications.into_par_iter().map(trial).collect();
    match control.stop.load(Ordering::Relaxed) {
        0 => summaries.ok_or_else(|| Error::Defect("a run stopped by itself".into())),
        code => Err(stopped(code)),
    }
}

/// What a run ends with that was stopped by the signal of this exit code.
pub(super) fn stopped(code: usize) -> Error {
    match code == usize::from(ExitStatus::Terminated.code()) {
        true => Error::Stopped(ExitStatus::Terminated),
        false => Error::Stopped(ExitStatus::Interrupted),
    }
}
