//! Estimates with intervals, over replications and never over raw attempts.

use super::results::{EstimateKind, RatioEstimate};
use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// Confidence of every interval.
pub const CONFIDENCE: f64 = 0.95;

/// A ratio of sums over replications.
///
/// The interval is that of the ratio (delta) estimator with Student's t on one degree less than there are
/// replications. When nothing was counted above the line, the ratio has only an upper bound, `1 - 0.05^(1/n)`.
pub fn ratio(pairs: &[(u64, u64)], independent: f64) -> RatioEstimate {
    let above: u64 = pairs.iter().map(|(above, _)| above).sum();
    let below: u64 = pairs.iter().map(|(_, below)| below).sum();
    if above == 0 {
        return upper_bound(independent);
    }
    let estimate = above as f64 / below as f64;
    let error = ratio_error(pairs, estimate, below);
    let reach = student(pairs.len()) * error;
    RatioEstimate {
        estimate: Some(estimate),
        low: (estimate - reach).max(0.0),
        high: (estimate + reach).min(1.0),
        confidence: CONFIDENCE,
        kind: EstimateKind::Interval,
        standard_error: Some(error),
        method: None,
    }
}

/// The half-width of the interval of a ratio as a share of the ratio, before the interval is cut at 0 and 1; none where
/// nothing was counted above the line, or with fewer than two replications.
pub fn relative_half_width(pairs: &[(u64, u64)]) -> Option<f64> {
    let above: u64 = pairs.iter().map(|(above, _)| above).sum();
    let below: u64 = pairs.iter().map(|(_, below)| below).sum();
    if above == 0 || pairs.len() < 2 {
        return None;
    }
    let estimate = above as f64 / below as f64;
    Some(student(pairs.len()) * ratio_error(pairs, estimate, below) / estimate)
}

/// An estimate over `values` replications with the interval of another confidence.
pub fn at_confidence(found: &RatioEstimate, values: usize, confidence: f64) -> RatioEstimate {
    let mut found = RatioEstimate { confidence, ..found.clone() };
    match (found.kind, found.estimate, found.standard_error) {
        (EstimateKind::UpperBound, ..) => {
            let tries_fewer = libm::log(1.0 - confidence) / libm::log(1.0 - CONFIDENCE);
            found.high = 1.0 - libm::pow(1.0 - found.high, tries_fewer);
        }
        (EstimateKind::Interval, Some(estimate), Some(error)) => {
            let reach = student_at(values, confidence) * error;
            (found.low, found.high) = ((estimate - reach).max(0.0), (estimate + reach).min(1.0));
        }
        _ => {}
    }
    found
}

/// The bound on a chance that was not seen in `independent` tries.
pub fn upper_bound(independent: f64) -> RatioEstimate {
    let high = if independent > 0.0 { 1.0 - libm::pow(1.0 - CONFIDENCE, 1.0 / independent) } else { 1.0 };
    RatioEstimate {
        estimate: None,
        low: 0.0,
        high,
        confidence: CONFIDENCE,
        kind: EstimateKind::UpperBound,
        standard_error: None,
        method: None,
    }
}

/// A mean over replications with its interval: (estimate, low, high).
pub fn mean(values: &[f64]) -> (f64, f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return (mean, f64::NEG_INFINITY, f64::INFINITY);
    }
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let reach = student(values.len()) * (variance / count).sqrt();
    (mean, mean - reach, mean + reach)
}

/// The mean of ratios that replications found, each by itself, with its interval.
pub fn mean_ratio(ratios: &[f64]) -> RatioEstimate {
    let (estimate, low, high) = mean(ratios);
    RatioEstimate {
        estimate: Some(estimate),
        low: low.max(0.0),
        high: high.min(1.0),
        confidence: CONFIDENCE,
        kind: EstimateKind::Interval,
        standard_error: Some((high - estimate) / student(ratios.len())),
        method: None,
    }
}

/// A ratio that a formula gives.
pub fn exact(ratio: f64) -> RatioEstimate {
    RatioEstimate {
        estimate: Some(ratio),
        low: ratio,
        high: ratio,
        confidence: CONFIDENCE,
        kind: EstimateKind::Exact,
        standard_error: None,
        method: None,
    }
}

/// The exact interval of the chance that stands behind `hits` of `all` independent replications (C. Clopper, E. Pearson 1934):
/// in replications, never in attempts, which fail together.
pub fn chance(hits: u64, all: u64) -> (f64, f64) {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let (hits, misses) = (hits as f64, (all - hits) as f64);
    let quantile = |one: f64, other: f64, level: f64| {
        eleven_digits(Beta::new(one, other).expect("both shapes are 1 or more").inverse_cdf(level))
    };
    let low = if hits == 0.0 { 0.0 } else { quantile(hits, misses + 1.0, tail) };
    let high = if misses == 0.0 { 1.0 } else { quantile(hits + 1.0, misses, 1.0 - tail) };
    (low, high)
}

/// The crate's last digits depend on the platform's mathematics library.
fn eleven_digits(value: f64) -> f64 {
    format!("{value:.10e}").parse().unwrap_or(value)
}

fn ratio_error(pairs: &[(u64, u64)], estimate: f64, below: u64) -> f64 {
    let count = pairs.len() as f64;
    if pairs.len() < 2 {
        return 0.0;
    }
    let squares: f64 =
        pairs.iter().map(|(above, below)| (*above as f64 - estimate * *below as f64).powi(2)).sum();
    let mean_below = below as f64 / count;
    (squares / (count - 1.0) / count).sqrt() / mean_below
}

/// The two-sided quantile of Student's t for that many values.
fn student(values: usize) -> f64 {
    student_at(values, CONFIDENCE)
}

/// Kept to nine decimals: the crate's last digits depend on the platform's mathematics library.
fn student_at(values: usize, confidence: f64) -> f64 {
    if values < 2 {
        return 0.0;
    }
    let law = StudentsT::new(0.0, 1.0, values as f64 - 1.0).expect("at least one degree of freedom");
    (law.inverse_cdf(1.0 - (1.0 - confidence) / 2.0) * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_not_seen_is_an_upper_bound_and_never_zero() {
        let estimate = ratio(&[(0, 100), (0, 100)], 200.0);
        assert_eq!(estimate.kind, EstimateKind::UpperBound);
        assert_eq!(estimate.estimate, None);
        assert!((estimate.high - 0.014867).abs() < 1e-5, "{}", estimate.high);
        assert_eq!(upper_bound(0.0).high, 1.0);
    }

    /// By hand: ratio 3/30, deviations -1 and 1, error sqrt(2/1/2)/15, t(1) = 12.706.
    #[test]
    fn the_interval_is_that_of_the_ratio_estimator() {
        let estimate = ratio(&[(1, 20), (2, 10)], 30.0);
        let error = estimate.standard_error.unwrap();
        assert!((estimate.estimate.unwrap() - 0.1).abs() < 1e-12);
        assert!((error - 1.0 / 15.0).abs() < 1e-12, "{error}");
        assert_eq!(estimate.low, 0.0);
        assert!((estimate.high - (0.1 + 12.7062 / 15.0)).abs() < 1e-4, "{}", estimate.high);
        let relative = relative_half_width(&[(1, 20), (2, 10)]).unwrap();
        assert!((relative - 12.7062 / 1.5).abs() < 1e-4, "not cut at 0: {relative}");
        assert_eq!((relative_half_width(&[(1, 20)]), relative_half_width(&[(0, 9), (0, 9)])), (None, None));
    }

    /// Tables of Student's t: t(9) is 2.262 at 95 % and 3.250 at 99 %. Of what was not seen, 0.05^(1/n) becomes 0.01^(1/n).
    #[test]
    fn another_confidence_is_another_interval_of_the_same_estimate() {
        let pairs: Vec<(u64, u64)> = (0..10).map(|number| (100 + number, 10_000)).collect();
        let found = ratio(&pairs, 1.0);
        let wider = at_confidence(&found, 10, 0.99);
        let reaches = [&found, &wider].map(|each| each.high - each.estimate.unwrap());
        assert!((reaches[1] / reaches[0] - 3.250 / 2.262).abs() < 1e-3, "{reaches:?}");
        assert_eq!((wider.estimate, wider.confidence), (found.estimate, 0.99));
        assert_eq!(at_confidence(&found, 10, CONFIDENCE), found);
        let unseen = at_confidence(&upper_bound(50.0), 10, 0.99).high;
        assert!((unseen - (1.0 - 0.01f64.powf(0.02))).abs() < 1e-12, "{unseen}");
        assert_eq!(at_confidence(&exact(0.25), 10, 0.99).high, 0.25);
    }

    /// Oracle O-ST1: 0 and 3 of 1,000, 57 of 4,000.
    #[test]
    fn the_interval_of_a_chance_is_that_of_clopper_and_pearson() {
        for (hits, all, low, high) in [
            (0, 1_000, 0.0, 0.00368208389687),
            (3, 1_000, 0.00061909993165, 0.00874202323848),
            (57, 4_000, 0.0108102009656, 0.0184235617994),
        ] {
            let found = chance(hits, all);
            assert!((found.0 - low).abs() <= 1e-9 * low, "{found:?}");
            assert!((found.1 / high - 1.0).abs() < 1e-9, "{found:?}");
            let (low, high) = chance(all - hits, all);
            assert!((low - (1.0 - found.1)).abs() < 1e-9 && (high - (1.0 - found.0)).abs() < 1e-9);
        }
    }

    /// 95 % intervals of a normal mean cover the truth 93 to 97 times in 100.
    #[test]
    fn intervals_cover_as_often_as_they_say() {
        let mut stream = crate::random::Stream::new(11, 0, crate::random::Purpose::Shape, 0);
        let covered = (0..4_000).filter(|_| {
            let values: Vec<f64> = (0..8).map(|_| stream.normal()).collect();
            let (_, low, high) = mean(&values);
            low <= 0.0 && 0.0 <= high
        });
        let share = covered.count() as f64 / 4_000.0;
        assert!((0.93..0.97).contains(&share), "{share}");
    }
}
