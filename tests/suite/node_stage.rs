//! Nodes that rewrite the source address before the outbound device does: two stages, each of which may refuse.

use crate::check::{run, run_cut, scenario};
use snatsim::experiment::results::Results;
use snatsim::simulation::Sharding;

/// A node with a range of ports behind a plugin, before a device of so many.
fn burst(plugin: &str, node_stage: &str, device_ports: &str, flows: u32, workload: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = {device_ports}\n\
         [cluster]\nnetwork_plugin = \"{plugin}\"\nnode_stage = {node_stage}\n\
         [[workload]]\narrivals.burst = {{ flows = {flows}, spread = \"1ms\" }}\n{workload}\n\
         [run]\nduration = \"10m\"\nreplications = 1\n"
    )
}

const SMALL: &str = "{ first_port = 40000, last_port = 40099 }";

fn refused(results: &Results) -> Vec<(&str, &str, u64)> {
    let by = results.snat_failures_by.iter();
    by.map(|each| (each.stage.as_str(), each.reason.as_str(), each.count)).collect()
}

#[test]
fn a_node_runs_out_of_its_own_ports_before_the_device_does() {
    let text = burst("azure-cni-overlay", SMALL, "\"unlimited\"", 250, "lifetime = \"5s\"\nsyn = \"none\"");
    let results = run(&text, &[]);
    assert_eq!(refused(&results), [("masquerade", "no_free_port", 150)]);
    assert_eq!(results.first_failure.as_ref().unwrap().port_pool, "node-1");
}

#[test]
fn a_refusal_by_the_device_leaves_the_node_s_mapping_half_open() {
    let strict = SMALL.replace(" }", ", take_over = false }");
    let text = burst("azure-cni-overlay", &strict, "8", 200, "lifetime = \"5s\"\nsyn = \"none\"");
    let results = run(&text, &[]);
    assert_eq!(refused(&results), [("masquerade", "no_free_port", 100), ("custom", "no_free_port", 92)]);
    let later = text.replace(
        "[run]",
        "[[workload]]\nname = \"later\"\narrivals.burst = { at = \"119s\", flows = 1 }\nlifetime = \"1s\"\n\
         syn = \"none\"\n[[workload]]\nname = \"last\"\narrivals.burst = { at = \"121s\", flows = 93 }\n\
         lifetime = \"1s\"\nsyn = \"none\"\n[run]",
    );
    let results = run(&later, &[]);
    // At 119 s: 92 half-open and 8 at rest after FIN. At 121 s the half-open ones are gone: 92 ports for 93 flows.
    assert_eq!(
        refused(&results),
        [("masquerade", "no_free_port", 102), ("custom", "no_free_port", 92 + 84)],
        "{:?}",
        results.failures_by_node
    );
}

#[test]
fn a_syn_that_is_sent_again_uses_the_mapping_that_the_first_left() {
    let workload = "lifetime = \"2s\"\nsyn = [\"1s\", \"2s\"]\nconnect_timeout = \"20s\"";
    let text = burst("azure-cni-overlay", SMALL, "60", 100, workload);
    let results = run(&text, &[]);
    // 60 pass at once. The SYNs of the others at 1 s find the device full, those at 3 s find it free: none asks the
    // node for a second port, of which there would be none.
    assert_eq!(refused(&results), [("custom", "no_free_port", 80)]);
    assert_eq!(results.totals.connection_failures, 0);
    assert!((results.connect_delay_s.max - 3.0).abs() < 1e-6);
}

#[test]
fn the_tracking_table_limits_a_node_over_all_destinations() {
    let destinations = "destinations = { a = 1, b = 1, c = 1 }\nlifetime = \"5s\"\nsyn = \"none\"";
    let text = burst("kubenet", "{ tracking_table = 1024 }", "\"unlimited\"", 3_000, destinations)
        + "[[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[destination]]\nname = \"c\"\n";
    assert_eq!(refused(&run(&text, &[])), [("masquerade", "tracking_table_full", 1_976)]);
}

#[test]
fn cilium_gives_up_while_ports_are_free() {
    let small = "{ first_port = 40000, last_port = 40999, local_ports = [50000, 60000] }";
    let text = burst("cilium", small, "\"unlimited\"", 1_500, "lifetime = \"5s\"\nsyn = \"none\"");
    let results = run(&text, &[]);
    let [(stage, first, gave_up), (_, second, full)] = refused(&results)[..] else {
        panic!("{:?}", results.snat_failures_by)
    };
    assert_eq!((stage, first, second), ("masquerade", "no_free_port", "search_gave_up"));
    assert!(full > 0 && gave_up + full >= 500, "{gave_up} and {full}");
}

/// Which destinations cost a port of the node depends on who rewrites what.
#[test]
fn the_plugin_decides_which_flows_the_node_translates() {
    let attempts = |plugin: &str| {
        let text = burst(plugin, SMALL, "\"unlimited\"", 150, "lifetime = \"5s\"\nsyn = \"none\"")
            + "[[destination]]\nname = \"inside\"\nreach = \"peered\"\n";
        let results = run(&text, &[]);
        (results.totals.attempts, results.totals.snat_failures)
    };
    assert_eq!(attempts("azure-cni-overlay"), (150, 50));
    assert_eq!(attempts("azure-cni"), (0, 0));
}

#[test]
fn a_reset_by_the_load_balancer_s_idle_timeout_reaches_the_node() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\nidle_timeout = \"4m\"\n\
                [cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
                [[workload]]\narrivals.burst = { flows = 10 }\nlifetime = \"10s\"\nends = { abandoned = 1.0 }\n\
                [run]\nduration = \"10m\"\nreplications = 1\n";
    let pools = run(text, &[]).occupancy_by_pool;
    let mean = |stage: &str| {
        let pool = pools.iter().find(|pool| pool.stage == stage).unwrap();
        pool.mean * pool.ports.unwrap() as f64 * 600.0 / 10.0
    };
    assert!((mean("load-balancer") - 250.0).abs() < 1e-6, "{}", mean("load-balancer"));
    assert!(
        (mean("masquerade") - 260.0).abs() < 1e-6,
        "10 s of life, 240 s of silence, 10 s after the reset"
    );
}

#[test]
fn two_stages_give_the_same_bytes_however_they_are_cut() {
    let text = "[outbound]\nmodel = \"azure/nat-gateway\"\nports_per_ip = 400\n\
                [cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
                node_stage = { first_port = 1024, last_port = 1223, tracking_table = 1024 }\n\
                [[node_pool]]\nname = \"user\"\nnodes = 3\n\
                [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n\
                [[workload]]\npods = 6\ndestinations = { a = 3, b = 1 }\narrivals.poisson = { rate = \"60 per s\" }\n\
                lifetime.exponential = { mean = \"3s\" }\nends = { fin = 0.6, rst = 0.2, abandoned = 0.1, half_open = 0.1 }\n\
                [run]\nduration = \"3m\"\nwarm_up = \"2m\"\nreplications = 2\n";
    let bytes =
        |threads, sharding| serde_json::to_string(&run_cut(&scenario(text, &[]), threads, sharding)).unwrap();
    let one = bytes(1, Sharding::Smallest);
    assert_eq!(one, bytes(2, Sharding::Smallest));
    assert_eq!(one, bytes(2, Sharding::Coupled));
    let results = run(text, &[]);
    let stages: Vec<&str> = results.snat_failures_by.iter().map(|each| each.stage.as_str()).collect();
    assert!(stages.contains(&"masquerade") && stages.contains(&"nat-gateway"), "{stages:?}");
}
