//! Laws of times: lifetimes and hold-downs.

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
