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

    /// When the next flow is asked for.
    #[inline]
    pub fn next_time(&mut self) -> SimTime {
        let gap = (self.mean_gap_nanos * self.gaps.exponential() + 0.5) as u64;
        self.time = self.time + SimDuration::from_nanos(gap);
        self.time
    }
}
