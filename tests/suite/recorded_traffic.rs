//! Recorded traffic that runs end to end, and for more users than were recorded.

use crate::check::{Sample, run, run_cut, scenario};
use snatsim::experiment::results::Results;
use snatsim::simulation::Sharding;
use std::fmt::Write;
use tempfile::TempDir;

/// A trace of flows that live 2.5 s, with the last part of each one's source address.
struct Trace(TempDir);

impl Trace {
    fn of(flows: &[(f64, u8)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut text = "start_s,duration_s,protocol,source,destination,port\n".to_string();
        for (start, source) in flows {
            writeln!(text, "{start},2.5,tcp,10.0.0.{source},203.0.113.1,443").unwrap();
        }
        std::fs::write(folder.path().join("flows.csv"), text).unwrap();
        Self(folder)
    }

    fn scenario(&self, keys: &str, nodes: u32) -> String {
        let file = self.0.path().join("flows.csv");
        format!(
            "[outbound]\nmodel = \"custom\"\nports = 2\n[[node_pool]]\nname = \"user\"\nnodes = {nodes}\n[[workload]]\n\
             arrivals.trace = {{ files = [\"{}\"]{keys} }}\nsyn = \"none\"\n[run]\nwindow = \"1s\"\n",
            file.display()
        )
    }

    fn run(&self, keys: &str, nodes: u32, set: &[(&str, &str)]) -> Results {
        run(&self.scenario(keys, nodes), set)
    }
}

/// Four flows a second apart, with a mean gap between turns, are evenly spaced flows, also in the warm-up.
#[test]
fn a_looped_trace_runs_end_to_end() {
    let trace = Trace::of(&[(7.0, 1), (8.0, 1), (9.0, 1), (10.0, 1)]);
    for warm_up in ["0s", "8s", "9s", "11s"] {
        let set = [("run.warm_up", warm_up), ("run.duration", "99s"), ("run.replications", "2")];
        let looped = trace.run(", loop = true", 1, &set);
        let text = "[outbound]\nmodel = \"custom\"\nports = 2\n[[workload]]\nlifetime = \"2500ms\"\nsyn = \"none\"\n\
                    arrivals.even = { rate = \"1 per s\", first = \"0s\" }\n[run]\nwindow = \"1s\"\n";
        let even = run(text, &set);
        assert_eq!((looped.totals, looped.windows), (even.totals, even.windows), "{warm_up}");
        assert_eq!(looped.totals.flows, 198);
    }
}

#[test]
fn a_trace_runs_once_unless_told_otherwise() {
    let trace = Trace::of(&[(7.0, 1), (8.0, 1), (8.0, 2)]);
    let results = trace.run(", loop = false, users = 1", 2, &[("run.duration", "99s")]);
    assert_eq!(results.totals.flows, 30);
    assert_eq!(results.windows.iter().filter(|window| window.start_s < 2.0).count(), 20);
}

/// Copies of two addresses on five nodes: 1 and 2, then 3 and 4, then 5 and 1.
#[test]
fn the_addresses_of_each_user_go_to_the_next_nodes() {
    let trace = Trace::of(&[(0.0, 1), (0.1, 1), (0.2, 1), (0.3, 1), (3.0, 2)]);
    let results = trace.run(", users = 3", 5, &[("run.duration", "5s"), ("run.replications", "1")]);
    let mut attempts: Vec<_> =
        results.failures_by_node.iter().map(|each| (each.name.as_str(), each.attempts)).collect();
    attempts.sort_unstable();
    let names = ["user-1", "user-2", "user-3", "user-4", "user-5"];
    let expected: Vec<_> = names.into_iter().zip([5, 1, 4, 1, 4]).collect();
    assert_eq!(attempts, expected);
}

/// Five flows in a period of 3.75 s: two users start 2.67 in any second of it, though one starts 4 in the first.
#[test]
fn users_are_turned_by_any_part_of_the_period() {
    let trace = Trace::of(&[(0.0, 1), (0.1, 1), (0.2, 1), (0.3, 1), (3.0, 2)]);
    for (keys, seconds) in [(", users = 2", [0.0, 2.0]), (", users = 2, loop = true", [1.0, 8.0])] {
        let results = trace.run(keys, 1, &[("run.duration", "9s"), ("run.replications", "4000")]);
        for second in seconds {
            let mut flows = vec![0.0; 4_000];
            for window in results.windows.iter().filter(|window| window.start_s == second) {
                flows[window.replication as usize] = window.attempts as f64;
            }
            Sample::of_values(&flows).assert_agrees(2.0 * 5.0 / 3.75, 0.03);
        }
    }
}

#[test]
fn shards_and_threads_do_not_matter() {
    let trace = Trace::of(&[(0.0, 1), (0.1, 2), (0.2, 3), (0.3, 1), (3.0, 2)]);
    let text = trace.scenario(", users = 9, loop = true", 4);
    let scenario = scenario(&text, &[("run.duration", "60s"), ("run.warm_up", "7s")]);
    let bytes = |threads, sharding| serde_json::to_string(&run_cut(&scenario, threads, sharding)).unwrap();
    let one = bytes(1, Sharding::Smallest);
    assert!(run_cut(&scenario, 1, Sharding::Smallest).totals.snat_failures > 0);
    assert_eq!(one, bytes(2, Sharding::Smallest));
    assert_eq!(one, bytes(2, Sharding::Coupled));
}

/// A run ends although a node, with a shard of its own, waits for a flow that no turn brings.
#[test]
fn a_node_that_the_trace_never_names_is_no_reason_to_wait() {
    let trace = Trace::of(&[(0.0, 1), (1.0, 1)]);
    let text = trace.scenario(", loop = true", 3).replace("syn = \"none\"", "connect_timeout = \"9s\"");
    let scenario = scenario(&text, &[("run.duration", "60s")]);
    let bytes = |sharding| serde_json::to_string(&run_cut(&scenario, 1, sharding)).unwrap();
    assert_eq!(bytes(Sharding::Smallest), bytes(Sharding::Coupled));
}

#[test]
fn a_trace_without_a_period_has_no_turns() {
    let trace = Trace::of(&[(1.0, 1), (1.0, 1)]);
    for keys in [", loop = true", ", users = 2"] {
        let error = snatsim::scenario::read("test.toml", &trace.scenario(keys, 1), &[]).unwrap_err();
        assert!(error.to_string().contains("all flows of the trace start at once"), "{error}");
    }
    let error = snatsim::scenario::read("test.toml", &trace.scenario(", loop = 1", 1), &[]).unwrap_err();
    assert!(error.to_string().contains("`loop` is the number 1; allowed is true, false"), "{error}");
}
