//! `run.rare`: how failures are found that plain simulation hardly sees.

use super::reader::{self, Reader};
use super::tree::{Node, Value};
use super::{Rare, RareMethod};

/// What `rare` may be.
pub const METHODS: [(&str, RareMethod); 2] =
    [("auto", RareMethod::Auto), ("splitting", RareMethod::Splitting)];

/// Trajectories from each level where a file does not say how many.
const TRAJECTORIES: u32 = 1_000;

/// Fewer say too little of how sure the result is.
const REPLICATIONS: u64 = 20;

/// More trajectories or replications than any estimate needs.
const MOST: u64 = 1_000_000;

/// Reads a method, or a table with a method and its effort.
pub fn rare<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Rare> {
    let mut rare = Rare {
        method: RareMethod::Auto,
        trajectories: TRAJECTORIES,
        replications: REPLICATIONS as u32,
        base: None,
    };
    if !matches!(node.value, Value::Table(_)) {
        rare.method = reader::choice(reader, "rare", node, &METHODS)?;
        return Some(rare);
    }
    let table = reader.table(node, "rare");
    let method = table.need("method", "\"splitting\"");
    let method = method.and_then(|node| reader::choice(reader, "method", node, &METHODS));
    let count = |key: &str, least: u64, default: u32| match table.count(key, least, MOST) {
        Some(count) => count as u32,
        None => default,
    };
    rare.trajectories = count("trajectories", 10, TRAJECTORIES);
    rare.replications = count("replications", REPLICATIONS, REPLICATIONS as u32);
    rare.base = table.count("base", 0, u64::from(u32::MAX));
    table.finish();
    rare.method = method?;
    Some(rare)
}
