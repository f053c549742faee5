//! Phases that take turns, each with its own rate: Markov-modulated where stays are exponential, on and off where there
//! are two.

use super::varying::Stretch;
use crate::random::Stream;
use crate::time::SimTime;
use crate::workload::Law;

/// One phase.
#[derive(Debug, Clone, PartialEq)]
pub struct Phase {
    /// Flows per second while it lasts, 0 or more.
    pub rate: f64,
    /// How long it lasts, of a finite mean above 0.
    pub stay: Law,
}

/// Mean flows per second in the long run.
pub fn mean_rate(phases: &[Phase]) -> f64 {
    let flows: f64 = phases.iter().map(|phase| phase.rate * phase.stay.mean()).sum();
    flows / phases.iter().map(|phase| phase.stay.mean()).sum::<f64>()
}

/// The phases of one workload in one trial, in turns: whoever has its stream finds the same ones.
///
/// The first is the one that a random instant meets, with what is left of it.
#[derive(Clone)]
pub struct Phases<'a> {
    phases: &'a [Phase],
    present: usize,
    until: Option<SimTime>,
    stays: Stream,
}

impl<'a> Phases<'a> {
    /// The turns of `phases` from the beginning of the run.
    pub fn new(phases: &'a [Phase], mut stays: Stream) -> Self {
        let all: f64 = phases.iter().map(|phase| phase.stay.mean()).sum();
        let mut left = all * stays.uniform();
        let met = phases.iter().position(|phase| {
            left -= phase.stay.mean();
            left < 0.0
        });
        Self { phases, present: met.unwrap_or(phases.len() - 1), until: None, stays }
    }

    /// The next phase's rate, and until when it holds.
    pub fn next_stretch(&mut self) -> Stretch {
        let until = match self.until {
            None => SimTime::ZERO + self.phases[self.present].stay.sample_rest(&mut self.stays),
            Some(past) => {
                self.present = (self.present + 1) % self.phases.len();
                past + self.phases[self.present].stay.sample(&mut self.stays)
            }
        };
        self.until = Some(until);
        Stretch { until, most: self.rate() }
    }

    /// What follows is drawn from another stream.
    pub fn redraw(&mut self, stays: Stream) {
        self.stays = stays;
    }

    /// Flows per second in the present phase.
    pub fn rate(&self) -> f64 {
        self.phases[self.present].rate
    }
}
