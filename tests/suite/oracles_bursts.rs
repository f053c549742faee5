//! Theory of load that comes in phases: exact values that the simulator must reproduce through the scenario interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use crate::oracles_traffic::{EXPONENTIAL, one_row, time_and_ports};
use snatsim::experiment::results::Results;

/// Attempts of two phases with equal mean stays on 64 ports, of 20 runs of `duration`.
fn two_phases(mean_stay: &str, duration: &str) -> (Results, Sample, Sample) {
    let arrivals = format!(
        "mmpp = {{ rates = [\"80 per s\", \"20 per s\"], mean_stay = [\"{mean_stay}\", \"{mean_stay}\"] }}"
    );
    let text = one_row("64", &arrivals, EXPONENTIAL);
    let set = [("run.warm_up", "20s"), ("run.duration", duration)];
    let (full, ports) = time_and_ports(&text, &set);
    (run(&text, &set), full, ports)
}

#[test]
fn o_mm1_slow_modulation() {
    let (results, full, ports) = two_phases("10s", "6000s");
    assert_agrees(&results.first_attempt_failure_ratio, 0.170011502207, 0.05);
    full.assert_agrees(0.106502256566, 0.05);
    ports.assert_agrees(41.4994248896, 0.05);
}

#[test]
fn o_mm2_fast_modulation() {
    let (results, full, ports) = two_phases("500ms", "1000s");
    assert_agrees(&results.first_attempt_failure_ratio, 0.0702238308605, 0.05);
    full.assert_agrees(0.0457648023933, 0.05);
    ports.assert_agrees(46.488808457, 0.05);
}

/// The full count is for `tests/statistics`; here the interval is wider.
#[test]
fn o_mm3_two_phases_on_a_default_node() {
    let (duration, widest) = if full_counts() { ("200000s", 0.05) } else { ("20000s", 0.15) };
    let arrivals = "mmpp = { rates = [\"30 per s\", \"10 per s\"], mean_stay = [\"120s\", \"300s\"] }";
    let text = one_row("1024", arrivals, "exponential = { mean = \"65.2s\" }");
    let set = [("run.warm_up", "1000s"), ("run.duration", duration)];
    assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.223583299821, widest);
    let (full, ports) = time_and_ports(&text, &set);
    full.assert_agrees(0.117286840088, widest);
    ports.assert_agrees(795.494367669, widest);
}

/// The phase path is met at a random instant: the rate is right from the first moment on.
#[test]
fn phases_are_met_at_a_random_instant() {
    let arrivals =
        "mmpp = { rates = [\"6 per s\", \"0 per s\", \"2 per s\"], mean_stay = [\"10s\", \"20s\", \"30s\"] }";
    let text = one_row("\"unlimited\"", arrivals, EXPONENTIAL);
    let set = [("run.warm_up", "0s"), ("run.duration", "1s"), ("run.replications", "20000")];
    let flows = run(&text, &set).totals.flows as f64;
    // Variance of one count: its mean 2 and at most that of the rate, 1/6 x 36 + 1/2 x 4 - 4.
    assert!((flows - 40_000.0).abs() < 3.29 * (20_000.0f64 * 6.0).sqrt(), "{flows}");
}

/// Variance over mean of the flows in `duration`, of 20 groups of `replications / 20` runs.
fn dispersion(arrivals: &str, duration: &str, replications: usize) -> Sample {
    let text = one_row("\"unlimited\"", arrivals, "constant = { value = \"1ms\" }");
    let count = replications.to_string();
    let set = [("run.warm_up", "0s"), ("run.duration", duration), ("run.replications", &count)];
    let results = run(&text, &set);
    let mut flows = vec![0.0; replications];
    for window in &results.windows {
        flows[window.replication as usize] += window.attempts as f64;
    }
    let index = |group: &[f64]| {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        let squares: f64 = group.iter().map(|flows| (flows - mean).powi(2)).sum();
        squares / (group.len() - 1) as f64 / mean
    };
    Sample::of_values(&flows.chunks(replications / 20).map(index).collect::<Vec<_>>())
}

#[test]
fn o_ge1_dispersion_of_batches() {
    let arrivals = "batch = { rate = \"10 per s\", size.geometric = { mean = 5.0 } }";
    dispersion(arrivals, "10s", 8_000).assert_agrees(9.0, 0.05);
}

#[test]
fn o_ge1_dispersion_of_two_phases() {
    let arrivals = "mmpp = { rates = [\"30 per s\", \"10 per s\"], mean_stay = [\"120s\", \"300s\"] }";
    dispersion(arrivals, "10s", 8_000).assert_agrees(50.9854239213, 0.05);
    dispersion(arrivals, "65.2s", 8_000).assert_agrees(267.952340365, 0.05);
    if full_counts() {
        dispersion(arrivals, "240s", 6_000).assert_agrees(592.829333462, 0.05);
    }
}

/// The limit is for `tests/statistics`; here is the exact value for 100 s.
#[test]
fn o_ge1_dispersion_of_interrupted_arrivals() {
    let arrivals = "on_off = { on.exponential = { mean = \"2s\" }, off.exponential = { mean = \"8s\" }, rate = \"100 per s\" }";
    let turns = 100.0 * (1.0 / 2.0 + 1.0 / 8.0);
    let expected = 1.0 + 256.0 * (1.0 - (1.0 - f64::exp(-turns)) / turns);
    dispersion(arrivals, "100s", 6_000).assert_agrees(expected, 0.05);
    if full_counts() {
        dispersion(arrivals, "2000s", 6_000).assert_agrees(257.0, 0.05);
    }
}

/// On half of the time: a run that began with whole periods would be far off after 5 s, when none has ended.
#[test]
fn periods_with_heavy_tails_are_met_in_their_middle() {
    let arrivals = "on_off = { on.pareto = { mean = \"10s\", alpha = 1.5 }, off.constant = { value = \"10s\" }, rate = \"10 per s\" }";
    let text = one_row("\"unlimited\"", arrivals, "constant = { value = \"1ms\" }");
    let set =
        [("run.warm_up", "0s"), ("run.duration", "61s"), ("run.window", "1s"), ("run.replications", "20000")];
    let results = run(&text, &set);
    for second in [0.0, 5.0, 9.0, 20.0, 60.0] {
        let here = results.windows.iter().filter(|window| window.start_s == second);
        let mean = here.map(|window| window.attempts as f64).sum::<f64>() / 20_000.0;
        // Mean and variance of a Poisson count, and the variance of a rate of 0 or 10 per s.
        Sample::known(mean, 5.0 + 25.0, 20_000.0).assert_agrees(5.0, 0.02);
    }
}
