//! A row without a limit whose ports have numbers, the lowest free one first.
//!
//! An arrival would be refused by `c` ports exactly when the number it takes here is `c` or more (counting from
//! 0): one run gives the failure count of every row size at once.

use super::departures::Departures;
use super::lowest_free::LowestFree;
use crate::time::SimTime;

/// Numbered ports, busy until their release.
#[derive(Debug, Clone)]
pub struct IndexedRow {
    ports: LowestFree,
    departures: Departures<u32>,
}

impl Default for IndexedRow {
    fn default() -> Self {
        Self::new(Departures::default())
    }
}

impl IndexedRow {
    /// All ports free; `departures` is empty.
    pub fn new(departures: Departures<u32>) -> Self {
        Self { ports: LowestFree::default(), departures }
    }

    /// Takes the lowest port that is free at `now`, until `release`.
    #[inline]
    pub fn take(&mut self, now: SimTime, release: SimTime) -> u32 {
        self.free_due(now);
        let port = self.ports.take();
        self.departures.push(release, port);
        port
    }

    /// Whether every port is free at `now`.
    pub fn is_idle(&mut self, now: SimTime) -> bool {
        self.free_due(now);
        self.ports.are_all_free()
    }

    #[inline]
    fn free_due(&mut self, now: SimTime) {
        let ports = &mut self.ports;
        self.departures.tell(now, |port| ports.give(port));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};
    use crate::snat::{Asker, Holding, Row, RowStreams, Rules};
    use crate::time::SimDuration;

    /// One pass against a separate run for every size.
    #[test]
    fn the_port_number_tells_which_sizes_would_have_refused() {
        let mut draws = Stream::new(5, 0, Purpose::Shape, 0);
        let arrivals: Vec<(SimTime, SimTime)> = (0..400)
            .map(|step| {
                let start = SimTime::from_nanos(step * 10);
                (start, start + SimDuration::from_nanos(draws.below(300)))
            })
            .collect();
        let numbers = |mut unlimited: IndexedRow| -> Vec<u32> {
            arrivals.iter().map(|(start, release)| unlimited.take(*start, *release)).collect()
        };
        let refused_from = numbers(IndexedRow::default());
        for gap in [1, 10, 1000] {
            let departures = Departures::new(SimDuration::from_nanos(gap), SimDuration::from_nanos(150));
            assert_eq!(numbers(IndexedRow::new(departures)), refused_from, "one each {gap} ns");
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
