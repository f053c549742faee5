//! MSER-5: how much of the beginning of a series to delete.
//!
//! K. P. White, Simulation 69 (1997): of all beginnings, the one without which the mean of the rest, by batches of
//! five, is known best.

/// Observations a batch.
const BATCH: usize = 5;

/// At least so many batches are left: fewer look constant by chance. (Hoad, Robinson and Davies, 2010, leave five; of
/// forty independent batches these win against all of them one time in fifty, ten one time in two hundred.)
const FEWEST_LEFT: usize = 10;

/// Observations of the shortest series that says anything: the beginning may be half of it.
pub const SHORTEST: usize = 2 * FEWEST_LEFT * BATCH;

/// A beginning to delete.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Truncation {
    /// Observations to delete.
    pub delete: usize,
    /// Squared deviations of the batches left, over the square of their number.
    pub statistic: f64,
}

/// The beginning of `series` to delete; none if that is more than half of it, or if the series is too short to say.
pub fn mser5(series: &[f64]) -> Option<Truncation> {
    let batches: Vec<f64> =
        series.chunks_exact(BATCH).map(|batch| batch.iter().sum::<f64>() / BATCH as f64).collect();
    let (mut left, mut mean, mut squares) = (0.0, 0.0, 0.0);
    let mut best: Option<Truncation> = None;
    for (deleted, batch) in batches.iter().enumerate().rev() {
        left += 1.0;
        let change = batch - mean;
        mean += change / left;
        squares += change * (batch - mean);
        let found = Truncation { delete: deleted * BATCH, statistic: squares / (left * left) };
        let better = best.is_none_or(|best| found.statistic <= best.statistic);
        if better && left >= FEWEST_LEFT as f64 {
            best = Some(found);
        }
    }
    best.filter(|best| series.len() >= SHORTEST && best.delete / BATCH <= batches.len() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle O-ST2.
    #[test]
    fn the_series_of_the_oracle_loses_forty_observations() {
        let value = |i: i32| 100.0 * 0.9f64.powi(i) + f64::from(7919 * i % 13);
        let series: Vec<f64> = (0..600).map(value).collect();
        let found = mser5(&series).unwrap();
        assert_eq!(found.delete, 40);
        assert!((found.statistic / 0.0107058643663 - 1.0).abs() < 1e-9, "{}", found.statistic);
    }

    #[test]
    fn a_series_that_never_settles_is_refused() {
        let rising: Vec<f64> = (0..600).map(f64::from).collect();
        assert_eq!(mser5(&rising), None);
        let late: Vec<f64> = (0..600).map(|i| if i < 400 { f64::from(i % 7) } else { 50.0 }).collect();
        assert_eq!(mser5(&late), None);
    }

    #[test]
    fn a_series_without_a_beginning_is_kept_whole() {
        assert_eq!(mser5(&[3.0; 600]), Some(Truncation { delete: 0, statistic: 0.0 }));
        assert_eq!(mser5(&[3.0; SHORTEST - 1]), None, "too short to say");
    }
}
