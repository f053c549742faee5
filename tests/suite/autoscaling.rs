//! Nodes, pods and firewall instances that come and go by rule.

use crate::check::{run, run_cut, scenario};
use snatsim::experiment::results::Results;
use snatsim::scenario::read;
use snatsim::simulation::Sharding;

fn scaled(results: &Results) -> Vec<(f64, u32)> {
    results.scaled.iter().map(|scaled| (scaled.at_s, scaled.instances)).collect()
}

fn firewall(autoscale: &str, workload: &str) -> String {
    format!(
        "[outbound]\nmodel = \"azure/firewall\"\nautoscale = {{ {autoscale} }}\n[[workload]]\nsyn = \"none\"\n{workload}\n\
         [run]\nwarm_up = \"0s\"\nduration = \"1000s\"\nreplications = 1\n"
    )
}

/// A live flow more each second: 180 of 200 when it looks after three minutes. Six minutes later 540 meet three instances.
#[test]
fn an_instance_comes_minutes_after_it_was_needed() {
    let flows = "arrivals.even = { rate = \"1 per s\" }\nlifetime = \"2000s\"";
    let results = run(&firewall("flows_per_instance = 100", flows), &[]);
    assert_eq!(scaled(&results), [(540.0, 3), (900.0, 4)]);
    let results = run(&firewall("flows_per_instance = 100, most = 3", flows), &[]);
    assert_eq!(scaled(&results), [(540.0, 3)]);
    let results = run(&firewall("flows_per_instance = 100, takes = \"5m\", every = \"100s\"", flows), &[]);
    assert_eq!(scaled(&results), [(500.0, 3), (800.0, 4)]);
}

/// When all flows have ended, the instance that came drains for 45 s, and the two that were there at first stay.
#[test]
fn an_idle_instance_drains_and_goes() {
    let flows = "arrivals.burst = { flows = 170 }\nlifetime = \"700s\"";
    let results = run(&firewall("flows_per_instance = 100", flows), &[]);
    assert_eq!(scaled(&results), [(420.0, 3), (765.0, 2)]);
    assert!(results.scaled.iter().all(|scaled| scaled.cut_off == 0));
}

/// Ports that rest count too, towards the fullest destination: 4,500 of 4,992 for four minutes after a burst.
#[test]
fn ports_may_be_what_it_looks_at() {
    let flows = "arrivals.burst = { flows = 4500 }\nlifetime = \"1s\"\nends = { fin = 1 }";
    let results = run(&firewall("load = \"ports\"", flows), &[]);
    assert_eq!(scaled(&results), [(420.0, 3), (465.0, 2)], "all is over when it comes");
    let results = run(&firewall("load = \"ports\"", &flows.replace("4500", "3900")), &[]);
    assert_eq!(scaled(&results), []);
}

#[test]
fn a_firewall_that_scales_gives_the_same_bytes_on_any_threads() {
    let text = include_str!("../../models/scenarios/firewall-scale-out.toml");
    let scenario = scenario(text, &[("run.duration", "20m"), ("run.replications", "2")]);
    let one = run_cut(&scenario, 1, Sharding::Coupled);
    assert!(one.scaled.iter().any(|scaled| scaled.instances == 3));
    assert_eq!(
        serde_json::to_string(&one).unwrap(),
        serde_json::to_string(&run_cut(&scenario, 2, Sharding::Smallest)).unwrap()
    );
}

const RULES: &str = "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n\
    [[node_pool]]\nname = \"user\"\nautoscale = { min = 1, max = 3, pods_per_node = 4, takes = \"4m\" }\n\
    [[workload]]\nname = \"checkout\"\npods = 2\nautoscale = { rate_per_pod = \"10 per s\", min = 2, max = 50 }\nlifetime = \"1s\"\nsyn = \"none\"\n\
    arrivals.piecewise = { points = [[\"0s\", \"20 per s\"], [\"60s\", \"100 per s\"], [\"660s\", \"20 per s\"]] }\n\
    [run]\nwarm_up = \"0s\"\nduration = \"30m\"\nreplications = 1\n";

/// Ten pods are wanted at 60 s; four fit on the one node, the others wait four minutes for two more.
#[test]
fn pods_follow_the_rate_and_nodes_the_pods() {
    let results = run(RULES, &[]);
    let phases: Vec<(f64, u32)> = results.phases.iter().map(|phase| (phase.start_s, phase.nodes)).collect();
    assert_eq!(phases, [(0.0, 1), (330.0, 3), (1530.0, 1)]);
    assert_eq!(results.phases[1].what, ["user: 3 nodes, by rule"]);
    // 20 and 100 a second as asked for, whoever asks.
    for (phase, expected) in results.phases.iter().zip([28_200.0, 50_400.0, 5_400.0_f64]) {
        let apart = (phase.attempts as f64 - expected) / expected.sqrt();
        assert!(apart.abs() < 4.0, "{} for {expected}", phase.attempts);
    }
    assert_eq!(results.failures_by_node.len(), 3);
}

fn said(text: &str) -> String {
    read("test.toml", text, &[]).err().map_or_else(|| panic!("accepted:\n{text}"), |error| error.to_string())
}

#[test]
fn wrong_rules_are_told_apart() {
    let one = |from: &str, to: &str| said(&RULES.replacen(from, to, 1));
    for (from, to, expected) in [
        ("min = 1, max = 3", "min = 4, max = 3", "`min` is 4 and `max` 3"),
        ("min = 1, max = 3", "max = 3", "lacks `min`"),
        ("pods = 2", "pods = 1", "`pods` is 1, not within 2 to 50"),
        ("rate_per_pod = \"10 per s\", ", "", "lacks `rate_per_pod`"),
        (
            "autoscale = { rate_per_pod = \"10 per s\", min = 2, max = 50 }\n",
            "",
            "no workload has `autoscale`",
        ),
        (
            "[run]",
            "[[event]]\nat = \"5m\"\nscale = { nodes = 2 }\n[run]",
            "scales what `autoscale` scales by rule",
        ),
    ] {
        let found = one(from, to);
        assert!(found.contains(expected), "{to}: {found}");
    }
    for (from, to, expected) in [
        ("max = 50 }", "max = 50, every = \"1ms\" }", "`every` is 1ms"),
        ("duration = \"30m\"", "duration = \"36000d\"", "makes 207360000 in 36000d; allowed are 10000000"),
        ("min = 2, max = 50", "min = 3, max = 2", "`min` is 3 and `max` 2"),
        ("min = 2, max = 50", "mn = 2, max = 50", "unknown key `mn`"),
        ("min = 1, max = 3", "min = 4, max = 3", "`min` is 4 and `max` 3"),
    ] {
        let found = one(from, to);
        assert!(found.contains(expected) && !found.contains("lacks"), "{to}: {found}");
        assert!(!found.contains("no workload has"), "{to}: {found}");
    }
    let closed = "arrivals.closed = { clients = 3, think = \"1s\" }\n";
    let without_rate =
        RULES.lines().map(|line| if line.starts_with("arrivals") { closed.trim() } else { line });
    let without_rate = without_rate.collect::<Vec<_>>().join("\n");
    assert!(said(&without_rate).contains("has no rate that is known beforehand"));
    let flows = "arrivals.burst = { flows = 1 }\nlifetime = \"1s\"";
    for (autoscale, expected) in [
        ("most = 4", "lacks `flows_per_instance`, which Azure does not publish"),
        ("load = \"ports\", in_below = 0.9", "instances would come and go in turns"),
        ("load = \"ports\", mots = 3", "unknown key `mots`"),
        ("load = \"cpu\"", "`load` is the text \"cpu\""),
        ("load = \"ports\", every = \"1ns\"", "`autoscale.every` is 1ns"),
        ("load = \"ports\", most = 1", "`most` is the number 1"),
        ("flows_per_instance = 0", "`flows_per_instance` is the number 0"),
    ] {
        let found = said(&firewall(autoscale, flows));
        assert!(found.contains(expected), "{autoscale}: {found}");
    }
    let bound =
        firewall("load = \"ports\"", flows).replacen("[[workload]]", "by_node = [1]\n[[workload]]", 1);
    assert!(said(&bound).contains("`by_node` is not for a firewall that scales"));
    let planned =
        firewall("load = \"ports\"", flows) + "[[event]]\nat = \"5m\"\noutbound = { instances = 3 }\n";
    assert!(said(&planned).contains("nothing else of the outbound device"));
}
