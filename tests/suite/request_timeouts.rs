//! Applications that give up a try which takes too long: what is counted, and how long ports serve nobody.

use crate::check::{run, run_cut, scenario};
use snatsim::experiment::results::{Results, TimeoutFigures};
use snatsim::simulation::Sharding;

/// One row of `ports` ports that rest for 10 s after a close.
fn text(ports: u32, workloads: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = {ports}\nhold_down = {{ fin = \"10s\", rst = \"1s\" }}\n{workloads}\n\
         [run]\nduration = \"100s\"\nwarm_up = \"0s\"\nreplications = 1\n"
    )
}

fn workload(keys: &str) -> String {
    format!("[[workload]]\nrequest_timeout = \"2s\"\n{keys}\n")
}

fn timeouts(results: &Results) -> (u64, u64, u64) {
    let TimeoutFigures { in_line, connecting, awaiting_answer } =
        results.request_timeouts.expect("a workload has one");
    (in_line, connecting, awaiting_answer)
}

/// A port serves nobody for 2 s and rests for 10 s, or for 1 s after a reset; one that is answered in time is kept as ever.
#[test]
fn a_late_answer_is_not_waited_for_and_its_connection_is_closed() {
    let burst = "arrivals.burst = { flows = 10 }\nsyn = \"none\"";
    for (keys, kept, late) in [
        ("lifetime = \"5s\"", 12.0, 10),
        ("lifetime = \"5s\"\nends = { rst = 1.0 }", 3.0, 10),
        ("lifetime = \"2s\"", 12.0, 0),
        ("lifetime = \"1s\"", 11.0, 0),
    ] {
        let found = run(&text(100, &workload(&format!("{burst}\n{keys}"))), &[]);
        assert_eq!(timeouts(&found), (0, 0, late), "{keys}");
        assert_eq!((found.totals.requests, found.totals.request_failures), (10, late), "{keys}");
        assert_eq!((found.totals.snat_failures, found.totals.connection_failures), (0, 0), "{keys}");
        assert!((found.port_holding_s.mean - kept).abs() < 1e-6, "{keys}: {}", found.port_holding_s.mean);
    }
    let unanswered = "[[destination]]\nname = \"near\"\nreach = \"vnet\"\n[[workload]]\nrequest_timeout = \"2s\"\n\
                      arrivals.burst = { flows = 10 }\nlifetime = \"3s\"";
    let found = run(&text(100, unanswered), &[]);
    assert_eq!((timeouts(&found), found.totals.attempts), ((0, 0, 10), 0), "no port is needed, an answer is");
}

/// The only port is kept for 1.5 s. SYNs at 0 and 1 s are refused; at 1.8 s one gets the port, and gives it back 0.2 s later.
#[test]
fn the_time_counts_from_the_first_syn_and_again_for_each_try() {
    let keeper = "[[workload]]\nsyn = \"none\"\narrivals.burst = { flows = 1 }\nlifetime = \"1.5s\"\nends = { refused = 0.0, fin = 1.0 }\n";
    let late = workload(
        "arrivals.burst = { at = \"1ms\", flows = 1 }\nlifetime = \"1s\"\nsyn = [\"1s\", \"800ms\", \"100ms\"]\n\
         retry = { attempts = 2, backoff = { base = \"20s\" } }",
    );
    let text = text(1, &format!("{keeper}{late}")).replace("fin = \"10s\"", "fin = \"0s\"");
    let found = run(&text, &[]);
    let totals = found.totals;
    assert_eq!(timeouts(&found), (0, 0, 1), "the first try gets its port too late, the second at once");
    assert_eq!((totals.attempts, totals.snat_failures), (1 + 3 + 1, 2));
    assert_eq!((totals.requests, totals.request_failures, totals.connection_failures), (2, 0, 0));
    assert!((found.port_holding_s.mean - (1.5 + 0.2 + 1.0) / 3.0).abs() < 1e-6, "{:?}", found.port_holding_s);
}

/// SYNs at 0, 1 and 2 s would be refused; the one due at the very end of the time is not sent.
#[test]
fn connecting_ends_with_the_time() {
    let keeper = "[[workload]]\nsyn = \"none\"\narrivals.burst = { flows = 1 }\nlifetime = \"50s\"\n";
    let late =
        workload("arrivals.burst = { at = \"1ms\", flows = 3 }\nlifetime = \"1s\"\nsyn = [\"1s\", \"1s\"]");
    let found = run(&text(1, &format!("{keeper}{late}")), &[]);
    assert_eq!(timeouts(&found), (0, 3, 0));
    assert_eq!((found.totals.attempts, found.totals.snat_failures), (1 + 3 * 2, 6));
    assert_eq!((found.totals.connection_failures, found.totals.request_failures), (3, 3));
}

/// One connection, answers after 3 s: the first of three requests is given up at 2 s, the others in line at that instant.
/// Its connection is closed, so the fourth, at 5 s, opens another.
#[test]
fn a_request_in_line_waits_no_longer_than_one_that_is_served() {
    let pool = "arrivals.burst = { flows = 3 }\nlifetime = \"3s\"\nsyn = \"none\"\nclient_pool = { max = 1 }";
    let found = run(&text(100, &workload(pool)), &[]);
    assert_eq!(timeouts(&found), (2, 0, 1));
    assert_eq!((found.totals.attempts, found.totals.flows, found.totals.request_failures), (1, 1, 3));
    assert!((found.port_holding_s.mean - 12.0).abs() < 1e-6, "{:?}", found.port_holding_s);
    let later = pool.replace("{ flows = 3 }", "{ flows = 3, spread = \"0s\" }");
    let again = format!("{later}\nretry = {{ attempts = 2, backoff = {{ base = \"3s\" }} }}");
    let found = run(&text(100, &workload(&again)), &[]);
    assert_eq!((timeouts(&found), found.totals.attempts), ((4, 0, 2), 2));
    let own = pool.replace("max = 1", "max = 1, wait = { timeout = \"1500ms\" }");
    let found = run(&text(100, &workload(&own)), &[]);
    assert_eq!(timeouts(&found), (0, 0, 1), "the client pool's own timeout comes first");
    assert!((found.client_pool.unwrap().wait_timeout_ratio - 2.0 / 3.0).abs() < 1e-9);
}

/// HTTP/2 resets a stream and keeps the connection.
#[test]
fn of_a_connection_with_several_streams_only_the_stream_is_given_up() {
    let streams = |streams: u32| {
        let pool = format!(
            "arrivals.even = {{ rate = \"0.2 per s\" }}\nlifetime = \"3s\"\nsyn = \"none\"\n\
             client_pool = {{ max = 4, streams = {streams} }}"
        );
        run(&text(100, &workload(&pool)), &[])
    };
    let (http1, http2) = (streams(1), streams(8));
    assert_eq!((http1.totals.request_failures, http1.totals.attempts), (19, 19));
    assert_eq!((http2.totals.request_failures, http2.totals.attempts), (19, 1));
    assert_eq!(timeouts(&http2), (0, 0, 19));
}

/// A client of a closed loop thinks again when it has given up.
#[test]
fn a_closed_loop_goes_on_after_the_time() {
    let text = text(
        100,
        &workload("arrivals.closed = { clients = 1, think = \"3s\" }\nlifetime = \"30s\"\nsyn = \"none\""),
    );
    let found = run(&text, &[]);
    assert!((19..=20).contains(&found.totals.requests), "a turn is 2 s and 3 s: {:?}", found.totals);
    assert_eq!(found.totals.requests, found.totals.request_failures);
}

/// Cut in any way, on any number of threads.
#[test]
fn what_is_given_up_depends_on_neither_threads_nor_shards() {
    let keys = "pods = 6\narrivals.poisson = { rate = \"30 per s\" }\nlifetime.exponential = { mean = \"1s\" }\n\
                syn = [\"1s\", \"500ms\"]\nretry = { attempts = 3, backoff = { base = \"1s\", jitter = \"full\" } }";
    let text = text(
        40,
        &format!(
            "{}[[workload]]\nclient_pool = {{ max = 2, wait = {{ order = \"lifo\" }} }}\n{keys}\nrequest_timeout = \"1s\"\n",
            workload(keys)
        ),
    )
    .replace("[[workload]]", "[[node_pool]]\nname = \"user\"\nnodes = 3\n[[workload]]")
    .replacen(
        "[[node_pool]]\nname = \"user\"\nnodes = 3\n[[workload]]\nclient_pool",
        "[[workload]]\nclient_pool",
        1,
    );
    let whole = run_cut(&scenario(&text, &[]), 1, Sharding::Coupled);
    let cut = run_cut(&scenario(&text, &[]), 2, Sharding::Smallest);
    assert_eq!(serde_json::to_string(&whole).unwrap(), serde_json::to_string(&cut).unwrap());
    let (in_line, connecting, awaiting_answer) = timeouts(&whole);
    assert!(in_line > 0 && connecting > 0 && awaiting_answer > 0, "{:?}", timeouts(&whole));
    assert!(whole.analytic.is_none_or(|check| check.erlang_b.is_none()));
}

/// The first of two requests has the only connection for 10 s; the second waits in line for 1 s and gets it in its third try,
/// which is the first that asks for a port when the client pool has closed the connection in between.
#[test]
fn a_try_that_ends_in_line_asks_for_no_port() {
    let two = "[[workload]]\narrivals.burst = { flows = 2 }\nlifetime = \"10s\"\nsyn = \"none\"\n\
               client_pool = { max = 1, idle_timeout = \"0s\", wait = { timeout = \"1s\" } }\n\
               retry = { attempts = 3, backoff = { base = \"5s\" } }";
    let found = run(&text(100, two), &[]);
    assert_eq!((found.totals.attempts, found.totals.flows, found.totals.requests), (2, 2, 2));
    assert_eq!((found.retry_amplification, found.retries.unwrap().begun), (1.0, 2));
    let kept = two.replace("idle_timeout = \"0s\"", "idle_timeout = \"90s\"");
    let found = run(&text(100, &kept), &[]);
    assert_eq!((found.totals.attempts, found.totals.flows, found.totals.requests), (1, 1, 2));
}

/// One connection is used every 20 s and forgotten after 15 s, silently. A client that does not try again on its own fails
/// every other request without asking for a port, and asks with the next.
#[test]
fn a_stale_connection_is_no_attempt() {
    let stale = |keys: &str| {
        let workload = format!(
            "[[workload]]\narrivals.even = {{ rate = \"0.05 per s\" }}\nlifetime = \"1s\"\nsyn = \"none\"\n{keys}"
        );
        let text = text(100, &workload).replace("ports", "idle_timeout = \"15s\"\nports");
        run(&text, &[("run.duration", "210s")])
    };
    let counts = |found: &Results| {
        let totals = found.totals;
        (totals.requests, totals.request_failures, totals.stale, totals.attempts, totals.connection_failures)
    };
    let fails = stale("client_pool = { max = 1, retry_stale = false }");
    assert_eq!(counts(&fails), (10, 5, 5, 5, 0));
    let again = stale("client_pool = { max = 1 }");
    assert_eq!(counts(&again), (10, 0, 9, 10, 0));
    let retried = stale(
        "client_pool = { max = 1, retry_stale = false }\nretry = { attempts = 2, backoff = { base = \"1s\" } }",
    );
    assert_eq!(counts(&retried), (10, 0, 9, 10, 0));
    for found in [fails, again, retried] {
        assert_eq!(found.retry_amplification, 1.0, "every attempt is the first of its request");
    }
}
