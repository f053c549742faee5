//! Recorded traffic in the place of a scenario's own: everything else of the scenario stays as it is, comments included.

use super::super::number::counted;
use super::{MOST_WEIGHTS, destinations_and_workloads, head, placed_by};
use crate::error::{Error, Problem};
use crate::experiment::traffic::{FittedWorkload, Traffic};
use crate::scenario::tree;
use std::fmt::Write;
use toml_edit::{DocumentMut, Item, Table, TableLike, value};

/// The keys that traffic takes the place of.
const OWN_TRAFFIC: [&str; 2] = ["destination", "workload"];

/// The keys that stand after traffic, where they are tables with a header.
const AFTERWARDS: [&str; 2] = ["run", "threshold"];

/// The scenario of a file with the recorded workloads and destinations instead of its own, measured for as long as the record. They
/// run on `node_pool`, else on the only one, else on every node.
///
/// # Errors
///
/// A text that is no TOML, and a node pool that it does not have.
pub fn in_place_of(
    file: &str,
    text: &str,
    traffic: &Traffic,
    node_pool: Option<&str>,
) -> Result<String, Error> {
    let mut scenario = document(file, text)?;
    let place = place(file, &scenario, node_pool)?;
    OWN_TRAFFIC.iter().for_each(|key| _ = scenario.remove(key));
    if let Some(seconds) = traffic.duration_s {
        measure_for(&mut scenario, seconds.max(1));
    }
    let mut afterwards = DocumentMut::new();
    for key in AFTERWARDS {
        if scenario.get(key).is_some_and(has_header) {
            afterwards.insert(key, scenario.remove(key).unwrap_or_default());
        }
    }
    afterwards.set_trailing(scenario.trailing().clone());
    scenario.set_trailing("");
    let placement = |workload: &FittedWorkload| place.of(workload);
    Ok(format!(
        "{}\n{}{}{}{afterwards}",
        scenario.to_string().trim_end().to_string() + "\n",
        head(traffic),
        place.comment(traffic),
        destinations_and_workloads(traffic, &placement)
    ))
}

fn document(file: &str, text: &str) -> Result<DocumentMut, Error> {
    let wrong = |message: String, help: &str| {
        let (line, column) = (None, None);
        Error::Input(vec![Problem { file: file.into(), line, column, message, help: Some(help.into()) }])
    };
    if text.trim_start().starts_with('{') {
        let message = "is JSON, which has no comments to keep".into();
        return Err(wrong(message, "give a scenario of TOML, such as `snatsim import config` writes"));
    }
    tree::parse(file, text)?;
    text.parse().map_err(|why| wrong(format!("not valid TOML: {why}"), "give a scenario of TOML"))
}

/// Whether it stands under a header of its own.
fn has_header(item: &Item) -> bool {
    match item {
        Item::ArrayOfTables(_) => true,
        Item::Table(table) => !table.is_dotted(),
        Item::None | Item::Value(_) => false,
    }
}

fn measure_for(scenario: &mut DocumentMut, seconds: u64) {
    let run = scenario.entry("run").or_insert(Item::Table(Table::new()));
    let is_table = run.is_table();
    let Some(run) = run.as_table_like_mut() else { return };
    let mut duration = value(format!("{seconds}s"));
    if let Some(duration) = duration.as_value_mut().filter(|_| is_table) {
        duration.decor_mut().set_suffix(" # as long as the record");
    }
    run.insert("duration", duration);
}

/// Where recorded traffic runs.
enum Place {
    /// On every node of the cluster.
    Everywhere,
    /// On a node pool; its name where there are others, its nodes where they are said.
    NodePool { name: Option<String>, nodes: Option<usize> },
}

fn place(file: &str, scenario: &DocumentMut, wanted: Option<&str>) -> Result<Place, Error> {
    let tables: Vec<&dyn TableLike> = match scenario.get("node_pool") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Some(item) => item
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.as_inline_table()? as &dyn TableLike))
            .collect(),
        None => Vec::new(),
    };
    let name = |table: &&dyn TableLike| table.get("name").and_then(Item::as_str).map(str::to_string);
    let found = match (wanted, tables.as_slice()) {
        (Some(wanted), _) => {
            let found = tables.iter().find(|table| name(table).as_deref() == Some(wanted));
            Some(*found.ok_or_else(|| {
                let names = tables.iter().filter_map(name).collect::<Vec<_>>().join(", ");
                Error::input("--node-pool", format!("\"{wanted}\" is not in {file}; there are {names}"))
            })?)
        }
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let Some(table) = found else {
        return Ok(match tables.is_empty() {
            true => Place::NodePool { name: None, nodes: Some(1) },
            false => Place::Everywhere,
        });
    };
    let least = || table.get("autoscale")?.as_table_like()?.get("min");
    let nodes = table.get("nodes").or_else(least).and_then(Item::as_integer);
    let nodes = nodes.and_then(|nodes| usize::try_from(nodes).ok());
    Ok(Place::NodePool { name: name(&table).filter(|_| tables.len() > 1), nodes })
}

impl Place {
    /// Nodes that sources can be dealt to by weight.
    fn weighed(&self) -> Option<usize> {
        match self {
            Self::Everywhere => None,
            Self::NodePool { nodes, .. } => nodes.filter(|nodes| (2..=MOST_WEIGHTS).contains(nodes)),
        }
    }

    /// What becomes of the sources of the record.
    fn comment(&self, traffic: &Traffic) -> String {
        let sources = traffic.flows_by_source.len();
        let mut text = match (self, self.weighed()) {
            (_, Some(nodes)) => format!(
                "# Flows come from {}, dealt to the {nodes} nodes in turn, the busiest first: sources may be nodes or pods.\n",
                counted(sources as u64, "source")
            ),
            (Self::Everywhere, None) => format!(
                "# Flows come from {}. They stand for all nodes alike; `--node-pool NAME` deals them to the nodes of one pool.\n",
                counted(sources as u64, "source")
            ),
            (Self::NodePool { .. }, None) => format!(
                "# Flows come from {}, which stand for all nodes alike.\n",
                counted(sources as u64, "source")
            ),
        };
        if let Some(nodes) = self.weighed().filter(|nodes| sources < *nodes) {
            let factor = nodes as f64 / sources as f64;
            let _ = writeln!(
                text,
                "# WARNING: fewer sources than nodes: the others are idle. If the record is of {} only, write even placement\n\
                 # and `rate_over_time = {{ points = [[\"0s\", {factor:.2}]] }}` into each workload to stand for all of them.",
                counted(sources as u64, "node")
            );
        }
        text
    }

    /// Keys of a workload that say where its pods run.
    fn of(&self, workload: &FittedWorkload) -> String {
        let pool = match self {
            Self::NodePool { name: Some(name), .. } => {
                format!("node_pool = {}\n", toml_edit::Value::from(name.as_str()))
            }
            _ => String::new(),
        };
        let Some(nodes) = self.weighed() else { return pool + "pods = \"per-node\"\n" };
        let mut dealt = vec![0; nodes];
        for (number, flows) in workload.flows_by_source.iter().enumerate() {
            dealt[number % nodes] += flows;
        }
        pool + &placed_by(&dealt, "flows of the sources of each node")
    }
}
