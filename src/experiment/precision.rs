//! Replications until an interval is narrow enough.
//!
//! The rule looks at fixed numbers of replications only, so how many are run depends on the scenario and the seed and
//! on nothing else. Each look is a chance to stop at an interval that is narrow by luck; that the numbers grow by a
//! half keeps the looks few, and with them the loss of coverage small (a test below measures it).

use super::estimate;
use super::plan::Plan;
use super::results::{PrecisionReached, StopReason};
use crate::metrics::Summary;
use crate::scenario::Precision;

/// Replications with a failure before an interval is trusted: where failures are rare, most replications have none, and
/// a few that happen to resemble one another would pass for certainty.
const LEAST_FAILING: usize = 20;

/// How many replications may have been run at a look: the first batch, then half as many again each time.
pub fn looks(first: u32, most: u32) -> impl Iterator<Item = u32> {
    let next = move |last: &u32| (*last < most).then(|| (last + last.div_ceil(2)).min(most));
    std::iter::successors(Some(first.min(most)), next)
}

/// The half-width of the interval of `failure_ratio` as a share of the estimate; none where nothing failed, or with one
/// replication. The interval of the results is cut at 0 and 1; this one is not, or it would seem too narrow.
pub fn half_width(summaries: &[Summary]) -> Option<f64> {
    let counts = summaries.iter().map(Summary::counts);
    let pairs: Vec<(u64, u64)> = counts.map(|counts| (counts.snat_failures, counts.attempts)).collect();
    estimate::relative_half_width(&pairs)
}

/// Whether these replications are enough.
pub fn is_reached(precision: &Precision, summaries: &[Summary]) -> bool {
    failing(summaries) >= LEAST_FAILING
        && half_width(summaries).is_some_and(|reached| reached <= precision.relative)
}

/// Whether another option of a comparison decides how many replications are run: nothing failed in this one, so its bound is
/// never a share of an estimate.
pub fn leaves_it_to_others(summaries: &[Summary]) -> bool {
    failing(summaries) == 0
}

fn failing(summaries: &[Summary]) -> usize {
    summaries.iter().filter(|summary| summary.counts().snat_failures > 0).count()
}

/// What is told of the rule once it has stopped.
pub fn reached(plan: &Plan, summaries: &[Summary]) -> Option<PrecisionReached> {
    let precision = plan.precision.as_ref()?;
    let reason = match (is_reached(precision, summaries), leaves_it_to_others(summaries)) {
        (true, _) => StopReason::Precision,
        (_, true) if plan.replications < precision.most => StopReason::OtherOptions,
        (_, true) => StopReason::NoFailure,
        _ => StopReason::MaxReplications,
    };
    Some(PrecisionReached {
        asked: precision.relative,
        reached: half_width(summaries),
        max_replications: precision.most,
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn looks_grow_by_a_half_up_to_the_most() {
        assert_eq!(looks(20, 100).collect::<Vec<_>>(), [20, 30, 45, 68, 100]);
        assert_eq!(looks(1, 4).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_eq!(looks(20, 20).collect::<Vec<_>>(), [20]);
        assert_eq!(looks(u32::MAX / 2, u32::MAX / 2 + 1).count(), 2);
    }

    /// How often the interval at the stop holds the true ratio, in 2,000 runs of the rule.
    fn coverage(relative: f64, mut failures: impl FnMut(&mut Stream) -> f64) -> f64 {
        const ATTEMPTS: u64 = 1_000_000;
        let mut stream = Stream::new(7, 0, Purpose::Shape, 0);
        let covered = (0..2_000).filter(|_| {
            let mut pairs: Vec<(u64, u64)> = Vec::new();
            for look in looks(20, 2_000) {
                while pairs.len() < look as usize {
                    pairs.push((failures(&mut stream).round() as u64, ATTEMPTS));
                }
                let failing = pairs.iter().filter(|(failures, _)| *failures > 0).count();
                let narrow = estimate::relative_half_width(&pairs).is_some_and(|reached| reached <= relative);
                if narrow && failing >= LEAST_FAILING {
                    break;
                }
            }
            let found = estimate::ratio(&pairs, 1.0);
            found.low <= 0.01 && 0.01 <= found.high
        });
        covered.count() as f64 / 2_000.0
    }

    /// A ratio of 1 %, with failures in every replication or in one of ten. The standard error of a coverage is 0.5 points.
    #[test]
    fn intervals_at_the_stop_cover_almost_as_often_as_they_say() {
        let alike = coverage(0.05, |stream| 10_000.0 + 2_000.0 * stream.normal());
        let spread = coverage(0.3, |stream| -10_000.0 * libm::log(1.0 - stream.uniform()));
        let rare = coverage(0.6, |stream| match stream.uniform() < 0.1 {
            true => -100_000.0 * libm::log(1.0 - stream.uniform()),
            false => 0.0,
        });
        for share in [alike, spread, rare] {
            assert!((0.90..0.97).contains(&share), "{alike} {spread} {rare}");
        }
    }
}
