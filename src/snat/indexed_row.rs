//! A row without a limit whose ports have numbers, the lowest free one first.
//!
//! An arrival would be refused by `c` ports exactly when the number it takes here is `c` or more (counting from
//! 0): one run gives the failure count of every row size at once.

use crate::time::SimTime;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Numbered ports, busy until their release.
#[derive(Debug, Clone, Default)]
pub struct IndexedRow {
    releases: BinaryHeap<Reverse<(SimTime, u32)>>,
    free: BinaryHeap<Reverse<u32>>,
    opened: u32,
}

impl IndexedRow {
    /// Takes the lowest port that is free at `now`.
    pub fn open(&mut self, now: SimTime) -> u32 {
        self.free_due(now);
        match self.free.pop() {
            Some(Reverse(port)) => port,
            None => {
                self.opened += 1;
                self.opened - 1
            }
        }
    }

    /// Whether every port is free at `now`.
    pub fn is_idle(&mut self, now: SimTime) -> bool {
        self.free_due(now);
        self.releases.is_empty()
    }

    fn free_due(&mut self, now: SimTime) {
        while let Some(Reverse((release, port))) = self.releases.peek().copied()
            && release <= now
        {
            self.releases.pop();
            self.free.push(Reverse(port));
        }
    }

    /// The flow on `port` frees it at `release`.
    pub fn keep_until(&mut self, port: u32, release: SimTime) {
        self.releases.push(Reverse((release, port)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};
    use crate::snat::{Asker, Holding, Row, RowStreams, Rules};

    /// One pass against a separate run for every size.
    #[test]
    fn the_port_number_tells_which_sizes_would_have_refused() {
        let mut draws = Stream::new(5, 0, Purpose::Shape, 0);
        let arrivals: Vec<(SimTime, SimTime)> = (0..400)
            .map(|step| {
                let start = SimTime::from_nanos(step * 10);
                (start, start + crate::time::SimDuration::from_nanos(draws.below(300)))
            })
            .collect();
        let mut unlimited = IndexedRow::default();
        let mut refused_from = Vec::new();
        for (start, release) in &arrivals {
            let port = unlimited.open(*start);
            unlimited.keep_until(port, *release);
            refused_from.push(port);
        }
        for size in 1..40 {
            let mut row = Row::new(&[Some(size)], &Rules::default(), RowStreams::all_from(draws.clone()));
            let refused =
                arrivals.iter().filter(|(start, release)| match row.open(*start, &Asker::default()) {
                    Ok(slot) => {
                        row.keep_until(slot, Holding::until(*release, *release));
                        false
                    }
                    Err(_) => true,
                });
            assert_eq!(
                refused.count(),
                refused_from.iter().filter(|port| **port >= size).count(),
                "{size} ports"
            );
        }
    }
}
