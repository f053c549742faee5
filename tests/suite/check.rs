//! Running scenarios from tests.

use snatsim::experiment::results::{RatioEstimate, Results};
use snatsim::experiment::{self, Control};
use snatsim::scenario::{Scenario, read};
use snatsim::simulation::Sharding;
use std::sync::atomic::AtomicUsize;

/// The scenario of a text, with keys set.
pub fn scenario(text: &str, set: &[(&str, &str)]) -> Scenario {
    let set: Vec<(String, String)> =
        set.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect();
    read("test.toml", text, &set).unwrap_or_else(|error| panic!("{error}"))
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
    assert!(
        (estimate - expected).abs() <= 3.29 * error,
        "{estimate} against {expected}, standard error {error}"
    );
    let half_width = (found.high - found.low) / 2.0;
    assert!(half_width <= widest * expected, "half-width {half_width} is too wide to judge {expected}");
}
