//! Which law describes recorded lifetimes: three are fitted by maximum likelihood, held against all lifetimes, and taken if they
//! pass; else the lifetimes themselves.
//!
//! The test is that of Kolmogorov and Smirnov with the parameters of one half of the lifetimes and the distance to all of them (J. Durbin,
//! "Kolmogorov-Smirnov tests when parameters are estimated", 1976): with an efficient estimate its limit is that for a known law.

use schemars::JsonSchema;
use serde::Serialize;

/// A law of lifetimes, in the words of a scenario; times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FittedLaw {
    /// Exponential.
    Exponential {
        /// Mean.
        mean_s: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Mean.
        mean_s: f64,
        /// Squared coefficient of variation.
        cv2: f64,
    },
    /// One of two exponential laws.
    Hyperexponential {
        /// Weight and mean of each.
        branches: [(f64, f64); 2],
    },
    /// The lifetimes themselves, or means of equally many neighbours.
    Empirical {
        /// From the shortest on.
        values_s: Vec<f64>,
    },
}

/// A law that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Candidate {
    /// With the parameters of all lifetimes.
    pub law: FittedLaw,
    /// Kolmogorov-Smirnov distance of the law of every other lifetime to all.
    pub distance: f64,
    /// Above, the law is refused: met by chance by one true law in 20.
    pub limit: f64,
    /// Akaike's criterion: of the laws that pass, the one with the least is taken.
    pub aic: f64,
    /// Whether the distance is within the limit and the mean near the recorded one.
    pub passes: bool,
}

/// Fewer lifetimes tell no law.
const FEW: usize = 20;

/// A law whose mean is further off is not taken, for the load is rate times mean.
const MEAN_WITHIN: f64 = 0.1;

/// Values of an empirical law.
const MOST_VALUES: usize = 200;

/// The law for these lifetimes above 0, seconds, and what was tried; no law where there is no lifetime.
pub fn fitted(lifetimes: &[f64]) -> (Option<FittedLaw>, Vec<Candidate>) {
    if lifetimes.is_empty() {
        return (None, Vec::new());
    }
    let mut sorted = lifetimes.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half: Vec<f64> = lifetimes.iter().copied().step_by(2).collect();
    let candidates: Vec<Candidate> = match lifetimes.len() < FEW {
        true => Vec::new(),
        false => FITS.iter().filter_map(|fit| candidate(*fit, lifetimes, &half, &sorted)).collect(),
    };
    let best =
        candidates.iter().filter(|each| each.passes).min_by(|one, other| one.aic.total_cmp(&other.aic));
    let law =
        best.map_or_else(|| FittedLaw::Empirical { values_s: neighbours(&sorted) }, |best| best.law.clone());
    (Some(law), candidates)
}

type Fit = fn(&[f64]) -> Option<FittedLaw>;

const FITS: [Fit; 3] = [exponential, lognormal, hyperexponential];

fn candidate(fit: Fit, lifetimes: &[f64], half: &[f64], sorted: &[f64]) -> Option<Candidate> {
    let law = fit(lifetimes)?;
    let distance = distance(&fit(half)?, sorted);
    let limit = limit(sorted.len());
    let likelihood: f64 = lifetimes.iter().map(|value| libm::log(law.density(*value))).sum();
    let off = (law.mean_s() / mean(lifetimes) - 1.0).abs();
    let aic = 2.0 * law.parameters() - 2.0 * likelihood;
    Some(Candidate {
        passes: distance <= limit && off <= MEAN_WITHIN && aic.is_finite(),
        law,
        distance,
        limit,
        aic,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn exponential(values: &[f64]) -> Option<FittedLaw> {
    Some(FittedLaw::Exponential { mean_s: mean(values) })
}

/// A scenario takes no law that varies more, or less.
const CV2: std::ops::RangeInclusive<f64> = 1e-6..=1e6;

fn lognormal(values: &[f64]) -> Option<FittedLaw> {
    let logs: Vec<f64> = values.iter().map(|value| libm::log(*value)).collect();
    let location = mean(&logs);
    let variance =
        logs.iter().map(|log| (log - location) * (log - location)).sum::<f64>() / logs.len() as f64;
    let law =
        FittedLaw::Lognormal { mean_s: libm::exp(location + variance / 2.0), cv2: libm::expm1(variance) };
    matches!(&law, FittedLaw::Lognormal { mean_s, cv2 } if mean_s.is_finite() && CV2.contains(cv2))
        .then_some(law)
}

/// Rounds of expectation and maximization.
const ROUNDS: usize = 500;

/// Lifetimes that they go through.
const MOST_FITTED: usize = 1 << 12;

/// A branch of less weight, or as long as the other, is none.
const LEAST_WEIGHT: f64 = 1e-4;

/// By expectation and maximization, from the shorter and the longer half.
fn hyperexponential(values: &[f64]) -> Option<FittedLaw> {
    let values: Vec<f64> = values.iter().copied().step_by(values.len().div_ceil(MOST_FITTED)).collect();
    let mut sorted = values.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let (short, long) = sorted.split_at(sorted.len() / 2);
    let mut branches = [(0.5, mean(short)), (0.5, mean(long))];
    for _ in 0..ROUNDS {
        let before = branches;
        branches = maximized(branches, &values);
        if branches.iter().zip(&before).all(|(now, before)| (now.0 - before.0).abs() < 1e-9) {
            break;
        }
    }
    let distinct = branches[1].1 > branches[0].1 * 1.01;
    let weighty =
        branches.iter().all(|(weight, mean)| *weight > LEAST_WEIGHT && *mean > 0.0 && mean.is_finite());
    (distinct && weighty).then_some(FittedLaw::Hyperexponential { branches })
}

fn maximized(branches: [(f64, f64); 2], values: &[f64]) -> [(f64, f64); 2] {
    let (mut weights, mut sums) = ([0.0; 2], [0.0; 2]);
    for value in values {
        let parts = branches.map(|(weight, mean)| weight / mean * libm::exp(-value / mean));
        let all = parts[0] + parts[1];
        // Beyond the reach of both, the longer one is meant.
        let share = if all > 0.0 { parts[0] / all } else { 0.0 };
        for (branch, share) in [share, 1.0 - share].into_iter().enumerate() {
            weights[branch] += share;
            sums[branch] += share * value;
        }
    }
    [0, 1].map(|branch| (weights[branch] / values.len() as f64, sums[branch] / weights[branch]))
}

/// Means of equally many neighbours, so that the mean stays.
fn neighbours(sorted: &[f64]) -> Vec<f64> {
    let groups = sorted.len().min(MOST_VALUES);
    let group =
        |number: usize| mean(&sorted[number * sorted.len() / groups..(number + 1) * sorted.len() / groups]);
    (0..groups).map(group).collect()
}

impl FittedLaw {
    /// Mean, seconds.
    pub fn mean_s(&self) -> f64 {
        match self {
            Self::Exponential { mean_s } | Self::Lognormal { mean_s, .. } => *mean_s,
            Self::Hyperexponential { branches } => branches.iter().map(|(weight, mean)| weight * mean).sum(),
            Self::Empirical { values_s } => mean(values_s),
        }
    }

    /// Share of lifetimes up to `value`.
    fn below(&self, value: f64) -> f64 {
        let exponential = |mean: f64| -libm::expm1(-value / mean);
        match self {
            Self::Exponential { mean_s } => exponential(*mean_s),
            Self::Lognormal { mean_s, cv2 } => {
                let (location, scale) = logarithmic(*mean_s, *cv2);
                0.5 * libm::erfc(-(libm::log(value) - location) / scale / std::f64::consts::SQRT_2)
            }
            Self::Hyperexponential { branches } => {
                branches.iter().map(|(weight, mean)| weight * exponential(*mean)).sum()
            }
            Self::Empirical { values_s } => {
                values_s.partition_point(|each| *each <= value) as f64 / values_s.len() as f64
            }
        }
    }

    fn density(&self, value: f64) -> f64 {
        let exponential = |mean: f64| libm::exp(-value / mean) / mean;
        match self {
            Self::Exponential { mean_s } => exponential(*mean_s),
            Self::Lognormal { mean_s, cv2 } => {
                let (location, scale) = logarithmic(*mean_s, *cv2);
                let off = (libm::log(value) - location) / scale;
                libm::exp(-off * off / 2.0) / (value * scale * (2.0 * std::f64::consts::PI).sqrt())
            }
            Self::Hyperexponential { branches } => {
                branches.iter().map(|(weight, mean)| weight * exponential(*mean)).sum()
            }
            Self::Empirical { .. } => 0.0,
        }
    }

    fn parameters(&self) -> f64 {
        match self {
            Self::Exponential { .. } => 1.0,
            Self::Lognormal { .. } => 2.0,
            Self::Hyperexponential { .. } => 3.0,
            Self::Empirical { values_s } => values_s.len() as f64,
        }
    }
}

/// Mean and deviation of the logarithms of a lognormal law.
fn logarithmic(mean_s: f64, cv2: f64) -> (f64, f64) {
    let variance = libm::log1p(cv2);
    (libm::log(mean_s) - variance / 2.0, variance.sqrt())
}

/// The greatest distance between the law and the share of lifetimes up to any time.
fn distance(law: &FittedLaw, sorted: &[f64]) -> f64 {
    let count = sorted.len() as f64;
    let off = |(place, value): (usize, &f64)| {
        let below = law.below(*value);
        (below - place as f64 / count).abs().max((below - (place + 1) as f64 / count).abs())
    };
    sorted.iter().enumerate().map(off).fold(0.0, f64::max)
}

/// The 5 % limit of the distance of so many values to their own law. M. A. Stephens, 1970: within 1 % of the exact one.
fn limit(count: usize) -> f64 {
    let root = (count as f64).sqrt();
    1.358 / (root + 0.12 + 0.11 / root)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn draws(seed: u64, count: usize, draw: impl Fn(&mut Stream) -> f64) -> Vec<f64> {
        let mut stream = Stream::new(seed, 0, Purpose::Lifetime, 0);
        (0..count).map(|_| draw(&mut stream)).collect()
    }

    fn of_exponential(stream: &mut Stream) -> f64 {
        3.0 * stream.exponential()
    }

    fn of_lognormal(stream: &mut Stream) -> f64 {
        libm::exp(0.5 + 0.8 * stream.normal())
    }

    fn of_two(stream: &mut Stream) -> f64 {
        let mean = if stream.uniform() < 0.8 { 0.5 } else { 10.0 };
        mean * stream.exponential()
    }

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found / expected - 1.0).abs() < within, "{found} is not within {within} of {expected}");
    }

    /// Standard errors of 10,000 values: 1 % of the mean; bounds are four of them.
    #[test]
    fn an_exponential_law_is_found_again() {
        let (law, _) = fitted(&draws(1, 10_000, of_exponential));
        let Some(FittedLaw::Exponential { mean_s }) = law else { panic!("{law:?}") };
        near(mean_s, 3.0, 0.04);
    }

    /// Location 0.5, scale 0.8: mean exp(0.82), cv2 exp(0.64) - 1. Of 10,000 values the standard error of the scale is 0.7 %, so that of the
    /// mean 1.0 % and that of cv2 2.9 %.
    #[test]
    fn a_lognormal_law_is_found_again() {
        let (law, _) = fitted(&draws(2, 10_000, of_lognormal));
        let Some(FittedLaw::Lognormal { mean_s, cv2 }) = law else { panic!("{law:?}") };
        near(mean_s, libm::exp(0.82), 0.04);
        near(cv2, libm::expm1(0.64), 0.12);
    }

    /// Of 4,096 values that are fitted, 819 are of the long branch: its mean has a standard error of about 4 %, the weight of 1 %.
    #[test]
    fn two_kinds_of_flows_are_found_again() {
        let (law, candidates) = fitted(&draws(3, 10_000, of_two));
        let Some(FittedLaw::Hyperexponential { branches: [short, long] }) = law else {
            panic!("{candidates:?}")
        };
        near(short.0, 0.8, 0.05);
        near(short.1, 0.5, 0.10);
        near(long.1, 10.0, 0.16);
    }

    /// The limit is met by one true law in 20: of 400 records 20 on average, 7 to 36 with 99.8 %.
    #[test]
    fn a_true_law_is_refused_as_often_as_the_test_says() {
        let refused = |name: &str, fit: Fit, draw: fn(&mut Stream) -> f64| {
            let of_seed = |seed: u64| {
                let values = draws(seed, 500, draw);
                let half: Vec<f64> = values.iter().copied().step_by(2).collect();
                let mut sorted = values;
                sorted.sort_unstable_by(f64::total_cmp);
                distance(&fit(&half).unwrap(), &sorted) > limit(500)
            };
            let count = (100..500).filter(|seed| of_seed(*seed)).count();
            assert!((7..=36).contains(&count), "{name}: {count}");
        };
        refused("exponential", exponential, of_exponential);
        refused("lognormal", lognormal, of_lognormal);
    }

    /// Uniform lifetimes follow none of the laws: they stand for themselves, and the mean stays.
    #[test]
    fn where_no_law_passes_the_lifetimes_stand_for_themselves() {
        let values = draws(4, 5_000, |stream| 1.0 + stream.uniform());
        let (law, candidates) = fitted(&values);
        let Some(FittedLaw::Empirical { values_s }) = &law else { panic!("{law:?}") };
        assert_eq!(values_s.len(), MOST_VALUES);
        assert!(
            candidates.len() >= 2 && candidates.iter().all(|each| each.distance > each.limit),
            "{candidates:?}"
        );
        near(law.unwrap().mean_s(), mean(&values), 1e-9);
    }

    #[test]
    fn a_few_lifetimes_tell_no_law() {
        let (law, candidates) = fitted(&[3.0, 1.0, 2.0]);
        assert_eq!((law, candidates), (Some(FittedLaw::Empirical { values_s: vec![1.0, 2.0, 3.0] }), vec![]));
        assert_eq!(fitted(&[]).0, None);
    }

    /// Half of 4 values below 1.5 s where the law has 1 - exp(-0.5) of them; the greatest gap is at 2 s, before the step.
    #[test]
    fn distance_and_limit_are_those_of_the_tables() {
        let law = FittedLaw::Exponential { mean_s: 2.0 };
        let found = distance(&law, &[0.5, 1.0, 2.0, 8.0]);
        let at = |value: f64| 1.0 - (-value / 2.0f64).exp();
        assert!((found - (at(8.0) - 0.75)).abs() < 1e-12, "{found}");
        // Tables of exact limits: 0.2640 for 25, 0.1340 for 100.
        near(limit(25), 0.2640, 0.01);
        near(limit(100), 0.1340, 0.01);
    }
}
