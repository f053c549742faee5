//! Values of `[outbound]` that the platform does not allow: its model has a `[range]` for them.

use super::tree::{Node, Value};
use super::{shipped, units};
use crate::outbound::Refusal;
use std::ops::Range;

/// A value outside of its range.
pub struct Outside {
    /// Key of `[outbound]`.
    pub key: String,
    /// The value.
    pub node: Node,
    /// What it is and what is allowed.
    pub message: String,
    /// The nearest value that is allowed.
    pub nearest: String,
}

impl Outside {
    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.node.span.clone()
    }

    /// The same as a refusal, with the code that deployed configuration has for it.
    pub fn refusal(&self) -> Refusal {
        let (key, code) = CODES.into_iter().find(|(key, _)| *key == self.key).unwrap_or(OTHERS);
        Refusal { code, key, message: self.message.clone(), help: format!("write {}", self.nearest) }
    }
}

const CODES: [(&str, &str); 4] = [
    ("public_ips", "PublicIpsOutOfRange"),
    ("idle_timeout", "IdleTimeoutOutOfRange"),
    ("instances", "FirewallCapacityOutOfRange"),
    (
        "ports_per_node",
        "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAllowedPortsPerRule",
    ),
];

const OTHERS: (&str, &str) = ("outbound", "ValueOutOfRange");

/// All of them, in the order of the model's ranges.
pub fn outside(tree: &Node) -> Vec<Outside> {
    let outbound = tree.get("outbound");
    let model = outbound.and_then(shipped::model_of);
    let ranges = match model.as_ref().and_then(|model| model.get("range")).map(|range| &range.value) {
        Some(Value::Table(entries)) => entries.as_slice(),
        _ => &[],
    };
    let outside = ranges.iter().filter_map(|range| {
        let [value, least, most] =
            [outbound?.get(&range.key)?, range.node.get("least")?, range.node.get("most")?];
        // Of the wrong kind is bad input.
        if std::mem::discriminant(&value.value) != std::mem::discriminant(&least.value) {
            return None;
        }
        let (found, from, to) = (quantity(value)?, quantity(least)?, quantity(most)?);
        let nearest = if found < from { least } else { most };
        (!(from..=to).contains(&found)).then(|| {
            let message = format!(
                "`{}` is {}; the platform allows {} to {}",
                range.key,
                written(value),
                written(least),
                written(most)
            );
            Outside { key: range.key.clone(), node: value.clone(), message, nearest: written(nearest) }
        })
    });
    outside.collect()
}

/// A whole number, or the nanoseconds of a time.
fn quantity(node: &Node) -> Option<i128> {
    match &node.value {
        Value::Integer(number) => Some(i128::from(*number)),
        Value::Text(text) => units::duration(text).ok().map(|span| i128::from(span.nanos())),
        _ => None,
    }
}

fn written(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => text.clone(),
        _ => node.to_json().to_string(),
    }
}
