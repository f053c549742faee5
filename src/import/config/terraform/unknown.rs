//! What a plan leaves to its apply.
//!
//! Attributes that the configuration sets to something unknown are marked as an expression. Those that it does not set are what the
//! provider will report back: nothing is said of them.

use super::address::{split_modules, without_keys};
use serde_json::{Map, Value};

/// What an apply will decide.
pub const AFTER_APPLY: &str = "[known after apply]";

/// Writes what an apply will decide as an expression in brackets into the planned values.
pub fn mark_unknown(value: &mut Value) {
    let Some(changes) = value.get("resource_changes").and_then(Value::as_array).cloned() else { return };
    let configuration = value.pointer("/configuration/root_module").cloned();
    let Some(root) = value.get_mut("planned_values").and_then(|values| values.get_mut("root_module")) else {
        return;
    };
    for change in &changes {
        let unknown = change.pointer("/change/after_unknown");
        if let (Some(address), Some(unknown)) = (change.get("address"), unknown) {
            let text = address.as_str().unwrap_or_default();
            let set = configuration.as_ref().and_then(|root| expressions(root, text));
            mark_resource(root, address, unknown, set);
        }
    }
}

/// What the configuration sets of a resource.
fn expressions<'a>(root: &'a Value, address: &str) -> Option<&'a Value> {
    let (modules, own) = split_modules(address);
    let module = modules
        .into_iter()
        .try_fold(root, |module, name| module.get("module_calls")?.get(without_keys(name))?.get("module"))?;
    let own = without_keys(&own);
    let mut resources = module.get("resources")?.as_array()?.iter();
    let found = resources.find(|one| one.get("address").and_then(Value::as_str) == Some(own.as_str()))?;
    found.get("expressions")
}

fn mark_resource(module: &mut Value, address: &Value, unknown: &Value, set: Option<&Value>) {
    let resources = module.get_mut("resources").and_then(Value::as_array_mut).into_iter().flatten();
    for resource in resources.filter(|resource| resource.get("address") == Some(address)) {
        if let Some(values) = resource.get_mut("values") {
            mark(values, unknown, set);
        }
    }
    let inner = module.get_mut("child_modules").and_then(Value::as_array_mut);
    inner.into_iter().flatten().for_each(|module| mark_resource(module, address, unknown, set));
}

/// Marks what is unknown and, as far as that is known, `set`.
fn mark(value: &mut Value, unknown: &Value, set: Option<&Value>) {
    match (value, unknown) {
        (value, Value::Bool(true)) => *value = AFTER_APPLY.into(),
        (Value::Object(fields), Value::Object(unknown)) => {
            for (key, unknown) in unknown {
                let inner = set.and_then(|set| set.get(key));
                if set.is_some() && inner.is_none() && *unknown == Value::Bool(true) {
                    continue;
                }
                let empty = || match unknown {
                    Value::Object(_) => Value::Object(Map::new()),
                    _ => Value::Null,
                };
                mark(fields.entry(key.clone()).or_insert_with(empty), unknown, inner);
            }
        }
        (Value::Array(values), Value::Array(unknown)) => {
            for (number, (value, unknown)) in values.iter_mut().zip(unknown).enumerate() {
                // A block that is made in a loop stands nowhere in the configuration.
                let inner = set.and_then(|set| set.as_array()).and_then(|blocks| blocks.get(number));
                mark(value, unknown, inner);
            }
        }
        _ => {}
    }
}
