//! The platform's figures by which configuration is judged, from `models/`.

use crate::outbound::Refusal;
use crate::profile::Profile;
use crate::scenario::shipped;
use crate::scenario::tree::Node;
use crate::scenario::units;
use serde_json::Value;

/// What the platform checks, and what it takes where nothing is said.
pub const ACCEPTANCE: Profile =
    Profile { name: "azure/checks", text: include_str!("../../../models/azure/checks.toml") };

/// A figure of [`ACCEPTANCE`] by its dotted key; 0 for one that is no number.
pub fn figure(key: &str) -> f64 {
    at(key).and_then(|value| value.as_f64()).unwrap_or(0.0)
}

/// Whether a flag of [`ACCEPTANCE`] is set.
pub fn figure_is_true(key: &str) -> bool {
    at(key).and_then(|value| value.as_bool()).unwrap_or(false)
}

/// A word of [`ACCEPTANCE`].
pub fn figure_text(key: &str) -> String {
    at(key).and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default()
}

/// The words of a list of [`ACCEPTANCE`].
pub fn words(key: &str) -> Vec<String> {
    let list = at(key).and_then(|value| value.as_array().cloned()).unwrap_or_default();
    list.iter().filter_map(|word| word.as_str().map(str::to_string)).collect()
}

/// The same as a whole number.
pub fn whole(key: &str) -> u64 {
    figure(key) as u64
}

/// The outbound model of an outbound type; none where there is no such type.
pub fn model_of(outbound_type: &str) -> Option<String> {
    let types = at("model_of")?;
    let (_, model) = types.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(outbound_type))?;
    model.as_str().map(str::to_string)
}

/// The outbound type that has a model, spelt as AKS spells it; the model itself where it is no type or several.
pub fn outbound_type_of(model: &str) -> String {
    let types = at("model_of");
    let types = types.as_ref().and_then(Value::as_object).into_iter().flatten();
    let mut named = types.filter(|(_, value)| value.as_str() == Some(model)).map(|(name, _)| name.clone());
    match (named.next(), named.next()) {
        (Some(name), None) => name,
        _ => model.into(),
    }
}

/// The outbound types behind which a model may be; none where it is no outbound type of the platform.
pub fn outbound_types_behind(model: &str) -> Vec<String> {
    let also = |name: &String| words(&format!("also_behind.{name}")).iter().any(|other| other == model);
    outbound_types()
        .into_iter()
        .filter(|name| model_of(name).as_deref() == Some(model) || also(name))
        .collect()
}

/// All outbound types, spelt as AKS spells them.
pub fn outbound_types() -> Vec<String> {
    let types = at("model_of").and_then(|types| types.as_object().cloned()).unwrap_or_default();
    types.into_iter().map(|(name, _)| name).collect()
}

/// What a cluster's outbound type may be changed to; none where the network of its owner does not allow the type at all.
pub fn allowed_changes(own_network: bool, from: &str) -> Option<Vec<String>> {
    let table = at(if own_network { "changes_in_own_network" } else { "changes_in_managed_network" })?;
    let (_, to) = table.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case(from))?;
    Some(to.as_array()?.iter().filter_map(|name| name.as_str().map(str::to_string)).collect())
}

/// The least and most that a model allows of a count.
pub fn range(model: &str, key: &str) -> Option<(u64, u64)> {
    let bound = |name: &str| bound(model, key, name)?.to_json().as_u64();
    Some((bound("least")?, bound("most")?))
}

/// The least and most minutes that a model allows of a time.
pub fn minutes_range(model: &str, key: &str) -> Option<(u64, u64)> {
    let bound = |name: &str| {
        let text = bound(model, key, name)?.to_json();
        Some((units::duration(text.as_str()?).ok()?.as_secs_f64() / 60.0) as u64)
    };
    Some((bound("least")?, bound("most")?))
}

/// A text that a model has for a key, such as a time.
pub fn shipped_text(model: &str, key: &str) -> Option<String> {
    shipped::named(model)?.tree().ok()?.get(key)?.to_json().as_str().map(str::to_string)
}

/// A whole number that a model has for a key.
pub fn shipped_number(model: &str, key: &str) -> Option<u64> {
    shipped::named(model)?.tree().ok()?.get(key)?.to_json().as_u64()
}

/// A number outside of what the platform allows.
pub fn out_of_range(
    code: &'static str,
    key: &'static str,
    what: &str,
    value: u64,
    (least, most): (u64, u64),
) -> Option<Refusal> {
    (!(least..=most).contains(&value)).then(|| Refusal {
        code,
        key,
        message: format!("{what} is {value}; allowed is {least} to {most}"),
        help: format!("write {}", value.clamp(least, most)),
    })
}

fn at(key: &str) -> Option<Value> {
    let tree = ACCEPTANCE.tree().ok()?;
    let found = key.split('.').try_fold(&tree, |node, step| node.get(step))?;
    Some(found.to_json())
}

fn bound(model: &str, key: &str, name: &str) -> Option<Node> {
    shipped::named(model)?.tree().ok()?.get("range")?.get(key)?.get(name).cloned()
}
