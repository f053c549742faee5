//! Keys set from the command line: `--set workload.checkout.client_pool.max=50`.

use super::tree::{FLAG, Node, Value, parse};
use crate::error::{Error, Problem};

/// A setting from outside the file: dotted key and value.
pub type Override = (String, String);

/// Short names.
const SHORT: [(&str, &str); 4] = [
    ("public_ips", "outbound.public_ips"),
    ("ports_per_node", "outbound.ports_per_node"),
    ("idle_timeout", "outbound.idle_timeout"),
    ("instances", "outbound.instances"),
];

/// Short names of a key in the only table of a kind.
const OF_THE_ONLY_ONE: [&str; 2] = ["nodes", "pool_max"];

/// Short names that are so much alike are meant.
const ALIKE: f64 = 0.9;

/// So many replications: `run.replications` without a `run.precision` that would make it a first batch.
pub const REPLICATIONS: &str = "replications";

/// So many times the traffic of every workload.
pub const LOAD_FACTOR: &str = "run.load_factor";

/// Tables and keys at the top of a scenario.
const TOP: [&str; 13] = [
    "title",
    "$schema",
    "outbound",
    "cluster",
    "node_pool",
    "destination",
    "relay",
    "way_out",
    "event",
    "workload",
    "run",
    "threshold",
    "probe",
];

/// Sets each key in `tree`.
pub fn apply(tree: &mut Node, overrides: &[Override]) -> Result<(), Error> {
    apply_from("--set", tree, overrides)
}

/// The same for keys of another flag, which problems name.
pub fn apply_from(flag: &str, tree: &mut Node, overrides: &[Override]) -> Result<(), Error> {
    let set = |(key, value): &Override| set(tree, key, value).err();
    let problems = overrides.iter().filter_map(set).map(|problem| Problem { file: flag.into(), ..problem });
    let problems: Vec<Problem> = problems.collect();
    if problems.is_empty() { Ok(()) } else { Err(Error::Input(problems)) }
}

fn set(tree: &mut Node, key: &str, value: &str) -> Result<(), Problem> {
    let full = match key {
        "nodes" => only(tree, "node_pool", "nodes")?,
        REPLICATIONS => {
            if let Some(run) = tree.entry_if_there("run") {
                run.remove(&["precision", "max_replications"]);
            }
            "run.replications".into()
        }
        "pool_max" => only(tree, "workload", "client_pool.max")?,
        _ => full_name(key).to_string(),
    };
    let first = full.split('.').next().unwrap_or_default();
    if !TOP.contains(&first) {
        let near = SHORT.iter().find(|(short, _)| strsim::jaro_winkler(short, key) > ALIKE);
        if let Some((short, _)) = near {
            return Err(problem(key, format!("a scenario has no `{first}`; did you mean `{short}`?")));
        }
        let message = format!(
            "a scenario has no `{first}`; did you mean `outbound.{full}`, `run.{full}` or `workload.NAME.{full}`?"
        );
        return Err(problem(key, message));
    }
    if value == NOTHING {
        return remove(tree, &full, key);
    }
    let mut node = tree;
    let mut steps = full.split('.').peekable();
    while let Some(step) = steps.next() {
        node = descend(node, step, key)?;
        if steps.peek().is_some() && !matches!(node.value, Value::Table(_) | Value::List(_)) {
            *node = Node::set(Value::Table(Vec::new()));
        }
    }
    *node = read_value(value);
    Ok(())
}

/// The value that takes a key away.
const NOTHING: &str = "null";

/// Whether a key is a short one, or begins at the top of a scenario.
pub fn is_of_a_scenario(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    let is_short = || SHORT.iter().any(|(short, _)| *short == key);
    TOP.contains(&first) || is_short() || OF_THE_ONLY_ONE.contains(&key) || key == REPLICATIONS
}

/// Takes a key away, or a table of a list by its `name` or number; the model's value or the default then holds.
fn remove(tree: &mut Node, full: &str, key: &str) -> Result<(), Problem> {
    let (outer, last) = full.rsplit_once('.').map_or((None, full), |(outer, last)| (Some(outer), last));
    let lacks = || problem(key, format!("there is no `{last}` to take away"));
    let mut node = tree;
    for step in outer.into_iter().flat_map(|outer| outer.split('.')) {
        node = match node.value {
            Value::List(_) => descend(node, step, key)?,
            _ => node.entry_if_there(step).ok_or_else(lacks)?,
        };
    }
    if let Value::List(nodes) = &node.value {
        let position = position(nodes, last).ok_or_else(lacks)?;
        let Value::List(nodes) = &mut node.value else { return Err(lacks()) };
        nodes.remove(position);
        return Ok(());
    }
    node.get(last).ok_or_else(lacks)?;
    node.remove(&[last]);
    Ok(())
}

/// The path of a key that does not depend on the scenario; others are themselves.
pub fn full_name(key: &str) -> &str {
    match key {
        REPLICATIONS => "run.replications",
        _ => SHORT.iter().find(|(short, _)| *short == key).map_or(key, |(_, full)| full),
    }
}

/// The entry of a table, or the table of a list by its `name` or number.
fn descend<'a>(node: &'a mut Node, step: &str, key: &str) -> Result<&'a mut Node, Problem> {
    if !matches!(node.value, Value::List(_)) {
        return node.entry(step).ok_or_else(|| problem(key, format!("`{step}` is not in a table")));
    }
    let Value::List(nodes) = &mut node.value else { return Err(problem(key, "no list".into())) };
    match position(nodes, step) {
        Some(position) => Ok(&mut nodes[position]),
        None => Err(problem(key, format!("no table is called \"{step}\""))),
    }
}

/// The place of the table of that `name` or number.
fn position(nodes: &[Node], step: &str) -> Option<usize> {
    let named = |node: &Node| matches!(node.get("name").map(|name| &name.value), Some(Value::Text(name)) if name == step);
    let numbered = || step.parse().ok().filter(|position| *position < nodes.len());
    nodes.iter().position(named).or_else(numbered)
}

/// The path of a key in the only table of a kind.
fn only(tree: &Node, kind: &str, key: &str) -> Result<String, Problem> {
    match tree.get(kind).map(|node| &node.value) {
        Some(Value::List(tables)) if tables.len() == 1 => Ok(format!("{kind}.0.{key}")),
        Some(Value::List(tables)) => {
            Err(problem(key, format!("there are {} `[[{kind}]]`; write `{kind}.NAME.{key}`", tables.len())))
        }
        _ => Err(problem(key, format!("the scenario has no `[[{kind}]]`"))),
    }
}

fn problem(key: &str, message: String) -> Problem {
    Problem {
        file: "--set".into(),
        line: None,
        column: None,
        message: format!("`{key}`: {message}"),
        help: None,
    }
}

/// TOML where it is TOML, text otherwise.
fn read_value(value: &str) -> Node {
    let parsed = parse("--set", &format!("value = {value}")).ok();
    let node = parsed.and_then(|tree| tree.get("value").cloned());
    let mut node = node.unwrap_or_else(|| Node::set(Value::Text(value.into())));
    forget_places(&mut node);
    node
}

/// Places in a flag would be taken for places in the file.
fn forget_places(node: &mut Node) {
    node.span = FLAG;
    match &mut node.value {
        Value::List(nodes) => nodes.iter_mut().for_each(forget_places),
        Value::Table(entries) => entries.iter_mut().for_each(|entry| {
            entry.span = FLAG;
            forget_places(&mut entry.node);
        }),
        _ => {}
    }
}
