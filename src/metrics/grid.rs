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

    /// Ports that are in use from `starts` on, which rise, where they are `granted`.
    pub fn begin_all(&mut self, starts: &[SimTime], granted: &[bool]) {
        let Some(first) = starts.first() else { return };
        let (last, step) = (self.in_use.len() - 1, self.step.by());
        let mut instant = self.from(*first);
        let mut at = self.origin.nanos() + instant as u64 * step;
        let mut begun = 0;
        for (start, granted) in starts.iter().zip(granted) {
            if start.nanos() > at && instant < last {
                self.in_use[instant] += std::mem::take(&mut begun);
                while start.nanos() > at && instant < last {
                    instant += 1;
                    at += step;
                }
            }
            begun += i32::from(*granted);
        }
        self.in_use[instant] += begun;
    }

    /// Their flows close, and they come free, where they are `granted`.
    pub fn end_all(&mut self, closes: &[SimTime], releases: &[SimTime], granted: &[bool]) {
        for ((close, release), granted) in closes.iter().zip(releases).zip(granted) {
            let (over, change) = (self.from(*close), i32::from(*granted));
            self.in_use[over] -= change;
            if close < release {
                let free = self.from(*release);
                self.resting[over] += change;
                self.resting[free] -= change;
            }
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
