//! One option of a comparison: keys laid over a scenario, such as `model=azure/nat-gateway,public_ips=2`.

use super::Scenario;
use super::file::check;
use super::grid::items;
use super::later_devices::keep_those_of_the_cluster;
use super::overrides::{self, Override};
use super::reader::Origin;
use super::tree::{Node, Value, parse};
use crate::error::Error;

/// The key of the outbound model; `model` for short.
const MODEL: &str = "outbound.model";

/// What all options share, or they could not be compared.
const SHARED: [&str; 3] = ["run", "threshold", "probe"];

/// An option as it was written, and its keys with their full names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioOption {
    text: String,
    keys: Vec<Override>,
}

impl ScenarioOption {
    /// Reads `KEY=VALUE,...`: keys as `--set` takes them, `model`, or any other key of `[outbound]`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::input("--option", format!("\"{text}\": {why}"));
        let mut keys: Vec<Override> = Vec::new();
        for item in items(text).map_err(wrong)? {
            let pair = item.split_once('=').map(|(key, value)| (key.trim(), value.trim()));
            let Some((key, value)) = pair.filter(|(key, _)| !key.is_empty()) else {
                return Err(wrong(
                    "write KEY=VALUE,..., such as model=azure/nat-gateway,public_ips=2".into(),
                ));
            };
            let full = full_name(key);
            let table = full.split('.').next().unwrap_or_default();
            if SHARED.contains(&table) {
                let why = "is the same for all options, or they could not be compared";
                return Err(wrong(format!("`{key}` {why}; write `--set {key}={value}`")));
            }
            if keys.iter().any(|(other, _)| *other == full) {
                return Err(wrong(format!("`{key}` stands twice; write it once")));
            }
            keys.push((full, value.into()));
        }
        Ok(Self { text: text.into(), keys })
    }

    /// The shipped `model` with so many public IPs.
    pub fn of_model(model: &str, public_ips: u64) -> Self {
        let keys = [(MODEL, model.to_string()), ("outbound.public_ips", public_ips.to_string())];
        let text = format!("model={model},public_ips={public_ips}");
        Self { text, keys: keys.map(|(key, value)| (key.into(), value)).to_vec() }
    }

    /// The scenario of `text` as this option has it.
    ///
    /// With a model the whole `[outbound]` table is replaced by that model's figures and the keys of the option, and events that
    /// change the table go with it; without one the scenario's own device is kept, with these keys changed.
    pub fn read(&self, file: &str, text: &str, set: &[Override]) -> Result<Scenario, Error> {
        let Self { text: written, keys } = self;
        let flags = format!("--option \"{written}\"");
        let mut tree = parse(file, text)?;
        overrides::apply(&mut tree, set)?;
        if keys.iter().any(|(key, _)| key == MODEL) {
            if let Some(table) = tree.entry("outbound") {
                *table = Node::set(Value::Table(Vec::new()));
            }
            keep_those_of_the_cluster(&mut tree);
        }
        overrides::apply_from(&flags, &mut tree, keys)?;
        check(Origin { file, text, flags: &flags, trace: None }, tree)?.accepted()
    }
}

/// The path of a key; one that is none of a scenario's is of the outbound device.
fn full_name(key: &str) -> String {
    match overrides::is_of_a_scenario(key) {
        true => overrides::full_name(key).into(),
        false => format!("outbound.{key}"),
    }
}
