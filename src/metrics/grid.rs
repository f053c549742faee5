//! Ports in use and at rest at grid instants, without an event at each: differences are noted when a span is
//! known, and summed at the end.

use super::Cuts;
use crate::time::SimTime;

/// Differences of the two counts of one row.
#[derive(Debug, Clone)]
pub struct Grid {
    in_use: Vec<i32>,
    resting: Vec<i32>,
}

impl Grid {
    /// Nothing in use.
    pub fn new(cuts: &Cuts) -> Self {
        let instants = cuts.grid_instants() + 1;
        Self { in_use: vec![0; instants], resting: vec![0; instants] }
    }

    /// A port in use in [start, close) and at rest in [close, release).
    #[inline]
    pub fn note(&mut self, cuts: &Cuts, start: SimTime, close: SimTime, release: SimTime) {
        let (start, close, release) = (cuts.grid_from(start), cuts.grid_from(close), cuts.grid_from(release));
        self.in_use[start] += 1;
        self.in_use[close] -= 1;
        self.resting[close] += 1;
        self.resting[release] -= 1;
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
