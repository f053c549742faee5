//! Evenly spaced arrivals.

use crate::time::{SimDuration, SimTime};

/// Flow i at `first + i * gap` after `origin`, also for negative i as far as the warm-up reaches.
#[derive(Clone)]
pub struct Even {
    origin_nanos: f64,
    first_nanos: f64,
    gap_nanos: f64,
    number: i64,
}

impl Even {
    /// Flows `gap_s` seconds apart.
    pub fn new(origin: SimTime, first: SimDuration, gap_s: f64) -> Self {
        let (origin_nanos, first_nanos) = (origin.nanos() as f64, first.nanos() as f64);
        let number = -(((origin_nanos + first_nanos) / (gap_s * 1e9)) as i64);
        Self { origin_nanos, first_nanos, gap_nanos: gap_s * 1e9, number }
    }

    /// The next flow's time and number.
    pub fn next(&mut self) -> (SimTime, i64) {
        if self.number < 0 && self.at(self.number) >= self.origin_nanos {
            self.number = 0;
        }
        let number = self.number;
        self.number += 1;
        (SimTime::from_nanos(self.at(number) as u64), number)
    }

    fn at(&self, number: i64) -> f64 {
        self.origin_nanos + (self.first_nanos + number as f64 * self.gap_nanos + 0.5).floor()
    }
}
