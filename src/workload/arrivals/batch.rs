//! Batches at the instants of a Poisson process.

use super::{Poisson, Varying};
use crate::random::{Purpose, Stream};
use crate::time::SimTime;

/// How many flows a batch has.
#[derive(Debug, Clone, PartialEq)]
pub enum BatchSize {
    /// Always that many.
    Constant(u32),
    /// Geometric on 1, 2, ... with this mean (at least 1).
    Geometric(f64),
}

/// What becomes of a batch that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acceptance {
    /// What fits is granted.
    #[default]
    Partial,
    /// All of it is refused. Judged once, when the batch comes: a SYN sent again stands for itself.
    Whole,
}

impl BatchSize {
    /// Mean flows a batch.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(size) => f64::from(*size),
            Self::Geometric(mean) => *mean,
        }
    }

    fn draw(&self, stream: &mut Stream) -> u64 {
        match self {
            Self::Constant(size) => u64::from(*size),
            Self::Geometric(mean) if *mean <= 1.0 => 1,
            Self::Geometric(mean) => {
                let failures = -stream.exponential() / libm::log1p(-1.0 / mean);
                1 + failures as u64
            }
        }
    }
}

/// When batches come.
#[derive(Clone)]
pub enum Instants<'a> {
    /// At a fixed rate.
    Fixed(Poisson),
    /// At a rate that varies.
    Varying(Varying<'a>),
}

/// Flows of batches, one after another.
#[derive(Clone)]
pub struct Batches<'a> {
    instants: Option<Instants<'a>>,
    size: &'a BatchSize,
    accept: Acceptance,
    time: SimTime,
    left: u64,
    sizes: Stream,
}

impl<'a> Batches<'a> {
    /// Batches of `size` at `instants`.
    pub fn new(
        instants: Option<Instants<'a>>,
        size: &'a BatchSize,
        accept: Acceptance,
        sizes: Stream,
    ) -> Self {
        Self { instants, size, accept, time: SimTime::ZERO, left: 0, sizes }
    }

    /// What follows is drawn from other streams.
    pub fn redraw(&mut self, stream: impl Fn(Purpose) -> Stream) {
        self.sizes = stream(Purpose::Shape);
        match &mut self.instants {
            Some(Instants::Fixed(instants)) => instants.redraw_after(self.time, stream(Purpose::Arrivals)),
            Some(Instants::Varying(instants)) => {
                instants.redraw(stream(Purpose::Arrivals), stream(Purpose::Phases))
            }
            None => {}
        }
    }

    /// When the next flow is asked for, and how many of its batch follow where they are judged together.
    pub fn next(&mut self) -> Option<(SimTime, Option<u64>)> {
        while self.left == 0 {
            self.time = match self.instants.as_mut()? {
                Instants::Fixed(instants) => instants.next_time(),
                Instants::Varying(instants) => instants.next_time(),
            };
            self.left = self.size.draw(&mut self.sizes);
        }
        self.left -= 1;
        Some((self.time, (self.accept == Acceptance::Whole).then_some(self.left)))
    }
}
