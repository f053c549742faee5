//! Poisson arrivals whose rate varies.

use super::RatePath;
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
/// Thinning: candidates come at the largest rate of the stretch, and each stays with the chance that the rate has to
/// it (P. Lewis, G. Shedler 1979). Where a stretch ends, the gap begins anew: exponential gaps have no memory.
#[derive(Clone)]
pub struct Varying<'a> {
    path: RatePath<'a>,
    share: f64,
    stretch: Stretch,
    time: SimTime,
    draws: Stream,
}

impl<'a> Varying<'a> {
    /// A `share` in (0, 1] of the rate along `path`.
    pub fn new(mut path: RatePath<'a>, share: f64, draws: Stream) -> Self {
        let stretch = path.next_stretch();
        Self { path, share, stretch, time: SimTime::ZERO, draws }
    }

    /// What follows is drawn from other streams.
    pub fn redraw(&mut self, draws: Stream, phases: Stream) {
        self.draws = draws;
        self.path.redraw(phases);
    }

    /// When the next flow is asked for; never, where the rate stays 0.
    pub fn next_time(&mut self) -> SimTime {
        loop {
            let most = self.stretch.most;
            let time = if most > 0.0 { self.time + self.gap(most) } else { SimTime::NEVER };
            if time < self.stretch.until {
                self.time = time;
                if self.stays(time, most) {
                    return time;
                }
            } else if self.stretch.until == SimTime::NEVER {
                return SimTime::NEVER;
            } else {
                self.time = self.stretch.until;
                self.stretch = self.path.next_stretch();
            }
        }
    }

    fn gap(&mut self, rate: f64) -> SimDuration {
        SimDuration::from_nanos((1e9 / (rate * self.share) * self.draws.exponential() + 0.5) as u64)
    }

    fn stays(&mut self, time: SimTime, most: f64) -> bool {
        let rate = self.path.at(time);
        rate >= most || self.draws.uniform() * most < rate
    }
}
