//! Theory of bursty, varying and limited traffic: exact values that the simulator must reproduce through the scenario
//! interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use snatsim::experiment::results::Results;

/// One row of `ports` ports; clients that are refused go away.
pub fn one_row(ports: &str, arrivals: &str, lifetime: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = {ports}\n[[workload]]\narrivals.{arrivals}\nlifetime.{lifetime}\n\
         syn = \"none\"\n[run]\nreplications = 20\n"
    )
}

pub const EXPONENTIAL: &str = "exponential = { mean = \"1s\" }";

/// The share of time without a free port, and the mean ports taken, of 20 runs with a seed each.
pub fn time_and_ports(text: &str, set: &[(&str, &str)]) -> (Sample, Sample) {
    let runs: Vec<Results> = (1..=20)
        .map(|seed: u32| {
            let seed = seed.to_string();
            run(text, &[set, &[("run.replications", "1"), ("run.seed", &seed)]].concat())
        })
        .collect();
    (
        Sample::of(&runs, |run| run.occupancy.full_time_ratio),
        Sample::of(&runs, |run| run.occupancy_ports.mean),
    )
}

#[test]
fn o_in2_evenly_spaced_attempts_fail_less() {
    let text = one_row("20", "renewal = { gap.constant = { value = \"55555556ns\" } }", EXPONENTIAL);
    let set = [("run.warm_up", "30s"), ("run.duration", "600s")];
    assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.0630662666583, 0.05);
    let even = text
        .replace("renewal = { gap.constant = { value = \"55555556ns\" } }", "even = { rate = \"18 per s\" }");
    assert_agrees(&run(&even, &set).first_attempt_failure_ratio, 0.0630662666583, 0.05);
}

#[test]
fn o_in3_bursty_renewal_attempts_fail_more() {
    let arrivals = "renewal = { gap.hyperexponential = { mean = \"62.5ms\", cv2 = 4.0 } }";
    let set = [("run.warm_up", "30s"), ("run.duration", "600s")];
    let results = run(&one_row("20", arrivals, EXPONENTIAL), &set);
    assert_agrees(&results.first_attempt_failure_ratio, 0.13069760333, 0.05);
}

/// A renewal process is met at a random instant: its rate is right from the first moment on.
#[test]
fn renewal_arrivals_start_in_the_middle_of_a_gap() {
    let arrivals = "renewal = { gap.two_point = { branches = [[9, \"1s\"], [1, \"91s\"]] } }";
    let text = one_row("\"unlimited\"", arrivals, EXPONENTIAL);
    let set = [("run.warm_up", "0s"), ("run.duration", "5s"), ("run.replications", "20000")];
    let flows = run(&text, &set).totals.flows as f64;
    // 0.1 per s for 5 s, 20,000 times; counts of one replication are at most 5.
    assert!((flows - 10_000.0).abs() < 3.29 * (20_000.0f64 * 0.5 * 5.0).sqrt(), "{flows}");
}

#[test]
fn o_ba1_geometric_batches() {
    let text = one_row("64", "batch = { rate = \"10 per s\", size.geometric = { mean = 5.0 } }", EXPONENTIAL);
    let set = [("run.warm_up", "20s"), ("run.duration", "400s")];
    assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.105867851564, 0.05);
    let (full, _) = time_and_ports(&text, &set);
    full.assert_agrees(0.0172986685562, 0.05);
}

#[test]
fn o_ba2_batches_of_ten_in_part_or_whole() {
    let text = one_row("64", "batch = { rate = \"5 per s\", size.constant = 10 }", EXPONENTIAL);
    let set = [("run.warm_up", "20s"), ("run.duration", "400s")];
    assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.115824090267, 0.05);
    let whole = [&set[..], &[("workload.0.arrivals.batch.accept", "whole")]].concat();
    let results = run(&text, &whole);
    assert_agrees(&results.first_attempt_failure_ratio, 0.148802341603, 0.05);
    assert_eq!(results.totals.snat_failures % 10, 0, "batches fail whole");
}

/// A batch over two destinations is refused whole when one of its rows lacks room.
#[test]
fn whole_batches_need_room_in_every_row() {
    let text =
        one_row("64", "batch = { rate = \"20 per s\", size.constant = 8, accept = \"whole\" }", EXPONENTIAL)
            .replace(
                "[[workload]]",
                "[[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[workload]]\n\
                                  destinations = { a = 9, b = 1 }",
            );
    let results = run(&text, &[("run.warm_up", "20s"), ("run.duration", "100s"), ("run.replications", "4")]);
    assert!(results.totals.snat_failures > 0);
    assert_eq!((results.totals.attempts % 8, results.totals.snat_failures % 8), (0, 0));
    let failures = &results.failures_by_destination;
    assert!(failures.iter().all(|each| each.snat_failures > 0), "{failures:?}");
    assert_eq!(results.occupancy_by_pool.len(), 1);
}

/// Nothing returns within the burst.
fn burst(ports: u32, arrivals: &str, duration: &str, replications: &str) -> Results {
    let text = one_row(&ports.to_string(), arrivals, "constant = { value = \"1000s\" }");
    run(&text, &[("run.warm_up", "0s"), ("run.duration", duration), ("run.replications", replications)])
}

fn assert_no_failure(results: &Results, expected: f64) {
    Sample::share(results.replications_without_failure, results.replications).assert_agrees(expected, 0.05);
}

#[test]
fn o_pw1_poisson_burst() {
    let results = burst(1024, "poisson = { rate = \"100 per s\" }", "10s", "12000");
    assert_no_failure(&results, 0.781384054908);
    assert_agrees(&results.failure_ratio, 0.00412099792502, 0.05);
}

#[test]
fn o_pw2_poisson_burst() {
    let results = burst(1024, "poisson = { rate = \"34 per s\" }", "30s", "6000");
    assert_no_failure(&results, 0.558044184884);
    assert_agrees(&results.failure_ratio, 0.0106355086481, 0.05);
}

/// The full count is for `tests/statistics`; here the interval is wider.
#[test]
fn o_pw3_poisson_burst_on_a_gateway() {
    let (replications, widest) = if full_counts() { ("14000", 0.05) } else { ("400", 0.3) };
    let results = burst(64_512, "poisson = { rate = \"1072 per s\" }", "60s", replications);
    Sample::share(results.replications_without_failure, results.replications)
        .assert_agrees(0.77616540328, widest);
    assert_agrees(&results.failure_ratio, 0.000511501128903, widest);
}

#[test]
fn o_pw4_batch_burst() {
    let results =
        burst(1024, "batch = { rate = \"20 per s\", size.geometric = { mean = 5.0 } }", "10s", "2500");
    assert_no_failure(&results, 0.610331771819);
}
