//! Poisson arrivals of one source.

use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// The Poisson process of a source.
#[derive(Debug, Clone)]
pub struct Poisson {
    mean_gap_nanos: f64,
    time: SimTime,
    gaps: Stream,
}

impl Poisson {
    /// `rate` flows per second; nothing where that is 0.
    pub fn new(rate: f64, gaps: Stream) -> Option<Self> {
        (rate > 0.0).then(|| Self { mean_gap_nanos: 1e9 / rate, time: SimTime::ZERO, gaps })
    }

    /// What follows `now` is drawn from another stream: exponential gaps have no memory.
    pub fn redraw_after(&mut self, now: SimTime, gaps: Stream) {
        (self.time, self.gaps) = (now, gaps);
    }

    /// When the next flows are asked for, as many as there is room for.
    pub fn next_times(&mut self, draws: &mut [f64], times: &mut [SimTime]) {
        self.gaps.exponentials(draws);
        for (time, draw) in times.iter_mut().zip(draws) {
            self.time = self.time + self.gap(*draw);
            *time = self.time;
        }
    }

    #[inline(always)]
    fn gap(&self, draw: f64) -> SimDuration {
        // A signed conversion is one instruction, an unsigned one several; both end the run if it does not fit.
        SimDuration::from_nanos((self.mean_gap_nanos * draw + 0.5) as i64 as u64)
    }

    /// When the next flow is asked for.
    #[inline]
    pub fn next_time(&mut self) -> SimTime {
        let draw = self.gaps.exponential();
        self.time = self.time + self.gap(draw);
        self.time
    }
}
