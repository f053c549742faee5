//! One of several: branches by weight, recorded values by their length.

use super::Law;
use crate::random::Stream;
use crate::time::SimDuration;

/// The branch that the point `left` falls on when the weights are laid end to end; the last where it lies beyond.
pub(super) fn branch<T>(branches: impl IntoIterator<Item = (f64, T)>, mut left: f64) -> Option<T> {
    let mut last = None;
    for (weight, value) in branches {
        last = Some(value);
        if left < weight {
            break;
        }
        left -= weight;
    }
    last
}

/// A draw of one branch, chosen by its weight.
pub(super) fn draw(branches: &[(f64, Law)], stream: &mut Stream) -> SimDuration {
    let by_weight = branches.iter().map(|(weight, law)| (*weight, law));
    let chosen = branch(by_weight, stream.uniform());
    chosen.map_or(SimDuration::ZERO, |law| law.sample(stream))
}

/// A draw weighted by its own length: the branch by weight times mean, then its length-biased law.
pub(super) fn length_biased(branches: &[(f64, Law)], mean: f64, stream: &mut Stream) -> SimDuration {
    let by_time = branches.iter().map(|(weight, law)| (weight * law.mean(), law));
    let chosen = branch(by_time, mean * stream.uniform());
    chosen.map_or(SimDuration::ZERO, |law| law.sample_length_biased(stream))
}

/// One of the values, each weighted by itself.
pub(super) fn value_by_length(values: &[SimDuration], stream: &mut Stream) -> SimDuration {
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
