//! What of a scenario is uncertain: figures that its models assume, and inputs that its author is not sure of.
//!
//! A knob is varied alone. Of quantities only the ends of the range matter; of words each is tried. A figure that the scenario sets itself
//! is its author's, and no longer a model's assumption.

mod models;
mod quantity;

use super::Scenario;
use super::grid::{VariedKey, parse_varied};
use super::overrides::{self, Override};
use crate::error::Error;
use crate::profile::Assumption;
use models::Used;
use serde_json::Value;

/// Something uncertain, and what it might be instead.
#[derive(Debug, Clone, PartialEq)]
pub struct Knob {
    /// Keys of the scenario that are varied together.
    pub keys: Vec<String>,
    /// What they are in the scenario, as text; empty where nothing is set or shipped.
    pub base: String,
    /// What each is set to in turn; at least one, and none of them the base.
    pub choices: Vec<Vec<Override>>,
    /// Where the doubt comes from.
    pub doubt: Doubt,
}

/// Where a doubt comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Doubt {
    /// A model assumes it.
    Assumed {
        /// The model.
        model: String,
        /// Why its figure was taken.
        why: String,
        /// What would settle it, where the model says so.
        measure: Option<String>,
    },
    /// Somebody asked for it.
    Asked,
}

/// What is not varied, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// Keys of the scenario.
    pub keys: Vec<String>,
    /// The model that assumes them.
    pub model: String,
    /// Why they are not varied.
    pub why: String,
}

/// Everything that the models of `scenario` assume, but for what is among `asked`. `given` is the scenario as it was written.
pub fn assumed(
    scenario: &Scenario,
    given: &Value,
    asked: &[Knob],
) -> Result<(Vec<Knob>, Vec<LeftOut>), Error> {
    let (mut knobs, mut left_out) = (Vec::new(), Vec::new());
    let by_hand =
        |key: &str| asked.iter().flat_map(|knob| &knob.keys).any(|other| overrides::full_name(other) == key);
    for used in models::used(&scenario.resolved) {
        for assumption in used.model.assumptions()? {
            let keys: Vec<String> = assumption.keys.iter().map(|key| used.path(key)).collect();
            if keys.iter().all(|key| by_hand(key)) {
                continue;
            }
            match knob(scenario, given, &used, &assumption) {
                Ok(knob) => knobs.push(knob),
                Err(why) => left_out.push(LeftOut { keys, model: used.model.name.into(), why }),
            }
        }
    }
    Ok((knobs, left_out))
}

fn knob(scenario: &Scenario, given: &Value, used: &Used, assumption: &Assumption) -> Result<Knob, String> {
    let free: Vec<&String> = assumption
        .keys
        .iter()
        .filter(|key| !is_set(given, &used.path(key)) && !key.starts_with("range."))
        .collect();
    if free.is_empty() {
        return Err("the scenario sets it itself; `--vary` varies it".into());
    }
    let base = |key: &str| at(&scenario.resolved, &used.path(key)).or_else(|| used.shipped(key));
    let mut choices: Vec<Vec<(&String, Value)>> = Vec::new();
    let mut words = Vec::new();
    for each in &assumption.tries {
        match settings(&assumption.keys, each) {
            Some(mut settings) => {
                settings.retain(|(key, value)| free.contains(key) && base(key).as_ref() != Some(value));
                if !settings.is_empty() {
                    choices.push(settings);
                }
            }
            None => words.push(plain(each)),
        }
    }
    if choices.is_empty() {
        return Err(match words.is_empty() {
            true => "the model names no other value".into(),
            false => format!("no value says it ({}); describe it in a scenario of its own", words.join("; ")),
        });
    }
    if let [key] = assumption.keys.as_slice() {
        quantity::keep_the_ends(&mut choices, base(key).as_ref());
    }
    let varied: Vec<&String> =
        free.into_iter().filter(|key| choices.iter().flatten().any(|(other, _)| other == key)).collect();
    let shown = varied.iter().filter_map(|key| base(key)).map(|value| plain(&value));
    let as_overrides = |settings: Vec<(&String, Value)>| {
        settings.into_iter().map(|(key, value)| (used.path(key), inline(&value))).collect()
    };
    Ok(Knob {
        keys: varied.iter().map(|key| used.path(key)).collect(),
        base: shown.collect::<Vec<_>>().join(", "),
        choices: choices.into_iter().map(as_overrides).collect(),
        doubt: Doubt::Assumed {
            model: used.model.name.into(),
            why: assumption.why.clone(),
            measure: assumption.measure.clone(),
        },
    })
}

/// What an entry of `try` sets: a table by key, or a value of the only key; nothing where it is words for several keys.
fn settings<'a>(keys: &'a [String], entry: &Value) -> Option<Vec<(&'a String, Value)>> {
    if let Some(table) = entry.as_object() {
        let own =
            |(key, value): (&String, &Value)| Some((keys.iter().find(|each| *each == key)?, value.clone()));
        let all: Option<Vec<_>> = table.iter().map(own).collect();
        if all.is_some() {
            return all;
        }
    }
    match keys {
        [key] => Some(vec![(key, entry.clone())]),
        _ => None,
    }
}

/// Reads `nodes=10..30`, `idle_timeout=4m,30m` or `workload.api.arrivals.poisson.rate=20 per s..60 per s`. Of a range both ends are tried.
pub fn parse_asked(text: &str) -> Result<VariedKey, String> {
    let (key, values) = text.split_once('=').unwrap_or((text, ""));
    let range = values.split_once("..").filter(|_| !values.contains([',', ':', '"', '\'', '[', '{']));
    let Some((low, high)) = range else { return parse_varied(text) };
    let [key, low, high] = [key, low, high].map(str::trim);
    match quantity::order(low, high) {
        _ if key.is_empty() => parse_varied(text),
        Some(std::cmp::Ordering::Less) => {
            Ok(VariedKey { key: key.into(), values: vec![low.into(), high.into()] })
        }
        Some(_) => Err(format!("`{key}`: \"{values}\" does not run from less to more")),
        None => Err(format!(
            "`{key}`: \"{values}\" is no range of quantities of one kind; write such as 10..30, 4m..30m or 20 per s..60 per s"
        )),
    }
}

/// The knob that somebody asked for.
pub fn asked(scenario: &Scenario, varied: &VariedKey) -> Result<Knob, Error> {
    let full = match varied.key.as_str() {
        "nodes" => "node_pool.0.nodes",
        "pool_max" => "workload.0.client_pool.max",
        key => overrides::full_name(key),
    };
    let base = at(&scenario.resolved, full).map(|value| plain(&value)).unwrap_or_default();
    let choices: Vec<Vec<Override>> = varied
        .values
        .iter()
        .filter(|value| **value != base)
        .map(|value| vec![(varied.key.clone(), value.clone())])
        .collect();
    if choices.is_empty() {
        let why = format!("`{}`: the scenario has {base} already; write what else it might be", varied.key);
        return Err(Error::input("--vary", why));
    }
    Ok(Knob { keys: vec![varied.key.clone()], base, choices, doubt: Doubt::Asked })
}

/// Whether a key, or something else in its place, is written.
fn is_set(given: &Value, path: &str) -> bool {
    let mut value = given;
    for step in path.split('.') {
        value = match child(value, step) {
            Some(inner) => inner,
            None => return !(value.is_object() || value.is_array()),
        };
    }
    true
}

fn at(tree: &Value, path: &str) -> Option<Value> {
    path.split('.').try_fold(tree, child).cloned()
}

/// The entry of a table, or the table of a list by its `name` or number.
fn child<'a>(value: &'a Value, step: &str) -> Option<&'a Value> {
    match value {
        Value::Object(table) => table.get(step),
        Value::Array(tables) => {
            let named = tables.iter().find(|table| table.get("name").and_then(Value::as_str) == Some(step));
            named.or_else(|| tables.get(step.parse::<usize>().ok()?))
        }
        _ => None,
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => inline(other),
    }
}

/// A value as TOML on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Object(table) => {
            let entries =
                table.iter().map(|(key, value)| format!("{} = {}", Value::from(key.as_str()), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{read, shipped};

    #[test]
    fn ranges_have_two_ends_of_one_kind() {
        for (text, values) in [
            ("nodes=10..30", &["10", "30"][..]),
            ("idle_timeout=4m..1h", &["4m", "1h"]),
            ("workload.a.rate = 20 per s .. 1200 per min", &["20 per s", "1200 per min"]),
            ("share=0.25..0.5", &["0.25", "0.5"]),
            ("outbound.model=azure/firewall,azure/nat-gateway", &["azure/firewall", "azure/nat-gateway"]),
            ("nodes=1..3:1", &["1", "2", "3"]),
        ] {
            match parse_asked(text) {
                Ok(varied) => assert_eq!(varied.values, values, "{text}"),
                Err(why) => {
                    assert!(text.contains("1200") && why.contains("from less to more"), "{text}: {why}")
                }
            }
        }
    }

    /// A table that names a key which the assumption does not cover would be taken for a value.
    #[test]
    fn what_models_say_to_try_can_be_set_or_is_words() {
        for model in shipped::all() {
            for assumption in model.assumptions().unwrap() {
                let several = assumption.keys.len() > 1;
                let fits = |entry: &Value| {
                    settings(&assumption.keys, entry).is_some() || entry.is_string() || !entry.is_object()
                };
                assert!(
                    !assumption.tries.is_empty() && assumption.tries.iter().all(fits),
                    "{}: {assumption:?}",
                    model.name
                );
                let tables = assumption.tries.iter().filter(|entry| entry.is_object());
                assert!(
                    !several || tables.into_iter().all(|entry| settings(&assumption.keys, entry).is_some()),
                    "{}: {assumption:?}",
                    model.name
                );
            }
        }
    }

    #[test]
    fn figures_of_every_kind_of_model_are_set_where_the_scenario_reads_them() {
        let text = "[outbound]\nmodel = \"azure/nat-gateway\"\n[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
            [[way_out]]\nname = \"partner\"\nmodel = \"azure/static-egress-gateway\"\n\
            [[workload]]\nname = \"api\"\npreset = \"api-server\"\n[[workload]]\nname = \"web\"\narrivals.poisson = { rate = \"1 per s\" }\n\
            lifetime = \"1s\"\nclient_pool = { preset = \"go-net-http\" }\nway_out = \"partner\"\ndestinations = { web = 1.0 }\n\
            [[destination]]\nname = \"web\"\n";
        let scenario = read("test.toml", text, &[]).unwrap();
        let given = crate::scenario::grid::given("test.toml", text, &[]).unwrap();
        let (knobs, left_out) = assumed(&scenario, &given, &[]).unwrap();
        for key in [
            "outbound.cap_counts_holds",
            "way_out.partner.ports_per_gateway_node",
            "cluster.node_stage.tracking_table",
            "cluster.time_wait",
            "workload.api.lifetime.exponential.mean",
            "workload.web.client_pool.order",
        ] {
            let knob = knobs.iter().find(|knob| knob.keys.iter().any(|each| each == key));
            let knob = knob.unwrap_or_else(|| panic!("{key}: {knobs:?} {left_out:?}"));
            for choice in &knob.choices {
                read("test.toml", text, choice).unwrap_or_else(|why| panic!("{choice:?}: {why}"));
            }
        }
    }
}
