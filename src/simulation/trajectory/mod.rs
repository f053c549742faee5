//! A shard in motion that can be copied at any instant; each copy goes on with random numbers of its own.
//!
//! The state is that of the whole engine: its rows, waiting clients and random streams. What a trajectory leaves out is
//! said by [`undividable`].

mod domain;
mod held;
mod traffic;

pub use domain::undividable;

use super::observer::Observer;
use super::run::{Run, row_streams};
use super::trial::EVENTS_BETWEEN_LOOKS;
use super::{Shard, System, TrialKey};
use crate::random::Purpose;
use crate::time::SimTime;
use held::Holders;
use std::sync::atomic::{AtomicUsize, Ordering};
use traffic::Traffic;

/// A shard in motion. It tells of attempts and outcomes.
///
/// It is at rest while no more than so many ports of its fullest row are in use and no client waits to try again.
#[derive(Clone)]
pub struct Trajectory<'a, O> {
    run: Run<'a, Holders<O>>,
    traffic: Traffic<'a>,
    stop: &'a AtomicUsize,
}

/// How an excursion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// So many ports were in use as it was to reach.
    Goal,
    /// The shard is at rest again.
    Rest,
    /// Neither came within `MOST_STEPS`, or the run was stopped.
    Nowhere,
}

/// Part of a trajectory between two times at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excursion {
    /// How it ended.
    pub end: End,
    /// Most ports in use of any row.
    pub highest: u64,
}

/// No excursion is followed further: seconds of one core.
const MOST_STEPS: u64 = 1 << 26;

impl TrialKey {
    /// The key of one of many trajectories that begin on one level.
    pub fn of_trajectory(self, level: u32, number: u32) -> Self {
        let owner = u64::from(level) << 32 | u64::from(number);
        let seed = self.stream(Purpose::Splitting, owner).below(1 << 63);
        Self { seed, ..self }
    }
}

impl<'a, O: Observer + Clone + Default> Trajectory<'a, O> {
    /// The shard as a trial finds it at the beginning.
    pub fn new(system: &'a System, shard: &'a Shard, key: TrialKey, stop: &'a AtomicUsize) -> Self {
        let mut run = Run::new(system, shard, key, Holders::default());
        if system.timing.stationary {
            run.seat_residents(key);
        }
        Self { run, traffic: Traffic::new(system, shard, key), stop }
    }

    /// A copy that goes on with the random numbers of another key, and tells of nothing that was.
    pub fn branch(&self, key: TrialKey) -> Self {
        let mut branch = self.clone();
        let Run { system, shard, now, ref mut sources, ref mut rows, .. } = branch.run;
        for (local, id) in sources.iter_mut().zip(&shard.sources) {
            local.streams.redraw(*id, key);
        }
        for (row, id) in rows.iter_mut().zip(&shard.rows) {
            row.redraw(row_streams(system, *id, key));
        }
        branch.traffic.redraw(now, key);
        branch.run.key = key;
        branch.run.redraw_holdings();
        branch.take_told();
        branch
    }

    /// What was told so far, which is then forgotten.
    pub fn take_told(&mut self) -> O {
        std::mem::take(&mut self.run.observer.told)
    }

    /// The present instant.
    pub fn now(&self) -> SimTime {
        self.run.now
    }

    /// Ports in use of the fullest row.
    pub fn height(&mut self) -> u64 {
        let now = self.run.now;
        self.run.rows.iter_mut().map(|row| row.busy(now)).max().unwrap_or(0)
    }

    /// Goes on until `end` and gives the mean height that those who come meet.
    pub fn mean_height(&mut self, end: SimTime) -> f64 {
        let (mut met, mut sum) = (0u64, 0u64);
        while let Some(time) = self.next_time().filter(|time| *time < end) {
            self.run.now = time;
            sum += self.height();
            met += 1;
            self.step();
            if self.is_stopped() {
                break;
            }
        }
        sum as f64 / met.max(1) as f64
    }

    /// Stays at rest until more than `base` ports are in use; whether that happens before `end`.
    pub fn leaves(&mut self, base: u64, end: SimTime) -> bool {
        while let Some(time) = self.next_time().filter(|time| *time < end) {
            self.run.now = time;
            self.step();
            if self.height() > base || self.is_stopped() {
                return true;
            }
        }
        false
    }

    /// Goes on until `goal` ports are in use, or it is at rest.
    pub fn rise(&mut self, base: u64, goal: u64) -> Excursion {
        let last = self.run.events + MOST_STEPS;
        let mut highest = self.height();
        while highest < goal {
            let Some(time) = self.next_time() else { return Excursion { end: End::Rest, highest } };
            self.run.now = time;
            if self.run.unresolved == 0 && self.height() <= base {
                return Excursion { end: End::Rest, highest };
            }
            if self.run.events >= last || self.is_stopped() {
                return Excursion { end: End::Nowhere, highest };
            }
            self.step();
            highest = highest.max(self.height());
        }
        Excursion { end: End::Goal, highest }
    }

    fn is_stopped(&self) -> bool {
        self.run.events.is_multiple_of(EVENTS_BETWEEN_LOOKS) && self.stop.load(Ordering::Relaxed) != 0
    }

    fn next_time(&self) -> Option<SimTime> {
        self.run.queue.next_time().into_iter().chain(self.traffic.next_time()).min()
    }

    /// What comes next happens: clients that try again before those who come.
    fn step(&mut self) {
        let Self { run, traffic, .. } = self;
        run.events += 1;
        if run.queue.next_time().is_some_and(|event| traffic.next_time().is_none_or(|next| event <= next)) {
            if let Some((_, happening)) = run.queue.pop() {
                run.happen(happening);
            }
        } else if let Some(arrival) = traffic.pop() {
            run.arrive(&arrival);
        }
    }
}
