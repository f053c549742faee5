//! Poisson arrivals whose rate varies.

use super::Phases;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// A part of a run over which a rate is bounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// When the next one begins.
    pub until: SimTime,
    /// The rate is at most this, flows per second.
    pub most: f64,
}

/// The arrivals of one source, which takes a share of a rate that all sources of its workload follow.
///
/// Where a stretch ends, the gap begins anew: exponential gaps have no memory.
pub struct Varying<'a> {
    path: Phases<'a>,
    share: f64,
    stretch: Stretch,
    time: SimTime,
    gaps: Stream,
}

impl<'a> Varying<'a> {
    /// A `share` in (0, 1] of the rate along `path`.
    pub fn new(mut path: Phases<'a>, share: f64, gaps: Stream) -> Self {
        let stretch = path.next_stretch();
        Self { path, share, stretch, time: SimTime::ZERO, gaps }
    }

    /// When the next flow is asked for.
    pub fn next_time(&mut self) -> SimTime {
        loop {
            let gap = (1e9 / (self.stretch.most * self.share) * self.gaps.exponential() + 0.5) as u64;
            let time = self.time + SimDuration::from_nanos(gap);
            if time < self.stretch.until {
                self.time = time;
                return time;
            }
            self.time = self.stretch.until;
            self.stretch = self.path.next_stretch();
        }
    }
}
