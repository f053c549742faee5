//! The Pareto law and its bounded form.

/// Inverse of the (bounded) Pareto law; also for `alpha` of at most 0, which length-biasing can give.
pub(super) fn draw(least: f64, alpha: f64, most: Option<f64>, uniform: f64) -> f64 {
    match most {
        None => least * libm::pow(1.0 - uniform, -1.0 / alpha),
        Some(most) if alpha == 0.0 => least * libm::pow(most / least, uniform),
        Some(most) => {
            let cut = libm::pow(least / most, alpha);
            least * libm::pow(1.0 - uniform * (1.0 - cut), -1.0 / alpha)
        }
    }
}

/// Mean; infinite for a tail exponent of at most 1 and no largest value.
pub(super) fn mean(least: f64, alpha: f64, most: Option<f64>) -> f64 {
    match most {
        None if alpha <= 1.0 => f64::INFINITY,
        None => least * alpha / (alpha - 1.0),
        Some(most) => {
            let kept = 1.0 - libm::pow(least / most, alpha);
            let integral = if alpha == 1.0 {
                libm::log(most / least) * least
            } else {
                alpha * least / (alpha - 1.0) * (1.0 - libm::pow(least / most, alpha - 1.0))
            };
            integral / kept
        }
    }
}
