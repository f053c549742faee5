//! Theory of how ports are searched and public IPs chosen: exact values that the simulator must reproduce through the
//! scenario interface.

use crate::check::{Sample, assert_agrees, full_counts, run, scenario};
use crate::oracles_traffic::{EXPONENTIAL, one_row};
use snatsim::experiment::Plan;
use snatsim::experiment::results::Results;
use snatsim::simulation::{Sharding, TrialKey, first_attempt_ports, shards};
use std::sync::atomic::AtomicUsize;

/// Poisson attempts and exponential holds of mean 1 s.
fn loss(ports: &str, offered: u32, device: &str) -> String {
    let arrivals = format!("poisson = {{ rate = \"{offered} per s\" }}");
    one_row(ports, &arrivals, EXPONENTIAL).replacen("[[workload]]", &format!("{device}\n[[workload]]"), 1)
}

fn tries(tries: u32, replacement: bool) -> String {
    format!("search = {{ random_tries = {tries}, replacement = {replacement} }}")
}

/// 20 runs, a seed each.
fn runs(text: &str, set: &[(&str, &str)]) -> Vec<Results> {
    let one =
        |seed: u32| run(text, &[set, &[("run.replications", "1"), ("run.seed", &seed.to_string())]].concat());
    (1..=20).map(one).collect()
}

#[test]
fn o_rp1_a_few_looks_at_64_ports() {
    let set = [("run.warm_up", "15s"), ("run.duration", "200s")];
    for (looks, with, without) in [
        (1, 0.438596491228, 0.438596491228),
        (3, 0.228295227932, 0.224711910767),
        (10, 0.0690565459297, 0.0619606000749),
    ] {
        let ratio = |replacement| run(&loss("64", 50, &tries(looks, replacement)), &set);
        assert_agrees(&ratio(true).first_attempt_failure_ratio, with, 0.05);
        assert_agrees(&ratio(false).first_attempt_failure_ratio, without, 0.05);
    }
    let full = run(&loss("64", 50, ""), &[("run.warm_up", "15s"), ("run.duration", "2000s")]);
    assert_agrees(&full.first_attempt_failure_ratio, 0.00843942665594, 0.05);
}

#[test]
fn o_rp2_a_few_looks_at_1024_ports() {
    let set = [("run.warm_up", "12s"), ("run.duration", "30s")];
    for (looks, expected) in [(1, 0.494071146245), (10, 0.152920017481), (32, 0.0647696524444)] {
        let results = run(&loss("1024", 1000, &tries(looks, true)), &set);
        assert_agrees(&results.first_attempt_failure_ratio, expected, 0.05);
    }
}

#[test]
fn o_rp3_ten_looks_at_a_whole_public_ip() {
    let set = [("run.warm_up", "10s"), ("run.duration", "1s")];
    let results = run(&loss("64512", 60_000, &tries(10, true)), &set);
    assert_agrees(&results.first_attempt_failure_ratio, 0.126000457938, 0.05);
    let reasons: Vec<_> = results.snat_failures_by.iter().map(|count| count.reason.as_str()).collect();
    assert_eq!(reasons, ["search_gave_up"]);
}

/// So many flows at once with one look each: something fails exactly where two looked at one port.
#[test]
fn o_rp4_random_ports_without_checking() {
    for (ports, flows, expected) in
        [(64_512, 300, 0.501572861366), (1_024, 38, 0.500955858886), (28_232, 200, 0.506651822481)]
    {
        let arrivals = format!("burst = {{ flows = {flows} }}");
        let text = one_row(&ports.to_string(), &arrivals, "constant = { value = \"10s\" }");
        let text = text.replacen("[[workload]]", &format!("{}\n[[workload]]", tries(1, true)), 1);
        let results = run(&text, &[("run.replications", "6000"), ("run.duration", "1s")]);
        let collided = 6_000 - results.replications_without_failure;
        Sample::share(collided, 6_000).assert_agrees(expected, 0.05);
    }
}

/// 3,000 erlang to five destinations by Zipf's law.
fn five_destinations(device: &str) -> String {
    format!("{}destination_mix.zipf = {{ exponent = 1.0, count = 5 }}\n", loss("1024", 3000, device))
        .replace("[run]\nreplications = 20\n", "")
        + "[run]\nreplications = 20\nwarm_up = \"stationary\"\nduration = \"30s\"\n"
}

#[test]
fn o_pd1_five_destinations_reuse_ports() {
    let results = run(&five_destinations(""), &[]);
    assert_agrees(&results.first_attempt_failure_ratio, 0.0977659702455, 0.05);
    let failing: Vec<_> =
        results.failures_by_destination.iter().filter(|each| each.snat_failures > 0).collect();
    assert_eq!(failing.len(), 1);
    let of_hottest = runs(&five_destinations(""), &[]);
    let ratio = |results: &Results| {
        let hottest = results.hottest_destination.as_ref().unwrap();
        hottest.snat_failures as f64 / hottest.attempts as f64
    };
    Sample::of(&of_hottest, ratio).assert_agrees(0.223232298727, 0.05);
    let exclusive = run(&five_destinations("sharing = \"exclusive\""), &[]);
    assert_agrees(&exclusive.first_attempt_failure_ratio, 0.658839141514, 0.05);
}

#[test]
fn o_pd2_the_choice_of_port_must_not_matter() {
    let results = ["lowest", "random", "round-robin"]
        .map(|search| run(&five_destinations(&format!("search = \"{search}\"")), &[]));
    assert_agrees(&results[0].first_attempt_failure_ratio, 0.0977659702455, 0.05);
    for other in &results[1..] {
        assert_eq!(results[0].totals, other.totals);
        assert_eq!(results[0].occupancy_ports, other.occupancy_ports);
    }
}

#[test]
fn o_pd3_hashed_flows_against_pooled_ports() {
    let (seconds, widest) = if full_counts() { ("300s", 0.05) } else { ("15s", 0.25) };
    let set = [("run.warm_up", "8s"), ("run.duration", seconds)];
    for (ports, offered, device, expected) in [
        ("2496", 4950, "partition = { instances = 2 }", 0.0109344823749),
        ("4992", 4950, "partition = \"shared\"", 0.00649691088844),
        (
            "2496",
            9900,
            "partition = { instances = 2 }\npublic_ips = 2\npublic_ip_choice = \"random\"",
            0.0109344823749,
        ),
        ("2496", 9900, "partition = { instances = 2 }\npublic_ips = 2", 0.00649691088844),
        (
            "2496",
            9900,
            "partition = { instances = 2 }\npublic_ips = 2\npublic_ip_choice = \"sticky-random-start\"",
            0.00649691088844,
        ),
    ] {
        let results = run(&loss(ports, offered, device), &set);
        assert_agrees(&results.first_attempt_failure_ratio, expected, widest);
    }
}

fn two_ips(second: &str) -> String {
    let device =
        format!("public_ips = [{{ ports = 64 }}, {{ ports = {second} }}]\npublic_ip_choice = \"sticky\"");
    loss("0", 60, &device).replacen("ports = 0\n", "", 1)
}

#[test]
fn o_ov1_overflow_from_the_first_ip() {
    let set = [("run.warm_up", "20s"), ("run.duration", "2500s")];
    let overflowing = runs(&two_ips("\"unlimited\""), &set);
    let second = |results: &Results| results.occupancy_by_ip[1].clone();
    Sample::of(&overflowing, |results| second(results).mean).assert_agrees(3.62176429225, 0.03);
    Sample::of(&overflowing, |results| second(results).variance).assert_agrees(15.7089252579, 0.03);
    let peakedness = |results: &Results| second(results).variance / second(results).mean;
    Sample::of(&overflowing, peakedness).assert_agrees(4.33736819689, 0.03);
    assert!(overflowing.iter().all(|results| results.totals.snat_failures == 0));
    let both = run(&two_ips("8"), &set);
    assert_agrees(&both.first_attempt_failure_ratio, 0.0161281053042, 0.03);
}

/// The share of arrivals that took a port number above each of `sizes`, of 20 replications.
fn shares_above(offered: u32, duration: &str, sizes: &[u32]) -> Vec<Sample> {
    let text = loss("\"unlimited\"", offered, "");
    let plan = Plan::new(&scenario(&text, &[("run.warm_up", "15s"), ("run.duration", duration)])).unwrap();
    let cut = shards(&plan.system, Sharding::Smallest);
    let taken: Vec<Vec<u64>> = (0..20)
        .map(|replication| {
            let key = TrialKey { seed: plan.seed, replication };
            first_attempt_ports(&plan.system, &cut[0], key, &AtomicUsize::new(0))
        })
        .collect();
    let share = |taken: &Vec<u64>, size: u32| {
        taken.iter().skip(size as usize).sum::<u64>() as f64 / taken.iter().sum::<u64>() as f64
    };
    let sample =
        |size: &u32| Sample::of_values(&taken.iter().map(|taken| share(taken, *size)).collect::<Vec<_>>());
    sizes.iter().map(sample).collect()
}

#[test]
fn o_ov2_one_run_for_every_size() {
    let (long, short, widest) =
        if full_counts() { ("20000s", "3000s", 0.05) } else { ("1000s", "120s", 0.2) };
    let expected = [0.24979239186, 0.104787455504, 0.0216684730578, 0.00136792808734];
    for (sample, expected) in shares_above(50, long, &[40, 50, 60, 70]).iter().zip(expected) {
        sample.assert_agrees(expected, widest);
    }
    let expected = [0.0627567722763, 0.0248119176462, 0.0119887020325, 0.00215944011786];
    for (sample, expected) in shares_above(1000, short, &[950, 1000, 1024, 1060]).iter().zip(expected) {
        sample.assert_agrees(expected, widest);
    }
}

#[test]
fn o_tl4_single_ports_beside_blocks_of_eight() {
    let workload = |name: &str, rate: u32, ports: u32| {
        format!(
            "[[workload]]\nname = \"{name}\"\nnode_pool = \"{name}\"\nports_per_flow = {ports}\nsyn = \"none\"\n\
             arrivals.poisson = {{ rate = \"{rate} per s\" }}\nlifetime.{EXPONENTIAL}\n"
        )
    };
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = 64\npartition = \"shared\"\n[[node_pool]]\nname = \"single\"\nnodes = 1\n\
         [[node_pool]]\nname = \"block\"\nnodes = 1\n{}{}",
        workload("single", 30, 1),
        workload("block", 3, 8)
    );
    let runs = runs(&text, &[("run.warm_up", "20s"), ("run.duration", "1000s")]);
    let ratio = |name: &'static str| {
        move |results: &Results| {
            let node = results.failures_by_node.iter().find(|node| node.name == name).unwrap();
            node.snat_failures as f64 / node.attempts as f64
        }
    };
    Sample::of(&runs, ratio("single-1")).assert_agrees(0.0242898355625, 0.05);
    Sample::of(&runs, ratio("block-1")).assert_agrees(0.226848054413, 0.05);
    Sample::of(&runs, |results| results.occupancy_ports.mean).assert_agrees(47.8269516272, 0.05);
}

/// The device's key is the default of the workloads' own.
#[test]
fn a_flow_takes_all_its_ports_or_none() {
    let text = one_row("64", "burst = { flows = 10 }", "constant = { value = \"10s\" }");
    let device = text.replacen("[[workload]]", "ports_per_flow = 7\n[[workload]]", 1);
    let results = run(&device, &[("run.duration", "5s"), ("run.replications", "1")]);
    assert_eq!((results.totals.snat_failures, results.occupancy_ports.max), (1, 63));
    let own = [("workload.0.ports_per_flow", "16"), ("run.duration", "5s"), ("run.replications", "1")];
    let results = run(&device, &own);
    assert_eq!((results.totals.snat_failures, results.occupancy_ports.max), (6, 64));
}
