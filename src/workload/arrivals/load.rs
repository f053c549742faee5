//! More or less of the same traffic.

use super::{Arrivals, BurstSize, Phase, Series, Sinusoid};

impl Arrivals {
    /// The same with so many times as many flows; numbers of flows and clients are rounded. Nothing where that has no meaning: a recorded
    /// trace is what it is, and gaps of any law have no rate to multiply.
    pub fn times(&self, factor: f64) -> Option<Self> {
        let whole = |count: u32| (f64::from(count) * factor).round().min(f64::from(u32::MAX)) as u32;
        Some(match self {
            Self::Poisson { rate } => Self::Poisson { rate: rate * factor },
            Self::Phased(phases) => {
                let times = |phase: &Phase| Phase { rate: phase.rate * factor, stay: phase.stay.clone() };
                Self::Phased(phases.iter().map(times).collect())
            }
            Self::Sinusoid(Sinusoid { mean, amplitude, period }) => Self::Sinusoid(Sinusoid {
                mean: mean * factor,
                amplitude: amplitude * factor,
                period: *period,
            }),
            Self::Piecewise(Series { before, points, between }) => Self::Piecewise(Series {
                before: before * factor,
                points: points.iter().map(|(at, rate)| (*at, rate * factor)).collect(),
                between: *between,
            }),
            Self::Even { gap_s, first } => Self::Even { gap_s: gap_s / factor, first: *first },
            Self::Burst { at, flows, spread } => {
                let flows = match flows {
                    BurstSize::Total(flows) => BurstSize::Total(whole(*flows)),
                    BurstSize::PerNode(flows) => {
                        BurstSize::PerNode(flows.iter().map(|count| whole(*count)).collect())
                    }
                };
                Self::Burst { at: *at, flows, spread: *spread }
            }
            Self::Herd { every, clients, jitter } => {
                Self::Herd { every: *every, clients: whole(*clients), jitter: *jitter }
            }
            Self::Batch { rate, size, accept } => {
                Self::Batch { rate: rate * factor, size: size.clone(), accept: *accept }
            }
            Self::Scaled { of, by } => Self::Scaled { of: Box::new(of.times(factor)?), by: by.clone() },
            Self::Closed { clients, think } => {
                Self::Closed { clients: whole(*clients), think: think.clone() }
            }
            Self::Renewal { .. } | Self::Trace(_) => return None,
        })
    }
}
