//! The figures that shipped scenarios state in their comments, against arithmetic.

use crate::check::{assert_agrees, run, scenario};
use snatsim::analytic::erlang_b;
use snatsim::experiment::results::{Recovery, Results};
use snatsim::scenario::Outbound;
use snatsim::workload::Arrivals;

const RETRY_STORM: &str = include_str!("../../models/scenarios/retry-storm.toml");

/// 1,024 ports that are kept for 0.5 s of use and 240 s of hold-down, asked for 3.5 times a second.
const PORTS: f64 = 1024.0;
const RATE: f64 = 3.5;
const HOLDING_S: f64 = 240.5;

const BUDGET: [(&str, &str); 2] =
    [("workload.0.retry.budget", "{ ratio = 0.1 }"), ("workload.1.retry.budget", "{ ratio = 0.1 }")];

fn recovery(results: &Results) -> &Recovery {
    results.recovery.as_ref().expect("the scenario has a trigger")
}

#[test]
fn the_load_of_the_retry_storm_is_what_its_arithmetic_says() {
    let scenario = scenario(RETRY_STORM, &[]);
    let Outbound::LoadBalancer(device) = &scenario.outbound else { panic!("another device") };
    let orders = &scenario.workloads[0];
    assert_eq!(orders.arrivals, Arrivals::Poisson { rate: RATE });
    assert_eq!(orders.lifetime.mean() + device.timers.hold_down_fin.mean(), HOLDING_S);
    let egress = scenario.outbound.egress(&scenario.cluster).unwrap();
    assert_eq!(egress.pools[0].ports, [Some(PORTS as u32)]);
    let offered = orders.arrivals.mean_rate().unwrap() * HOLDING_S;
    assert!(offered < PORTS, "first attempts alone are below capacity");
    let calm = run(RETRY_STORM, &[("workload.1.arrivals.burst.flows", "1")]);
    assert_eq!(calm.totals.snat_failures, 0, "the steady load never fails");
}

#[test]
fn a_retry_storm_without_a_budget_outlasts_the_run() {
    let found = run(RETRY_STORM, &[]);
    assert!(recovery(&found).share_recovered < 0.5, "{:?}", recovery(&found));
    assert_eq!(found.totals.request_failures, 0, "nobody gives up");
}

#[test]
fn a_retry_storm_with_a_budget_ends_when_the_ports_of_the_burst_come_free() {
    let found = run(RETRY_STORM, &BUDGET);
    let Recovery { share_recovered, mean_time_to_recover_s, .. } = recovery(&found);
    assert_eq!(*share_recovered, 1.0);
    // The last port of the burst comes free a holding time after it; the window in which that is ends up to 60 s later.
    assert!(mean_time_to_recover_s.unwrap() <= HOLDING_S + 60.0, "{mean_time_to_recover_s:?}");
}

/// A burst of `flows` leaves the ports that the steady load needs not; the others drain at the rate that it leaves over.
/// Ports come free in waves, a holding time apart, so failures end up to one of those, and a window, later.
#[test]
fn the_backlog_of_a_retry_storm_drains_at_the_rate_that_the_steady_load_leaves() {
    for flows in [1000.0, 2000.0, 4000.0] {
        let set = [("workload.1.arrivals.burst.flows", &*flows.to_string()), ("run.duration", "120m")];
        let found = run(RETRY_STORM, &set);
        let drained = (flows - (PORTS - RATE * HOLDING_S)) / (PORTS / HOLDING_S - RATE);
        let Recovery { share_recovered, mean_time_to_recover_s, .. } = recovery(&found);
        let took = mean_time_to_recover_s.unwrap();
        println!("{flows} flows: {took} s, drained after {drained} s");
        assert_eq!(*share_recovered, 1.0);
        assert!((took - drained).abs() <= HOLDING_S + 60.0, "{took} s, drained after {drained} s");
    }
}

const METASTABLE: &str = include_str!("../../models/scenarios/metastable.toml");

/// The peak of the file, of another length, and what follows it.
fn peak(until: &str, then: &str) -> (&'static str, String) {
    let points = format!("[[\"10m\", \"200 per s\"], [\"{until}\", \"48 per s\"]{then}]");
    ("workload.0.arrivals.piecewise.points", points)
}

#[test]
fn a_metastable_node_is_healthy_until_it_is_pushed() {
    let calm = run(METASTABLE, &[("workload.0.arrivals", "{ poisson = { rate = \"48 per s\" } }")]);
    assert_eq!((calm.totals.snat_failures, calm.totals.request_failures), (0, 0));
    assert_eq!(calm.occupancy_ports.max, 40, "one port a connection");
}

#[test]
fn a_peak_of_seconds_breaks_a_metastable_node_for_good() {
    for until in ["603s", "610s"] {
        let (key, points) = peak(until, "");
        let found = run(METASTABLE, &[(key, &points), ("run.replications", "5")]);
        assert_eq!(recovery(&found).share_recovered, 0.0, "{until}");
        let last_ten_minutes = found.windows.iter().filter(|window| window.start_s >= 3_600.0);
        let failing = last_ten_minutes.filter(|window| window.snat_failures * 10 > window.attempts * 9);
        assert_eq!(failing.count(), 5 * 10, "more than nine SYNs in ten are refused to the end");
        let timeouts = found.request_timeouts.unwrap();
        let granted = found.totals.attempts - found.totals.snat_failures;
        assert!(timeouts.awaiting_answer + 200 > granted, "ports are granted for nothing: {timeouts:?}");
        assert!((found.retry_amplification - 4.0).abs() < 0.05, "{}", found.retry_amplification);
    }
}

#[test]
fn less_load_for_five_minutes_brings_a_metastable_node_back() {
    let (key, points) = peak("610s", ", [\"30m\", \"12 per s\"], [\"35m\", \"48 per s\"]");
    let found = run(METASTABLE, &[(key, &points)]);
    assert_eq!(recovery(&found).share_recovered, 1.0);
    assert!(found.last_failure_s.unwrap() < 2_100.0 + HOLDING_S, "{:?}", found.last_failure_s);
}

#[test]
fn a_budget_fewer_tries_or_the_newest_first_keep_a_node_from_metastability() {
    for change in [("workload.0.retry.budget", "{ ratio = 0.1 }"), ("workload.0.retry.attempts", "2")] {
        let Recovery { share_recovered, mean_time_to_recover_s, .. } =
            recovery(&run(METASTABLE, &[change])).clone();
        assert_eq!(share_recovered, 1.0, "{change:?}");
        assert!(mean_time_to_recover_s.unwrap() <= HOLDING_S + 60.0, "{mean_time_to_recover_s:?}");
    }
    for change in [("workload.0.client_pool.wait.order", "lifo"), ("workload.0.client_pool.streams", "2")] {
        let found = run(METASTABLE, &[change]);
        assert_eq!(found.totals.snat_failures, 0, "{change:?}");
        let failed = found.totals.request_failures as f64 / found.totals.requests as f64;
        assert!(failed < 0.006, "{change:?}: {failed}");
    }
    let no_rest = run(METASTABLE, &[("outbound.hold_down.fin", "0s"), ("run.replications", "2")]);
    assert_eq!(no_rest.totals.snat_failures, 0);
    assert!(no_rest.totals.request_failures * 2 > no_rest.totals.requests, "{:?}", no_rest.totals);
}

const DNS: &str = include_str!("../../models/scenarios/dns-outside.toml");

/// A port serves 20 ms of a query and is kept for 240 s of silence.
#[test]
fn a_default_node_sustains_four_queries_a_second_to_one_server_and_fails_by_erlang_above() {
    let found = run(DNS, &[]);
    let check = found.analytic.as_ref().unwrap();
    assert!((check.holding_s - 240.02).abs() < 1e-9 && check.ports == 1024, "{check:?}");
    assert!((check.sustainable_rate_per_s - 1024.0 / 240.02).abs() < 1e-9);
    assert_agrees(&found.first_attempt_failure_ratio, erlang_b(1024, 4.5 * 240.02), 0.05);
    let below = run(DNS, &[("workload.0.arrivals.poisson.rate", "3.5 per s")]);
    assert_eq!(below.totals.snat_failures, 0, "840 of 1,024 ports");
}

/// CoreDNS keeps its sockets: what exhausts a node from stub resolvers takes a handful of ports.
#[test]
fn the_same_queries_through_core_dns_keep_a_handful_of_ports() {
    let found = run(DNS, &[("workload.0.preset", "dns-coredns-outside")]);
    assert_eq!(found.totals.snat_failures, 0);
    assert!((found.occupancy_ports.mean - 6.6).abs() < 0.5, "{}", found.occupancy_ports.mean);
}

const MESH: &str = include_str!("../../models/scenarios/mesh-egress.toml");

#[test]
fn a_mesh_egress_gateway_carries_what_exhausts_the_nodes() {
    let apart = run(&MESH.replace("via = \"mesh-egress\"\n", ""), &[("run.warm_up", "30m")]);
    assert_agrees(&apart.first_attempt_failure_ratio, erlang_b(1024, 5.0 * 240.1), 0.05);
    assert!((erlang_b(1024, 5.0 * 240.1) - 0.1515).abs() < 0.0005);
    let through = run(MESH, &[]);
    assert_eq!(through.totals.snat_failures, 0);
    // O-CP2: 14.89 connections open in each of three pods, 18.75 ports with 240 s of hold-down.
    let open = through.client_pool.as_ref().unwrap().open_mean;
    assert!((open - 3.0 * 14.8899957968).abs() < 0.5, "{open}");
    assert!((through.occupancy_ports.mean - 18.7455544224).abs() < 1.0, "{}", through.occupancy_ports.mean);
}

const API_SERVER: &str = include_str!("../../models/scenarios/api-server.toml");

#[test]
fn connections_to_the_api_server_take_the_ports_that_their_arithmetic_says() {
    let few = [("node_pool.user.nodes", "60"), ("outbound.ports_per_node", "32")];
    let found = run(API_SERVER, &few);
    assert_eq!(found.totals.snat_failures, 0);
    let api_server =
        found.series.iter().map(|bin| bin.in_use).sum::<f64>() / found.series.len() as f64 / 60.0;
    // Eight connections, each away for a second an hour; and 2 flows a minute of 5 s to the rest.
    assert!((api_server - 8.0 * 3600.0 / 3601.0 - 2.0 / 60.0 * 5.0).abs() < 0.05, "{api_server}");
    let many = run(API_SERVER, &[&few[..], &[("workload.0.arrivals.closed.clients_per_pod", "30")]].concat());
    let ratio = many.failure_ratio.estimate.unwrap();
    assert!((ratio - 0.60).abs() < 0.03, "{ratio}");
    assert_eq!(scenario(API_SERVER, &[]).cluster.nodes(), 1000);
}

#[test]
fn a_second_server_address_doubles_the_queries_and_a_second_port_does_not() {
    let second = |address: &str, port: u16| {
        let server = format!(
            "[[destination]]\nname = \"second\"\naddress = \"{address}\"\nport = {port}\nprotocol = \"udp\"\n"
        );
        let both = "[[workload]]\ndestinations = { \"resolver\" = 1.0, \"second\" = 1.0 }";
        let text = DNS.replace("[[workload]]", &(server + both));
        run(&text, &[("workload.0.arrivals.poisson.rate", "9 per s")]).first_attempt_failure_ratio
    };
    assert_agrees(&second("203.0.113.54", 53), erlang_b(1024, 4.5 * 240.02), 0.05);
    assert_agrees(&second("203.0.113.53", 5353), erlang_b(1024, 9.0 * 240.02), 0.05);
}
