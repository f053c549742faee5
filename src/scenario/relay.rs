//! `[[relay]]`: pods through which workloads reach their destinations, such as the egress gateway of a service mesh.
//!
//! Requests of a workload `via` a relay arrive as the workload says; each is served by one of the relay's pods, through
//! its client pool and from its node. Left out: limits of the relay's pods, connections towards it (they take no port of
//! the outbound device), and connections shared by workloads: each workload has its own in the relay.

use super::client_pool::client_pool;
use super::placement::{Place, node_pool, placed};
use super::reader::{Reader, Table, did_you_mean, tables};
use super::surroundings::Surroundings;
use crate::flow::NodeId;
use crate::workload::ClientPool;

/// What stands between workloads and the outbound device.
#[derive(Debug, Clone, PartialEq)]
pub struct Relay {
    /// Name in the scenario.
    pub name: String,
    /// The node of each of its pods.
    pub pods: Vec<NodeId>,
    /// Where they run.
    pub on: Place,
    /// How its pods keep connections; absent: one flow a request.
    pub client_pool: Option<ClientPool>,
}

/// Reads all relays; their pods stand beside those of the workloads.
pub fn relays<'a>(reader: &'a Reader<'a>, root: &Table<'a>, around: &mut Surroundings<'_>) {
    for (number, node) in tables(reader, root.get("relay"), "relay").iter().enumerate() {
        let table = reader.table(node, "relay");
        let name = table.text("name").map_or_else(|| format!("relay-{}", number + 1), str::to_string);
        if around.relays.iter().any(|relay| relay.name == name) {
            table.wrong(&node.span, format!("two relays are called \"{name}\""), None);
        }
        let pool = node_pool(&table, around.cluster);
        let placed = pool.and_then(|pool| placed(&table, around.cluster, pool));
        let client_pool = table.get("client_pool").and_then(|node| client_pool(reader, node, None));
        table.finish();
        if let Some(placed) = placed {
            around.note_pods(&placed);
            around.relays.push(Relay { name, on: placed.on, pods: placed.nodes, client_pool });
        }
    }
}

/// The relay that a workload names, if it names one.
pub fn via<'r>(table: &Table<'_>, relays: &'r [Relay]) -> Option<&'r Relay> {
    let (node, name) = (table.get("via")?, table.text("via")?);
    let found = relays.iter().find(|relay| relay.name == name);
    if found.is_none() {
        let help = match relays.is_empty() {
            true => Some(format!("write `[[relay]]` with `name = \"{name}\"`")),
            false => did_you_mean(name, relays.iter().map(|relay| relay.name.as_str())),
        };
        table.wrong(&node.span, format!("no relay is called \"{name}\""), help);
    }
    if let Some(pool) = table.get("client_pool") {
        let help = Some("write it in the `[[relay]]`, whose connections need ports".to_string());
        table.wrong(&pool.span, "a workload `via` a relay has no `client_pool` of its own".into(), help);
    }
    let arrivals = table.get("arrivals");
    let by_node = arrivals.and_then(|node| node.get("trace").or(node.get("burst")?.get("per_node")));
    if let Some(node) = by_node {
        let message = "a workload `via` a relay leaves from the relay's nodes: neither a trace nor `per_node` says which";
        table.wrong(&node.span, message.into(), Some("write other `arrivals`".into()));
    }
    found
}
