//! What the options of a comparison are called, so that each can be told from the others.

use crate::experiment::diff::flat;
use crate::experiment::results::Results;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// More keys than this are counted, not listed.
const LISTED: usize = 4;

/// The device of each option with its public IPs, and the keys in which it differs from another option: those of `[outbound]`, and
/// events, from another with the same model; all other keys from any. `own` is the scenario as it is, from which options differ too.
pub fn names(options: &[&Results], own: Option<&Value>) -> Vec<String> {
    let scenarios = options.iter().map(|results| &results.scenario).chain(own);
    let flat: Vec<BTreeMap<String, Value>> = scenarios.map(flat).collect();
    let model = |number: usize| flat[number].get("outbound.model");
    let name = |(number, results): (usize, &&Results)| {
        let others = (0..flat.len()).filter(|other| *other != number);
        let mut differing = BTreeSet::new();
        for other in others {
            let alike = model(other) == model(number);
            let keys = flat[number].keys().chain(flat[other].keys());
            let told =
                keys.filter(|key| is_told(key, alike) && flat[number].get(*key) != flat[other].get(*key));
            differing.extend(told);
        }
        let said = differing.iter().take(LISTED).map(|key| setting(key, flat[number].get(*key)));
        let more = differing.len().saturating_sub(LISTED);
        let more = (more > 0).then(|| format!("{more} more"));
        [device(results)].into_iter().chain(said).chain(more).collect::<Vec<_>>().join(", ")
    };
    options.iter().enumerate().map(name).collect()
}

/// The outbound device: `azure/nat-gateway, 2 public IPs`.
pub fn device(results: &Results) -> String {
    let ips = results.public_ips;
    format!("{}, {ips} public IP{}", results.model, if ips == 1 { "" } else { "s" })
}

/// Whether a key tells options apart that have the same model, or another one.
fn is_told(key: &str, same_model: bool) -> bool {
    let of_the_device = key.starts_with("outbound.") || key.starts_with("event.");
    key != "outbound.public_ips" && (same_model || !of_the_device)
}

/// `ports_per_node 3200`.
fn setting(key: &str, value: Option<&Value>) -> String {
    let short = key.strip_prefix("outbound.").unwrap_or(key);
    match value {
        None => format!("without {short}"),
        Some(Value::String(text)) => format!("{short} {text}"),
        Some(value) => format!("{short} {value}"),
    }
}
