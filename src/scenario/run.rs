//! `[run]`: how long, how often, from which seed.

use super::reader::Reader;
use super::tree::{Node, Value};
use super::{RunSettings, WarmUp};
use crate::time::SimDuration;

/// Reads the run settings, with their defaults.
pub fn run_settings<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Option<RunSettings> {
    let mut settings = RunSettings {
        duration: SimDuration::from_secs(3_600),
        warm_up: WarmUp::Auto,
        replications: 10,
        seed: 1,
        window: SimDuration::from_secs(60),
    };
    let Some(node) = node else { return Some(settings) };
    let table = reader.table(node, "run");
    let span = |key: &str, default: SimDuration| match table.duration(key) {
        Some(SimDuration::ZERO) => {
            let span = table.get(key).map_or(0..0, |node| node.span.clone());
            table.wrong(&span, format!("`{key}` is 0; allowed is a time above 0"), None);
            default
        }
        other => other.unwrap_or(default),
    };
    settings.duration = span("duration", settings.duration);
    settings.window = span("window", settings.window);
    settings.replications = table.count("replications", 1, 1_000_000).unwrap_or(10) as u32;
    settings.seed = table.count("seed", 0, i64::MAX as u64).unwrap_or(1);
    settings.warm_up = match table.get("warm_up").map(|node| &node.value) {
        None => WarmUp::Auto,
        Some(Value::Text(text)) if text == "auto" => WarmUp::Auto,
        Some(Value::Text(text)) if text == "stationary" => WarmUp::Stationary,
        Some(_) => WarmUp::For(table.duration("warm_up").unwrap_or(SimDuration::ZERO)),
    };
    table.finish();
    let windows = settings.duration.nanos() / settings.window.nanos().max(1);
    if windows > 10_000_000 {
        let message = format!("`duration` holds {windows} windows; at most 10,000,000 fit in memory");
        reader.problem(&node.span, message, Some("raise `window`".into()));
    }
    Some(settings)
}
