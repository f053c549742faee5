//! Laws of times: lifetimes and hold-downs.

use crate::random::Stream;
use crate::time::SimDuration;
use std::sync::Arc;

/// A distribution of a time. Parameters are in seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(SimDuration),
    /// Exponential with this mean.
    Exponential {
        /// Mean, seconds.
        mean: f64,
    },
    /// Log-normal: `exp(location + scale * Z)` seconds.
    Lognormal {
        /// Mean of the logarithm.
        location: f64,
        /// Standard deviation of the logarithm.
        scale: f64,
    },
    /// Pareto from `least`, cut (not truncated away) at `most`: P(X > x) = (least / x)^alpha.
    Pareto {
        /// Smallest value, seconds.
        least: f64,
        /// Tail exponent, above 0; the mean is finite above 1 only, or with `most`.
        alpha: f64,
        /// Largest value, seconds: the law conditioned on being at most this.
        most: Option<f64>,
    },
    /// With probability `weight` exponential of mean `mean`: (weight, mean) pairs, weights summing to 1.
    Hyperexponential {
        /// (weight, mean in seconds).
        branches: Vec<(f64, f64)>,
    },
    /// One of these, each as likely.
    Empirical(Arc<Vec<SimDuration>>),
}

impl Law {
    /// A draw.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> SimDuration {
        match self {
            Self::Constant(value) => *value,
            Self::Empirical(values) => values[stream.below(values.len() as u64) as usize],
            _ => SimDuration::from_secs_f64(self.sample_seconds(stream)),
        }
    }

    fn sample_seconds(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(_) | Self::Empirical(_) => self.sample(stream).as_secs_f64(),
            Self::Exponential { mean } => mean * stream.exponential(),
            Self::Lognormal { location, scale } => libm::exp(location + scale * stream.normal()),
            Self::Pareto { least, alpha, most } => pareto(*least, *alpha, *most, stream.uniform()),
            Self::Hyperexponential { branches } => {
                let total: f64 = branches.iter().map(|(weight, _)| weight).sum();
                branch_mean(branches.iter().copied(), total * stream.uniform()) * stream.exponential()
            }
        }
    }

    /// A draw whose chance is weighted by its own length: what an observer at a random instant meets.
    pub fn sample_length_biased(&self, stream: &mut Stream) -> SimDuration {
        SimDuration::from_secs_f64(match self {
            Self::Constant(value) => return *value,
            Self::Exponential { mean } => mean * (stream.exponential() + stream.exponential()),
            Self::Lognormal { location, scale } => {
                libm::exp(location + scale * scale + scale * stream.normal())
            }
            Self::Pareto { least, alpha, most } => pareto(*least, alpha - 1.0, *most, stream.uniform()),
            Self::Hyperexponential { branches } => {
                let by_time = branches.iter().map(|(weight, mean)| (weight * mean, *mean));
                let mean = branch_mean(by_time, self.mean() * stream.uniform());
                mean * (stream.exponential() + stream.exponential())
            }
            Self::Empirical(values) => return length_biased(values, stream),
        })
    }

    /// Mean, seconds; infinite for a Pareto tail with `alpha` of at most 1 and no largest value.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => value.as_secs_f64(),
            Self::Exponential { mean } => *mean,
            Self::Lognormal { location, scale } => libm::exp(location + scale * scale / 2.0),
            Self::Pareto { least, alpha, most } => pareto_mean(*least, *alpha, *most),
            Self::Hyperexponential { branches } => branches.iter().map(|(weight, mean)| weight * mean).sum(),
            Self::Empirical(values) => {
                values.iter().map(|value| value.as_secs_f64()).sum::<f64>() / values.len() as f64
            }
        }
    }

    /// The longest it gives where that is bounded, seconds; else its mean.
    pub fn longest_or_mean(&self) -> f64 {
        match self {
            Self::Empirical(values) => values.iter().map(|value| value.as_secs_f64()).fold(0.0, f64::max),
            _ => self.mean(),
        }
    }

    /// Whether every draw is the same.
    pub fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

fn branch_mean(branches: impl Iterator<Item = (f64, f64)>, mut left: f64) -> f64 {
    let mut last = 0.0;
    for (weight, mean) in branches {
        last = mean;
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}

/// Inverse of the (bounded) Pareto law; also for `alpha` of at most 0, which length-biasing can give.
fn pareto(least: f64, alpha: f64, most: Option<f64>, uniform: f64) -> f64 {
    match most {
        None => least * libm::pow(1.0 - uniform, -1.0 / alpha),
        Some(most) if alpha == 0.0 => least * libm::pow(most / least, uniform),
        Some(most) => {
            let cut = libm::pow(least / most, alpha);
            least * libm::pow(1.0 - uniform * (1.0 - cut), -1.0 / alpha)
        }
    }
}

fn pareto_mean(least: f64, alpha: f64, most: Option<f64>) -> f64 {
    match most {
        None if alpha <= 1.0 => f64::INFINITY,
        None => least * alpha / (alpha - 1.0),
        Some(most) => {
            let kept = 1.0 - libm::pow(least / most, alpha);
            let integral = if alpha == 1.0 {
                libm::log(most / least) * least
            } else {
                alpha * least / (alpha - 1.0) * (1.0 - libm::pow(least / most, alpha - 1.0))
            };
            integral / kept
        }
    }
}

fn length_biased(values: &[SimDuration], stream: &mut Stream) -> SimDuration {
    let total: u128 = values.iter().map(|value| u128::from(value.nanos())).sum();
    let mut left = (total as f64 * stream.uniform()) as u128;
    for value in values {
        let nanos = u128::from(value.nanos());
        if left < nanos {
            return *value;
        }
        left -= nanos;
    }
    values[values.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;

    fn laws() -> Vec<Law> {
        let values = [1, 2, 9].map(SimDuration::from_secs).to_vec();
        vec![
            Law::Constant(SimDuration::from_secs(3)),
            Law::Exponential { mean: 2.0 },
            Law::Lognormal { location: -0.5, scale: 1.0 },
            Law::Pareto { least: 0.6, alpha: 2.5, most: None },
            Law::Pareto { least: 0.5, alpha: 1.0, most: Some(20.0) },
            Law::Pareto { least: 0.5, alpha: 1.5, most: Some(20.0) },
            Law::Hyperexponential { branches: vec![(0.9, 0.5), (0.1, 5.0)] },
            Law::Empirical(Arc::new(values)),
        ]
    }

    /// Mean and its standard error.
    fn average(count: u32, mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let draws: Vec<f64> = (0..count).map(|_| draw()).collect();
        let mean = draws.iter().sum::<f64>() / f64::from(count);
        let variance = draws.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / f64::from(count - 1);
        (mean, (variance / f64::from(count)).sqrt())
    }

    #[test]
    fn draws_have_the_mean_that_the_law_states() {
        for law in laws() {
            let mut stream = Stream::new(3, 0, Purpose::Lifetime, 0);
            let (mean, error) = average(200_000, || law.sample(&mut stream).as_secs_f64());
            assert!(
                (mean - law.mean()).abs() <= 4.0 * error + 1e-9,
                "{law:?}: {mean} against {}",
                law.mean()
            );
        }
    }

    /// E[1/X] of the length-biased law is 1/E[X].
    #[test]
    fn length_biased_draws_weigh_each_time_by_itself() {
        for law in laws() {
            let mut stream = Stream::new(4, 0, Purpose::Start, 0);
            let (mean, error) =
                average(200_000, || 1.0 / law.sample_length_biased(&mut stream).as_secs_f64());
            assert!((mean - 1.0 / law.mean()).abs() <= 4.0 * error + 1e-9, "{law:?}: {mean}");
        }
    }
}
