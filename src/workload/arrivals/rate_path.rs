//! How the rate of a workload goes in one trial: the same for all its sources.

use super::Arrivals;
use super::phases::Phases;
use super::series::SeriesPath;
use super::sinusoid::Sinusoid;
use super::varying::Stretch;
use crate::random::Stream;
use crate::time::SimTime;

/// The rate from the beginning of the run on, stretch by stretch.
pub enum RatePath<'a> {
    /// Phases that take turns.
    Phases(Phases<'a>),
    /// Around a mean; time 0.
    Sinusoid(Sinusoid, SimTime),
    /// Along points.
    Series(SeriesPath<'a>),
}

impl<'a> RatePath<'a> {
    /// The rate of `arrivals`, if it varies; time 0 is `origin`, and `phases` is the workload's stream for phases.
    pub fn new(arrivals: &'a Arrivals, origin: SimTime, phases: Stream) -> Option<Self> {
        match arrivals {
            Arrivals::Phased(each) => Some(Self::Phases(Phases::new(each, phases))),
            Arrivals::Sinusoid(sinusoid) => Some(Self::Sinusoid(*sinusoid, origin)),
            Arrivals::Piecewise(series) => Some(Self::Series(SeriesPath::new(series, origin))),
            _ => None,
        }
    }

    /// Moves on to the next stretch.
    pub fn next_stretch(&mut self) -> Stretch {
        match self {
            Self::Phases(phases) => phases.next_stretch(),
            Self::Sinusoid(sinusoid, _) => sinusoid.stretch(),
            Self::Series(series) => series.next_stretch(),
        }
    }

    /// Flows per second at `time`, which lies in the present stretch.
    pub fn at(&self, time: SimTime) -> f64 {
        match self {
            Self::Phases(phases) => phases.rate(),
            Self::Sinusoid(sinusoid, origin) => sinusoid.at(time, *origin),
            Self::Series(series) => series.at(time),
        }
    }
}
