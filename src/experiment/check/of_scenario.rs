//! The check of a scenario: what `run` would refuse, with the numbers.

use super::changes::smallest;
use super::rates::doubts;
use super::{Check, ValueOrigin, problem};
use crate::error::Error;
use crate::outbound::Outbound;
use crate::profile::Figure;
use crate::scenario::deployed::outbound_type_of;
use crate::scenario::{Judged, shipped};
use serde_json::Value;

/// Judges a scenario; `file` names it.
pub fn of_scenario(file: &str, judged: &Judged) -> Result<Check, Error> {
    let Judged { scenario, refused, outside } = judged;
    let mut check = Check::new(file);
    let model = scenario.resolved.pointer("/outbound/model").and_then(Value::as_str).unwrap_or_default();
    check.model = Some(model.into());
    check.outbound_type = Some(outbound_type_of(model));
    check.count_nodes(&scenario.cluster);
    check.count_ports(&scenario.outbound, Some(&scenario.cluster));
    check.warn_of_instances(&scenario.outbound, None);
    let said = |key: &str| scenario.resolved.pointer(&format!("/outbound/{key}")).and_then(Value::as_u64);
    let is_known = |key: &str| !outside.iter().any(|outside| outside == key);
    check.forget_unknown(is_known, said);
    check.problems = refused
        .iter()
        .map(|(refusal, place)| {
            let line = place.line.map_or_else(String::new, |line| format!(":{line}"));
            let column = place.column.map_or_else(String::new, |column| format!(":{column}"));
            problem(refusal, Some(format!("{}{line}{column}", place.file)))
        })
        .collect();
    let profile = shipped::named(model);
    let is_whole = is_known("public_ips") && is_known("ports_per_node");
    if let (Outbound::LoadBalancer(device), true) = (&scenario.outbound, is_whole) {
        check.smallest_changes = smallest(device, &scenario.cluster, None);
    }
    let figures = profile.map_or_else(|| Ok(Vec::new()), |profile| profile.figures())?;
    check.values = values(file, &scenario.resolved, &figures);
    let kept = |figure: &Figure| {
        let pointer = format!("/outbound/{}", figure.key.replace('.', "/"));
        scenario.resolved.pointer(&pointer) == Some(&figure.value)
    };
    check.assumptions.extend(doubts(&figures, kept));
    Ok(check.decided())
}

/// Each key of `[outbound]`: the file's own, or the model's with what it rests on.
fn values(file: &str, resolved: &Value, figures: &[Figure]) -> Vec<ValueOrigin> {
    let mut values = Vec::new();
    leaves(&resolved["outbound"], "", &mut values);
    let origin = |(key, value): (String, &Value)| {
        let of_model = figures.iter().find(|figure| figure.key == key && figure.value == *value);
        let origin = of_model.map(|figure| {
            let rests_on = figure.sources.iter().chain(&figure.assumptions).next();
            rests_on.cloned().unwrap_or_else(|| "the model".into())
        });
        ValueOrigin {
            key: format!("outbound.{key}"),
            value: value.as_str().map_or_else(|| value.to_string(), str::to_string),
            origin: origin.unwrap_or_else(|| file.into()),
        }
    };
    values.into_iter().map(origin).collect()
}

fn leaves<'a>(value: &'a Value, prefix: &str, found: &mut Vec<(String, &'a Value)>) {
    let Some(fields) = value.as_object() else { return };
    for (key, value) in fields {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(_) => leaves(value, &key, found),
            _ => found.push((key, value)),
        }
    }
}
