//! `[[way_out]]`: ways out beside `[outbound]`, for workloads that name them.

use super::devices;
use super::keys::Keys;
use super::reader::{Reader, Table, did_you_mean, list, tables};
use super::shipped;
use super::surroundings::Surroundings;
use super::tree::{Node, Value};
use crate::cluster::Cluster;
use crate::flow::DestinationId;
use crate::outbound::{Egress, Outbound, Refusal};
use crate::workload::Destination;

/// A way out that workloads name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedWay {
    /// Name in the scenario.
    pub name: String,
    /// Its device.
    pub device: Outbound,
    /// Destinations that its workloads reach by `[outbound]` instead.
    pub not_for: Vec<DestinationId>,
}

impl NamedWay {
    /// Its device for `cluster`, or why the platform would refuse it.
    pub fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        self.device.egress(cluster).map_err(|refusal| self.told(refusal))
    }

    /// Everything for which the platform would refuse it.
    pub fn refusals(&self, cluster: &Cluster) -> Vec<Refusal> {
        self.device.refusals(cluster).into_iter().map(|refusal| self.told(refusal)).collect()
    }

    fn told(&self, refusal: Refusal) -> Refusal {
        Refusal { message: format!("way out \"{}\": {}", self.name, refusal.message), ..refusal }
    }
}

/// Reads all of them.
pub fn ways_out<'a>(
    reader: &'a Reader<'a>,
    root: &Table<'a>,
    cluster: &Cluster,
    destinations: &[Destination],
) -> Vec<NamedWay> {
    let mut ways: Vec<NamedWay> = Vec::new();
    for node in tables(reader, root.get("way_out"), "way_out") {
        let way = way_out(reader, node, cluster, destinations);
        if let Some(way) = &way
            && ways.iter().any(|other| other.name == way.name)
        {
            reader.problem(&node.span, format!("two ways out are called \"{}\"", way.name), None);
        }
        ways.extend(way);
    }
    ways
}

fn way_out<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    cluster: &Cluster,
    destinations: &[Destination],
) -> Option<NamedWay> {
    let shipped = shipped::model_of(node);
    let keys = Keys { own: reader.table(node, "way_out"), shipped: shipped.as_ref() };
    let name = keys.own.need("name", "\"proxy\"").and_then(|_| keys.own.text("name"));
    let direct = keys.own.get("no_proxy");
    let not_for = direct.map_or(Vec::new(), |node| no_proxy(reader, node, destinations));
    let device = devices::device(keys, cluster)?;
    if let (Some(node), false) = (direct, matches!(device, Outbound::HttpProxy(_))) {
        let help = Some("remove it, or write `model = \"azure/http-proxy\"`".to_string());
        reader.problem(&node.span, "`no_proxy` is a key of \"azure/http-proxy\"".into(), help);
    }
    Some(NamedWay { name: name?.to_string(), device, not_for })
}

fn no_proxy(reader: &Reader<'_>, node: &Node, destinations: &[Destination]) -> Vec<DestinationId> {
    let mut known = Vec::new();
    for entry in list(reader, "no_proxy", node) {
        let Value::Text(name) = &entry.value else {
            let message = format!("`no_proxy` holds {}; allowed are names of destinations", entry.kind());
            reader.problem(&entry.span, message, None);
            continue;
        };
        match destinations.iter().position(|destination| destination.name == *name) {
            Some(position) => known.push(DestinationId(position as u32)),
            None => {
                let help = did_you_mean(name, destinations.iter().map(|each| each.name.as_str()));
                reader.problem(&entry.span, format!("no destination is called \"{name}\""), help);
            }
        }
    }
    known
}

/// The names of all, those with a problem included.
pub fn declared<'a>(reader: &'a Reader<'a>, root: &Table<'a>) -> Vec<&'a str> {
    let name = |way: &'a Node| match &way.get("name")?.value {
        Value::Text(name) => Some(name.as_str()),
        _ => None,
    };
    tables(reader, root.get("way_out"), "way_out").iter().filter_map(name).collect()
}

/// The way out that a workload takes, by its number among all: 0 is `[outbound]`.
pub fn way_of(table: &Table<'_>, around: &Surroundings<'_>) -> usize {
    let ways = around.ways_out;
    let (Some(node), Some(name)) = (table.get("way_out"), table.text("way_out")) else { return 0 };
    if let Some(position) = ways.iter().position(|way| way.name == name) {
        return position + 1;
    }
    if around.declared_ways.contains(&name) {
        return 0;
    }
    let help = match around.declared_ways.is_empty() {
        true => Some(format!("write `[[way_out]]` with `name = \"{name}\"`")),
        false => did_you_mean(name, around.declared_ways.iter().copied()),
    };
    table.wrong(&node.span, format!("no way out is called \"{name}\""), help);
    0
}
