//! From the stages of all replications to ratios.

use super::levels::Levels;
use super::parts::{Part, Parts};
use super::splitting::{Effort, Replication, Stage};
use crate::experiment::estimate;
use crate::experiment::results::{RatioEstimate, RatioMethod, SplitLevel, SplitPart};
use crate::metrics::Counts;

/// A part with what all replications found of it.
pub struct Found {
    pub levels: Levels,
    pub replications: Vec<Replication>,
}

/// Counts weighted by chances.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weighted {
    attempts: f64,
    snat_failures: f64,
    first_attempts: f64,
    first_failures: f64,
    flows: f64,
    connection_failures: f64,
    requests: f64,
    request_failures: f64,
    /// Attempts on trajectories from the last level.
    last_attempts: f64,
}

impl Weighted {
    fn of(counts: &Counts, weight: f64) -> Self {
        let of = |count: u64| weight * count as f64;
        Self {
            attempts: of(counts.attempts),
            snat_failures: of(counts.snat_failures),
            first_attempts: of(counts.first_attempts),
            first_failures: of(counts.first_failures),
            flows: of(counts.flows),
            connection_failures: of(counts.connection_failures),
            requests: of(counts.requests),
            request_failures: of(counts.request_failures),
            last_attempts: 0.0,
        }
    }

    fn add(&mut self, other: &Self, weight: f64) {
        let Self {
            attempts,
            snat_failures,
            first_attempts,
            first_failures,
            flows,
            connection_failures,
            requests,
            request_failures,
            last_attempts,
        } = self;
        for (mine, theirs) in [
            (attempts, other.attempts),
            (snat_failures, other.snat_failures),
            (first_attempts, other.first_attempts),
            (first_failures, other.first_failures),
            (flows, other.flows),
            (connection_failures, other.connection_failures),
            (requests, other.requests),
            (request_failures, other.request_failures),
            (last_attempts, other.last_attempts),
        ] {
            *mine += weight * theirs;
        }
    }

    /// What happens on average in a replication, however many cycles it has.
    fn in_replication(stages: &[Stage]) -> Self {
        let mut sum = Self::default();
        let Some((first, later)) = stages.split_first() else { return sum };
        sum.add(&Self::of(&first.counts, 1.0), 1.0);
        let mut arrive = first.reached as f64;
        for stage in later {
            let here = Self::of(&stage.counts, arrive / stage.begun.max(1) as f64);
            sum.add(&here, 1.0);
            sum.last_attempts = here.attempts;
            arrive *= stage.reached as f64 / stage.begun.max(1) as f64;
        }
        if later.is_empty() {
            sum.last_attempts = sum.attempts;
        }
        sum
    }
}

/// Per second of the whole system, by replication.
pub fn by_replication(all: &Parts, found: &[Found], replications: u32) -> Vec<Weighted> {
    let of = |number: u32| {
        let mut system = Weighted::default();
        for (part, found) in all.parts.iter().zip(found) {
            let here = Weighted::in_replication(&found.replications[number as usize]);
            let weight = f64::from(part.alike) * part.rate / here.first_attempts.max(1.0);
            system.add(&here, weight);
        }
        system
    };
    (0..replications).map(of).collect()
}

/// The ratios of the results.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratios {
    pub failure: RatioEstimate,
    pub first_attempt: RatioEstimate,
    pub connection: RatioEstimate,
    pub request: RatioEstimate,
}

impl Ratios {
    /// From what happens per second, by replication.
    pub fn of(replications: &[Weighted]) -> Self {
        let ratio = |pick: fn(&Weighted) -> (f64, f64)| {
            let ratios: Vec<f64> = replications.iter().map(|each| share(pick(each))).collect();
            let mut found = estimate::mean_ratio(&ratios);
            if found.estimate == Some(0.0) {
                // No more can fail than is asked for beyond the last level.
                let beyond = |each: &Weighted| share((each.last_attempts, each.attempts));
                let beyond: Vec<f64> = replications.iter().map(beyond).collect();
                let high = estimate::mean_ratio(&beyond).high;
                found = RatioEstimate { high, ..estimate::upper_bound(1.0) };
            }
            RatioEstimate { method: Some(RatioMethod::Splitting), ..found }
        };
        Self {
            failure: ratio(|each| (each.snat_failures, each.attempts)),
            first_attempt: ratio(|each| (each.first_failures, each.first_attempts)),
            connection: ratio(|each| (each.connection_failures, each.flows)),
            request: ratio(|each| (each.request_failures, each.requests)),
        }
    }
}

fn share((above, below): (f64, f64)) -> f64 {
    if below > 0.0 { above / below } else { 0.0 }
}

/// What is told of a part.
pub fn part(all: &Parts, part: &Part, found: &Found, effort: Effort) -> SplitPart {
    let Found { levels, replications } = found;
    let row = &all.system.rows[part.shard.rows[0].index()];
    let sum = |number: usize, pick: fn(&Stage) -> u64| -> u64 {
        replications.iter().filter_map(|stages| stages.get(number)).map(pick).sum()
    };
    let level = |(number, ports): (usize, &u64)| {
        let (trajectories, reached) = (sum(number, |stage| stage.begun), sum(number, |stage| stage.reached));
        let probability = share((reached as f64, trajectories as f64));
        SplitLevel { ports: *ports, trajectories, reached, probability }
    };
    let last = levels.ports.len();
    let beyond = replications.len() as f64 * f64::from(if last == 0 { 1 } else { effort.trajectories });
    let full: Vec<f64> = replications.iter().map(|stages| full_per_cycle(stages, last)).collect();
    let failures = sum(last, |stage| stage.counts.snat_failures) as f64;
    SplitPart {
        port_pool: all.system.pool_name(part.shard.rows[0]).to_string(),
        destination: row
            .one_destination
            .then(|| all.system.destinations[row.destination.index()].name.clone()),
        alike: part.alike,
        ports: part.ports,
        base: levels.base,
        levels: levels.ports.iter().enumerate().map(level).collect(),
        full_per_cycle: estimate::mean_ratio(&full),
        failures_beyond: failures / beyond,
    }
}

/// The share of cycles in which all ports of a row are in use.
fn full_per_cycle(stages: &[Stage], last: usize) -> f64 {
    let reached = |stage: &Stage| share((stage.reached as f64, stage.begun as f64));
    match stages.get(last) {
        Some(top) => {
            let arrive: f64 = stages[..last].iter().map(reached).product();
            arrive * share((top.full as f64, top.begun as f64))
        }
        None => 0.0,
    }
}
