//! Ports in use and at rest at grid instants, without an event at each: differences are noted when a span is
//! known, and summed at the end.

use super::Cuts;
use crate::time::{Divider, SimTime};

/// Differences of the two counts of one row.
#[derive(Debug, Clone)]
pub struct Grid {
    origin: SimTime,
    step: Divider,
    in_use: Vec<i32>,
    resting: Vec<i32>,
}

impl Grid {
    /// Nothing in use.
    pub fn new(cuts: &Cuts) -> Self {
        let instants = cuts.grid_instants() + 1;
        let step = Divider::new(cuts.step.nanos());
        Self { origin: cuts.origin, step, in_use: vec![0; instants], resting: vec![0; instants] }
    }

    /// The first instant at or after `time`; the one beyond the last if there is none.
    #[inline]
    fn from(&self, time: SimTime) -> usize {
        let instant = self.step.div_ceil(time.since(self.origin).nanos());
        (instant as usize).min(self.in_use.len() - 1)
    }

    /// A port in use in [start, close) and at rest in [close, release).
    #[inline(always)]
    pub fn note(&mut self, start: SimTime, close: SimTime, release: SimTime) {
        let (first, over) = (self.from(start), self.from(close));
        self.in_use[first] += 1;
        self.in_use[over] -= 1;
        if close < release {
            let free = self.from(release);
            self.resting[over] += 1;
            self.resting[free] -= 1;
        }
    }

    /// (in use, at rest) at each instant.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let instants = self.in_use.len() - 1;
        let differences = self.in_use.iter().zip(&self.resting).take(instants);
        differences.scan((0i64, 0i64), |(in_use, resting), (use_change, rest_change)| {
            *in_use += i64::from(*use_change);
            *resting += i64::from(*rest_change);
            Some((*in_use as u64, *resting as u64))
        })
    }
}
