//! How far a metric moves, and whether that is more than chance.

use super::{Difference, Figure, Swing};
use crate::experiment::diff::metrics::{evidence, independent, paired_reach};
use crate::experiment::results::{RatioEstimate, RatioMethod, Results};
use crate::experiment::thresholds::ratio_named;

/// The metric of one run.
pub(super) struct Seen {
    /// Over all replications.
    pub figure: Figure,
    /// Of each replication that was counted.
    pub replications: Vec<f64>,
    /// The ratio itself, where another method than counting gave it.
    pub ratio: Option<RatioEstimate>,
}

impl Seen {
    fn value(&self) -> f64 {
        self.figure.estimate.unwrap_or(0.0)
    }
}

/// The ratio behind a metric, where theory or splitting gave it.
pub(super) fn ratio(results: &Results, metric: &str) -> Option<RatioEstimate> {
    let ratio = ratio_named(results, metric)?;
    let counted = ratio.method.is_none_or(|method| method == RatioMethod::Plain);
    (!counted).then(|| ratio.clone())
}

/// From the lowest to the highest of all.
pub(super) fn widest<'a>(base: &'a Seen, values: impl Iterator<Item = &'a Seen>) -> Swing {
    let (mut lowest, mut highest) = (base, base);
    for seen in values {
        if seen.value() < lowest.value() {
            lowest = seen;
        }
        if seen.value() > highest.value() {
            highest = seen;
        }
    }
    Swing { lowest: lowest.value(), highest: highest.value(), difference: difference(lowest, highest) }
}

/// `after` minus `before`.
pub(super) fn difference(before: &Seen, after: &Seen) -> Difference {
    let difference = after.value() - before.value();
    let reach = match (&before.ratio, &after.ratio) {
        (None, None) => paired_reach(&before.replications, &after.replications),
        (one, other) => one.as_ref().zip(other.as_ref()).and_then(|(one, other)| independent(one, other)),
    };
    let is_same = before.figure == after.figure && before.replications == after.replications;
    let evidence = evidence(is_same, difference, reach);
    let bound = |reach: f64| if is_same { difference } else { difference + reach };
    Difference {
        difference,
        low: reach.map(|(below, _)| bound(-below)),
        high: reach.map(|(_, above)| bound(above)),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::diff::Evidence;

    fn seen(replications: &[f64]) -> Seen {
        let estimate = replications.iter().sum::<f64>() / replications.len() as f64;
        let figure = Figure { estimate: Some(estimate), low: 0.0, high: 1.0 };
        Seen { figure, replications: replications.to_vec(), ratio: None }
    }

    /// The replications differ by far more than the two runs do.
    #[test]
    fn what_runs_have_in_common_cancels() {
        let (base, more) = (seen(&[0.1, 0.5, 0.9]), seen(&[0.11, 0.512, 0.91]));
        let found = difference(&base, &more);
        assert_eq!(found.evidence, Evidence::Significant, "{found:?}");
        let unpaired = seen(&[0.512, 0.91, 0.11]);
        assert_eq!(difference(&base, &unpaired).evidence, Evidence::NotSignificant);
        assert_eq!(difference(&base, &seen(&[0.1, 0.5, 0.9])).evidence, Evidence::Same);
        assert_eq!(difference(&seen(&[0.1]), &seen(&[0.2])).evidence, Evidence::Unknown);
    }

    #[test]
    fn a_swing_runs_from_the_lowest_to_the_highest_the_base_among_them() {
        let (base, less, more) = (seen(&[0.2, 0.2]), seen(&[0.1, 0.1]), seen(&[0.4, 0.4]));
        let both = widest(&base, [&more, &less].into_iter());
        assert_eq!((both.lowest, both.highest), (0.1, 0.4));
        let one = widest(&base, [&more].into_iter());
        assert_eq!((one.lowest, one.highest), (0.2, 0.4));
    }
}
