//! Levels of ports in use, chosen by a pilot: about one excursion in five that reaches a level reaches the next.

use super::parts::{Part, Parts};
use super::splitting::{Effort, LATER, first_stage, later_stage};
use crate::experiment::plan::settling_time;
use crate::metrics::Tally;
use crate::simulation::{End, Excursion, System, Trajectory, TrialKey};
use crate::time::{SimDuration, SimTime};
use crate::workload::Arrivals;
use std::sync::atomic::AtomicUsize;

/// The share of excursions that reach the next level: near the best for the least effort, which is flat from 0.1 to 0.3
/// (P. L'Ecuyer et al. 2009).
const PASSING: f64 = 0.2;

/// Where this share of excursions fails, no further level is needed.
const FAILING: f64 = 0.1;

/// Fewer that pass say nothing about the next level.
const LEAST_PASSING: usize = 10;

/// Trajectories of the pilot from each level at least: enough that one in five is more than that.
const PILOT_TRAJECTORIES: u32 = 100;

/// The first stage lasts so many settling times at least.
const SETTLING_TIMES: u64 = 20;

/// Cycles of the pilot at least.
const PILOT_CYCLES: usize = 1_000;

/// Levels beyond which a smaller share of all attempts is made than this are not looked at.
const LEAST_SHARE: f64 = 1e-15;

/// The key of the pilot: no replication has its number.
const PILOT: u32 = u32::MAX;

/// How the state space is cut.
#[derive(Debug, Clone)]
pub struct Levels {
    /// Ports in use at most while a part is at rest.
    pub base: u64,
    /// Ports in use that are levels, rising.
    pub ports: Vec<u64>,
    /// How long the first stage lasts.
    pub span: SimDuration,
    /// Every such entry to the first level is kept.
    pub every: u64,
}

/// What the pilot saw of excursions from one level.
#[derive(Default)]
struct Seen {
    highest: Vec<u64>,
    failing: usize,
    attempts: u64,
}

impl Seen {
    fn note(&mut self, excursion: Excursion, told: Tally) {
        self.highest.push(excursion.highest);
        self.failing += usize::from(told.counts.snat_failures > 0);
        self.attempts += told.counts.attempts;
    }

    fn share(&self, of: usize) -> f64 {
        of as f64 / self.highest.len().max(1) as f64
    }

    fn reaching(&self, level: u64) -> usize {
        self.highest.iter().filter(|highest| **highest >= level).count()
    }

    /// The next level above `level`, and the share that reaches it; none where enough fail, or too few rise.
    fn next(&mut self, level: u64, ports: u64) -> Option<(u64, f64)> {
        if self.share(self.failing) >= FAILING || level >= ports || self.highest.is_empty() {
            return None;
        }
        self.highest.sort_unstable();
        let place = (self.highest.len() as f64 * (1.0 - PASSING)) as usize;
        let next = self.highest[place.min(self.highest.len() - 1)].clamp(level + 1, ports);
        let passing = self.reaching(next);
        (passing >= LEAST_PASSING).then(|| (next, self.share(passing)))
    }
}

impl Levels {
    /// Chooses the levels of a part, or says why it has none.
    pub fn choose(
        all: &Parts,
        part: &Part,
        effort: Effort,
        seed: u64,
        stop: &AtomicUsize,
    ) -> Result<Self, String> {
        let key = TrialKey { seed, replication: PILOT };
        let mut pilot: Trajectory<'_, Tally> =
            Trajectory::new(&all.system, &part.shard, key.of_trajectory(0, 0), stop);
        let least = times(slowest(&all.system), SETTLING_TIMES);
        pilot.mean_height(all.origin);
        let base = match effort.base {
            Some(base) => base,
            None => pilot.mean_height(pilot.now() + least).round() as u64,
        };
        let base = base.min(part.ports.saturating_sub(1));
        let (mut seen, cycle) = cycles(&mut pilot, base, least)?;
        let mut levels = Self { base, ports: Vec::new(), span: least, every: 1 };
        let Some((first, passing)) = seen.next(base, part.ports) else {
            levels.span = least.max(times(cycle, u64::from(effort.trajectories)));
            return Ok(levels);
        };
        let entry = SimDuration::from_secs_f64(cycle.as_secs_f64() / passing);
        levels.span = least.max(times(entry, u64::from(effort.trajectories)));
        let entries = levels.span.as_secs_f64() / entry.as_secs_f64();
        levels.every = ((entries / f64::from(effort.trajectories)) as u64).max(1);
        levels.ports.push(first);
        levels.add_higher(all, part, effort, key, stop);
        Ok(levels)
    }

    /// Adds level after level until enough excursions fail.
    fn add_higher(&mut self, all: &Parts, part: &Part, effort: Effort, key: TrialKey, stop: &AtomicUsize) {
        let effort = Effort { trajectories: effort.trajectories.max(PILOT_TRAJECTORIES), ..effort };
        let (first, mut states) = first_stage(all, part, self, effort, key.of_trajectory(0, 1), stop);
        let all_attempts = first.counts.attempts.max(1) as f64;
        // Excursions that reach the level, of an attempt.
        let mut chance = first.reached as f64 / all_attempts;
        while let Some(level) = self.ports.last().copied()
            && !states.is_empty()
        {
            let stage = 2 * self.ports.len() as u32;
            let mut seen = Seen::default();
            for number in 0..effort.trajectories {
                let state = &states[number as usize % states.len()];
                let mut branch = state.branch(key.of_trajectory(stage, number));
                let excursion = branch.rise(self.base, u64::MAX);
                seen.note(excursion, branch.take_told());
            }
            let made_beyond = chance * seen.attempts as f64 / f64::from(effort.trajectories);
            let Some((next, passing)) = seen.next(level, part.ports) else { return };
            if made_beyond < LEAST_SHARE {
                return;
            }
            chance *= passing;
            states = later_stage(part, self, &states, Some(next), effort, (key, stage + LATER)).1;
            self.ports.push(next);
        }
    }
}

/// Cycles from rest to rest for a time, and how long one lasts.
fn cycles(
    pilot: &mut Trajectory<'_, Tally>,
    base: u64,
    least: SimDuration,
) -> Result<(Seen, SimDuration), String> {
    let mut seen = Seen::default();
    let goes_on = |excursion: Excursion| match excursion.end {
        End::Nowhere => Err(format!(
            "a row in which more than {base} ports are in use returns to that too seldom; name another `base`"
        )),
        End::Goal | End::Rest => Ok(excursion),
    };
    goes_on(pilot.rise(base, u64::MAX))?;
    let begin = pilot.now();
    while (pilot.now() < begin + least || seen.highest.len() < PILOT_CYCLES)
        && pilot.leaves(base, SimTime::NEVER)
    {
        pilot.take_told();
        let excursion = goes_on(pilot.rise(base, u64::MAX))?;
        seen.note(excursion, pilot.take_told());
    }
    let cycle = pilot.now().since(begin).as_secs_f64() / seen.highest.len().max(1) as f64;
    Ok((seen, SimDuration::from_secs_f64(cycle)))
}

/// After this time a part has forgotten how it was: its ports, its clients and the phases of its traffic.
fn slowest(system: &System) -> SimDuration {
    let turn = |arrivals: &Arrivals| match arrivals.unscaled() {
        Arrivals::Phased(phases) => phases.iter().map(|phase| phase.stay.mean()).sum(),
        Arrivals::Renewal { gap } => gap.mean(),
        _ => 0.0,
    };
    let turns = system.workloads.iter().map(|workload| turn(&workload.arrivals));
    settling_time(system).plus(SimDuration::from_secs_f64(turns.fold(0.0, f64::max)))
}

fn times(span: SimDuration, count: u64) -> SimDuration {
    SimDuration::from_secs_f64(span.as_secs_f64() * count as f64)
}
