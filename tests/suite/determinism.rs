//! Same scenario, same seed, same bytes: whatever the threads, whatever the shards.

use crate::check::{run_cut, scenario};
use snatsim::experiment::results::Results;
use snatsim::simulation::Sharding;

/// Poisson, modulated, varying, herd, batch and renewal traffic with resends, ends of every kind, UDP and client pools.
const MIXED: &str = r#"
[outbound]
model = "azure/firewall"
instances = 3

[[node_pool]]
name = "user"
nodes = 4

[[destination]]
name = "api"
[[destination]]
name = "login"
[[destination]]
name = "dns"
protocol = "udp"

[[workload]]
name = "steady"
pods = 9
destinations = { api = 3, login = 1 }
arrivals.poisson = { rate = "60 per s" }
lifetime.lognormal = { mean = "2s", cv2 = 4.0 }
ends = { fin = 0.6, rst = 0.2, abandoned = 0.1, half_open = 0.05, refused = 0.05 }

[[workload]]
name = "names"
pods = 3
destinations = { dns = 1 }
arrivals.batch = { rate = "5 per s", size.geometric = { mean = 4.0 } }
lifetime.constant = { value = "100ms" }

[[workload]]
name = "cron"
pods = 7
destinations = { api = 1, login = 1 }
arrivals.herd = { every = "60s", clients = 900, jitter = "5s" }
lifetime.exponential = { mean = "3s" }

[[workload]]
name = "pooled"
pods = 5
destinations = { login = 1 }
arrivals.poisson = { rate = "30 per s" }
lifetime.exponential = { mean = "500ms" }
client_pool = { max = 3, idle_timeout = "20s" }

[[workload]]
name = "renewed"
pods = 4
destinations = { api = 1, login = 1 }
arrivals.renewal = { gap.weibull = { mean = "50ms", shape = 0.5 } }
lifetime.erlang = { mean = "1s", stages = 2 }

[[workload]]
name = "bulk"
pods = 3
destinations = { login = 1 }
arrivals.batch = { rate = "1 per s", size.constant = 9, accept = "whole" }
lifetime.two_point = { branches = [[1, "1s"], [1, "9s"]] }

[[workload]]
name = "moody"
pods = 6
destinations = { api = 1, login = 2 }
arrivals.mmpp = { rates = ["30 per s", "0 per s", "5 per s"], mean_stay = ["20s", "30s", "10s"] }
lifetime.exponential = { mean = "1s" }

[[workload]]
name = "fits"
pods = 3
destinations = { api = 2, login = 1 }
arrivals.on_off = { on.pareto = { mean = "5s", alpha = 1.5 }, off.exponential = { mean = "20s" }, rate = "30 per s" }
lifetime.constant = { value = "800ms" }

[[workload]]
name = "daily"
pods = 5
destinations = { api = 2, login = 1 }
arrivals.sinusoid = { mean = "10 per s", amplitude = "8 per s", period = "300s" }
lifetime.constant = { value = "500ms" }

[[workload]]
name = "event"
pods = 2
destinations = { login = 1 }
arrivals.piecewise = { points = [["60s", "20 per s"], ["90s", "0 per s"]], before = "2 per s", between = "linear" }
lifetime.exponential = { mean = "1s" }

[[workload]]
name = "growing"
pods = 5
destinations = { api = 2, login = 1 }
arrivals.mmpp = { rates = ["10 per s", "1 per s"], mean_stay = ["20s", "30s"] }
rate_over_time = { points = [["0s", 0.5], ["300s", 2.0]], between = "linear" }
lifetime.constant = { value = "500ms" }

[[workload]]
name = "sale"
pods = 2
destinations = { login = 1 }
arrivals.batch = { rate = "1 per s", size.constant = 5 }
rate_over_time = { points = [["100s", 10], ["130s", 1]], before = 1 }
lifetime.constant = { value = "500ms" }

[[workload]]
name = "chatty"
pods = 5
destinations = { api = 2, dns = 1 }
arrivals.poisson = { rate = "3 per s" }
packets = { gap.exponential = { mean = "90s" }, stop_after_packet = 0.1 }
keepalive = "260s"
lifetime.exponential = { mean = "100s" }

[[probe]]
at = "100s"
above = 300

[[probe]]
at = "30s"

[run]
duration = "600s"
replications = 3
"#;

/// Clients that wait for what they asked for: what comes depends on the device.
const CLOSED: &str = r#"
[[workload]]
name = "workers"
pods = 6
destinations = { api = 2, login = 1 }
arrivals.closed = { clients = 40, think.exponential = { mean = "2s" } }
lifetime.exponential = { mean = "1s" }
client_pool = { max = 3 }

[[workload]]
name = "sessions"
pods = 5
destinations = { api = 1, login = 1, dns = 1 }
arrivals.closed = { clients = 23, think.constant = { value = "3s" } }
lifetime.exponential = { mean = "4s" }
"#;

fn bytes(results: &Results) -> String {
    serde_json::to_string(results).unwrap()
}

fn model(text: &str, name: &str, set: &[(&str, &str)]) -> snatsim::scenario::Scenario {
    let text = text.replace("azure/firewall", name).replace("instances = 3", "");
    scenario(&text, set)
}

#[test]
fn one_and_two_threads_give_the_same_bytes() {
    let scenario = scenario(&format!("{MIXED}{CLOSED}"), &[]);
    let one = run_cut(&scenario, 1, Sharding::Smallest);
    assert!(one.totals.snat_failures > 0, "something must fail for this to mean much");
    assert_eq!(bytes(&one), bytes(&run_cut(&scenario, 2, Sharding::Smallest)));
}

#[test]
fn one_shard_and_many_give_the_same_bytes() {
    for (name, set) in [
        ("azure/load-balancer", vec![("ports_per_node", "256")]),
        ("azure/nat-gateway", vec![]),
        ("azure/firewall", vec![("instances", "3")]),
    ] {
        let scenario = model(&format!("{MIXED}{CLOSED}"), name, &set);
        let many = run_cut(&scenario, 2, Sharding::Smallest);
        assert_eq!(bytes(&many), bytes(&run_cut(&scenario, 2, Sharding::Coupled)), "{name}");
    }
}

/// What is asked for does not depend on the device that answers.
#[test]
fn every_device_meets_the_same_traffic() {
    let flows = |name: &str| {
        let set = [("workload.pooled.client_pool.max", "1000000"), ("run.warm_up", "300s")];
        let results = run_cut(&model(MIXED, name, &set), 2, Sharding::Smallest);
        (results.totals.requests, results.windows.iter().map(|window| window.replication).max())
    };
    assert_eq!(flows("azure/load-balancer"), flows("azure/nat-gateway"));
    assert_eq!(flows("azure/load-balancer"), flows("azure/firewall"));
}

#[test]
fn another_seed_gives_other_numbers() {
    let first = run_cut(&scenario(MIXED, &[]), 2, Sharding::Smallest);
    let second = run_cut(&scenario(MIXED, &[("run.seed", "2")]), 2, Sharding::Smallest);
    assert_ne!(first.totals, second.totals);
}
