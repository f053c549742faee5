//! Laws of times: lifetimes, gaps and hold-downs.

mod mixed;
mod pareto;
#[cfg(test)]
mod tests;

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
    /// Sum of this many exponential stages, all of the same mean.
    Erlang {
        /// Mean of the sum, seconds.
        mean: f64,
        /// Stages, at least 1.
        stages: u32,
    },
    /// Weibull: P(X > x) = exp(-(x / scale)^shape).
    Weibull {
        /// Scale, seconds.
        scale: f64,
        /// Shape, above 0; below 1 the tail is heavier than exponential.
        shape: f64,
    },
    /// Each of these laws with its weight; weights sum to 1. Two points are a mixture of two constants.
    Mixture(Vec<(f64, Law)>),
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
            Self::Mixture(branches) => mixed::draw(branches, stream),
            _ => SimDuration::from_secs_f64(self.sample_seconds(stream)),
        }
    }

    /// As many draws as there is room for; `scratch` is as long.
    pub fn sample_all(&self, stream: &mut Stream, scratch: &mut [f64], draws: &mut [SimDuration]) {
        match self {
            Self::Constant(value) => draws.fill(*value),
            Self::Exponential { mean } => {
                stream.exponentials(scratch);
                for (draw, exponential) in draws.iter_mut().zip(scratch) {
                    *draw = SimDuration::from_secs_f64(mean * *exponential);
                }
            }
            _ => draws.fill_with(|| self.sample(stream)),
        }
    }

    fn sample_seconds(&self, stream: &mut Stream) -> f64 {
        match self {
            Self::Constant(_) | Self::Empirical(_) | Self::Mixture(_) => self.sample(stream).as_secs_f64(),
            Self::Exponential { mean } => mean * stream.exponential(),
            Self::Lognormal { location, scale } => libm::exp(location + scale * stream.normal()),
            Self::Pareto { least, alpha, most } => pareto::draw(*least, *alpha, *most, stream.uniform()),
            Self::Hyperexponential { branches } => {
                let total: f64 = branches.iter().map(|(weight, _)| weight).sum();
                let mean = mixed::branch(branches.iter().copied(), total * stream.uniform());
                mean.unwrap_or(0.0) * stream.exponential()
            }
            Self::Erlang { mean, stages } => mean / f64::from(*stages) * exponentials(*stages, stream),
            Self::Weibull { scale, shape } => scale * libm::pow(stream.exponential(), 1.0 / shape),
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
            Self::Pareto { least, alpha, most } => pareto::draw(*least, alpha - 1.0, *most, stream.uniform()),
            Self::Hyperexponential { branches } => {
                let by_time = branches.iter().map(|(weight, mean)| (weight * mean, *mean));
                let mean = mixed::branch(by_time, self.mean() * stream.uniform());
                mean.unwrap_or(0.0) * (stream.exponential() + stream.exponential())
            }
            Self::Erlang { mean, stages } => mean / f64::from(*stages) * exponentials(stages + 1, stream),
            Self::Weibull { scale, shape } => scale * libm::pow(stream.gamma(1.0 + 1.0 / shape), 1.0 / shape),
            Self::Mixture(branches) => return mixed::length_biased(branches, self.mean(), stream),
            Self::Empirical(values) => return mixed::value_by_length(values, stream),
        })
    }

    /// What is left of a draw that a random instant falls into.
    pub fn sample_rest(&self, stream: &mut Stream) -> SimDuration {
        let whole = self.sample_length_biased(stream);
        SimDuration::from_secs_f64(whole.as_secs_f64() * stream.uniform())
    }

    /// Mean, seconds; infinite for a Pareto tail with `alpha` of at most 1 and no largest value.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => value.as_secs_f64(),
            Self::Exponential { mean } | Self::Erlang { mean, .. } => *mean,
            Self::Lognormal { location, scale } => libm::exp(location + scale * scale / 2.0),
            Self::Pareto { least, alpha, most } => pareto::mean(*least, *alpha, *most),
            Self::Hyperexponential { branches } => branches.iter().map(|(weight, mean)| weight * mean).sum(),
            Self::Weibull { scale, shape } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Self::Mixture(branches) => branches.iter().map(|(weight, law)| weight * law.mean()).sum(),
            Self::Empirical(values) => {
                values.iter().map(|value| value.as_secs_f64()).sum::<f64>() / values.len() as f64
            }
        }
    }

    /// The longest it gives where that is bounded, seconds; else its mean.
    pub fn longest_or_mean(&self) -> f64 {
        match self {
            Self::Empirical(values) => values.iter().map(|value| value.as_secs_f64()).fold(0.0, f64::max),
            Self::Mixture(branches) => {
                branches.iter().map(|(_, law)| law.longest_or_mean()).fold(0.0, f64::max)
            }
            _ => self.mean(),
        }
    }

    /// Whether every draw is the same.
    pub fn is_constant(&self) -> bool {
        matches!(self, Self::Constant(_))
    }
}

fn exponentials(count: u32, stream: &mut Stream) -> f64 {
    (0..count).map(|_| stream.exponential()).sum()
}
