//! Trials and shards on all cores. What is summed is the same for any number of threads.

use super::Plan;
use crate::error::{Error, ExitStatus};
use crate::flow::QuotaId;
use crate::metrics::{Recorder, Summary};
use crate::simulation::{Shard, Sharding, TrialKey, run_shard, shards};
use rayon::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};
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

/// Runs every trial of `plan`.
///
/// A quota that spans shards couples them only if it can bind: not when the most flows in each shard, added up, stay
/// below it. Otherwise the trials are run again with all who draw on it in one shard.
pub fn run(plan: &Plan, control: &Control<'_>) -> Result<Trials, Error> {
    let began = Instant::now();
    let pool = threads(control)?;
    let mut cut = shards(&plan.system, control.sharding);
    let mut summaries = pool.install(|| run_trials(plan, &cut, control))?;
    if summaries.iter().any(|summary| a_quota_may_bind(plan, summary)) {
        cut = shards(&plan.system, Sharding::ByQuota);
        summaries = pool.install(|| run_trials(plan, &cut, control))?;
    }
    Ok(Trials { summaries, wall_s: began.elapsed().as_secs_f64(), shards: cut.len() })
}

fn a_quota_may_bind(plan: &Plan, summary: &Summary) -> bool {
    let most = |quota: &QuotaId| u64::from(plan.system.quotas[quota.index()].most);
    summary.most_live.iter().any(|(quota, live)| *live >= most(quota))
}

/// The threads to run on.
pub(super) fn threads(control: &Control<'_>) -> Result<rayon::ThreadPool, Error> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(control.threads).build();
    pool.map_err(|why| Error::Defect(format!("no threads: {why}")))
}

fn run_trials(plan: &Plan, cut: &[Shard], control: &Control<'_>) -> Result<Vec<Summary>, Error> {
    let done = std::sync::atomic::AtomicU64::new(0);
    let all = cut.len() as u64 * u64::from(plan.replications);
    let trial = |replication: u32| {
        let key = TrialKey { seed: plan.seed, replication };
        let part = |shard: &Shard| {
            if control.stop.load(Ordering::Relaxed) != 0 {
                return Summary::empty(&plan.cuts);
            }
            let recorder = Recorder::new(plan.cuts, &plan.system, shard);
            let mut recorder = recorder.watching(&plan.probes).telling_apart(&plan.phases);
            let events = run_shard(&plan.system, shard, key, control.stop, &mut recorder);
            (control.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            recorder.finish(events)
        };
        let join = |mut one: Summary, other: Summary| {
            one.merge(other);
            one
        };
        cut.par_iter().map(part).reduce(|| Summary::empty(&plan.cuts), join)
    };
    let summaries: Vec<Summary> = (0..plan.replications).into_par_iter().map(trial).collect();
    match control.stop.load(Ordering::Relaxed) {
        0 => Ok(summaries),
        code if code == usize::from(ExitStatus::Terminated.code()) => {
            Err(Error::Stopped(ExitStatus::Terminated))
        }
        _ => Err(Error::Stopped(ExitStatus::Interrupted)),
    }
}
