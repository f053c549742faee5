//! `[outbound]`, `[[way_out]]`, and what nodes do: keys of devices that translate.

use super::shapes::{any, count, list, named, number, pair, table, text, words};
use super::workload::client_pool;
use crate::scenario::devices;
use serde_json::{Value, json};

/// Keys of a device.
pub(super) fn device() -> Vec<(&'static str, Value)> {
    let models: Vec<&str> = devices::names().collect();
    let instances = table(&[("instances", count(1)), ("by_node", list(count(1)))], &["instances"]);
    let ports = any(&[count(1), words(&["unlimited"])]);
    let tier = table(&[("nodes", count(1)), ("ports", count(0))], &["nodes", "ports"]);
    let mut keys = mappings();
    keys.extend([
        ("model", words(&models)),
        ("public_ips", any(&[count(1), list(table(&[("ports", ports.clone())], &["ports"]))])),
        ("public_ip_choice", words(&IP_CHOICES)),
        ("public_ip_of", json!({ "type": "object", "additionalProperties": count(0) })),
        ("ports_per_flow", count(1)),
        ("first_port", count(0)),
        ("ports_per_node", any(&[count(0), words(&["auto"])])),
        ("inbound_rules", count(0)),
        ("hold_scope", words(&["destination", "port"])),
        ("reuse", words(&["in-use-first", "fresh-first"])),
        ("used_ports", json!({ "type": "boolean" })),
        ("grant_layout", words(&["fewest-ips", "equal"])),
        ("when_full", words(&["drop", "reset"])),
        ("instances", count(1)),
        ("by_node", list(count(1))),
        ("gateway_nodes", count(1)),
        ("prefix_length", count(1)),
        ("ports_per_gateway_node", count(1)),
        ("ports", ports),
        ("partition", any(&[words(&["node", "shared"]), instances])),
        ("per_destination_cap", count(1)),
        ("total_cap", count(1)),
        ("per_node_cap", any(&[count(1), list(count(1))])),
        ("cap_counts_holds", json!({ "type": "boolean" })),
        ("ports_per_ip", count(1)),
        ("ports_per_ip_and_instance", count(1)),
        ("granularity", count(1)),
        ("reclaim", words(&["random", "highest", "lowest", "idle-first"])),
        ("reclaim_signal", words(&["silent", "reset"])),
        ("realloc_delay", named("duration")),
        ("drain", named("duration")),
        ("autoscale", autoscale()),
        ("automatic_most", count(1)),
        ("tiers", list(tier)),
        ("proxies", count(1)),
        ("ports_per_proxy", count(1)),
        ("upstream", client_pool()),
    ]);
    keys
}

/// A device with a name.
pub(super) fn way_out() -> Value {
    let mut keys = device();
    keys.extend([("name", text()), ("no_proxy", list(text()))]);
    table(&keys, &["name", "model"])
}

pub(super) fn node_stage() -> Value {
    let mut keys = mappings();
    keys.push(("first_port", count(1)));
    table(&keys, &[])
}

/// Keys of whatever keeps mappings, a device or a node.
fn mappings() -> Vec<(&'static str, Value)> {
    let rules = words(&["endpoint", "address", "exclusive", "exclusive-any-protocol"]);
    let by_protocol = table(&[("tcp", rules.clone()), ("udp", rules.clone())], &[]);
    vec![
        ("last_port", count(1)),
        ("search", search()),
        ("take_over", json!({ "type": "boolean" })),
        ("local_ports", pair(count(1), count(1))),
        ("tracking_table", count(1)),
        ("sharing", any(&[rules, by_protocol])),
        ("hold_down", any(&[named("law"), by_kind()])),
        ("half_open", named("duration")),
        ("half_open_from", words(&["first-syn", "last-syn"])),
        ("idle_timeout", named("duration")),
        ("idle_expiry", words(&["silent", "reset"])),
        ("udp_idle_timeout", named("duration")),
        ("udp_stream_timeout", named("duration")),
    ]
}

/// What `public_ip_choice` may be.
pub(super) const IP_CHOICES: [&str; 7] = [
    "uniform",
    "sticky",
    "sticky-random-start",
    "in-turns",
    "random",
    "hash-source-destination",
    "hash-source",
];

pub(super) fn search() -> Value {
    let replacement = json!({ "type": "boolean" });
    any(&[
        words(&["lowest", "random", "round-robin", "linux"]),
        table(&[("random_tries", count(1)), ("replacement", replacement)], &["random_tries"]),
        table(&[("sequential_tries", count(1))], &["sequential_tries"]),
    ])
}

pub(super) fn by_kind() -> Value {
    table(&["fin", "rst", "refused", "udp"].map(|kind| (kind, named("law"))), &[])
}

fn autoscale() -> Value {
    table(
        &[
            ("most", count(1)),
            ("load", words(&["flows", "ports"])),
            ("flows_per_instance", count(1)),
            ("out_at", number()),
            ("in_below", number()),
            ("every", named("duration")),
            ("takes", named("duration")),
        ],
        &[],
    )
}
