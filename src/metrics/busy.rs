//! Busy ports of a whole device over time, and nothing else: what a pilot run needs.

use crate::simulation::{Kept, Observer};
use crate::time::{SimDuration, SimTime};

/// Ports in use or at rest at equally spaced instants from the beginning of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusySeries {
    step: u64,
    changes: Vec<i64>,
}

impl BusySeries {
    /// Nothing busy at the instants of the first `span`, `step` apart.
    pub fn new(span: SimDuration, step: SimDuration) -> Self {
        let step = step.nanos().max(1);
        Self { step, changes: vec![0; (span.nanos() / step) as usize + 1] }
    }

    /// Time from the first instant to the end of the last step.
    pub fn span(&self) -> SimDuration {
        SimDuration::from_nanos(self.step * (self.changes.len() as u64 - 1))
    }

    /// Adds another part of the same run.
    pub fn merge(&mut self, other: &Self) {
        self.changes.iter_mut().zip(&other.changes).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Busy ports at each instant.
    pub fn counts(&self) -> Vec<f64> {
        let instants = &self.changes[..self.changes.len() - 1];
        let busy = instants.iter().scan(0, |busy, change| {
            *busy += change;
            Some(*busy)
        });
        busy.map(|busy: i64| busy as f64).collect()
    }

    /// The first instant at or after `time`.
    fn from(&self, time: SimTime) -> usize {
        let instant = time.nanos().div_ceil(self.step);
        instant.min(self.changes.len() as u64 - 1) as usize
    }
}

impl Observer for BusySeries {
    fn kept(&mut self, kept: Kept) {
        let (start, release) = (self.from(kept.start), self.from(kept.release));
        self.changes[start] += 1;
        self.changes[release] -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::RowId;

    fn kept(start: u64, release: SimTime) -> Kept {
        let start = SimTime::from_nanos(start);
        Kept { row: RowId(0), ip: 0, start, close: start, release, initial: false }
    }

    #[test]
    fn a_port_counts_from_its_grant_until_it_comes_free() {
        let mut series = BusySeries::new(SimDuration::from_nanos(50), SimDuration::from_nanos(10));
        series.kept(kept(5, SimTime::from_nanos(30)));
        series.kept(kept(10, SimTime::NEVER));
        series.kept(kept(60, SimTime::from_nanos(90)));
        assert_eq!(series.counts(), [0.0, 2.0, 2.0, 1.0, 1.0]);
        series.merge(&series.clone());
        assert_eq!(series.counts(), [0.0, 4.0, 4.0, 2.0, 2.0]);
    }
}
