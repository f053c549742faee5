//! How the rate of a workload goes in one trial: the same for all its sources.

use super::phases::Phases;
use super::series::SeriesPath;
use super::sinusoid::Sinusoid;
use super::varying::Stretch;
use super::{Arrivals, Series};
use crate::random::Stream;
use crate::time::SimTime;

/// The rate from the beginning of the run on, stretch by stretch.
pub struct RatePath<'a> {
    rate: Rate<'a>,
    rated: Stretch,
    factor: Option<SeriesPath<'a>>,
    scaled: Stretch,
    now: SimTime,
}

/// The stretch after which no flow comes.
const NOTHING_MORE: Stretch = Stretch { until: SimTime::NEVER, most: 0.0 };

/// The rate before it is scaled.
enum Rate<'a> {
    /// Always the same.
    Constant(f64),
    /// Phases that take turns.
    Phases(Phases<'a>),
    /// Around a mean; time 0.
    Sinusoid(Sinusoid, SimTime),
    /// Along points.
    Series(SeriesPath<'a>),
}

impl<'a> RatePath<'a> {
    /// The rate of `arrivals` where they are Poisson, given the phases, or batches of such; time 0 is `origin`, and
    /// `phases` is the workload's stream for phases.
    pub fn new(arrivals: &'a Arrivals, origin: SimTime, phases: Stream) -> Option<Self> {
        let along = |series: &'a Series| SeriesPath::new(series, origin);
        let rate = match arrivals.unscaled() {
            Arrivals::Poisson { rate } | Arrivals::Batch { rate, .. } => Rate::Constant(*rate),
            Arrivals::Phased(each) => Rate::Phases(Phases::new(each, phases)),
            Arrivals::Sinusoid(sinusoid) => Rate::Sinusoid(*sinusoid, origin),
            Arrivals::Piecewise(series) => Rate::Series(along(series)),
            _ => return None,
        };
        let factor = arrivals.factor().map(along);
        let until = if factor.is_some() { SimTime::ZERO } else { SimTime::NEVER };
        let [rated, scaled] = [SimTime::ZERO, until].map(|until| Stretch { until, most: 1.0 });
        Some(Self { rate, rated, factor, scaled, now: SimTime::ZERO })
    }

    /// Moves on to the next stretch.
    pub fn next_stretch(&mut self) -> Stretch {
        if self.rated.until <= self.now {
            self.rated = self.rate.next_stretch();
        }
        if let Some(factor) = &mut self.factor
            && self.scaled.until <= self.now
        {
            self.scaled = factor.next_stretch();
        }
        if self.scaled == NOTHING_MORE {
            return NOTHING_MORE;
        }
        self.now = self.rated.until.min(self.scaled.until);
        Stretch { until: self.now, most: self.rated.most * self.scaled.most }
    }

    /// Flows per second (batches, where those are asked for) at `time`, which lies in the present stretch.
    pub fn at(&self, time: SimTime) -> f64 {
        let rate = self.rate.at(time);
        self.factor.as_ref().map_or(rate, |factor| rate * factor.at(time))
    }
}

impl Rate<'_> {
    fn next_stretch(&mut self) -> Stretch {
        match self {
            Self::Constant(rate) => Stretch { until: SimTime::NEVER, most: *rate },
            Self::Phases(phases) => phases.next_stretch(),
            Self::Sinusoid(sinusoid, _) => sinusoid.stretch(),
            Self::Series(series) => series.next_stretch(),
        }
    }

    fn at(&self, time: SimTime) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Phases(phases) => phases.rate(),
            Self::Sinusoid(sinusoid, origin) => sinusoid.at(time, *origin),
            Self::Series(series) => series.at(time),
        }
    }
}
