//! JSON Schema of the scenario file, for editors.
//!
//! It knows names, types and units. What depends on several keys (shares that sum to 1, names that refer to tables,
//! limits of a platform) is for the reader to check.

mod arrivals;
mod cluster;
mod devices;
mod events;
mod laws;
mod prices;
mod shapes;
#[cfg(test)]
mod tests;
mod workload;

use super::load_factor;
use super::rare::METHODS;
use super::thresholds::METRICS;
use cluster::{cluster, destination, node_pool, relay};
use devices::{device, way_out};
use events::event;
use laws::law;
pub use prices::price_file;
use serde_json::{Value, json};
use shapes::{any, count, duration, list, named, rate, table, text, words};
use workload::workload;

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
            ("event", list(event())),
            ("run", run()),
            ("threshold", list(threshold())),
            ("probe", list(probe())),
        ],
        &["outbound", "workload"],
    );
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "snatsim scenario".into();
    root["$defs"] = json!({ "duration": duration(), "rate": rate(), "law": law() });
    root
}

fn run() -> Value {
    table(
        &[
            ("duration", named("duration")),
            ("warm_up", any(&[words(&["auto", "stationary"]), named("duration")])),
            ("replications", count(1)),
            (
                "precision",
                json!({ "type": "string", "pattern": r"^\s*[0-9][0-9.eE+-]*\s*%\s*$", "examples": ["5%"] }),
            ),
            ("max_replications", count(1)),
            ("rare", rare()),
            (
                "load_factor",
                json!({ "type": "number", "minimum": load_factor::LEAST, "maximum": load_factor::MOST }),
            ),
            ("seed", count(0)),
            ("window", named("duration")),
        ],
        &[],
    )
}

fn rare() -> Value {
    let methods = METHODS.map(|(name, _)| name);
    let told = table(
        &[
            ("method", words(&methods)),
            ("trajectories", count(10)),
            ("replications", count(20)),
            ("base", count(0)),
        ],
        &["method"],
    );
    any(&[words(&methods), told])
}

fn threshold() -> Value {
    let metrics = METRICS.map(|metric| metric.replace('.', r"\.")).join("|");
    let pattern = format!(r"^\s*({metrics})\s*(<=|>=|<|>)\s*[-+0-9.eE]+\s*%?\s*$");
    table(&[("expr", json!({ "type": "string", "pattern": pattern }))], &["expr"])
}

fn probe() -> Value {
    table(&[("at", named("duration")), ("above", count(0))], &["at"])
}
