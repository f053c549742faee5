//! How the rate of a workload goes in one trial: the same for all its sources.

use super::phases::Phases;
use super::series::SeriesPath;
use super::sinusoid::Sinusoid;
use super::varying::Stretch;
use super::{Arrivals, Series};
use crate::random::Stream;
use crate::time::SimTime;

/// The rate from the beginning of the run on, stretch by stretch.
#[derive(Clone)]
pub struct RatePath<'a> {
    rate: Rate<'a>,
    rated: Stretch,
    /// What it is multiplied by, and how far each is along.
    factors: Vec<(SeriesPath<'a>, Stretch)>,
    now: SimTime,
}

/// The stretch after which no flow comes.
const NOTHING_MORE: Stretch = Stretch { until: SimTime::NEVER, most: 0.0 };

/// Before the first stretch.
const NOT_BEGUN: Stretch = Stretch { until: SimTime::ZERO, most: 1.0 };

fn not_begun(factor: SeriesPath<'_>) -> (SeriesPath<'_>, Stretch) {
    (factor, NOT_BEGUN)
}

/// The rate before it is scaled.
#[derive(Clone)]
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
        let factors = arrivals.factor().map(along).map(not_begun).into_iter().collect();
        Some(Self { rate, rated: NOT_BEGUN, factors, now: SimTime::ZERO })
    }

    /// The same multiplied by `series` too, whose time 0 is `origin`.
    pub fn times(mut self, series: &'a Series, origin: SimTime) -> Self {
        self.factors.push(not_begun(SeriesPath::new(series, origin)));
        self
    }

    /// The phases that follow are drawn from another stream.
    pub fn redraw(&mut self, phases: Stream) {
        if let Rate::Phases(of) = &mut self.rate {
            of.redraw(phases);
        }
    }

    /// Moves on to the next stretch.
    pub fn next_stretch(&mut self) -> Stretch {
        if self.rated.until <= self.now {
            self.rated = self.rate.next_stretch();
        }
        for (factor, stretch) in &mut self.factors {
            if stretch.until <= self.now {
                *stretch = factor.next_stretch();
            }
        }
        let stretches = || self.factors.iter().map(|(_, stretch)| *stretch);
        if stretches().any(|stretch| stretch == NOTHING_MORE) {
            return NOTHING_MORE;
        }
        self.now = stretches().map(|stretch| stretch.until).fold(self.rated.until, SimTime::min);
        Stretch {
            until: self.now,
            most: stretches().map(|stretch| stretch.most).fold(self.rated.most, |most, factor| most * factor),
        }
    }

    /// Flows per second (batches, where those are asked for) at `time`, which lies in the present stretch.
    pub fn at(&self, time: SimTime) -> f64 {
        let rate = self.rate.at(time);
        self.factors.iter().fold(rate, |rate, (factor, _)| rate * factor.at(time))
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
