//! The setting that just meets a target.

use super::command_line::{json, snatsim};
use serde_json::Value;

/// Poisson arrivals of one node, short of time: theory needs none.
fn poisson(rate: f64, lifetime: &str, outbound: &str, nodes: u32) -> String {
    format!(
        "[outbound]\n{outbound}\n[[node_pool]]\nname = \"user\"\nnodes = {nodes}\n[[workload]]\nname = \"api\"\npods = {nodes}\n\
         arrivals.poisson = {{ rate = \"{rate} per s\" }}\nlifetime.exponential = {{ mean = \"{lifetime}\" }}\nsyn = \"none\"\n\
         [run]\nduration = \"2s\"\nreplications = 2\nwarm_up = \"0s\"\n"
    )
}

fn size(text: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let all = [&["size", "-", "-o", "json", "--reproducible"], arguments].concat();
    let output = snatsim(&all).write_stdin(text).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), error)
}

fn theory(text: &str, vary: &str, limit: &str) -> Value {
    let (_, found, error) = size(text, &["--vary", vary, "--target", &format!("failure_ratio <= {limit}")]);
    assert!(found["theory"].is_object(), "{error}");
    found["theory"]["answer"].clone()
}

#[test]
fn o_sz1_the_least_ports_for_a_target() {
    let custom = "model = \"custom\"\npartition = \"shared\"\nports = 1024";
    for (offered, limit, ports) in [
        (1_000.0, "0.01", 1_029),
        (1_000.0, "0.001", 1_072),
        (1_000.0, "0.000001", 1_141),
        (60_000.0, "0.001", 60_275),
        (60_000.0, "0.000001", 60_945),
    ] {
        let found = theory(&poisson(offered, "1s", custom, 1), "ports_per_node", limit);
        assert_eq!(found, ports, "{offered} erlang, {limit}");
    }
}

/// 2,945 a second, half a second each, 65 s of rest: 193,179 ports.
#[test]
fn o_sz2_the_least_ips_of_a_nat_gateway() {
    let gateway = |ports_per_ip: &str| {
        let outbound =
            format!("model = \"azure/nat-gateway\"\nhold_down = {{ fin = \"65s\" }}\n{ports_per_ip}");
        theory(&poisson(2_945.0, "500ms", &outbound, 1), "public_ips", "0.001")
    };
    assert_eq!(gateway(""), 3);
    assert_eq!(gateway("ports_per_ip = 50000"), 4);
}

/// 48 nodes, 12 a second each, 0.3 s and 240 s of rest: 3,043 ports a node, in blocks of 8 3,048; 2 IPs have 2,664.
#[test]
fn o_sz3_the_least_ports_and_ips_of_a_load_balancer() {
    let balancer = |ips: u32| {
        let outbound = format!(
            "model = \"azure/load-balancer\"\npublic_ips = {ips}\nports_per_node = 1024\nhold_down = {{ fin = \"240s\" }}"
        );
        let surge = "[[node_pool]]\nname = \"user\"\nnodes = 48";
        let text = poisson(576.0, "300ms", &outbound, 48).replace(surge, &format!("{surge}\nmax_surge = 0"));
        theory(&text, "ports_per_node", "0.0001")
    };
    assert_eq!([balancer(2), balancer(3)], [Value::Null, 3_048.into()]);
}

/// 400 a second, kept for 32 s, over 3 instances: 4,392 ports each.
#[test]
fn o_sz4_the_least_ips_of_a_firewall() {
    let outbound = "model = \"azure/firewall\"\ninstances = 3\nhold_down = { fin = \"31s\" }";
    assert_eq!(theory(&poisson(400.0, "1s", outbound, 1), "public_ips", "0.001"), 2);
}

/// Erlang-B gives 0.95 % at 69 ports with 55 erlang, 1.2 % at 68.
#[test]
fn an_answer_is_proved_refuted_beside_and_confirmed_by_another_seed() {
    let set = ["--set", "run.duration=400s", "--set", "outbound.ports=64", "--replications", "10"];
    let vary = ["--vary", "ports_per_node", "--target", "failure_ratio < 1%"];
    let rate = ["--set", "workload.0.arrivals.poisson.rate=55 per s", "-o", "json"];
    let found = json(&[&["size", "tests/scenarios/o-eb3.toml"][..], &vary, &rate, &set].concat());
    assert_eq!((&found["sought"], &found["theory"]["answer"]), (&"smallest".into(), &69.into()));
    let answer = found["answer"].as_u64().unwrap();
    assert_eq!(found["proved_by"]["scenario"]["outbound"]["ports"], answer);
    assert_eq!(found["refuted_by"]["scenario"]["outbound"]["ports"], answer - 1);
    let (proof, confirmed) = (&found["proved_by"]["thresholds"][0], &found["confirmed_by"]);
    assert_eq!((&confirmed["seed"], &confirmed["verdict"]), (&2.into(), &"pass".into()));
    assert_ne!(proof["estimate"], confirmed["estimate"], "the same random numbers");
    assert_eq!(found["binding"]["reason"], "no_free_port");
}

/// A flow a second that nobody closes takes as many ports as the idle timeout has seconds.
const ABANDONED: &str = "[outbound]\nmodel = \"azure/nat-gateway\"\nports_per_ip = 512\n[[node_pool]]\nname = \"user\"\nnodes = 1\n\
    [[workload]]\nname = \"api\"\npods = 1\narrivals.even = { rate = \"1 per s\" }\nlifetime = \"1s\"\nends = { abandoned = 1 }\n\
    syn = \"none\"\n[run]\nduration = \"3h\"\nwarm_up = \"0s\"\nreplications = 2\n";

#[test]
fn the_largest_idle_timeout_is_sought() {
    let target = ["--target", "occupancy.max < 95%"];
    let (status, found, error) = size(ABANDONED, &[&["--vary", "idle_timeout"][..], &target].concat());
    assert_eq!(
        (status, &found["sought"], &found["answer"]),
        (Some(0), &"largest".into(), &480.into()),
        "{error}"
    );
    assert_eq!(found["refuted_by"]["scenario"]["outbound"]["idle_timeout"], "540s");
    let listed = ["--vary", "idle_timeout=4m..10m:3m,500s"];
    assert_eq!(size(ABANDONED, &[&listed[..], &target].concat()).1["answer"], 420);
    let output = snatsim(&[&["size", "-", "--vary", "idle_timeout"][..], &target].concat())
        .write_stdin(ABANDONED)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("idle_timeout = 8m is the largest that meets occupancy.max < 95%"), "{text}");
    assert!(text.contains("one step larger"), "{text}");
}

/// 300 requests at once on one pod, 100 ports: a pool of 100 serves all, one of 101 asks for a port too many.
#[test]
fn the_largest_client_pool_is_sought() {
    let text = "[outbound]\nmodel = \"custom\"\npartition = \"node\"\nports = 100\n[[node_pool]]\nname = \"user\"\nnodes = 1\n\
        [[workload]]\nname = \"api\"\npods = 1\narrivals.burst = { at = \"1s\", flows = 300 }\nlifetime = \"1s\"\nsyn = \"none\"\n\
        client_pool = { max = 10 }\n[run]\nduration = \"60s\"\nwarm_up = \"0s\"\nreplications = 2\n";
    let (status, _, error) = size(text, &["--vary", "pool_max", "--target", "failure_ratio < 50%"]);
    assert!(status.is_some_and(|status| status != 2), "{error}");
    let (_, none, error) = size(text, &["--vary", "pool_max=80..120", "--target", "occupancy.max < 1"]);
    assert_eq!((&none["answer"], &none["sought"]), (&99.into(), &"largest".into()), "{error}");
}

/// 96 flows at once, each node 10 ports: ten nodes serve them.
#[test]
fn nodes_and_instances_can_be_sized() {
    let text = "[outbound]\nmodel = \"custom\"\npartition = \"node\"\nports = 10\n[[node_pool]]\nname = \"user\"\nnodes = 1\n\
        [[workload]]\nname = \"api\"\npods = 96\narrivals.burst = { at = \"1s\", flows = 96 }\nlifetime = \"1s\"\nsyn = \"none\"\n\
        [run]\nduration = \"60s\"\nwarm_up = \"0s\"\nreplications = 2\n";
    let (_, found, error) = size(text, &["--vary", "nodes=1..20", "--target", "failure_ratio <= 50%"]);
    assert!(found["answer"].as_u64().is_some_and(|nodes| nodes < 10), "{error}");
    let firewall = poisson(400.0, "1s", "model = \"azure/firewall\"\nhold_down = { fin = \"31s\" }", 1);
    // One IP: 12,800 erlang over 6 instances are 2,133 on 2,496 ports each, over 5 are 2,560.
    assert_eq!(theory(&firewall, "instances", "0.001"), 6);
}

#[test]
fn what_cannot_be_varied_is_refused_with_what_can() {
    let text = poisson(1.0, "1s", "model = \"azure/nat-gateway\"", 1);
    for (vary, said) in [
        ("hold_down", "\"hold_down\" cannot be sized; there are public_ips, ports_per_node, nodes"),
        ("public_ips=", "a value is empty"),
        ("public_ips=1.5", "\"1.5\" is no whole number"),
        ("idle_timeout=4", "write"),
        ("idle_timeout=1500ms", "is no whole number of seconds"),
        ("ports_per_node", "belongs to azure/load-balancer and custom"),
        ("instances", "instances"),
    ] {
        let (status, _, error) = size(&text, &["--vary", vary, "--target", "failure_ratio < 1%"]);
        assert!(status == Some(2) && error.contains(said), "{vary}: {status:?} {error}");
    }
}
