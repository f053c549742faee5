//! Theory of clients that try again: exact values that the simulator must reproduce through the scenario interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use snatsim::experiment::results::{EstimateKind, Results};

/// One row of `ports` ports, holds of mean 1 s.
fn retrial(ports: u32, rate: &str, orbit: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = {ports}\n[[workload]]\narrivals.poisson = {{ rate = \"{rate}\" }}\n\
         lifetime.exponential = {{ mean = \"1s\" }}\nsyn = \"none\"\nretry.orbit = {{ {orbit} }}\n[run]\nreplications = 1\n"
    )
}

/// Independent runs, a seed each.
fn runs(text: &str, count: u32, duration: &str) -> Vec<Results> {
    let run = |seed: u32| {
        let seed = seed.to_string();
        run(text, &[("run.seed", &seed), ("run.duration", duration), ("run.warm_up", "300s")])
    };
    (1..=count).map(run).collect()
}

fn first_failures(results: &Results) -> f64 {
    results.first_attempt_failure_ratio.estimate.unwrap_or(0.0)
}

fn waiting(results: &Results) -> f64 {
    results.retries.as_ref().expect("somebody retries").waiting_mean
}

fn retry_failures(results: &Results) -> f64 {
    let first_attempts = results.totals.requests as f64;
    let first = first_failures(results) * first_attempts;
    (results.totals.snat_failures as f64 - first) / (results.totals.attempts as f64 - first_attempts)
}

#[test]
fn o_re1_one_port_and_persistent_clients() {
    let duration = if full_counts() { "20000s" } else { "6000s" };
    let widest = if full_counts() { 0.02 } else { 0.04 };
    let runs = runs(&retrial(1, "0.5 per s", "rate = \"1 per s\""), 20, duration);
    Sample::of(&runs, first_failures).assert_agrees(0.5, widest);
    Sample::of(&runs, waiting).assert_agrees(1.0, 2.5 * widest);
    Sample::of(&runs, |run| run.retry_amplification).assert_agrees(3.0, 2.0 * widest);
    assert!(runs.iter().all(|run| run.totals.request_failures == 0 && run.totals.unresolved == 0));
}

#[test]
fn o_re2_twenty_ports_and_persistent_clients() {
    let (count, widest) = if full_counts() { (60, 0.05) } else { (20, 0.1) };
    let runs = runs(&retrial(20, "17 per s", "rate = \"0.5 per s\""), count, "4000s");
    Sample::of(&runs, first_failures).assert_agrees(0.198526302203, widest);
    Sample::of(&runs, waiting).assert_agrees(9.7307545871, 1.5 * widest);
    Sample::of(&runs, |run| run.retry_amplification).assert_agrees(1.28619866433, widest);
    Sample::of(&runs, retry_failures).assert_agrees(0.306333931816, widest);
    Sample::of(&runs, |run| run.occupancy_ports.mean).assert_agrees(17.0, widest);
}

#[test]
fn o_re3_clients_that_lose_patience() {
    let (count, widest) = if full_counts() { (60, 0.05) } else { (20, 0.1) };
    let orbit = "rate = \"1 per s\", first_persistence = 1.0, persistence = 0.8";
    let runs = runs(&retrial(64, "60 per s", orbit), count, "1000s");
    Sample::of(&runs, first_failures).assert_agrees(0.167518025997, widest);
    let lost = |run: &Results| run.request_failure_ratio.estimate.unwrap_or(0.0);
    Sample::of(&runs, lost).assert_agrees(0.0115376581988, 1.5 * widest);
    Sample::of(&runs, |run| run.retry_amplification).assert_agrees(1.21366865879, widest);
    let refused = |run: &Results| run.failure_ratio.estimate.unwrap_or(0.0);
    Sample::of(&runs, refused).assert_agrees(0.185558319694, widest);
    Sample::of(&runs, waiting).assert_agrees(12.8201195275, 1.5 * widest);
}

/// O-RE4: tries fail apart from one another with probability p; a row that no try can change has that probability.
#[test]
fn o_re4_failures_apart_from_one_another() {
    for (refused, expected) in [(0.5f64, 1.96875), (0.9, 4.68559)] {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n[[workload]]\n\
             arrivals.poisson = {{ rate = \"100 per s\" }}\nlifetime = \"1s\"\nsyn = \"none\"\n\
             ends = {{ fin = {:.1}, refused = {refused} }}\n\
             retry = {{ attempts = 6, backoff = {{ base = \"100ms\", cap = \"10s\", jitter = \"full\" }} }}\n\
             [run]\nreplications = 1\n",
            1.0 - refused
        );
        let runs = runs(&text, 20, "200s");
        Sample::of(&runs, |run| run.retry_amplification).assert_agrees(expected, 0.02);
        let lost = |run: &Results| run.request_failure_ratio.estimate.unwrap_or(0.0);
        Sample::of(&runs, lost).assert_agrees(refused.powi(6), 0.05);
    }
}

#[test]
fn o_db4_a_burst_that_is_sent_again() {
    for (hold_down, attempts, refused, lost, longest) in
        [("0s", 2452, 952, 0, 3.0), ("16s", 3880, 2380, 0, 31.0), ("65s", 4356, 3332, 476, 0.0)]
    {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = 1024\nhold_down = \"{hold_down}\"\n[[workload]]\n\
             arrivals.burst = {{ flows = 1500 }}\nlifetime = \"2s\"\nsyn = \"linux-classic\"\n[run]\nreplications = 1\n"
        );
        let results = run(&text, &[]);
        let totals = &results.totals;
        assert_eq!((totals.attempts, totals.snat_failures), (attempts, refused), "{hold_down}");
        assert_eq!((totals.connection_failures, totals.request_failures), (lost, lost), "{hold_down}");
        assert_eq!(results.connect_delay_s.max, longest, "{hold_down}");
    }
}

/// The same burst, by an application that starts anew when its client has given up.
#[test]
fn a_retry_begins_when_connecting_was_given_up() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 10\n[[workload]]\narrivals.burst = { flows = 30 }\nlifetime = \"20s\"\n\
                syn = [\"1s\", \"2s\"]\nconnect_timeout = \"10s\"\n\
                retry = { attempts = 3, backoff = { base = \"15s\", cap = \"15s\" } }\n[run]\nreplications = 1\n";
    let totals = run(text, &[]).totals;
    // SYNs at 0, 1, 3 s; then at 25, 26, 28 s, when the first ten have left; then at 50, 51, 53 s.
    assert_eq!((totals.attempts, totals.snat_failures), (10 + 3 * 20 + 10 + 3 * 10 + 10, 3 * 20 + 3 * 10));
    assert_eq!((totals.flows, totals.connection_failures), (30 + 20 + 10, 20 + 10));
    assert_eq!((totals.requests, totals.request_failures), (30, 0));
}

#[test]
fn a_budget_bounds_what_retries_add() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 1\nhold_down = \"1h\"\n[[workload]]\n\
                arrivals.poisson = { rate = \"50 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n\
                retry = { attempts = 50, backoff = { base = \"100ms\", cap = \"100ms\" }, budget = { ratio = 0.2 } }\n\
                [run]\nreplications = 1\nduration = \"600s\"\nwarm_up = \"20s\"\n";
    let results = run(text, &[]);
    assert!((results.retry_amplification - 1.2).abs() < 0.005, "{}", results.retry_amplification);
    let retries = results.retries.expect("somebody retries");
    assert!(retries.refused_by_budget >= results.totals.requests - 10);
}

/// An overloaded orbit never empties: the run ends all the same, and says so.
#[test]
fn a_backlog_that_grows_for_ever_is_told() {
    let results = run(&retrial(1, "2 per s", "rate = \"1 per s\""), &[("run.duration", "100s")]);
    assert!(results.totals.unresolved > 50, "{:?}", results.totals);
    assert!(results.warnings.iter().any(|warning| warning.contains("the backlog grows")));
    assert_eq!(results.request_failure_ratio.kind, EstimateKind::UpperBound);
    let text = "[outbound]\nmodel = \"custom\"\nports = 1\n[[destination]]\nname = \"denied\"\nreach = \"blocked\"\n[[workload]]\n\
                arrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\nretry.orbit = { rate = \"1 per s\" }\n";
    let denied = run(text, &[("run.duration", "60s"), ("run.replications", "2")]);
    assert_eq!(denied.totals.requests, 0);
    assert!(denied.totals.unresolved > 60);
}

/// Without a retry that succeeds, persistence changes nothing for the device.
#[test]
fn one_attempt_is_no_retry() {
    let text = retrial(20, "17 per s", "rate = \"0.5 per s\", first_persistence = 0.0");
    let results = run(&text, &[("run.duration", "2000s"), ("run.replications", "20")]);
    assert_agrees(&results.first_attempt_failure_ratio, 0.0858603317929, 0.05);
    assert_eq!(results.retry_amplification, 1.0);
}
