//! Small schemas of which the others are made.

use serde_json::{Map, Value, json};

pub(super) fn pair(first: Value, second: Value) -> Value {
    json!({ "type": "array", "prefixItems": [first, second], "minItems": 2, "maxItems": 2 })
}

pub(super) fn duration() -> Value {
    json!({ "type": "string", "pattern": r"^\s*[0-9][0-9._]*\s*(ns|us|µs|ms|s|sec|m|min|h|d)\s*$", "examples": ["65s", "4m"] })
}

pub(super) fn rate() -> Value {
    let pattern = r"^\s*[0-9][0-9._]*\s*per\s*(s|sec|second|m|min|minute|h|hour|d|day)\s*$";
    json!({ "type": "string", "pattern": pattern, "examples": ["40 per s"] })
}

pub(super) fn named(definition: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

pub(super) fn number() -> Value {
    json!({ "type": "number", "minimum": 0 })
}

pub(super) fn count(least: u64) -> Value {
    json!({ "type": "integer", "minimum": least })
}

pub(super) fn words(words: &[&str]) -> Value {
    json!({ "enum": words })
}

pub(super) fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

pub(super) fn any(choices: &[Value]) -> Value {
    json!({ "anyOf": choices })
}

/// A table of known keys.
pub(super) fn table(keys: &[(&str, Value)], required: &[&str]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
    json!({ "type": "object", "additionalProperties": false, "properties": properties, "required": required })
}

/// A table with exactly one of its keys.
pub(super) fn one_of(keys: &[(&str, Value)]) -> Value {
    let mut table = table(keys, &[]);
    table["minProperties"] = 1.into();
    table["maxProperties"] = 1.into();
    table
}
