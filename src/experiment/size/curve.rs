//! The failure ratio of every row size from one simulation.

use super::judge;
use crate::error::Error;
use crate::experiment::plan::{Plan, Start, settling_time};
use crate::experiment::results::Verdict;
use crate::experiment::{Control, estimate, runner};
use crate::outbound::Egress;
use crate::scenario::{Scenario, Threshold, WarmUp};
use crate::simulation::{Shard, Sharding, TrialKey, first_attempt_ports, shards};
use rayon::prelude::*;

/// Metrics that are the same thing where nobody tries twice.
pub(super) const METRICS: [&str; 2] = ["failure_ratio", "first_attempt_failure_ratio"];

/// How many first attempts took each port number, by replication.
pub(super) struct FailureCurve {
    /// `[replication][port]`, lowest port first.
    taken: Vec<Vec<u64>>,
    independent: f64,
}

/// The one capacity of all rows, if they have one.
pub(super) fn capacity(egress: &Egress) -> Option<u32> {
    let mut capacities = egress.pools.iter().map(|pool| match pool.ports[..] {
        [Some(ports)] => Some(ports),
        _ => None,
    });
    let first = capacities.next()??;
    capacities.all(|capacity| capacity == Some(first)).then_some(first)
}

impl FailureCurve {
    /// Simulates `scenario` on rows without a limit. A stationary start belongs to one size, so a warm-up takes
    /// its place.
    pub(super) fn simulate(scenario: &Scenario, plan: &Plan, control: &Control<'_>) -> Result<Self, Error> {
        let warm_up = match plan.start {
            Start::Stationary => WarmUp::For(settling_time(&plan.system)),
            Start::Empty | Start::WarmUp => WarmUp::For(plan.warm_up()),
        };
        let plan = Plan::through(scenario, plan.system.paths.clone(), warm_up)?;
        let cut = shards(&plan.system, Sharding::Smallest);
        let pool = runner::threads(control)?;
        let trial = |replication: u32| {
            let key = TrialKey { seed: plan.seed, replication };
            let part = |shard: &Shard| first_attempt_ports(&plan.system, shard, key, control.stop);
            cut.par_iter().map(part).reduce(Vec::new, add)
        };
        let taken: Vec<Vec<u64>> =
            pool.install(|| (0..plan.replications).into_par_iter().map(trial).collect());
        let independent = taken.iter().flatten().sum::<u64>() as f64;
        Ok(Self { taken, independent })
    }

    /// What the ratio at `capacity` ports says of `target`.
    pub(super) fn verdict(&self, capacity: u32, target: &Threshold) -> Verdict {
        let pairs: Vec<(u64, u64)> = self
            .taken
            .iter()
            .map(|taken| (taken.iter().skip(capacity as usize).sum(), taken.iter().sum()))
            .collect();
        judge(estimate::ratio(&pairs, self.independent), target)
    }
}

fn add(mut one: Vec<u64>, other: Vec<u64>) -> Vec<u64> {
    one.resize(one.len().max(other.len()), 0);
    one.iter_mut().zip(other).for_each(|(mine, theirs)| *mine += theirs);
    one
}
