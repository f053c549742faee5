//! When flows are asked for: one file an arrival process.
//!
//! Poisson arrivals, also those whose rate varies, are split exactly over sources, each with its own stream. Every
//! other process belongs to its workload; whoever needs a part of it regenerates the whole.

mod batch;
mod burst;
mod even;
mod herd;
mod load;
mod phases;
mod poisson;
mod process;
mod rate_path;
mod recorded;
mod renewal;
mod series;
mod sinusoid;
mod trigger;
mod varying;

pub use batch::{Acceptance, BatchSize};
pub use burst::BurstSize;
pub use phases::Phase;
pub use poisson::Poisson;
pub use process::{Asked, By, Process};
pub use rate_path::RatePath;
pub use recorded::{Playing, Recorded, TraceArrival};
pub use series::{Between, Series};
pub use sinusoid::Sinusoid;
pub use trigger::Trigger;
pub use varying::Varying;

use crate::time::{SimDuration, SimTime};
use crate::workload::Law;

/// An arrival process. Rates are those of the whole workload, over all pods.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrivals {
    /// Poisson, split exactly over sources.
    Poisson {
        /// Flows per second.
        rate: f64,
    },
    /// Poisson given the phase, split exactly over sources; the phases take turns in their order.
    Phased(Vec<Phase>),
    /// Poisson of a rate that swings, split exactly over sources.
    Sinusoid(Sinusoid),
    /// Poisson of a rate given at points, split exactly over sources.
    Piecewise(Series),
    /// Evenly spaced; flow i goes to pod i mod pods.
    Even {
        /// Time between flows, in seconds: flow i comes at `first + i * gap`, rounded to the nanosecond.
        gap_s: f64,
        /// Time of flow 0.
        first: SimDuration,
    },
    /// A one-off burst; flow i goes to pod i mod pods.
    Burst {
        /// When it begins.
        at: SimDuration,
        /// How many flows.
        flows: BurstSize,
        /// Each flow comes uniformly within this time after `at`.
        spread: SimDuration,
    },
    /// Everyone at each full period; client i lives in pod i mod pods.
    Herd {
        /// Period.
        every: SimDuration,
        /// Flows a period.
        clients: u32,
        /// Each flow comes uniformly within this time after the full period.
        jitter: SimDuration,
    },
    /// Batches at the instants of a Poisson process; each flow picks its pod and destination.
    Batch {
        /// Batches per second.
        rate: f64,
        /// Flows a batch.
        size: BatchSize,
        /// What becomes of a batch that does not fit.
        accept: Acceptance,
    },
    /// A renewal process: independent gaps of one law, met at a random instant when the run begins; each flow
    /// picks its pod and destination.
    Renewal {
        /// Time between flows, of a finite mean above 0.
        gap: Law,
    },
    /// Arrivals at random instants whose rate is multiplied by a series.
    Scaled {
        /// Whose: any that follows a rate.
        of: Box<Arrivals>,
        /// By what.
        by: Series,
    },
    /// A fixed set of clients: each thinks, asks, and thinks again when its request is over; client i lives in pod
    /// i mod pods and picks its destination each time.
    Closed {
        /// How many.
        clients: u32,
        /// Time from the end of a request to the next one, of a finite mean above 0.
        think: Law,
    },
    /// Recorded flows.
    Trace(Recorded),
}

impl Arrivals {
    /// Mean flows per second where the process is stationary.
    pub fn mean_rate(&self) -> Option<f64> {
        match self {
            Self::Poisson { rate } => Some(*rate),
            Self::Phased(phases) => Some(phases::mean_rate(phases)),
            Self::Sinusoid(sinusoid) => Some(sinusoid.mean),
            Self::Even { gap_s, .. } => Some(1.0 / gap_s),
            Self::Herd { every, clients, .. } => Some(f64::from(*clients) / every.as_secs_f64()),
            Self::Batch { rate, size, .. } => Some(rate * size.mean()),
            Self::Renewal { gap } => Some(1.0 / gap.mean()),
            Self::Piecewise(_)
            | Self::Burst { .. }
            | Self::Scaled { .. }
            | Self::Closed { .. }
            | Self::Trace(_) => None,
        }
    }

    /// Mean flows per second at a time after the start of the measured time, where it is known beforehand: bursts, closed loops and
    /// recorded traffic have no such rate.
    pub fn rate_at(&self, time: SimDuration) -> Option<f64> {
        match self {
            Self::Sinusoid(sinusoid) => Some(sinusoid.at(SimTime::ZERO + time, SimTime::ZERO)),
            Self::Piecewise(series) => Some(series.at(time)),
            Self::Scaled { of, by } => Some(of.rate_at(time)? * by.at(time)),
            steady => steady.mean_rate(),
        }
    }

    /// The arrivals before their rate is multiplied.
    pub fn unscaled(&self) -> &Self {
        match self {
            Self::Scaled { of, .. } => of,
            other => other,
        }
    }

    /// What their rate is multiplied by.
    pub fn factor(&self) -> Option<&Series> {
        match self {
            Self::Scaled { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Whether they come at random instants of a rate, which may be multiplied.
    pub fn follow_a_rate(&self) -> bool {
        self.splits_over_sources() || matches!(self, Self::Batch { .. })
    }

    /// Whether each source has its own part of the process, apart from all others.
    pub fn splits_over_sources(&self) -> bool {
        matches!(
            self.unscaled(),
            Self::Poisson { .. } | Self::Phased(_) | Self::Sinusoid(_) | Self::Piecewise(_)
        )
    }

    /// Whether the flows of one instant are granted or refused together.
    pub fn couples_batches(&self) -> bool {
        matches!(self.unscaled(), Self::Batch { accept: Acceptance::Whole, .. })
    }

    /// Whether the lifetimes and ends are recorded too.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Trace(_))
    }

    /// Whether they depend on how requests come out.
    pub fn is_closed_loop(&self) -> bool {
        matches!(self, Self::Closed { .. })
    }

    /// Whether they are the same in every replication.
    pub fn draws_nothing(&self) -> bool {
        matches!(self, Self::Trace(Recorded { users: 1, .. }))
    }
}

/// Placeholder law of recorded traffic: its lifetimes are in the trace.
pub const RECORDED_LIFETIME: Law = Law::Constant(SimDuration::ZERO);
