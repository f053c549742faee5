//! The schema against what ships, and against slips.

use super::devices::device;
use super::shapes::table;
use crate::scenario::devices;
use crate::scenario::tree::parse;
use serde_json::Value;

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
        None => schema["additionalProperties"].is_object() && allows(&schema["additionalProperties"], value),
    };
    one && required && entries.iter().all(known)
}

fn accepts(text: &str) -> bool {
    allows(&super::schema(), &parse("test.toml", text).unwrap().to_json())
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
