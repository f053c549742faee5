//! `[cluster]`, `[[node_pool]]`, `[[destination]]`, `[[relay]]`.

use super::devices::node_stage;
use super::shapes::{any, count, list, named, number, one_of, pair, table, text, words};
use super::workload::client_pool;
use crate::profile::Profile;
use crate::scenario::network::NETWORK_PLUGINS;
use serde_json::{Value, json};

pub(super) fn cluster() -> Value {
    let plugins: Vec<&str> = NETWORK_PLUGINS.iter().map(Profile::short_name).collect();
    let ranges = ["node_subnet", "pod_subnet", "pod_cidr"].map(|range| (range, text()));
    let own = [("network_plugin", words(&plugins)), ("max_pods", count(1)), ("node_stage", node_stage())];
    let pods = [("local_ports", pair(count(1), count(1))), ("time_wait", named("duration"))];
    table(&[&own[..], &ranges[..], &pods[..]].concat(), &[])
}

pub(super) fn node_pool() -> Value {
    let time = |name: &'static str| (name, named("duration"));
    let limits = [("min", count(1)), ("max", count(1)), ("pods_per_node", count(1))];
    let autoscale = table(&[&limits[..], &[time("takes"), time("calm")]].concat(), &["min", "max"]);
    let keys = [("name", text()), ("nodes", count(1)), ("max_surge", surge()), ("zones", count(1))];
    let keys = [&keys[..], &[("autoscale", autoscale)]].concat();
    any(&[table(&keys, &["nodes"]), table(&keys, &["autoscale"])])
}

/// A number of nodes, or a share of them.
pub(super) fn surge() -> Value {
    any(&[count(0), json!({ "type": "string", "pattern": r"^[0-9.]+\s*%$" })])
}

pub(super) fn destination() -> Value {
    let reach = [
        "internet",
        "private-endpoint",
        "service-endpoint",
        "same-region-storage",
        "vnet",
        "peered",
        "on-premises",
        "blocked",
    ];
    table(
        &[
            ("name", text()),
            ("address", text()),
            ("port", count(1)),
            ("protocol", words(&["tcp", "udp"])),
            ("reach", words(&reach)),
        ],
        &[],
    )
}

pub(super) fn relay() -> Value {
    table(&[&[("name", text())], &placement()[..], &[("client_pool", client_pool())]].concat(), &[])
}

/// Which pods there are, and where they run.
pub(super) fn placement() -> [(&'static str, Value); 3] {
    let skewed = one_of(&[("hot_node", number()), ("zipf", number()), ("weights", list(number()))]);
    [
        ("node_pool", text()),
        ("pods", any(&[count(1), words(&["per-node"])])),
        ("placement", any(&[words(&["even"]), skewed])),
    ]
}
