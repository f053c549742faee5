//! Phases that take turns, each with its own rate: a Markov-modulated Poisson process once the phases are known.

use super::varying::Stretch;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Phase {
    /// Flows per second while it lasts, 0 or more.
    pub rate: f64,
    /// Mean of its exponential length in seconds, above 0.
    pub mean_stay_s: f64,
}

/// Mean flows per second in the long run.
pub fn mean_rate(phases: &[Phase]) -> f64 {
    let flows: f64 = phases.iter().map(|phase| phase.rate * phase.mean_stay_s).sum();
    flows / phases.iter().map(|phase| phase.mean_stay_s).sum::<f64>()
}

/// The phases of one workload in one trial, in turns: whoever has its stream finds the same ones.
///
/// The first is the one that a random instant meets; what is left of its length has the law of the whole.
pub struct Phases<'a> {
    phases: &'a [Phase],
    next: usize,
    rate: f64,
    time: SimTime,
    stays: Stream,
}

impl<'a> Phases<'a> {
    /// The turns of `phases` from the beginning of the run.
    pub fn new(phases: &'a [Phase], mut stays: Stream) -> Self {
        let all: f64 = phases.iter().map(|phase| phase.mean_stay_s).sum();
        let mut left = all * stays.uniform();
        let met = phases.iter().position(|phase| {
            left -= phase.mean_stay_s;
            left < 0.0
        });
        Self { phases, next: met.unwrap_or(phases.len() - 1), rate: 0.0, time: SimTime::ZERO, stays }
    }

    /// The next phase's rate, and until when it holds.
    pub fn next_stretch(&mut self) -> Stretch {
        let Phase { rate, mean_stay_s } = self.phases[self.next];
        self.next = (self.next + 1) % self.phases.len();
        self.rate = rate;
        self.time = self.time + SimDuration::from_secs_f64(mean_stay_s * self.stays.exponential());
        Stretch { until: self.time, most: rate }
    }

    /// Flows per second in the present phase.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}
