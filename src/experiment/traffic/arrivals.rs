//! The rate over time, and whether arrivals are as irregular as those of a Poisson process with that rate.

use super::counts::{Counts, whole_windows};
use crate::time::SimDuration;
use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use std::ops::Range;

/// When flows begin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FittedArrivals {
    /// Flows a second, over the whole record.
    pub mean_per_s: f64,
    /// Chance that a steady Poisson process varies at least as much from piece to piece (chi-squared); null with one piece.
    pub steady_chance: Option<f64>,
    /// The rate over time; a single piece where it is steady.
    pub pieces: Vec<Piece>,
    /// Index of dispersion of counts, by the width of windows.
    pub dispersion: Vec<Dispersion>,
}

/// A span of time with one rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Piece {
    /// Begin, seconds after that of the record.
    pub start_s: u64,
    /// Flows in it.
    pub flows: u64,
    /// Flows a second.
    pub per_s: f64,
}

/// Variance of the counts in windows, over their mean: 1 for a Poisson process of steady rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Dispersion {
    /// Width of the windows, seconds.
    pub window_s: u64,
    /// Whole windows in the record.
    pub windows: u64,
    /// Of the record; null with fewer than two windows.
    pub recorded: Option<f64>,
    /// Of a Poisson process with the fitted rate over time.
    pub fitted: Option<f64>,
}

/// Beside the hold-downs of the models: seconds that are short, longer, and longer than most hold-downs.
const WINDOWS_S: [i64; 3] = [1, 10, 300];

/// Below, a steady rate is doubted.
const LEAST_CHANCE: f64 = 0.05;

impl FittedArrivals {
    /// Of the starts of one protocol, in the seconds of the whole record.
    pub fn of(starts: &Counts, seconds: &Range<i64>, hold_downs: &[SimDuration]) -> Self {
        let span = seconds.end - seconds.start;
        let all: u64 = starts.in_parts(seconds, span, 1)[0];
        let mean_per_s = all as f64 / span as f64;
        let (pieces, steady_chance) = match pieces(starts, seconds, all) {
            Some(pieces) => {
                let chance = steady_chance(&pieces, mean_per_s, span);
                (if chance < LEAST_CHANCE { pieces } else { vec![piece(0, all, span)] }, Some(chance))
            }
            None => (vec![piece(0, all, span)], None),
        };
        let of_hold_downs = hold_downs.iter().map(|hold_down| hold_down.as_secs_f64().round() as i64);
        let mut widths: Vec<i64> =
            WINDOWS_S.into_iter().chain(of_hold_downs).filter(|width| *width > 0).collect();
        widths.sort_unstable();
        widths.dedup();
        let dispersion =
            widths.into_iter().map(|width| dispersion(starts, seconds, width, &pieces)).collect();
        Self { mean_per_s, steady_chance, pieces, dispersion }
    }
}

fn piece(start: i64, flows: u64, span: i64) -> Piece {
    Piece { start_s: start as u64, flows, per_s: flows as f64 / span as f64 }
}

/// Widths that people think in, seconds.
const WIDTHS_S: [i64; 12] = [60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

/// More pieces nobody reads.
const MOST_PIECES: i64 = 96;

/// Fewer flows in a piece are mostly chance.
const FLOWS_A_PIECE: i64 = 30;

/// At least two pieces of equal width, the last as long as is left; nothing where there is too little for that.
fn pieces(starts: &Counts, seconds: &Range<i64>, all: u64) -> Option<Vec<Piece>> {
    let span = seconds.end - seconds.start;
    let fits = |width: &&i64| {
        let count = span / **width;
        count <= MOST_PIECES && i64::try_from(all).unwrap_or(i64::MAX) >= FLOWS_A_PIECE.saturating_mul(count)
    };
    let width = *WIDTHS_S.iter().find(fits)?;
    let count = usize::try_from(span / width).ok().filter(|count| *count >= 2)?;
    let flows = starts.in_parts(seconds, width, count);
    let with_length = |(number, flows): (usize, u64)| {
        let start = number as i64 * width;
        piece(start, flows, if number + 1 == count { span - start } else { width })
    };
    Some(flows.into_iter().enumerate().map(with_length).collect())
}

/// The end of each piece, seconds after the begin of the record.
fn ends(pieces: &[Piece], span: i64) -> impl Iterator<Item = i64> + '_ {
    pieces.iter().skip(1).map(|piece| piece.start_s as i64).chain([span])
}

fn steady_chance(pieces: &[Piece], mean_per_s: f64, span: i64) -> f64 {
    let off = |(piece, end): (&Piece, i64)| {
        let expected = mean_per_s * (end - piece.start_s as i64) as f64;
        (piece.flows as f64 - expected) * (piece.flows as f64 - expected) / expected
    };
    let statistic: f64 = pieces.iter().zip(ends(pieces, span)).map(off).sum();
    ChiSquared::new((pieces.len() - 1) as f64).map_or(1.0, |law| law.sf(statistic))
}

fn dispersion(starts: &Counts, seconds: &Range<i64>, width: i64, pieces: &[Piece]) -> Dispersion {
    let windows = whole_windows(seconds, width);
    let counts = starts.in_windows(seconds, width);
    // Whole numbers, so that their order does not matter.
    let (sum, squares) = counts.iter().fold((0u128, 0u128), |(sum, squares), count| {
        (sum + u128::from(*count), squares + u128::from(*count) * u128::from(*count))
    });
    let enough = windows >= 2 && sum > 0;
    let recorded = enough.then(|| {
        let (windows, sum) = (windows as f64, sum as f64);
        let variance = (squares as f64 - sum * sum / windows) / (windows - 1.0);
        variance / (sum / windows)
    });
    let fitted = enough.then(|| 1.0 + excess(pieces, seconds.end - seconds.start, windows, width));
    Dispersion { window_s: width as u64, windows: windows as u64, recorded, fitted }
}

/// Variance of the expected counts in windows, over their mean: what a rate that varies adds to the dispersion.
fn excess(pieces: &[Piece], span: i64, windows: i64, width: i64) -> f64 {
    if pieces.len() == 1 {
        return 0.0;
    }
    let ends: Vec<i64> = ends(pieces, span).collect();
    let mut at = 0;
    let (mut sum, mut squares) = (0.0, 0.0);
    for window in 0..windows {
        let (mut from, to) = (window * width, (window + 1) * width);
        let mut expected = 0.0;
        while from < to {
            let until = ends[at].min(to);
            expected += pieces[at].per_s * (until - from) as f64;
            from = until;
            at = if until == ends[at] { (at + 1).min(pieces.len() - 1) } else { at };
        }
        sum += expected;
        squares += expected * expected;
    }
    let count = windows as f64;
    ((squares - sum * sum / count) / (count - 1.0)).max(0.0) / (sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn counts(starts_us: impl Iterator<Item = i64>) -> Counts {
        let mut counts = Counts::default();
        starts_us.for_each(|start| counts.add(start));
        counts
    }

    fn fitted(counts: &Counts) -> FittedArrivals {
        let seconds = Counts::seconds(std::iter::once(counts)).unwrap();
        FittedArrivals::of(counts, &seconds, &[SimDuration::from_secs_f64(65.0)])
    }

    /// Starts of a Poisson process of so many a second, thinned to `share` at each second.
    fn poisson(seed: u64, per_s: f64, seconds: i64, share: impl Fn(i64) -> f64) -> Counts {
        let mut stream = Stream::new(seed, 0, Purpose::Arrivals, 0);
        let (mut now, mut starts) = (0.0, Vec::new());
        while now < seconds as f64 {
            if stream.uniform() < share(now as i64) {
                starts.push((now * 1e6) as i64);
            }
            now += stream.exponential() / per_s;
        }
        counts(starts.into_iter())
    }

    /// Four windows of 10 s with 4, 0, 2 and 2 flows: mean 2, variance (4 + 4) / 3.
    #[test]
    fn dispersion_is_the_variance_of_the_counts_over_their_mean() {
        let second = |second: i64| second * 1_000_000;
        let starts = [0, 1, 1, 9, 20, 21, 30, 39].map(second);
        let found = fitted(&counts(starts.into_iter())).dispersion;
        let of = |window: u64| found.iter().find(|each| each.window_s == window).unwrap();
        assert_eq!(of(10).windows, 4);
        assert!((of(10).recorded.unwrap() - 8.0 / 3.0 / 2.0).abs() < 1e-12);
        assert_eq!((of(65).windows, of(65).recorded, of(300).fitted), (0, None, None));
    }

    /// The level of the test is 5 %: of 200 steady processes 10 are doubted on average, and 3 to 20 with more than 99.7 %.
    #[test]
    fn a_steady_rate_is_doubted_as_often_as_the_test_says() {
        let doubted =
            (0..200).filter(|seed| fitted(&poisson(*seed, 5.0, 3_600, |_| 1.0)).pieces.len() > 1).count();
        assert!((3..=20).contains(&doubted), "{doubted}");
    }

    /// The dispersion of Poisson counts is 1; over 3,600 windows of 1 s its standard error is 0.024.
    #[test]
    fn counts_of_a_poisson_process_have_dispersion_1() {
        let found = fitted(&poisson(7, 5.0, 3_600, |_| 1.0)).dispersion[0];
        assert!((found.recorded.unwrap() - 1.0).abs() < 4.0 * 0.024, "{found:?}");
    }

    /// A rate that halves after half an hour: what the pieces say of the dispersion is what was recorded, 5 % of a window's worth apart.
    #[test]
    fn a_rate_that_changes_is_followed() {
        let found = fitted(&poisson(3, 20.0, 3_600, |second| if second < 1_800 { 1.0 } else { 0.5 }));
        assert!(found.steady_chance.unwrap() < 1e-9 && found.pieces.len() == 60, "{found:?}");
        let mean =
            |pieces: &[Piece]| pieces.iter().map(|piece| piece.per_s).sum::<f64>() / pieces.len() as f64;
        // Half an hour of 20 a second: the standard error is 0.11.
        assert!((mean(&found.pieces[..30]) - 20.0).abs() < 0.33, "{found:?}");
        assert!((mean(&found.pieces[30..]) - 10.0).abs() < 0.24, "{found:?}");
        // Windows of 65 s with 1,300 or 650 expected: 1 + 325 x 325 / 975.
        let of_65 = found.dispersion.iter().find(|each| each.window_s == 65).unwrap();
        assert!((of_65.fitted.unwrap() / 109.3 - 1.0).abs() < 0.1, "{of_65:?}");
        assert!((of_65.recorded.unwrap() / of_65.fitted.unwrap() - 1.0).abs() < 0.1, "{of_65:?}");
    }

    /// Batches of 10 have dispersion 10 in every window, which no rate over time explains.
    #[test]
    fn bursts_show_beside_the_fit() {
        let single = poisson(5, 1.0, 7_200, |_| 1.0);
        let mut batches = Counts::default();
        for (second, flows) in single.in_parts(&(0..7_200), 1, 7_200).into_iter().enumerate() {
            (0..10 * flows).for_each(|_| batches.add(second as i64 * 1_000_000));
        }
        let found = fitted(&batches);
        let first = found.dispersion[0];
        assert!((first.recorded.unwrap() - 10.0).abs() < 0.8, "{first:?}");
        assert!(first.fitted.unwrap() < 1.6, "{first:?}");
    }
}
