//! Workloads that leave through a relay, and pods that are as many as the nodes.

use crate::check::{Sample, run, scenario};
use snatsim::experiment::results::{ClientPoolFigures, Results};
use snatsim::flow::NodeId;
use snatsim::workload::Arrivals;

/// 300 pods on 30 nodes ask one partner 150 times a second for 100 ms, each with a client pool of its own.
const APART: &str = "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\nhold_down = \"240s\"\n\
    [[node_pool]]\nname = \"apps\"\nnodes = 30\n[[node_pool]]\nname = \"egress\"\nnodes = 3\n\
    [[workload]]\nnode_pool = \"apps\"\npods = 300\narrivals.poisson = { rate = \"150 per s\" }\n\
    lifetime.exponential = { mean = \"100ms\" }\nsyn = \"none\"\nclient_pool = { idle_timeout = \"5s\" }\n\
    [run]\nreplications = 1\nduration = \"1000s\"\n";

/// The same through three pods of an egress gateway.
fn through_a_relay() -> String {
    let via = APART.replace("client_pool = { idle_timeout = \"5s\" }", "via = \"mesh-egress\"");
    via + "[[relay]]\nname = \"mesh-egress\"\nnode_pool = \"egress\"\npods = 3\nclient_pool = { idle_timeout = \"5s\" }\n"
}

/// What an unlimited client pool holds that uses the newest connection first: the running maximum of the busy
/// connections over the idle timeout.
struct Identity {
    /// Mean open connections.
    open: f64,
    /// Connections opened per second.
    opened_per_s: f64,
}

impl Identity {
    /// Requests come `rate` times a second and take `service` seconds on average; idle connections are closed after `idle`.
    fn of(rate: f64, service: f64, idle: f64) -> Self {
        let offered = rate * service;
        let busy = |n: usize| (1..=n).fold((-offered).exp(), |share, k| share * offered / k as f64);
        let (mut open, mut opened_per_s) = (0.0, 0.0);
        for most in 1..(offered as usize + 40) {
            let below = stays_below(most, rate, 1.0 / service, idle);
            open += 1.0 - (0..most).map(|n| busy(n) * below[n]).sum::<f64>();
            opened_per_s += rate * busy(most - 1) * below[most - 1];
        }
        Self { open, opened_per_s }
    }
}

/// By the number busy now: how likely fewer than `most` are busy for `span` seconds on; the sum over Poisson steps.
fn stays_below(most: usize, rate: f64, end: f64, span: f64) -> Vec<f64> {
    let fastest = rate + most as f64 * end;
    let steps = fastest * span;
    let (mut now, mut sum) = (vec![1.0; most], vec![0.0; most]);
    let mut log_weight = -steps;
    for step in 0..(steps + 12.0 * steps.sqrt() + 50.0) as usize {
        let weight = log_weight.exp();
        sum.iter_mut().zip(&now).for_each(|(sum, now)| *sum += weight * now);
        let next = |n: usize| {
            let up = now.get(n + 1).copied().unwrap_or(0.0) * rate;
            let down = if n > 0 { now[n - 1] * n as f64 * end } else { 0.0 };
            (up + down + now[n] * (fastest - rate - n as f64 * end)) / fastest
        };
        now = (0..most).map(next).collect();
        log_weight += (steps / (step + 1) as f64).ln();
    }
    sum
}

fn figures(results: &Results) -> &ClientPoolFigures {
    results.client_pool.as_ref().expect("there is a client pool")
}

/// Ports of all rows together, mean over time.
fn ports(results: &Results) -> f64 {
    let mappings = results.series.iter().map(|bin| bin.in_use + bin.hold_down);
    mappings.sum::<f64>() / results.series.len() as f64
}

/// Against the identity, with `pods` of `rate` each.
pub fn assert_identity(text: &str, pods: f64, rate: f64) -> f64 {
    let runs: Vec<Results> =
        (1..=20).map(|seed: u32| run(text, &[("run.seed", &seed.to_string())])).collect();
    let Identity { open, opened_per_s } = Identity::of(rate, 0.1, 5.0);
    let held = pods * (open + 240.0 * opened_per_s);
    Sample::of(&runs, |run| figures(run).open_mean).assert_agrees(pods * open, 0.02);
    Sample::of(&runs, |run| figures(run).opened_per_s).assert_agrees(pods * opened_per_s, 0.05);
    Sample::of(&runs, ports).assert_agrees(held, 0.05);
    held
}

#[test]
fn the_identity_is_that_of_the_oracle() {
    for (idle, open, opened_per_s) in
        [(0.5, 9.08610194059, 2.91429751293), (60.0, 14.8899957968, 0.0160648276067)]
    {
        let found = Identity::of(50.0, 0.1, idle);
        assert!((found.open - open).abs() < 1e-8 && (found.opened_per_s - opened_per_s).abs() < 1e-8);
    }
}

#[test]
fn three_pods_of_a_relay_hold_fewer_connections_and_ports_than_three_hundred_of_the_workload() {
    let apart = assert_identity(APART, 300.0, 0.5);
    let relayed = assert_identity(&through_a_relay(), 3.0, 50.0);
    println!("{apart} ports apart, {relayed} through the relay");
    assert!(relayed < apart / 10.0, "{relayed} of {apart}");
}

#[test]
fn flows_leave_from_the_nodes_of_the_relay_and_pods_stay_on_theirs() {
    let found = run(&through_a_relay(), &[("run.duration", "10s")]);
    let nodes: Vec<&str> = found.failures_by_node.iter().map(|node| node.name.as_str()).collect();
    assert!(!nodes.is_empty() && nodes.iter().all(|node| node.starts_with("egress-")), "{nodes:?}");
    let full = format!("[cluster]\nnetwork_plugin = \"azure-cni\"\n{}", through_a_relay());
    assert_eq!(scenario(&full, &[]).workloads[0].pods, [30, 31, 32].map(NodeId));
    let more = |key: &str, pods: &str| {
        let set = [(key.to_string(), pods.to_string())];
        snatsim::scenario::read("full.toml", &full, &set).map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(more("workload.0.pods", "901").unwrap_err().contains("node apps-1 has 31 pods"));
    assert!(more("relay.mesh-egress.pods", "91").unwrap_err().contains("node egress-1 has 31 pods"));
}

#[test]
fn a_relay_without_a_client_pool_only_moves_flows() {
    let text = through_a_relay().replace("pods = 3\nclient_pool = { idle_timeout = \"5s\" }", "pods = 3");
    let found = run(&text, &[("run.duration", "100s")]);
    assert!(found.client_pool.is_none());
    assert_eq!(found.totals.flows, found.totals.requests);
}

#[test]
fn one_a_node_scales_with_the_cluster_or_the_node_pool() {
    let text =
        APART.replace("pods = 300", "pods = \"per-node\"").replace("rate = \"150", "rate_per_pod = \"2");
    let of = |text: &str, set: &[(&str, &str)]| {
        let workload = &scenario(text, set).workloads[0];
        (workload.pods.len(), workload.arrivals.clone())
    };
    assert_eq!(of(&text, &[]), (30, Arrivals::Poisson { rate: 60.0 }));
    assert_eq!(of(&text, &[("node_pool.apps.nodes", "40")]), (40, Arrivals::Poisson { rate: 80.0 }));
    let everywhere = text.replace("node_pool = \"apps\"\n", "");
    assert_eq!(of(&everywhere, &[]), (33, Arrivals::Poisson { rate: 66.0 }));
    let closed = everywhere.replace(
        "poisson = { rate_per_pod = \"2 per s\" }",
        "closed = { clients_per_pod = 4, think = \"1s\" }",
    );
    let (_, Arrivals::Closed { clients, .. }) = of(&closed, &[]) else { panic!("another process") };
    assert_eq!(clients, 132);
}
