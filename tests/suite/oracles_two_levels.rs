//! Theory of a cap on each node above one shared pool of ports: exact values that the simulator must reproduce
//! through the scenario interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use snatsim::experiment::results::Results;
use std::fmt::Write;

/// A shared pool; nodes of equal kind share a node pool and a workload. Loads in erlang, of each node.
fn shared_pool(ports: &str, caps: Option<&str>, kinds: &[(u32, f64)]) -> String {
    let mut text = format!(
        "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = {ports}\n{}\n",
        caps.map_or(String::new(), |caps| format!("per_node_cap = {caps}"))
    );
    for (number, (nodes, load)) in kinds.iter().enumerate() {
        let rate = load * f64::from(*nodes);
        write!(
            text,
            "[[node_pool]]\nname = \"kind{number}\"\nnodes = {nodes}\n[[workload]]\nname = \"load{number}\"\n\
             node_pool = \"kind{number}\"\npods = {nodes}\nsyn = \"none\"\narrivals.poisson = {{ rate = \"{rate} per s\" }}\n\
             lifetime.exponential = {{ mean = \"1s\" }}\n"
        )
        .unwrap();
    }
    text + "[run]\nreplications = 20\nwarm_up = \"20s\"\n"
}

/// As long as the oracle asks for, or a tenth of it with a wider interval.
fn long(text: &str, seconds: u32) -> (Results, f64) {
    let (seconds, widest) = if full_counts() { (seconds, 0.05) } else { (seconds.div_ceil(10), 0.16) };
    (run(text, &[("run.duration", &format!("{seconds}s"))]), widest)
}

fn blocking_of_node(results: &Results, name: &str) -> f64 {
    let node = results.failures_by_node.iter().find(|node| node.name == name).expect("it opened flows");
    node.snat_failures as f64 / node.attempts as f64
}

#[test]
fn o_tl1_node_cap_and_shared_pool() {
    let nodes = [(4, 12.0)];
    let (both, widest) = long(&shared_pool("48", Some("16"), &nodes), 400);
    assert_agrees(&both.first_attempt_failure_ratio, 0.114579815493, widest);
    let reasons: Vec<&str> = both.snat_failures_by.iter().map(|each| each.reason.as_str()).collect();
    assert_eq!(reasons, ["no_free_port", "node_cap"]);
    let (node_only, widest) = long(&shared_pool("\"unlimited\"", Some("16"), &nodes), 800);
    assert_agrees(&node_only.first_attempt_failure_ratio, 0.0604125924626, widest);
    let (pool_only, widest) = long(&shared_pool("48", None, &nodes), 400);
    assert_agrees(&pool_only.first_attempt_failure_ratio, 0.106787936981, widest);
    for node in 1..=4 {
        let found = blocking_of_node(&both, &format!("kind0-{node}"));
        assert!((found / 0.114579815493 - 1.0).abs() < 0.2, "node {node}: {found}");
    }
}

#[test]
fn o_tl1_time_without_a_port_in_the_shared_pool() {
    let text = shared_pool("48", Some("16"), &[(4, 12.0)]);
    let (seconds, widest) = if full_counts() { ("400s", 0.05) } else { ("60s", 0.13) };
    let full = |seed: u32| {
        let set = [("run.duration", seconds), ("run.replications", "1"), ("run.seed", &seed.to_string())];
        run(&text, &set)
    };
    let runs: Vec<Results> = (0..20).map(full).collect();
    Sample::of(&runs, |results| results.occupancy.full_time_ratio).assert_agrees(0.0883526093819, widest);
}

#[test]
fn o_tl2_unequal_caps() {
    let text = shared_pool("40", Some("[10, 20, 40]"), &[(1, 9.0), (1, 14.0), (1, 12.0)]);
    let (overall, widest) = long(&text, 600);
    assert_agrees(&overall.first_attempt_failure_ratio, 0.0778951053112, widest);
    let (seconds, widest) = if full_counts() { ("200s", 0.05) } else { ("30s", 0.14) };
    let runs: Vec<Results> = (0..20)
        .map(|seed: u32| {
            let seed = seed.to_string();
            run(&text, &[("run.duration", seconds), ("run.replications", "1"), ("run.seed", &seed)])
        })
        .collect();
    for (node, expected) in [0.17824766026, 0.050793017682, 0.0342497913338].into_iter().enumerate() {
        let name = format!("kind{node}-1");
        Sample::of(&runs, |results| blocking_of_node(results, &name)).assert_agrees(expected, 2.0 * widest);
    }
}

#[test]
fn o_tl3_twenty_nodes() {
    let nodes = [(20, 100.0)];
    let (both, widest) = long(&shared_pool("2048", Some("128"), &nodes), 600);
    assert_agrees(&both.first_attempt_failure_ratio, 0.00621295252228, 1.5 * widest);
    let (pool_only, widest) = long(&shared_pool("2048", None, &nodes), 600);
    assert_agrees(&pool_only.first_attempt_failure_ratio, 0.00578302735048, 1.5 * widest);
    let (node_only, widest) = long(&shared_pool("\"unlimited\"", Some("128"), &nodes), 600);
    assert_agrees(&node_only.first_attempt_failure_ratio, 0.000967630595546, 1.5 * widest);
}

/// A cap that spans shards is enforced by running them together, which changes nothing else.
#[test]
fn a_node_cap_couples_the_destinations_of_its_node_only() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 100\nper_node_cap = 30\n\
                [[node_pool]]\nnodes = 2\nname = \"a\"\n\
                [[destination]]\nname = \"x\"\n[[destination]]\nname = \"y\"\n\
                [[workload]]\npods = 2\nsyn = \"none\"\ndestinations = { x = 1, y = 1 }\n\
                arrivals.burst = { flows = 100 }\nlifetime.constant = { value = \"5s\" }\n\
                [run]\nduration = \"60s\"\nreplications = 1\n";
    let results = run(text, &[]);
    assert_eq!(results.totals.snat_failures, 40, "30 of the 50 flows of each node get a port");
    assert_eq!(results.snat_failures_by[0].reason, "node_cap");
    assert_eq!(run(text, &[("outbound.per_node_cap", "50")]).totals.snat_failures, 0);
    assert_eq!(run(text, &[("outbound.per_node_cap", "[30, 40]")]).totals.snat_failures, 30);
}
