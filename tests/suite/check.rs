//! Running scenarios from tests.

use snatsim::experiment::results::{RatioEstimate, Results};
use snatsim::experiment::{self, Control};
use snatsim::scenario::{Scenario, read};
use snatsim::simulation::Sharding;
use std::io::Write;
use std::sync::atomic::AtomicUsize;

/// The scenario of a text, with keys set.
pub fn scenario(text: &str, set: &[(&str, &str)]) -> Scenario {
    let set: Vec<(String, String)> =
        set.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    read("test.toml", text, &set).unwrap_or_else(|error| panic!("{error}"))
}

/// A scenario file in a folder of its own, and its path.
pub fn in_a_folder(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scenario.toml");
    std::fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap().to_string();
    (folder, name)
}

/// Runs on `threads` threads, cut as told; wall time left out.
pub fn run_cut(scenario: &Scenario, threads: usize, sharding: Sharding) -> Results {
    let stop = AtomicUsize::new(0);
    let control = Control { threads, progress: &|_, _| {}, stop: &stop, sharding };
    let results = experiment::run(scenario, &control).unwrap_or_else(|error| panic!("{error}"));
    Results { performance: None, ..results }
}

/// Runs a text with keys set.
pub fn run(text: &str, set: &[(&str, &str)]) -> Results {
    run_cut(&scenario(text, set), 0, Sharding::Smallest)
}

/// The pass rule of the oracles: within 3.29 standard errors, and a 95 % half-width of at most `widest` of the
/// expected value, so that a noisy run cannot pass.
pub fn assert_agrees(found: &RatioEstimate, expected: f64, widest: f64) {
    let estimate = found.estimate.expect("something failed");
    let error = found.standard_error.expect("more than one replication");
    let half_width = (found.high - found.low) / 2.0;
    report(estimate, error, half_width, expected);
    assert!(
        (estimate - expected).abs() <= 3.29 * error,
        "{estimate} against {expected}, standard error {error}"
    );
    assert!(half_width <= widest * expected, "half-width {half_width} is too wide to judge {expected}");
}

/// Whether `tests/statistics` asks for the full counts.
pub fn full_counts() -> bool {
    std::env::var_os("SNATSIM_FULL_COUNTS").is_some()
}

/// Independent values of one quantity: their mean, its standard error, and the half-width of its 95 % interval.
pub struct Sample {
    mean: f64,
    error: f64,
    half_width: f64,
}

impl Sample {
    /// One value a run; at least 20 runs, so that 2.1 is Student's quantile or above it.
    pub fn of(runs: &[Results], value: impl Fn(&Results) -> f64) -> Self {
        Self::of_values(&runs.iter().map(value).collect::<Vec<_>>())
    }

    /// The same of the values themselves.
    pub fn of_values(values: &[f64]) -> Self {
        let count = values.len() as f64;
        assert!(count >= 20.0);
        let mean = values.iter().sum::<f64>() / count;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self::known(mean, variance, count)
    }

    /// A share of independent replications.
    pub fn share(hits: u32, all: u32) -> Self {
        let mean = f64::from(hits) / f64::from(all);
        Self::known(mean, mean * (1.0 - mean), f64::from(all))
    }

    /// A share of `count` replications, judged by the spread that the expected share has: near 0 and 1 the found one
    /// may show none.
    pub fn share_expecting(found: f64, expected: f64, count: f64) -> Self {
        Self::known(found, expected * (1.0 - expected), count)
    }

    /// A mean and a variance over `count` replications.
    pub fn known(mean: f64, variance: f64, count: f64) -> Self {
        let error = (variance / count).sqrt();
        Self { mean, error, half_width: 2.1 * error }
    }

    /// The pass rule of the oracles, as [`assert_agrees`].
    pub fn assert_agrees(&self, expected: f64, widest: f64) {
        let Self { mean, error, half_width } = *self;
        report(mean, error, half_width, expected);
        assert!((mean - expected).abs() <= 3.29 * error, "{mean} against {expected}, standard error {error}");
        assert!(half_width <= widest * expected, "half-width {half_width} is too wide to judge {expected}");
    }
}

/// Seen with `--nocapture`; kept in the file that `tests/statistics` names, for its table.
fn report(estimate: f64, error: f64, half_width: f64, expected: f64) {
    let apart = (estimate - expected) / error;
    println!("{estimate:.6} against {expected:.6}: {apart:+.2} standard errors");
    let thread = std::thread::current();
    let test = thread.name().and_then(|name| name.rsplit("::").next()).expect("tests are named");
    let width = 100.0 * half_width / expected;
    let (expected, found) = (six_digits(expected), six_digits(estimate));
    keep_line("SNATSIM_ORACLE_LINES", &format!("{test}\t{expected}\t{found}\t{apart:+.2}\t{width:.2}\n"));
}

/// Adds a line to the file that a variable names, if it names one.
pub fn keep_line(variable: &str, line: &str) {
    if let Some(path) = std::env::var_os(variable) {
        // One write a line: several tests append at once.
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// With six digits from the first that is not 0.
fn six_digits(value: f64) -> String {
    let before_point = libm::log10(value.abs()).floor() as i32 + 1;
    format!("{value:.*}", usize::try_from(6 - before_point).unwrap_or(0))
}

#[test]
fn small_and_large_numbers_keep_six_digits() {
    let values = [0.000756812484744, 17.0, 597011.844998, 0.5, 1.0];
    assert_eq!(values.map(six_digits), ["0.000756812", "17.0000", "597012", "0.500000", "1.00000"]);
}
