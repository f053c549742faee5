//! Theory of rare failures: splitting, run through the scenario interface, against exact values.

use crate::check::{assert_agrees, full_counts, run};
use crate::oracles_traffic::{EXPONENTIAL, one_row};
use snatsim::analytic::erlang_b;
use snatsim::experiment::results::{RatioMethod, Results, SplitPart};

/// Splits with so many trajectories, or more where `tests/statistics` asks for it; plain simulation is short.
fn split(text: &str, trajectories: [u32; 2], set: &[(&str, &str)]) -> Results {
    let trajectories = trajectories[usize::from(full_counts())].to_string();
    let splitting = [
        ("run.rare.method", "splitting"),
        ("run.rare.trajectories", trajectories.as_str()),
        ("run.duration", "10s"),
        ("run.replications", "1"),
    ];
    let results = run(text, &[&splitting, set].concat());
    assert_eq!(results.failure_ratio.method, Some(RatioMethod::Splitting));
    results
}

fn only_part(results: &Results) -> &SplitPart {
    let splitting = results.rare.as_ref().and_then(|rare| rare.splitting.as_ref()).unwrap();
    assert_eq!(splitting.parts.len(), 1);
    &splitting.parts[0]
}

/// The widest half-width that the oracles allow at full counts, as a share of the expected value.
fn widest(quick: f64) -> f64 {
    if full_counts() { 0.1 } else { quick }
}

fn poisson(ports: &str, rate: u32) -> String {
    one_row(ports, &format!("poisson = {{ rate = \"{rate} per s\" }}"), EXPONENTIAL)
}

#[test]
fn o_ra1_blocking_of_one_in_forty_million() {
    let results = split(&poisson("64", 30), [300, 2_000], &[]);
    assert_agrees(&results.first_attempt_failure_ratio, 2.53226385986e-08, widest(0.25));
    assert_eq!(results.totals.snat_failures, 0, "plain simulation sees nothing of it");
}

#[test]
fn o_ra2_blocking_of_six_in_a_million_million() {
    let results = split(&poisson("64", 24), [300, 2_000], &[]);
    assert_agrees(&results.first_attempt_failure_ratio, 6.41261263695e-12, widest(0.25));
}

/// At full counts; else a row of 128 ports as full.
#[test]
fn o_ra3_a_default_node_at_83_percent() {
    let (ports, rate, expected) = match full_counts() {
        true => ("1024", 850, 6.93088877374e-10),
        false => ("128", 85, erlang_b(128, 85.0)),
    };
    let results = split(&poisson(ports, rate), [100, 1_500], &[("run.duration", "1s")]);
    assert_agrees(&results.first_attempt_failure_ratio, expected, widest(0.4));
}

/// At rest while every port is free: a cycle begins with the first flow and ends when the last port comes free.
#[test]
fn o_ra4_the_top_before_all_is_free() {
    let from_empty = [("run.rare.base", "0"), ("run.warm_up", "0s")];
    let results = split(&poisson("20", 5), [300, 2_000], &from_empty);
    assert_agrees(&only_part(&results).full_per_cycle, 0.000114592605903, widest(0.25));
}

/// Poisson batches of a geometric size on `ports` ports, what fits is granted: the balance of O-BA1, with what is lost of
/// a batch summed instead of subtracted, which keeps its digits where it is small.
fn batches_lost(ports: usize, rate: f64, mean: f64) -> f64 {
    let (last, longer) = (1.0 / mean, 1.0 - 1.0 / mean);
    let mut weights = vec![1.0];
    for busy in 1..=ports {
        let up =
            weights.iter().enumerate().map(|(from, weight)| weight * longer.powi((busy - from - 1) as i32));
        let up: f64 = up.sum();
        weights.push(rate * up / busy as f64);
    }
    let all: f64 = weights.iter().sum();
    let lost =
        weights.iter().enumerate().map(|(busy, weight)| weight * longer.powi((ports - busy) as i32) / last);
    lost.sum::<f64>() / all / mean
}

type Square = [[f64; 2]; 2];

fn product(one: Square, other: Square) -> Square {
    let entry = |row: usize, column: usize| (0..2).map(|k| one[row][k] * other[k][column]).sum();
    [[entry(0, 0), entry(0, 1)], [entry(1, 0), entry(1, 1)]]
}

fn inverse([[a, b], [c, d]]: Square) -> Square {
    let determinant = a * d - b * c;
    [[d / determinant, -b / determinant], [-c / determinant, a / determinant]]
}

/// Attempts of two phases that change at `changes` per second, on `ports` ports: the recursion of O-MM1.
fn phases_lost(ports: usize, rates: [f64; 2], changes: [f64; 2]) -> f64 {
    let out = |phase: usize, busy: usize| {
        changes[phase] + if busy < ports { rates[phase] } else { 0.0 } + busy as f64
    };
    let arrivals = [[rates[0], 0.0], [0.0, rates[1]]];
    let mut steps = vec![[[0.0; 2]; 2]; ports + 2];
    for busy in (1..=ports).rev() {
        let back = steps[busy + 1].map(|row| row.map(|entry| entry * (busy + 1) as f64));
        let stays = [
            [out(0, busy) - back[0][0], -changes[0] - back[0][1]],
            [-changes[1] - back[1][0], out(1, busy) - back[1][1]],
        ];
        steps[busy] = product(arrivals, inverse(stays));
    }
    let back = steps[1];
    let mut law = [(changes[1] + back[1][0]) / (out(0, 0) - back[0][0]), 1.0];
    let asked = |law: [f64; 2]| law[0] * rates[0] + law[1] * rates[1];
    let mut all = asked(law);
    for step in &steps[1..=ports] {
        law = [law[0] * step[0][0] + law[1] * step[1][0], law[0] * step[0][1] + law[1] * step[1][1]];
        all += asked(law);
    }
    asked(law) / all
}

/// The formulas at the values that the oracles give.
#[test]
fn the_exact_values_are_those_of_o_ba1_and_o_mm1() {
    for (found, expected) in [
        (batches_lost(64, 10.0, 5.0), 0.105867851564),
        (phases_lost(64, [80.0, 20.0], [0.1, 0.1]), 0.170011502207),
    ] {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} against {expected}");
    }
}

#[test]
fn o_mm1_two_phases_at_one_failure_in_two_hundred_million() {
    let arrivals = "mmpp = { rates = [\"30 per s\", \"10 per s\"], mean_stay = [\"2s\", \"2s\"] }";
    let results = split(&one_row("64", arrivals, EXPONENTIAL), [300, 2_000], &[]);
    let expected = phases_lost(64, [30.0, 10.0], [0.5, 0.5]);
    assert_agrees(&results.first_attempt_failure_ratio, expected, widest(0.3));
}

#[test]
fn o_ba1_batches_at_one_failure_in_a_hundred_million() {
    let arrivals = "batch = { rate = \"20 per s\", size.geometric = { mean = 1.25 } }";
    let results = split(&one_row("64", arrivals, EXPONENTIAL), [300, 4_000], &[]);
    assert_agrees(&results.first_attempt_failure_ratio, batches_lost(64, 20.0, 1.25), widest(0.4));
}
