//! How long flows last: sums of all lifetimes, and an even sample of them to fit laws to.

use super::laws::{self, Candidate, FittedLaw};
use schemars::JsonSchema;
use serde::Serialize;

/// Lifetimes kept at most.
const MOST_KEPT: usize = 1 << 17;

/// Lifetimes that are being taken: all are summed; of many, every second, fourth, .. is kept.
#[derive(Debug)]
pub struct Lifetimes {
    seen: u64,
    zero: u64,
    sum_us: u128,
    sum_squares: f64,
    most_us: u64,
    stride: u64,
    kept_us: Vec<u64>,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { seen: 0, zero: 0, sum_us: 0, sum_squares: 0.0, most_us: 0, stride: 1, kept_us: Vec::new() }
    }
}

/// How long flows last.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FittedLifetime {
    /// Lifetimes known from begin to end.
    pub known: u64,
    /// Of these, so many are 0: shorter than the record can tell.
    pub zero: u64,
    /// Mean, seconds.
    pub mean_s: f64,
    /// Squared coefficient of variation.
    pub cv2: f64,
    /// Half of the lifetimes are no longer, seconds.
    pub p50_s: f64,
    /// 99 in 100 are no longer, seconds.
    pub p99_s: f64,
    /// The longest, seconds.
    pub max_s: f64,
    /// Lifetimes above 0 that laws were fitted to.
    pub fitted_to: u64,
    /// The law of lifetimes above 0 that was chosen; null where all are 0.
    pub law: Option<FittedLaw>,
    /// The laws that were tried.
    pub candidates: Vec<Candidate>,
}

impl Lifetimes {
    /// Adds a lifetime.
    pub fn add(&mut self, lifetime_us: u64) {
        if self.seen.is_multiple_of(self.stride) {
            if self.kept_us.len() == MOST_KEPT {
                let mut place = 0;
                self.kept_us.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride *= 2;
            }
            if self.seen.is_multiple_of(self.stride) {
                self.kept_us.push(lifetime_us);
            }
        }
        let seconds = lifetime_us as f64 / 1e6;
        self.seen += 1;
        self.zero += u64::from(lifetime_us == 0);
        self.sum_us += u128::from(lifetime_us);
        self.sum_squares += seconds * seconds;
        self.most_us = self.most_us.max(lifetime_us);
    }

    /// What they are like; nothing where there are none.
    pub fn fitted(self) -> Option<FittedLifetime> {
        let Self { seen, zero, sum_us, sum_squares, most_us, kept_us, .. } = self;
        if seen == 0 {
            return None;
        }
        let mean_s = sum_us as f64 / 1e6 / seen as f64;
        let variance = (sum_squares / seen as f64 - mean_s * mean_s).max(0.0);
        let above_0: Vec<f64> =
            kept_us.iter().filter(|each| **each > 0).map(|each| *each as f64 / 1e6).collect();
        let mut sorted_us = kept_us;
        sorted_us.sort_unstable();
        let quantile = |share: f64| {
            let rank = (share * sorted_us.len() as f64).ceil() as usize;
            sorted_us[rank.clamp(1, sorted_us.len()) - 1] as f64 / 1e6
        };
        let (law, candidates) = laws::fitted(&above_0);
        Some(FittedLifetime {
            known: seen,
            zero,
            mean_s,
            cv2: if mean_s > 0.0 { variance / (mean_s * mean_s) } else { 0.0 },
            p50_s: quantile(0.5),
            p99_s: quantile(0.99),
            max_s: most_us as f64 / 1e6,
            fitted_to: above_0.len() as u64,
            law,
            candidates,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_quantiles_are_those_of_the_values() {
        let mut lifetimes = Lifetimes::default();
        [0, 1_000_000, 2_000_000, 5_000_000].into_iter().for_each(|each| lifetimes.add(each));
        let found = lifetimes.fitted().unwrap();
        assert_eq!((found.known, found.zero, found.mean_s), (4, 1, 2.0));
        assert_eq!((found.p50_s, found.p99_s, found.max_s), (1.0, 5.0, 5.0));
        assert!((found.cv2 - 14.0 / 4.0 / 4.0).abs() < 1e-12);
        assert!(Lifetimes::default().fitted().is_none());
    }

    #[test]
    fn of_many_an_even_part_is_kept() {
        let mut lifetimes = Lifetimes::default();
        let many = 5 * MOST_KEPT as u64;
        (0..many).for_each(|each| lifetimes.add(each));
        assert_eq!(lifetimes.stride, 8);
        let expected: Vec<u64> = (0..many).step_by(8).collect();
        assert_eq!(lifetimes.kept_us, expected);
        assert_eq!(lifetimes.seen, many);
    }
}
