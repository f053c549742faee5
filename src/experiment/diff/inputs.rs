//! Keys of two scenarios that differ.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A key of the scenario, every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InputChange {
    /// Its path: tables of a list go by their `name`, or by their number.
    pub key: String,
    /// Before; null where there was none.
    pub before: Option<Value>,
    /// After; null where there is none.
    pub after: Option<Value>,
}

/// The keys that differ, in order of their names.
pub fn changed(before: &Value, after: &Value) -> Vec<InputChange> {
    let (before, after) = (flat(before), flat(after));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differing = keys.into_iter().filter(|key| before.get(*key) != after.get(*key));
    let change = |key: &String| InputChange {
        key: key.clone(),
        before: before.get(key).cloned(),
        after: after.get(key).cloned(),
    };
    differing.map(change).collect()
}

/// Every plain value by its path.
pub(in crate::experiment) fn flat(value: &Value) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    flatten(value, String::new(), &mut all);
    all
}

fn flatten(value: &Value, path: String, all: &mut BTreeMap<String, Value>) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match value {
        Value::Object(table) if !table.is_empty() => {
            table.iter().for_each(|(key, value)| flatten(value, below(key), all));
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            let named = have_names(list);
            for (number, value) in list.iter().enumerate() {
                let name = value["name"].as_str().filter(|_| named).map(str::to_string);
                flatten(value, below(&name.unwrap_or_else(|| number.to_string())), all);
            }
        }
        plain => {
            all.insert(path, plain.clone());
        }
    }
}

/// Whether each has a name of its own.
fn have_names(list: &[Value]) -> bool {
    let mut names: Vec<Option<&str>> = list.iter().map(|value| value["name"].as_str()).collect();
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1]) && names.iter().all(Option::is_some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tables_of_a_list_are_matched_by_name() {
        let before =
            json!({"workload": [{"name": "a", "pods": 1}, {"name": "b", "pods": 2}], "run": {"seed": 1}});
        let after =
            json!({"workload": [{"name": "b", "pods": 3}, {"name": "a", "pods": 1}], "run": {"seed": 1}});
        let change =
            InputChange { key: "workload.b.pods".into(), before: Some(json!(2)), after: Some(json!(3)) };
        assert_eq!(changed(&before, &after), [change]);
    }

    #[test]
    fn keys_that_come_and_go_are_changes_and_lists_of_plain_values_are_values() {
        let before = json!({"a": [1, 2], "b": {}, "event": [{"at": 1}, {"at": 2}]});
        let after = json!({"a": [1, 3], "event": [{"at": 1}]});
        let found: Vec<String> = changed(&before, &after).into_iter().map(|change| change.key).collect();
        assert_eq!(found, ["a", "b", "event.1.at"]);
    }
}
