//! Theory of kept-open connections: exact values that the simulator must reproduce through the scenario interface.

use crate::check::{Sample, full_counts, run};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use snatsim::experiment::results::{ClientPoolFigures, Results};
use std::io::Write;

/// One pod whose ports never run out.
fn pool(rate: &str, service: &str, pool: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n[[workload]]\n\
         arrivals.poisson = {{ rate = \"{rate} per s\" }}\nlifetime = {service}\nsyn = \"none\"\n\
         client_pool = {{ {pool} }}\n[run]\nreplications = 1\n"
    )
}

fn runs(text: &str, duration: &str) -> Vec<Results> {
    let run = |seed: u32| {
        let seed = seed.to_string();
        run(text, &[("run.seed", &seed), ("run.duration", duration)])
    };
    (1..=20).map(run).collect()
}

fn figures(results: &Results) -> &ClientPoolFigures {
    results.client_pool.as_ref().expect("there is a client pool")
}

const EXPONENTIAL: &str = "{ exponential = { mean = \"100ms\" } }";

#[test]
fn o_cp1_one_sequential_client() {
    let widest = if full_counts() { 0.02 } else { 0.05 };
    for (rate, idle, new, life, open, duration) in [
        ("0.02", "60s", 0.00602388423824, 116.005846137, 0.698805788088, ["100000s", "1200000s"]),
        ("0.02", "90s", 0.00330597776443, 252.482373221, 0.834701111778, ["200000s", "1200000s"]),
        ("0.5", "5s", 0.0410424993119, 22.3649879214, 0.917915001376, ["20000s", "60000s"]),
    ] {
        let text = pool(rate, "\"0s\"", &format!("max = 1, idle_timeout = \"{idle}\""));
        let runs = runs(&text, duration[usize::from(full_counts())]);
        Sample::of(&runs, |run| figures(run).opened_per_s).assert_agrees(new, widest);
        Sample::of(&runs, |run| figures(run).open_mean).assert_agrees(open, widest);
        let lives = |run: &Results| figures(run).open_mean / figures(run).opened_per_s;
        Sample::of(&runs, lives).assert_agrees(life, widest);
    }
}

#[test]
fn o_cp2_an_unlimited_pool_that_uses_the_newest_connection_first() {
    let duration = if full_counts() { "20000s" } else { "2000s" };
    let widest = if full_counts() { 0.02 } else { 0.05 };
    for (idle, open, new, ports) in [
        ("500ms", 9.08610194059, 2.91429751293, 708.517505044),
        ("5s", 12.2227876013, 0.242243594991, 70.3612503992),
        ("60s", 14.8899957968, 0.0160648276067, 18.7455544224),
    ] {
        let text = pool("50", EXPONENTIAL, &format!("idle_timeout = \"{idle}\""))
            .replace("ports = \"unlimited\"", "ports = \"unlimited\"\nhold_down = \"240s\"");
        let runs = runs(&text, duration);
        Sample::of(&runs, |run| figures(run).open_mean).assert_agrees(open, widest);
        // The new connections of a long idle timeout are few: 32 in 2,000 s.
        let widest_new = if idle == "60s" { 3.0 * widest } else { widest };
        Sample::of(&runs, |run| figures(run).opened_per_s).assert_agrees(new, widest_new);
        Sample::of(&runs, |run| run.occupancy_ports.mean).assert_agrees(ports, widest);
    }
}

/// Nothing closes a UDP socket for the device: its port is kept for 20 s from the last datagram on, which lies an idle
/// timeout before the close.
#[test]
fn o_cp2_an_unlimited_pool_of_udp_sockets() {
    let udp = "ports = \"unlimited\"\nudp_idle_timeout = \"20s\"\nhold_down.udp = \"3s\"\n\
               [[destination]]\nname = \"resolver\"\nprotocol = \"udp\"";
    let (open, new) = (12.2227876013, 0.242243594991);
    let text = pool("50", EXPONENTIAL, "idle_timeout = \"5s\"").replace("ports = \"unlimited\"", udp);
    let runs = runs(&text, "2000s");
    Sample::of(&runs, |run| figures(run).open_mean).assert_agrees(open, 0.05);
    Sample::of(&runs, |run| figures(run).opened_per_s).assert_agrees(new, 0.05);
    Sample::of(&runs, |run| run.occupancy_ports.mean).assert_agrees(open + new * (20.0 - 5.0 + 3.0), 0.02);
    assert!(runs.iter().all(|run| run.totals.stale == 0));
}

/// A mapping that is gone is made again by the next datagram, and nobody notices.
#[test]
fn udp_sockets_that_the_device_forgets_take_another_port_and_are_not_stale() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 1\nudp_idle_timeout = \"60s\"\n[[destination]]\nname = \"resolver\"\n\
                protocol = \"udp\"\n[[workload]]\narrivals.even = { rate = \"0.01 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n\
                client_pool = { idle_timeout = \"1h\" }\n[run]\nduration = \"1000s\"\nwarm_up = \"0s\"\nreplications = 1\n";
    let totals = run(text, &[]).totals;
    assert_eq!((totals.flows, totals.requests, totals.stale, totals.snat_failures), (9, 9, 0, 0));
    let kept = run(text, &[("outbound.udp_idle_timeout", "200s")]).totals;
    assert_eq!((kept.flows, kept.requests), (1, 9));
}

#[test]
fn o_cp4_a_pool_whose_clients_give_up_waiting() {
    let duration = if full_counts() { "50000s" } else { "6000s" };
    let widest = if full_counts() { 0.05 } else { 0.15 };
    let service = "{ exponential = { mean = \"1s\" } }";
    let runs = runs(&pool("9", service, "max = 10, wait = { timeout = \"2s\" }"), duration);
    Sample::of(&runs, |run| figures(run).wait_timeout_ratio).assert_agrees(0.00985283692892, widest);
    Sample::of(&runs, |run| figures(run).wait_ratio).assert_agrees(0.639356115654, widest);
    // Little's law: the mean wait of all requests, those that give up included.
    Sample::of(&runs, |run| figures(run).waiting_mean / 9.0).assert_agrees(0.452152214004, widest);
    let lost = |run: &Results| run.request_failure_ratio.estimate.unwrap_or(0.0);
    Sample::of(&runs, lost).assert_agrees(0.00985283692892, widest);
    let patient = self::runs(&pool("9", service, "max = 10"), duration);
    Sample::of(&patient, |run| figures(run).wait_ratio).assert_agrees(0.668731524108, widest);
}

/// A request of the reference: start and service, milliseconds.
type Request = (u64, u64);

/// Busy connections at each change, by time.
fn busy(requests: &[Request]) -> Vec<(u64, i64)> {
    let mut changes: std::collections::BTreeMap<u64, i64> = std::collections::BTreeMap::new();
    for (start, service) in requests {
        *changes.entry(*start).or_default() += 1;
        *changes.entry(start + service).or_default() -= 1;
    }
    let mut busy = 0;
    let level = |(time, change): (u64, i64)| {
        busy += change;
        (time, busy)
    };
    changes.into_iter().map(level).collect()
}

/// Connection-milliseconds open until `end`: open(t) is the most that were busy at once within (t - idle, t].
fn open_millis(requests: &[Request], idle: u64, end: u64) -> i64 {
    let busy = busy(requests);
    let mut times: Vec<u64> =
        busy.iter().flat_map(|(time, _)| [*time, time + idle]).chain([0, end]).collect();
    times.sort_unstable();
    times.dedup();
    let most = |after: u64, until: u64| {
        let starts = busy.iter().zip(busy.iter().skip(1).map(|(time, _)| *time).chain([u64::MAX]));
        let met = starts.filter(|((start, _), stop)| *start < until && *stop > after);
        met.map(|((_, busy), _)| *busy).max().unwrap_or(0)
    };
    let spans = times.windows(2).filter(|pair| pair[1] <= end);
    spans.map(|pair| most(pair[0].saturating_sub(idle), pair[1]) * (pair[1] - pair[0]) as i64).sum()
}

/// The requests as a trace, behind `device`.
fn recorded_behind(device: &str, requests: &[Request], pool: &str) -> Results {
    let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
    let mut rows = String::from("start_s,duration_s,protocol,source,destination,port\n");
    for (start, service) in requests {
        rows += &format!("{start}e-3,{service}e-3,tcp,10.0.0.1,203.0.113.1,443\n");
    }
    file.write_all(rows.as_bytes()).unwrap();
    let path = file.path().display();
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n{device}\n[[workload]]\n\
         arrivals.trace = {{ files = [\"{path}\"] }}\nsyn = \"none\"\nclient_pool = {{ {pool} }}\n\
         [run]\nduration = \"100s\"\nreplications = 1\n"
    );
    run(&text, &[])
}

fn recorded(requests: &[Request], pool: &str) -> Results {
    recorded_behind("", requests, pool)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// A pool that uses the newest connection first has as many open as were busy at once within its idle timeout.
    #[test]
    fn the_open_connections_of_a_lifo_pool_are_the_running_maximum_of_the_busy_ones(
        mut requests in prop::collection::vec((0u64..30_000, 1u64..4_000), 1..60),
        idle in 1u64..6_000,
    ) {
        requests.push((0, 1));
        requests.sort_unstable();
        let found = recorded(&requests, &format!("idle_timeout = \"{idle}ms\""));
        let open = figures(&found).open_mean * 100_000.0;
        let expected = open_millis(&requests, idle, 100_000) as f64;
        prop_assert!((open - expected).abs() < 1e-3, "{} against {}", open, expected);
    }

    /// First come, first served: no order of use changes how many requests are served, and FIFO keeps no fewer open.
    #[test]
    fn a_fifo_pool_keeps_at_least_as_many_connections_open(
        mut requests in prop::collection::vec((0u64..30_000, 1u64..4_000), 1..60),
        idle in 1u64..6_000,
    ) {
        requests.push((0, 1));
        requests.sort_unstable();
        let pool = format!("idle_timeout = \"{idle}ms\"");
        let newest = recorded(&requests, &pool);
        let oldest = recorded(&requests, &format!("{pool}, order = \"fifo\""));
        prop_assert!(figures(&oldest).open_mean >= figures(&newest).open_mean - 1e-9);
        prop_assert_eq!(newest.totals.requests, oldest.totals.requests);
    }
}

/// Two kept idle: of four at once, two are closed and opened again each time.
#[test]
fn a_pool_that_keeps_two_idle_closes_the_others() {
    let rounds = (0..10).flat_map(|round| (0..4).map(move |_| (round * 2_000, 500)));
    let requests: Vec<Request> = rounds.collect();
    let flows = |pool: &str| recorded(&requests, pool).totals.flows;
    assert_eq!(flows("preset = \"go-net-http\""), 4 + 9 * 2);
    assert_eq!(flows("preset = \"go-net-http\", max_idle = 4"), 4);
    assert_eq!(flows("preset = \"python-requests\""), 4);
    assert_eq!(flows("preset = \"grpc\""), 1);
    assert_eq!(flows("preset = \"hikaricp\""), 4);
}

/// Connections that were opened together die together, unless their lives differ.
#[test]
fn a_maximum_lifetime_closes_connections_idle_or_when_their_request_ends() {
    let requests: Vec<Request> = (0..20).map(|step| (step * 1_000, 600)).collect();
    // Opened at 0; at 4.5 s it serves the request of 4 s until 4.6 s. Then again from 5, 10 and 15 s on.
    let found = recorded(&requests, "max_lifetime = \"4500ms\"");
    assert_eq!(found.totals.flows, 4);
    let held = figures(&found).open_mean * 100.0;
    assert!((held - 4.0 * 4.6).abs() < 1e-6, "{held}");
    let jittered = recorded(&requests, "max_lifetime = { value = \"4500ms\", jitter = \"2s\" }");
    let life = figures(&jittered).open_mean * 100.0 / jittered.totals.flows as f64;
    assert!(jittered.totals.flows > 4 && (2.5..4.5).contains(&life), "{life}");
}

/// The device forgets after 2 s of silence, without a word or with a reset.
#[test]
fn a_request_on_a_forgotten_connection_is_stale() {
    let requests: Vec<Request> = (0..5).map(|step| (step * 3_000, 100)).collect();
    let with = |expiry: &str, pool: &str| {
        let device = format!("idle_timeout = \"2s\"\nidle_expiry = \"{expiry}\"");
        let totals = recorded_behind(&device, &requests, &format!("max = 4, {pool}")).totals;
        (totals.flows, totals.stale, totals.request_failures)
    };
    assert_eq!(with("silent", "retry_stale = true"), (5, 4, 0));
    assert_eq!(with("silent", "retry_stale = false"), (3, 2, 2));
    assert_eq!(with("reset", "retry_stale = false"), (5, 0, 0));
    assert_eq!(with("silent", "retry_stale = false, idle_timeout = \"1s\""), (5, 0, 0));
}

/// What idle connections send keeps their mappings.
#[test]
fn keepalives_keep_idle_connections() {
    let stale = |keepalive: &str| {
        let text = pool("0.2", "\"0s\"", "max = 4")
            .replace("ports = \"unlimited\"", "ports = 10\nidle_timeout = \"2s\"\nidle_expiry = \"silent\"")
            .replace("[run]", &format!("{keepalive}\n[run]"));
        run(&text, &[("run.duration", "1000s"), ("run.warm_up", "0s")]).totals.stale
    };
    assert!(stale("") > 50);
    assert!(stale("keepalive = \"2s\"") > 50);
    assert_eq!(stale("keepalive = \"1999ms\""), 0);
}

/// The one port rests when the one connection has lived its life: all who are in line find no port, one after the other, at once.
#[test]
fn a_long_line_that_fails_at_once_ends() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 1\nhold_down = \"1h\"\n[[workload]]\narrivals.burst = { flows = 300000 }\n\
        lifetime = \"1s\"\nsyn = \"none\"\nclient_pool = { max = 1, idle_timeout = \"1m\", max_lifetime = \"500ms\" }\n\
        [run]\nduration = \"1m\"\nreplications = 1\n";
    let totals = crate::check::run(text, &[]).totals;
    assert_eq!((totals.requests, totals.request_failures, totals.unresolved), (300_000, 299_999, 0));
}
