//! What is shipped in `models/`, all kinds together.

use super::client_pool::CLIENTS;
use super::deployed::ACCEPTANCE;
use super::devices;
use super::network::NETWORK_PLUGINS;
use super::node_stage::NODE_STAGES;
use super::pod::POD;
use super::presets::WORKLOADS;
use super::syn::SYN_SCHEDULES;
use super::tree::{Node, Value};
use super::units;
use crate::error::Error;
use crate::profile::Profile;
use crate::time::SimDuration;

/// Everything that is shipped: outbound models, clients, SYN schedules, network plugins, what nodes and pods do, what the platform
/// checks, workloads.
pub fn all() -> impl Iterator<Item = Profile> {
    let around = NETWORK_PLUGINS.into_iter().chain(NODE_STAGES).chain([POD, ACCEPTANCE]).chain(WORKLOADS);
    devices::models().chain(CLIENTS).chain(SYN_SCHEDULES).chain(around)
}

/// The outbound model of that name.
pub fn named(name: &str) -> Option<Profile> {
    devices::models().find(|profile| profile.name == name)
}

/// How long ports rest after FIN, by the models that give one time; each once, the shortest first.
pub fn hold_downs() -> Result<Vec<SimDuration>, Error> {
    let mut spans = Vec::new();
    for profile in devices::models() {
        let figures = profile.figures()?;
        let of_fin = figures.iter().filter(|figure| figure.key == "hold_down.fin");
        spans.extend(of_fin.filter_map(|figure| units::duration(figure.value.as_str()?).ok()));
    }
    spans.sort_unstable();
    spans.dedup();
    Ok(spans)
}

/// The outbound model that an `[outbound]` table names, as a tree.
pub fn model_of(outbound: &Node) -> Option<Node> {
    match outbound.get("model").map(|node| &node.value) {
        Some(Value::Text(name)) => named(name).and_then(|profile| profile.tree().ok()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Figure;

    fn uncovered(profile: &Profile) -> Vec<String> {
        let bare = |figure: &Figure| figure.sources.is_empty() && figure.assumptions.is_empty();
        profile.figures().unwrap().into_iter().filter(bare).map(|figure| figure.key).collect()
    }

    #[test]
    fn every_key_of_every_model_rests_on_a_source_or_an_assumption() {
        for profile in all() {
            assert_eq!(uncovered(&profile), Vec::<String>::new(), "{}", profile.name);
        }
    }

    #[test]
    fn a_key_without_a_source_is_found() {
        let text =
            "ports = 1\nhold_down = { fin = \"1s\", rst = \"2s\" }\n[[source]]\nkeys = [\"hold_down.fin\"]\n";
        assert_eq!(uncovered(&Profile { name: "bare", text }), ["hold_down.rst", "ports"]);
    }

    #[test]
    fn every_source_has_a_document_and_a_date_and_every_assumption_a_reason() {
        for profile in all() {
            let model = profile.tree().unwrap().to_json();
            let written = |kind: &str, key: &str| {
                let mut notes = model[kind].as_array().into_iter().flatten();
                notes.all(|note| note[key].as_str().is_some_and(|text| !text.is_empty()))
            };
            assert!(written("source", "document"), "{}", profile.name);
            assert!(written("source", "date"), "{}", profile.name);
            assert!(written("assumption", "why"), "{}", profile.name);
        }
    }
}
