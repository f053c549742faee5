//! JSON Schema of the scenario file, for editors.
//!
//! It knows names, types and units. What depends on several keys (shares that sum to 1, names that refer to tables,
//! limits of a platform) is for the reader to check.

use super::client_pool::CLIENTS;
use super::devices;
use super::network::NETWORK_PLUGINS;
use super::presets::WORKLOADS;
use super::syn::SYN_SCHEDULES;
use super::thresholds::METRICS;
use crate::profile::Profile;
use serde_json::{Map, Value, json};

/// The schema, draft 2020-12.
pub fn schema() -> Value {
    let mut root = table(
        &[
            ("$schema", text()),
            ("title", text()),
            ("outbound", table(&device(), &["model"])),
            ("way_out", list(way_out())),
            ("cluster", cluster()),
            ("node_pool", list(node_pool())),
            ("destination", list(destination())),
            ("relay", list(relay())),
            ("workload", json!({ "type": "array", "minItems": 1, "items": workload() })),
            ("run", run()),
            ("threshold", list(threshold())),
            ("probe", list(table(&[("at", named("duration")), ("above", count(0))], &["at"]))),
        ],
        &["outbound", "workload"],
    );
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "snatsim scenario".into();
    root["$defs"] = json!({ "duration": duration(), "rate": rate(), "law": law() });
    root
}

/// Keys of a device.
fn device() -> Vec<(&'static str, Value)> {
    let models: Vec<&str> = devices::names().collect();
    let rules = words(&["endpoint", "address", "exclusive", "exclusive-any-protocol"]);
    let by_protocol = table(&[("tcp", rules.clone()), ("udp", rules.clone())], &[]);
    let instances = table(&[("instances", count(1)), ("by_node", list(count(1)))], &["instances"]);
    let ports = any(&[count(1), words(&["unlimited"])]);
    let tier = table(&[("nodes", count(1)), ("ports", count(0))], &["nodes", "ports"]);
    vec![
        ("model", words(&models)),
        ("public_ips", any(&[count(1), list(table(&[("ports", ports.clone())], &["ports"]))])),
        ("public_ip_choice", words(&IP_CHOICES)),
        ("public_ip_of", json!({ "type": "object", "additionalProperties": count(0) })),
        ("ports_per_flow", count(1)),
        ("local_ports", pair(count(1), count(1))),
        ("first_port", count(0)),
        ("take_over", json!({ "type": "boolean" })),
        ("ports_per_node", any(&[count(0), words(&["auto"])])),
        ("inbound_rules", count(0)),
        ("instances", count(1)),
        ("by_node", list(count(1))),
        ("gateway_nodes", count(1)),
        ("prefix_length", count(1)),
        ("ports_per_gateway_node", count(1)),
        ("ports", ports),
        ("partition", any(&[words(&["node", "shared"]), instances])),
        ("search", search()),
        ("sharing", any(&[rules, by_protocol])),
        ("hold_down", any(&[named("law"), by_kind()])),
        ("half_open", named("duration")),
        ("half_open_from", words(&["first-syn", "last-syn"])),
        ("idle_timeout", named("duration")),
        ("idle_expiry", words(&["silent", "reset"])),
        ("udp_idle_timeout", named("duration")),
        ("udp_stream_timeout", named("duration")),
        ("per_destination_cap", count(1)),
        ("total_cap", count(1)),
        ("per_node_cap", any(&[count(1), list(count(1))])),
        ("cap_counts_holds", json!({ "type": "boolean" })),
        ("ports_per_ip", count(1)),
        ("ports_per_ip_and_instance", count(1)),
        ("granularity", count(1)),
        ("automatic_most", count(1)),
        ("tiers", list(tier)),
        ("last_port", count(1)),
        ("tracking_table", count(1)),
        ("proxies", count(1)),
        ("ports_per_proxy", count(1)),
        ("upstream", client_pool()),
    ]
}

/// A device with a name.
fn way_out() -> Value {
    let mut keys = device();
    keys.extend([("name", text()), ("no_proxy", list(text()))]);
    table(&keys, &["name", "model"])
}

fn cluster() -> Value {
    let plugins: Vec<&str> = NETWORK_PLUGINS.iter().map(Profile::short_name).collect();
    let ranges = ["node_subnet", "pod_subnet", "pod_cidr"].map(|range| (range, text()));
    let own = [("network_plugin", words(&plugins)), ("max_pods", count(1)), ("node_stage", node_stage())];
    table(&[&own[..], &ranges[..]].concat(), &[])
}

fn node_stage() -> Value {
    let rules = words(&["endpoint", "address", "exclusive", "exclusive-any-protocol"]);
    table(
        &[
            ("first_port", count(1)),
            ("last_port", count(1)),
            ("search", search()),
            ("take_over", json!({ "type": "boolean" })),
            ("local_ports", list(count(1))),
            ("tracking_table", count(1)),
            ("sharing", any(&[rules.clone(), table(&[("tcp", rules.clone()), ("udp", rules)], &[])])),
            ("hold_down", any(&[named("law"), by_kind()])),
            ("half_open", named("duration")),
            ("half_open_from", words(&["first-syn", "last-syn"])),
            ("idle_timeout", named("duration")),
            ("idle_expiry", words(&["silent", "reset"])),
            ("udp_idle_timeout", named("duration")),
            ("udp_stream_timeout", named("duration")),
        ],
        &[],
    )
}

/// What `public_ip_choice` may be.
const IP_CHOICES: [&str; 7] = [
    "uniform",
    "sticky",
    "sticky-random-start",
    "in-turns",
    "random",
    "hash-source-destination",
    "hash-source",
];

fn search() -> Value {
    let replacement = json!({ "type": "boolean" });
    any(&[
        words(&["lowest", "random", "round-robin", "linux"]),
        table(&[("random_tries", count(1)), ("replacement", replacement)], &["random_tries"]),
        table(&[("sequential_tries", count(1))], &["sequential_tries"]),
    ])
}

fn by_kind() -> Value {
    table(&["fin", "rst", "refused", "udp"].map(|kind| (kind, named("law"))), &[])
}

fn node_pool() -> Value {
    let percent = json!({ "type": "string", "pattern": r"^[0-9.]+\s*%$" });
    table(&[("name", text()), ("nodes", count(1)), ("max_surge", any(&[count(0), percent]))], &["nodes"])
}

fn destination() -> Value {
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

fn relay() -> Value {
    table(&[&[("name", text())], &placement()[..], &[("client_pool", client_pool())]].concat(), &[])
}

/// Which pods there are, and where they run.
fn placement() -> [(&'static str, Value); 3] {
    let skewed = one_of(&[("hot_node", number()), ("zipf", number()), ("weights", list(number()))]);
    [
        ("node_pool", text()),
        ("pods", any(&[count(1), words(&["per-node"])])),
        ("placement", any(&[words(&["even"]), skewed])),
    ]
}

fn workload() -> Value {
    let ends = ["fin", "rst", "abandoned", "half_open", "refused"].map(|end| (end, number()));
    let zipf = table(&[("exponent", number()), ("count", count(1))], &["exponent", "count"]);
    let schedules: Vec<&str> = SYN_SCHEDULES.iter().map(Profile::short_name).chain(["none"]).collect();
    let intervals = table(
        &[
            ("intervals", list(named("duration"))),
            ("grid", list(pair(named("duration"), named("duration")))),
            ("order", words(&["first-armed-first", "last-armed-first"])),
        ],
        &["intervals"],
    );
    let presets: Vec<&str> = WORKLOADS.iter().map(Profile::short_name).collect();
    let own = [
        ("name", text()),
        ("preset", words(&presets)),
        ("via", text()),
        ("way_out", text()),
        ("cache_hit_ratio", number()),
        ("destinations", json!({ "type": "object", "additionalProperties": number() })),
        ("destination_mix", one_of(&[("zipf", zipf)])),
        ("arrivals", arrivals()),
        ("rate_over_time", table(&series(number()), &["points"])),
        ("lifetime", named("law")),
        ("packets", table(&[("gap", named("law")), ("stop_after_packet", number())], &["gap"])),
        ("keepalive", named("duration")),
        ("ends", table(&ends, &[])),
        ("syn", any(&[words(&schedules), list(named("duration")), intervals])),
        ("connect_timeout", named("duration")),
        ("request_timeout", named("duration")),
        ("client_pool", client_pool()),
        ("retry", retry()),
        ("ports_per_flow", count(1)),
    ];
    table(&[&own[..], &placement()].concat(), &[])
}

fn client_pool() -> Value {
    let orders = words(&["lifo", "fifo"]);
    let presets: Vec<&str> = CLIENTS.iter().map(Profile::short_name).collect();
    let lifespan = table(&[("value", named("duration")), ("jitter", named("duration"))], &["value"]);
    let wait = table(&[("order", orders.clone()), ("timeout", named("duration"))], &[]);
    table(
        &[
            ("preset", words(&presets)),
            ("max", count(1)),
            ("streams", count(1)),
            ("max_idle", count(1)),
            ("idle_timeout", any(&[named("duration"), words(&["never"])])),
            ("max_lifetime", any(&[named("duration"), lifespan])),
            ("order", orders),
            ("wait", wait),
            ("retry_stale", json!({ "type": "boolean" })),
        ],
        &[],
    )
}

fn retry() -> Value {
    let jitter = words(&["none", "full", "equal", "decorrelated"]);
    let backoff =
        table(&[("base", named("duration")), ("cap", named("duration")), ("jitter", jitter)], &["base"]);
    let budget = table(&[("ratio", number()), ("floor", named("rate"))], &["ratio"]);
    let attempts =
        table(&[("attempts", count(1)), ("backoff", backoff), ("budget", budget)], &["attempts", "backoff"]);
    let orbit = [("rate", named("rate")), ("first_persistence", number()), ("persistence", number())];
    any(&[attempts, table(&[("orbit", table(&orbit, &["rate"]))], &["orbit"])])
}

fn arrivals() -> Value {
    let geometric = table(&[("mean", number())], &["mean"]);
    let size = one_of(&[("constant", count(1)), ("geometric", geometric)]);
    let batch = [("rate", named("rate")), ("size", size), ("accept", words(&["partial", "whole"]))];
    let burst = [
        ("at", named("duration")),
        ("flows", count(1)),
        ("per_node", list(count(0))),
        ("spread", named("duration")),
    ];
    let mmpp = [("rates", list(named("rate"))), ("mean_stay", list(named("duration")))];
    let on_off = [("on", named("law")), ("off", named("law")), ("rate", named("rate"))];
    let sinusoid = [("mean", named("rate")), ("amplitude", named("rate")), ("period", named("duration"))];
    let herd = [("every", named("duration")), ("clients", count(1)), ("jitter", named("duration"))];
    let [whole, per_pod] = ["rate", "rate_per_pod"].map(|key| table(&[(key, named("rate"))], &[key]));
    let closed = [("clients", count(1)), ("clients_per_pod", count(1)), ("think", named("law"))];
    let trace = [
        ("files", list(text())),
        ("format", words(&["auto", "zeek", "zeek-json", "csv", "lab"])),
        ("inside", list(text())),
        ("faster", number()),
        ("loop", json!({ "type": "boolean" })),
        ("users", count(1)),
    ];
    one_of(&[
        ("poisson", any(&[whole, per_pod])),
        ("mmpp", table(&mmpp, &["rates", "mean_stay"])),
        ("on_off", table(&on_off, &["on", "off", "rate"])),
        ("sinusoid", table(&sinusoid, &["mean", "amplitude", "period"])),
        ("piecewise", table(&series(named("rate")), &["points"])),
        ("even", table(&[("rate", named("rate")), ("first", named("duration"))], &["rate"])),
        ("renewal", table(&[("gap", named("law"))], &["gap"])),
        ("burst", table(&burst, &[])),
        ("herd", table(&herd, &["every", "clients"])),
        ("batch", table(&batch, &["rate", "size"])),
        ("closed", table(&closed, &["think"])),
        ("trace", table(&trace, &["files"])),
    ])
}

/// A value over time.
fn series(value: Value) -> [(&'static str, Value); 3] {
    let points = list(pair(named("duration"), value.clone()));
    [("points", points), ("before", value), ("between", words(&["steps", "linear"]))]
}

fn run() -> Value {
    table(
        &[
            ("duration", named("duration")),
            ("warm_up", any(&[words(&["auto", "stationary"]), named("duration")])),
            ("replications", count(1)),
            ("seed", count(0)),
            ("window", named("duration")),
        ],
        &[],
    )
}

fn threshold() -> Value {
    let metrics = METRICS.map(|metric| metric.replace('.', r"\.")).join("|");
    let pattern = format!(r"^\s*({metrics})\s*(<=|>=|<|>)\s*[-+0-9.eE]+\s*%?\s*$");
    table(&[("expr", json!({ "type": "string", "pattern": pattern }))], &["expr"])
}

/// A bare time is a constant law.
fn law() -> Value {
    let (time, mean) = (named("duration"), ("mean", named("duration")));
    let branch = weighted(time.clone());
    let pareto = table(&[mean.clone(), ("alpha", number()), ("max", time.clone())], &["mean", "alpha"]);
    let laws = one_of(&[
        ("constant", table(&[("value", time.clone())], &["value"])),
        ("exponential", table(std::slice::from_ref(&mean), &["mean"])),
        ("lognormal", table(&[mean.clone(), ("cv2", number())], &["mean", "cv2"])),
        ("pareto", pareto),
        (
            "hyperexponential",
            table(&[mean.clone(), ("cv2", number()), ("branches", list(branch.clone()))], &[]),
        ),
        ("erlang", table(&[mean.clone(), ("stages", count(1))], &["mean", "stages"])),
        ("weibull", table(&[mean.clone(), ("shape", number())], &["mean", "shape"])),
        ("two_point", table(&[("branches", list(branch.clone()))], &["branches"])),
        ("mixture", table(&[("branches", list(weighted(named("law"))))], &["branches"])),
        ("empirical", table(&[("values", list(time.clone())), ("file", text())], &[])),
    ]);
    any(&[time, laws])
}

/// A weight and what it weighs.
fn weighted(value: Value) -> Value {
    pair(number(), value)
}

fn pair(first: Value, second: Value) -> Value {
    json!({ "type": "array", "prefixItems": [first, second], "minItems": 2, "maxItems": 2 })
}

fn duration() -> Value {
    json!({ "type": "string", "pattern": r"^\s*[0-9][0-9._]*\s*(ns|us|µs|ms|s|sec|m|min|h|d)\s*$", "examples": ["65s", "4m"] })
}

fn rate() -> Value {
    let pattern = r"^\s*[0-9][0-9._]*\s*per\s*(s|sec|second|m|min|minute|h|hour|d|day)\s*$";
    json!({ "type": "string", "pattern": pattern, "examples": ["40 per s"] })
}

fn named(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn number() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

fn count(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least })
}

fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn any(choices: &[Value]) -> Value {
    json!({ "anyOf": choices })
}

/// A table of known keys.
fn table(keys: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

/// A table with exactly one of its keys.
fn one_of(keys: &[(&str, Value)]) -> Value {
    let mut table = table(keys, &[]);
    table["minProperties"] = 1.into();
    table["maxProperties"] = 1.into();
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::tree::parse;

    /// Whether `value` has the shape of `schema`; patterns and bounds left out.
    fn allows(schema: &Value, value: &Value) -> bool {
        if let Some(name) = schema["$ref"].as_str() {
            return allows(&super::schema()["$defs"][name.trim_start_matches("#/$defs/")], value);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            return choices.iter().any(|choice| allows(choice, value));
        }
        if let Some(words) = schema["enum"].as_array() {
            return words.contains(value);
        }
        match schema["type"].as_str() {
            Some("object") => object(schema, value),
            Some("array") => value.as_array().is_some_and(|values| {
                values.iter().all(|value| schema["items"].is_null() || allows(&schema["items"], value))
            }),
            Some("string") => value.is_string(),
            Some("integer") => value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => schema["const"] == *value,
        }
    }

    fn object(schema: &Value, value: &Value) -> bool {
        let Some(entries) = value.as_object() else { return false };
        let one = schema["maxProperties"].as_u64().is_none_or(|most| entries.len() as u64 == most);
        let required = schema["required"]
            .as_array()
            .is_none_or(|keys| keys.iter().all(|key| entries.contains_key(key.as_str().unwrap())));
        let known = |(key, value): (&String, &Value)| match schema["properties"].get(key) {
            Some(inner) => allows(inner, value),
            None => {
                schema["additionalProperties"].is_object() && allows(&schema["additionalProperties"], value)
            }
        };
        one && required && entries.iter().all(known)
    }

    fn accepts(text: &str) -> bool {
        allows(&schema(), &parse("test.toml", text).unwrap().to_json())
    }

    #[test]
    fn every_shipped_scenario_has_the_shape_of_the_schema() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/scenarios");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(accepts(&std::fs::read_to_string(&path).unwrap()), "{}", path.display());
        }
    }

    #[test]
    fn every_key_of_a_shipped_model_may_be_set() {
        for profile in devices::models() {
            let mut own = profile.tree().unwrap().to_json();
            let keys = own.as_object_mut().unwrap();
            keys.retain(|key, _| !["title", "source", "assumption", "range"].contains(&key.as_str()));
            keys.insert("model".into(), profile.name.into());
            assert!(allows(&table(&device(), &["model"]), &own), "{}: {own}", profile.name);
        }
    }

    #[test]
    fn slips_are_refused() {
        let good = "[outbound]\nmodel = \"custom\"\nports = 64\n[[workload]]\n\
                    arrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\n";
        assert!(accepts(good));
        for (right, wrong) in [
            ("ports", "prots"),
            ("custom", "azure/natgateway"),
            ("64", "\"many\""),
            ("poisson", "poison"),
            ("\"1s\"", "1"),
            ("[outbound]\nmodel = \"custom\"\nports = 64\n", ""),
        ] {
            assert!(!accepts(&good.replace(right, wrong)), "{wrong}");
        }
    }
}
