//! Theory of load that varies with time: exact values that the simulator must reproduce through the scenario
//! interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use crate::oracles_traffic::{EXPONENTIAL, one_row};
use snatsim::experiment::results::Results;

const UNLIMITED: &str = "\"unlimited\"";

/// Replications of a run on ports without a limit, each instant of `probes` with its `above`.
fn probed(
    arrivals: &str,
    lifetime: &str,
    probes: &[(&str, u64)],
    warm_up: &str,
    replications: &str,
) -> Results {
    let mut text = one_row(UNLIMITED, arrivals, lifetime);
    for (at, above) in probes {
        text += &format!("[[probe]]\nat = \"{at}\"\nabove = {above}\n");
    }
    let set = [("run.warm_up", warm_up), ("run.duration", "600s"), ("run.replications", replications)];
    run(&text, &set)
}

fn assert_mean(results: &Results, probe: usize, expected: f64) {
    let figures = &results.probes[probe];
    let variance = figures.variance.expect("more than one replication");
    Sample::known(figures.mean, variance, f64::from(results.replications)).assert_agrees(expected, 0.02);
    // Poisson: the variance is the mean; its own error is that of the variance of a normal law.
    let error = expected * (2.0 / f64::from(results.replications)).sqrt();
    assert!((variance - expected).abs() < 3.29 * error, "variance {variance} of mean {expected}");
}

fn assert_share(results: &Results, probe: usize, expected: f64, widest: f64) {
    let found = results.probes[probe].share_above.expect("it was asked about");
    Sample::share_expecting(found, expected, f64::from(results.replications)).assert_agrees(expected, widest);
}

const SWINGING: &str = "sinusoid = { mean = \"20 per s\", amplitude = \"12 per s\", period = \"600s\" }";

#[test]
fn o_tv1_swinging_rate_exponential_occupation() {
    let probes = [("207.206997594s", 1_800), ("300s", 0)];
    let results = probed(SWINGING, "exponential = { mean = \"65.2s\" }", &probes, "800s", "400");
    assert_mean(&results, 0, 1950.15303512);
    assert_mean(&results, 1, 1668.34947595);
    assert_share(&results, 0, 0.999697994786, 0.02);
}

#[test]
fn o_tv2_swinging_rate_fixed_occupation() {
    let probes = [("182.6s", 1_800)];
    let results = probed(SWINGING, "constant = { value = \"65.2s\" }", &probes, "66s", "400");
    assert_mean(&results, 0, 2071.29088796);
    assert_share(&results, 0, 0.999999999412, 0.02);
}

/// The full count is for `tests/statistics`; here the interval of the share is wider.
#[test]
fn o_tv3_flash_crowd() {
    let (replications, widest) = if full_counts() { ("24000", 0.02) } else { ("2000", 0.07) };
    let arrivals =
        "piecewise = { points = [[\"0s\", \"40 per s\"], [\"30s\", \"5 per s\"]], before = \"5 per s\" }";
    let probes = [("0s", 0), ("30s", 1_400), ("67s", 1_400), ("80s", 0)];
    let results = probed(arrivals, "constant = { value = \"67s\" }", &probes, "68s", replications);
    for (probe, expected) in [335.0, 1385.0, 1385.0, 930.0].into_iter().enumerate() {
        assert_mean(&results, probe, expected);
    }
    assert_share(&results, 1, 0.337173560999, widest);
    assert_share(&results, 2, 0.337173560999, widest);
}

fn mean_failures(results: &Results) -> Sample {
    let mut of_each = vec![0.0; results.replications as usize];
    for window in &results.windows {
        of_each[window.replication as usize] += window.snat_failures as f64;
    }
    Sample::of_values(&of_each)
}

#[test]
fn o_tv4_swinging_rate_with_losses() {
    let arrivals = "sinusoid = { mean = \"50 per s\", amplitude = \"30 per s\", period = \"20s\" }";
    let set = [("run.warm_up", "0s"), ("run.duration", "100s"), ("run.replications", "400")];
    let results = run(&one_row("64", arrivals, EXPONENTIAL), &set);
    Sample::known(results.totals.flows as f64 / 400.0, 5_000.0, 400.0).assert_agrees(5_000.0, 0.02);
    mean_failures(&results).assert_agrees(507.049355514, 0.02);
    assert_agrees(&results.first_attempt_failure_ratio, 0.101409871103, 0.02);
}

#[test]
fn o_tv5_step_burst_on_a_loaded_pool() {
    let arrivals =
        "piecewise = { points = [[\"0s\", \"100 per s\"], [\"3s\", \"40 per s\"]], before = \"40 per s\" }";
    let set = [("run.warm_up", "30s"), ("run.duration", "13s"), ("run.replications", "1000")];
    let results = run(&one_row("64", arrivals, EXPONENTIAL), &set);
    Sample::known(results.totals.flows as f64 / 1000.0, 700.0, 1000.0).assert_agrees(700.0, 0.02);
    mean_failures(&results).assert_agrees(97.0527418319, 0.02);
}

/// From 0 to 40 per s over 10 s is 200 flows, 50 of them in the first half.
#[test]
fn a_rate_may_rise_along_a_line() {
    let arrivals =
        "piecewise = { points = [[\"0s\", \"0 per s\"], [\"10s\", \"40 per s\"]], between = \"linear\" }";
    let text = one_row("\"unlimited\"", arrivals, EXPONENTIAL);
    let set = [("run.warm_up", "0s"), ("run.replications", "1000")];
    for (duration, expected) in [("5s", 50.0), ("10s", 200.0), ("15s", 400.0)] {
        let flows = run(&text, &[&set[..], &[("run.duration", duration)]].concat()).totals.flows;
        Sample::known(flows as f64 / 1000.0, expected, 1000.0).assert_agrees(expected, 0.02);
    }
}

/// The same law by another way: 5 per s times 8, then back.
#[test]
fn a_multiplied_rate_is_that_of_the_points() {
    let arrivals = "poisson = { rate = \"5 per s\" }\nrate_over_time = { points = [[\"0s\", 8], [\"30s\", 1]], before = 1 }";
    let probes = [("0s", 0), ("30s", 0), ("67s", 0), ("80s", 0)];
    let results = probed(arrivals, "constant = { value = \"67s\" }", &probes, "68s", "400");
    for (probe, expected) in [335.0, 1385.0, 1385.0, 930.0].into_iter().enumerate() {
        assert_mean(&results, probe, expected);
    }
}

/// Flows in `duration` of 4,000 runs that begin at time 0, as mean and as variance over mean.
fn flows(arrivals: &str, duration: &str) -> (Sample, f64) {
    let text = one_row(UNLIMITED, arrivals, "constant = { value = \"1ms\" }");
    let set = [("run.warm_up", "0s"), ("run.duration", duration), ("run.replications", "4000")];
    let mut flows = vec![0.0; 4_000];
    for window in run(&text, &set).windows {
        flows[window.replication as usize] += window.attempts as f64;
    }
    let mean = flows.iter().sum::<f64>() / 4_000.0;
    let variance = flows.iter().map(|flows| (flows - mean).powi(2)).sum::<f64>() / 3_999.0;
    (Sample::of_values(&flows), variance / mean)
}

/// A factor from 0 to 2 over 10 s: its integral over 5 s is 2.5, over 20 s is 30; a swing of 20 s under it adds
/// (2/10) x integral of t sin(2 pi t / 20) from 0 to 10 = (2/10) x 10 x 20 / (2 pi), times its amplitude.
#[test]
fn every_rate_can_be_multiplied() {
    let rising = "\nrate_over_time = { points = [[\"0s\", 0], [\"10s\", 2]], between = \"linear\" }";
    let swing = 5.0 * 2.0 * 20.0 / std::f64::consts::TAU;
    for (arrivals, duration, mean, index) in [
        ("poisson = { rate = \"10 per s\" }", "5s", 25.0, 1.0),
        ("poisson = { rate = \"10 per s\" }", "20s", 300.0, 1.0),
        ("batch = { rate = \"2 per s\", size.constant = 5 }", "20s", 300.0, 5.0),
        (
            "mmpp = { rates = [\"5 per s\", \"20 per s\"], mean_stay = [\"10ms\", \"5ms\"] }",
            "20s",
            300.0,
            1.0,
        ),
        (
            "sinusoid = { mean = \"10 per s\", amplitude = \"5 per s\", period = \"20s\" }",
            "10s",
            100.0 + swing,
            1.0,
        ),
        (
            "piecewise = { points = [[\"0s\", \"10 per s\"], [\"5s\", \"20 per s\"]] }",
            "10s",
            25.0 + 150.0,
            1.0,
        ),
    ] {
        let (found, dispersion) = flows(&format!("{arrivals}{rising}"), duration);
        found.assert_agrees(mean, 0.02);
        // Of a variance over a mean of 4,000 counts: 2.2 % either way; fast phases add 1 % to Poisson's.
        assert!((dispersion / index - 1.0).abs() < 0.1, "{arrivals}: {dispersion}");
    }
}

/// After the last point nothing comes, and nothing is waited for.
#[test]
fn a_factor_of_0_ends_the_arrivals() {
    let until_5_s = "\nrate_over_time = { points = [[\"0s\", 1], [\"5s\", 0]] }";
    for arrivals in [
        "poisson = { rate = \"10 per s\" }",
        "batch = { rate = \"10 per s\", size.constant = 1 }",
        "mmpp = { rates = [\"5 per s\", \"20 per s\"], mean_stay = [\"10ms\", \"5ms\"] }",
        "sinusoid = { mean = \"10 per s\", amplitude = \"10 per s\", period = \"5s\" }",
        "piecewise = { points = [[\"0s\", \"10 per s\"]] }",
    ] {
        flows(&format!("{arrivals}{until_5_s}"), "20s").0.assert_agrees(50.0, 0.02);
    }
}

/// Shares of one replication come from spans that do not overlap. The full count is for `tests/statistics`; here the
/// interval of the share is wider.
#[test]
fn o_tv6_synchronised_clients_with_jitter() {
    let (replications, widest) = if full_counts() { ("64000", 0.05) } else { ("4000", 0.2) };
    let probes = ["15s", "25s", "35s", "45s", "55s"].map(|at| (at, 900));
    let arrivals = "burst = { flows = 5000, spread = \"60s\" }";
    let results = probed(arrivals, "constant = { value = \"10s\" }", &probes, "0s", replications);
    let count = f64::from(results.replications);
    let mut above = 0.0;
    for probe in &results.probes {
        Sample::known(probe.mean, probe.variance.unwrap(), count).assert_agrees(833.333333333, 0.05);
        above += probe.share_above.unwrap() / 5.0;
    }
    Sample::share_expecting(above, 0.00576017146772, 5.0 * count).assert_agrees(0.00576017146772, widest);
}

#[test]
fn o_tv7_filling_from_empty() {
    let poisson = "poisson = { rate = \"10 per s\" }";
    let probes = ["30s", "65.2s", "200s", "300.257096126s", "400s"].map(|at| (at, 0));
    for (lifetime, expected) in [
        (
            "exponential = { mean = \"65.2s\" }",
            [240.453562723, 412.142604356, 621.657180511, 0.99 * 652.0, 650.587903843],
        ),
        ("constant = { value = \"65.2s\" }", [300.0, 652.0, 652.0, 652.0, 652.0]),
    ] {
        let results = probed(poisson, lifetime, &probes, "0s", "400");
        expected.iter().enumerate().for_each(|(probe, mean)| assert_mean(&results, probe, *mean));
    }
}

/// Ports of all rows count, also of rows that run in other shards.
#[test]
fn a_probe_counts_the_ports_of_all_rows() {
    let text = one_row("300", "burst = { flows = 1000 }", "constant = { value = \"30s\" }").replace(
        "[[workload]]",
        "hold_down = \"60s\"\n[[node_pool]]\nname = \"user\"\nnodes = 3\n[[workload]]\npods = 3",
    ) + "[[probe]]\nat = \"0s\"\nabove = 899\n[[probe]]\nat = \"90s\"\n[[probe]]\nat = \"45s\"\nabove = 900\n";
    let results = run(&text, &[("run.duration", "90s"), ("run.replications", "2")]);
    let found: Vec<_> = results
        .probes
        .iter()
        .map(|probe| (probe.at_s, probe.mean, probe.variance, probe.share_above))
        .collect();
    let expected = [
        (0.0, 900.0, Some(0.0), Some(1.0)),
        (45.0, 900.0, Some(0.0), Some(0.0)),
        (90.0, 0.0, Some(0.0), None),
    ];
    assert_eq!(found, expected);
}
