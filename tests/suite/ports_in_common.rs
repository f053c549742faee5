//! Ports that are the same towards every destination, against a naive simulation with a plain table of them.

use crate::check::{run, run_cut, scenario};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use snatsim::experiment::results::Results;
use snatsim::scenario::read;
use snatsim::simulation::Sharding;

/// A flow: start and lifetime in milliseconds, node, destination.
type Flow = (u64, u64, u8, u8);

/// A holding of a port by a flow towards a destination.
#[derive(Clone, Copy)]
struct Holding {
    port: usize,
    destination: u8,
    since: u64,
    close: u64,
    release: u64,
}

/// Refused flows of one node, and port-milliseconds that some flow held a port before `end`.
fn naive(flows: &[Flow], ports: usize, hold_down: u64, bars_all: bool, reuses: bool, end: u64) -> (u64, u64) {
    let mut holdings: Vec<Holding> = Vec::new();
    let mut refused = 0;
    for (start, lifetime, _, destination) in flows.iter().copied() {
        let held =
            |port: usize| holdings.iter().filter(move |each| each.port == port && each.release > start);
        let legal = (0..ports).filter(|port| {
            held(*port).all(|each| each.destination != destination && !(bars_all && each.close <= start))
        });
        let legal: Vec<usize> = legal.collect();
        let wanted = legal.iter().find(|port| held(**port).next().is_some() == reuses);
        let Some(port) = wanted.or(legal.first()).copied() else {
            refused += 1;
            continue;
        };
        let close = start + lifetime;
        holdings.push(Holding { port, destination, since: start, close, release: close + hold_down });
    }
    let used = |port: usize| {
        let mut spans: Vec<(u64, u64)> =
            holdings.iter().filter(|each| each.port == port).map(|each| (each.since, each.release)).collect();
        spans.sort_unstable();
        let (mut used, mut until) = (0, 0);
        for (since, release) in spans {
            let (since, release) = (since.clamp(until, end.max(until)), release.min(end));
            used += release.saturating_sub(since);
            until = until.max(release);
        }
        used
    };
    (refused, (0..ports).map(used).sum())
}

fn results(flows: &[Flow], device: &str) -> Results {
    let mut csv = String::from("start_s,duration_s,protocol,source,destination,port\n");
    for (start, lifetime, node, destination) in flows {
        let seconds = |millis: &u64| format!("{}.{:03}", millis / 1_000, millis % 1_000);
        let (start, lifetime) = (seconds(start), seconds(lifetime));
        csv += &format!("{start},{lifetime},tcp,10.0.0.{node},203.0.113.{destination},443\n");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), csv).unwrap();
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nsearch = \"lowest\"\n{device}[[node_pool]]\nnodes = 2\n[[workload]]\n\
         arrivals.trace = {{ files = [\"{}\"] }}\nsyn = \"none\"\n[run]\nduration = \"30s\"\nreplications = 1\n",
        file.path().display()
    );
    run(&text, &[])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Lifetimes of whole and half seconds, so that ports often come free as somebody asks.
    #[test]
    fn rows_agree_with_a_table_of_ports(
        mut flows in prop::collection::vec((0u64..40, 1u64..10, 1u8..3, 1u8..4), 1..80),
        ports in 1usize..8,
        hold_down in prop::sample::select(vec![0u64, 500, 3_000]),
        bars_all in any::<bool>(),
        reuses in any::<bool>(),
    ) {
        for flow in &mut flows {
            (flow.0, flow.1) = (flow.0 * 500, flow.1 * 500);
        }
        flows.sort_by_key(|(start, ..)| *start);
        let scope = if bars_all { "port" } else { "destination" };
        let reuse = if reuses { "in-use-first" } else { "fresh-first" };
        let found = results(&flows, &format!(
            "ports = {ports}\nhold_down = \"{hold_down}ms\"\nhold_scope = \"{scope}\"\nreuse = \"{reuse}\"\nused_ports = true\n"
        ));
        let of_node = |node: u8| flows.iter().copied().filter(move |flow| flow.2 == node).collect::<Vec<Flow>>();
        let expected = [1, 2].map(|node| naive(&of_node(node), ports, hold_down, bars_all, reuses, 30_000));
        prop_assert_eq!(found.totals.snat_failures, expected.iter().map(|(refused, _)| refused).sum::<u64>());
        let used: f64 = found.used_ports.iter().map(|pool| pool.mean * 30_000.0).sum();
        let expected: u64 = expected.iter().map(|(_, used)| used).sum();
        prop_assert!((used - expected as f64).abs() < 1e-6, "{} {}", used, expected);
        prop_assert!(found.used_ports.iter().all(|pool| pool.max <= ports as u64));
    }
}

const BURSTS: &str = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 64\nused_ports = true\n\
    [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n\
    [[workload]]\nname = \"first\"\ndestinations = { a = 1 }\narrivals.burst = { at = \"0s\", flows = 40 }\nlifetime = \"1s\"\nsyn = \"none\"\n\
    [[workload]]\nname = \"second\"\ndestinations = { b = 1 }\narrivals.burst = { at = \"10s\", flows = 40 }\nlifetime = \"1s\"\nsyn = \"none\"\n\
    [run]\nduration = \"10m\"\nreplications = 1\n";

/// 40 ports rest from 1 s to 241 s towards the first destination; the second asks for 40 at 10 s.
#[test]
fn a_port_at_rest_serves_other_destinations_or_nobody() {
    let own = run(BURSTS, &[]);
    assert_eq!((own.totals.snat_failures, own.used_ports[0].max), (0, 40));
    let fresh = run(BURSTS, &[("outbound.reuse", "fresh-first")]);
    assert_eq!(
        (fresh.totals.snat_failures, fresh.used_ports[0].max),
        (0, 64),
        "24 fresh ones, 16 used again"
    );
    let all = run(BURSTS, &[("outbound.hold_scope", "port")]);
    assert_eq!((all.totals.snat_failures, all.used_ports[0].max), (16, 64));
    // 40 ports for 251 s from 0 s on; towards nobody else 40 for 241 s and 24 more.
    let mean = |seconds: f64| seconds / 600.0;
    assert!((own.used_ports[0].mean - mean(40.0 * 251.0)).abs() < 1e-9);
    assert!((all.used_ports[0].mean - mean(64.0 * 241.0)).abs() < 1e-9);
    let (first, second) = (all.series[0], all.series[3]);
    assert_eq!(
        (first.allocated, first.used, second.used),
        (Some(64), Some((40.0 * 10.0 + 64.0 * 50.0) / 60.0), Some(64.0))
    );
}

#[test]
fn nothing_is_counted_that_nobody_asked_for() {
    let plain = run(&BURSTS.replace("used_ports = true\n", ""), &[]);
    let asked = run(BURSTS, &[]);
    assert!(plain.used_ports.is_empty() && plain.series[0].used.is_none());
    assert_eq!(plain.totals, asked.totals);
    assert_eq!(plain.occupancy, asked.occupancy);
}

/// Traffic, retries, kept connections and tiers that are crossed, in one shard or a shard a node.
#[test]
fn shards_and_threads_change_nothing() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 32\npublic_ips = 2\nhold_scope = \"port\"\nhold_down = { fin = \"5s\" }\n\
        [[node_pool]]\nnodes = 3\n[[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[destination]]\nname = \"dns\"\nprotocol = \"udp\"\n\
        [[workload]]\nname = \"steady\"\npods = 5\ndestinations = { a = 2, b = 1, dns = 1 }\narrivals.poisson = { rate = \"20 per s\" }\nlifetime.exponential = { mean = \"2s\" }\n\
        [[workload]]\nname = \"pooled\"\npods = 4\ndestinations = { b = 1 }\narrivals.poisson = { rate = \"5 per s\" }\nlifetime = \"1s\"\nclient_pool = { max = 3, idle_timeout = \"4s\" }\n\
        [[workload]]\nname = \"batches\"\npods = 2\ndestinations = { a = 1, b = 1 }\narrivals.batch = { rate = \"1 per s\", size.constant = 4, accept = \"whole\" }\nlifetime = \"1s\"\nsyn = \"none\"\n\
        [[event]]\nat = \"60s\"\noutbound = { ports_per_node = 16 }\n[run]\nduration = \"3m\"\nwarm_up = \"30s\"\nreplications = 2\n";
    let scenario = scenario(text, &[]);
    let text = |results: &Results| serde_json::to_string(results).unwrap();
    let whole = run_cut(&scenario, 1, Sharding::Coupled);
    assert!(whole.totals.snat_failures > 100 && whole.phases[1].cut_off > 0, "{:?}", whole.totals);
    assert_eq!(whole.used_ports.len(), 6, "TCP and UDP of three nodes");
    assert!(whole.used_ports.iter().all(|pool| pool.max <= 32));
    assert_eq!(text(&whole), text(&run_cut(&scenario, 1, Sharding::Smallest)));
    assert_eq!(text(&whole), text(&run_cut(&scenario, 2, Sharding::Smallest)));
}

/// 78 erlang towards each destination are few for 104 ports. Where a port at rest serves nobody, it matters how many different ones
/// the flows use: ports that both destinations share rest for both, fresh ones for one.
#[test]
fn a_wider_hold_refuses_flows_that_ports_are_free_for() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 104\nhold_down = { fin = \"10s\" }\n\
        [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[workload]]\narrivals.poisson = { rate = \"12 per s\" }\n\
        destinations = { a = 1, b = 1 }\nlifetime = \"3s\"\nsyn = \"none\"\n[run]\nwarm_up = \"60s\"\nduration = \"10m\"\nreplications = 3\n";
    let failures = |scope: &str, reuse: &str| {
        let totals = run(text, &[("outbound.hold_scope", scope), ("outbound.reuse", reuse)]).totals;
        assert!(totals.attempts > 20_000);
        totals.snat_failures as f64 / totals.attempts as f64
    };
    let alone = failures("destination", "in-use-first");
    assert!(alone < 0.002, "Erlang-B(104, 78) = 0.0008: {alone}");
    assert_eq!(failures("destination", "fresh-first"), alone);
    let (packed, spread) = (failures("port", "in-use-first"), failures("port", "fresh-first"));
    assert!(alone < packed && packed < 0.005 && spread > 0.02, "{alone} {packed} {spread}");
}

#[test]
fn wrong_settings_are_told() {
    for (device, said) in [
        (
            "model = \"custom\"\nports = 64\nsearch = \"linux\"\nhold_scope = \"port\"",
            "not for a `search` that may give up",
        ),
        ("model = \"azure/load-balancer\"\nhold_scope = \"ports\"", "`hold_scope` is the text \"ports\""),
        ("model = \"azure/load-balancer\"\nreuse = \"fresh\"", "`reuse` is the text \"fresh\""),
        ("model = \"custom\"\nports = \"unlimited\"\nused_ports = true", "at most 65536 a public IP"),
    ] {
        let text = format!(
            "[outbound]\n{device}\n[[workload]]\narrivals.burst = {{ flows = 1 }}\nlifetime = \"1s\"\n"
        );
        let error = read("test.toml", &text, &[]).err().map_or_else(String::new, |error| error.to_string());
        assert!(error.contains(said), "{device}: {error}");
    }
}
