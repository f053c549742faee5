//! `[run]`: how long, how often, from which seed.

use super::reader::{Reader, Table};
use super::tree::{Node, Value};
use super::{Precision, RunSettings, WarmUp};
use super::{load_factor, rare};
use crate::time::SimDuration;

/// More replications than any run needs.
const MOST_REPLICATIONS: u64 = 1_000_000;

/// Replications where a file says neither how many nor how precise.
const REPLICATIONS: u32 = 10;

/// The first batch where a file says how precise: enough for the spread among them to be known.
const FIRST_BATCH: u32 = 20;

/// Where a file says no `max_replications`.
const MAX_REPLICATIONS: u32 = 1_000;

/// Reads the run settings, with their defaults.
pub fn run_settings<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Option<RunSettings> {
    let mut settings = RunSettings {
        duration: SimDuration::from_secs(3_600),
        warm_up: WarmUp::Auto,
        replications: REPLICATIONS,
        precision: None,
        rare: None,
        seed: 1,
        window: SimDuration::from_secs(60),
        load_factor: 1.0,
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
    let replications = table.count("replications", 1, MOST_REPLICATIONS).map(|count| count as u32);
    settings.precision = precision(&table, replications.unwrap_or(FIRST_BATCH));
    let default = if settings.precision.is_some() { FIRST_BATCH } else { REPLICATIONS };
    settings.replications = replications.unwrap_or(default);
    settings.rare = table.get("rare").and_then(|node| rare::rare(reader, node));
    settings.seed = table.count("seed", 0, i64::MAX as u64).unwrap_or(1);
    settings.load_factor =
        table.number("load_factor", load_factor::LEAST, load_factor::MOST).unwrap_or(settings.load_factor);
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

/// `precision` with `max_replications`, where there is one.
fn precision(table: &Table<'_>, first_batch: u32) -> Option<Precision> {
    let most = table.count("max_replications", 1, MOST_REPLICATIONS).map(|count| count as u32);
    let stated = table.get("max_replications");
    let Some(node) = table.get("precision") else {
        if let Some(stated) = stated {
            let help = Some("write `precision = \"5%\"`, or `replications` instead".into());
            table.wrong(&stated.span, "`max_replications` stands without `precision`".into(), help);
        }
        return None;
    };
    let relative = relative(table, node);
    let most = if stated.is_some() { most? } else { MAX_REPLICATIONS };
    if most < first_batch {
        let (place, what) = match stated {
            Some(stated) => (&stated.span, format!("`max_replications` is {most}")),
            None => (&node.span, format!("`max_replications` is not set, so it is {most}")),
        };
        let message = format!("{what}, below the first batch of {first_batch} (`replications`)");
        let help = format!("write `max_replications` of {first_batch} or more, or fewer `replications`");
        table.wrong(place, message, Some(help));
        return None;
    }
    Some(Precision { relative: relative?, most })
}

/// A share such as `"5%"`, above 0 and at most 1.
fn relative(table: &Table<'_>, node: &Node) -> Option<f64> {
    let percent = match &node.value {
        Value::Text(text) => {
            text.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok())
        }
        _ => None,
    };
    let relative = percent.map(|percent| percent / 100.0).filter(|share| *share > 0.0 && *share <= 1.0);
    if relative.is_none() {
        let message =
            format!("`precision` is {}; allowed is a text above \"0%\" and up to \"100%\"", node.kind());
        let help =
            "it is the half-width of the 95 % interval of `failure_ratio` as a share of it; write \"5%\"";
        table.wrong(&node.span, message, Some(help.into()));
    }
    relative
}
