//! A rate that swings around its mean.

use super::varying::Stretch;
use crate::time::{SimDuration, SimTime};

/// `mean + amplitude * sin(2 pi t / period)` flows per second, t from time 0; earlier, it swings as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sinusoid {
    /// Mean, flows per second, above 0.
    pub mean: f64,
    /// Flows per second, from 0 to the mean.
    pub amplitude: f64,
    /// Period, above 0.
    pub period: SimDuration,
}

impl Sinusoid {
    /// The largest rate, for ever.
    pub fn stretch(&self) -> Stretch {
        Stretch { until: SimTime::NEVER, most: self.mean + self.amplitude }
    }

    /// The rate at `time`, where time 0 is `origin`.
    pub fn at(&self, time: SimTime, origin: SimTime) -> f64 {
        let period = self.period.nanos();
        let (time, origin) = (time.nanos() % period, origin.nanos() % period);
        let turn = (time as f64 - origin as f64) / period as f64;
        self.mean + self.amplitude * libm::sin(std::f64::consts::TAU * turn)
    }
}
