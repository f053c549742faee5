//! `retry`: what an application does after a failed request.

use super::reader::{Reader, Table, rate};
use super::tree::Node;
use crate::time::SimDuration;
use crate::workload::Retry;
use crate::workload::retry::{Backoff, Budget, Jitter};

/// More tries than this are a slip.
const MOST_TRIES: u64 = 1_000;

/// Reads `retry`: `attempts` with `backoff` and `budget`, or `orbit`.
pub fn retry<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Retry> {
    let table = reader.table(node, "retry");
    let read = match (table.get("attempts"), table.get("orbit")) {
        (None, Some(node)) => orbit(reader, node),
        (Some(_), None) => attempts(reader, &table),
        _ => {
            let help = "write `retry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\" } }`";
            table.wrong(&table.span, "`retry` needs either `attempts` or `orbit`".into(), Some(help.into()));
            None
        }
    };
    table.finish();
    read
}

fn attempts<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Retry> {
    let most = table.count("attempts", 1, MOST_TRIES);
    let backoff = table.need("backoff", "{ base = \"100ms\", cap = \"10s\", jitter = \"full\" }");
    let backoff = backoff.and_then(|node| backoff_of(reader, node));
    let budget = table.get("budget").map(|node| budget_of(reader, node));
    Some(Retry::Attempts {
        most: most? as u32,
        backoff: backoff?,
        budget: budget.map_or(Some(None), |read| read.map(Some))?,
    })
}

fn backoff_of<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Backoff> {
    let table = reader.table(node, "backoff");
    let base = table.need("base", "\"100ms\"").and_then(|_| table.duration("base"));
    let cap = table.duration("cap");
    let jitters = [
        ("none", Jitter::None),
        ("full", Jitter::Full),
        ("equal", Jitter::Equal),
        ("decorrelated", Jitter::Decorrelated),
    ];
    let jitter = table.choice("jitter", &jitters).unwrap_or_default();
    if let (Some(base), Some(cap)) = (base, cap)
        && cap < base
    {
        table.wrong(
            &table.span,
            "`backoff.cap` is below `backoff.base`".into(),
            Some("raise `cap`, or leave it out".into()),
        );
    }
    table.finish();
    Some(Backoff { base: base?, cap: cap.unwrap_or(SimDuration::LONGEST), jitter })
}

fn budget_of<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Budget> {
    let table = reader.table(node, "budget");
    let ratio = table.need("ratio", "0.1").and_then(|_| table.number("ratio", 0.0, 1_000.0));
    let floor = table.get("floor").map_or(Some(0.0), |node| rate(table.reader, "floor", node));
    table.finish();
    Some(Budget { ratio: ratio?, floor: floor? })
}

fn orbit<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Retry> {
    let table = reader.table(node, "orbit");
    let rate = table.rate("rate");
    let share = |key: &str| match table.get(key) {
        Some(_) => table.number(key, 0.0, 1.0),
        None => Some(1.0),
    };
    let (first_persistence, persistence) = (share("first_persistence"), share("persistence"));
    table.finish();
    Some(Retry::Orbit { rate: rate?, first_persistence: first_persistence?, persistence: persistence? })
}
