//! Theory of a fixed set of clients: exact values that the simulator must reproduce through the scenario interface.

use crate::check::{Sample, assert_agrees, run};
use crate::oracles_traffic::{EXPONENTIAL, one_row, time_and_ports};
use snatsim::experiment::results::Results;

fn seeded(text: &str, set: &[(&str, &str)]) -> Vec<Results> {
    let one =
        |seed: u32| run(text, &[set, &[("run.replications", "1"), ("run.seed", &seed.to_string())]].concat());
    (1..=20).map(one).collect()
}

/// Engset: blocked clients think again; insensitive to both laws.
#[test]
fn o_en1_engset() {
    for (think, lifetime) in [
        ("exponential = { mean = \"666666667ns\" }", EXPONENTIAL),
        ("constant = { value = \"666666667ns\" }", "lognormal = { mean = \"1s\", cv2 = 2.0 }"),
    ] {
        let text = one_row("30", &format!("closed = {{ clients = 40, think.{think} }}"), lifetime);
        let set = [("run.warm_up", "20s"), ("run.duration", "4000s")];
        assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.0123827475298, 0.05);
        let (full, ports) = time_and_ports(&text, &set);
        full.assert_agrees(0.0199606970107, 0.05);
        ports.assert_agrees(23.8802358179, 0.05);
    }
}

#[test]
fn o_en2_clients_do_not_see_the_hold_down() {
    let arrivals = "closed = { clients = 60, think.exponential = { mean = \"2s\" } }";
    let text = one_row("40", arrivals, "exponential = { mean = \"500ms\" }")
        .replace("[[workload]]", "hold_down.exponential = { mean = \"1s\" }\n[[workload]]");
    let set = [("run.warm_up", "20s"), ("run.duration", "1000s")];
    assert_agrees(&run(&text, &set).first_attempt_failure_ratio, 0.0646595048647, 0.05);
    let runs = seeded(&text, &set);
    Sample::of(&runs, |run| run.occupancy.full_time_ratio).assert_agrees(0.0667123079108, 0.05);
    Sample::of(&runs, |run| run.occupancy_ports.in_use_mean).assert_agrees(11.3711363509, 0.05);
    Sample::of(&runs, |run| run.occupancy_ports.hold_down_mean).assert_agrees(22.7422727017, 0.05);
}

/// Workers at a client pool: Little's law gives the wait from those in line.
#[test]
fn o_cp3_a_capped_pool_of_finite_workers() {
    let arrivals = "closed = { clients = 50, think.exponential = { mean = \"2s\" } }";
    let text = one_row("\"unlimited\"", arrivals, "exponential = { mean = \"200ms\" }")
        .replace("[run]", "client_pool = { max = 5 }\n[run]");
    let set = [("run.warm_up", "60s"), ("run.duration", "2500s")];
    let runs = seeded(&text, &set);
    let rate = |run: &Results| run.totals.requests as f64 / run.duration_s;
    let waiting = |run: &Results| run.client_pool.as_ref().map_or(0.0, |pool| pool.waiting_mean);
    Sample::of(&runs, rate).assert_agrees(21.6358191462, 0.02);
    Sample::of(&runs, |run| waiting(run) / rate(run)).assert_agrees(0.11098252681, 0.02);
}
