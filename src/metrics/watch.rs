//! Ports busy at chosen instants, over all rows: differences are noted when a span is known, and summed at the end.

use crate::time::SimTime;

/// Differences of the count from each instant to the next.
#[derive(Debug, Clone, Default)]
pub struct Watch<'a> {
    /// Rising.
    instants: &'a [SimTime],
    changes: Vec<i64>,
}

impl<'a> Watch<'a> {
    /// Nothing busy at any of `instants`, which rise.
    pub fn new(instants: &'a [SimTime]) -> Self {
        Self { instants, changes: vec![0; instants.len() + 1] }
    }

    /// Whether there are instants.
    pub fn is_asked(&self) -> bool {
        !self.instants.is_empty()
    }

    /// A port busy in [start, release).
    #[inline]
    pub fn note(&mut self, start: SimTime, release: SimTime) {
        if self.is_asked() {
            self.changes[self.instants.partition_point(|at| *at < start)] += 1;
            self.changes[self.instants.partition_point(|at| *at < release)] -= 1;
        }
    }

    /// Ports busy at each instant.
    pub fn counts(&self) -> Vec<u64> {
        let mut busy = 0;
        let count = |change: &i64| {
            busy += change;
            busy as u64
        };
        self.changes.iter().take(self.instants.len()).map(count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_busy_from_its_grant_until_just_before_it_comes_free() {
        let instants = [5, 7, 7, 9].map(SimTime::from_nanos);
        let mut watch = Watch::new(&instants);
        watch.note(SimTime::ZERO, SimTime::from_nanos(5));
        watch.note(SimTime::from_nanos(5), SimTime::from_nanos(7));
        watch.note(SimTime::from_nanos(7), SimTime::NEVER);
        assert_eq!(watch.counts(), [1, 1, 1, 1]);
        watch.note(SimTime::from_nanos(6), SimTime::from_nanos(9));
        assert_eq!(watch.counts(), [1, 2, 2, 1]);
    }
}
