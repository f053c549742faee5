//! `cluster.local_ports` and `cluster.time_wait`: what the kernel of a pod lets its sockets have.
//!
//! The range is one of a pod, whoever looks at it: its own sockets, and the node that tries to keep their source ports
//! (`node_stage.local_ports`). So it is said in one place, and holds in both.

use super::devices::port_range;
use super::keys::Keys;
use super::reader::{Reader, Table};
use super::tree::{Node, Value};
use crate::cluster::PodSockets;
use crate::profile::Profile;
use crate::snat::PortNumbers;
use crate::time::SimDuration;

/// What pods are like where the scenario does not say.
pub const POD: Profile = Profile { name: "linux/pod", text: include_str!("../../models/linux/pod.toml") };

/// Keys of `[cluster]` about them.
pub const KEYS: [&str; 2] = ["local_ports", "time_wait"];

/// Reads them.
pub fn pod_sockets<'a>(reader: &'a Reader<'a>, cluster: &'a Node) -> Option<PodSockets> {
    let shipped = POD.tree().ok()?;
    let own = reader.table(cluster, "cluster");
    let keys = Keys { own, shipped: Some(&shipped) };
    let time_wait = keys.duration("time_wait").unwrap_or(SimDuration::ZERO);
    let of_node_stage = || well_formed(cluster.get("node_stage")?.get("local_ports")?);
    let range = match cluster.get("local_ports") {
        Some(node) => port_range(reader, "local_ports", node),
        None => of_node_stage().or_else(|| well_formed(shipped.get("local_ports")?)),
    };
    let PortNumbers { first, last } = range?;
    Some(PodSockets { local_ports: last - first + 1, time_wait })
}

/// Lays the range of `cluster` under what its node stage says. One that says its own is refused.
pub fn lay_under_node_stage(table: &Table<'_>, cluster: Option<&Node>, shipped: &mut Node) {
    let Some(range) = cluster.and_then(|cluster| cluster.get("local_ports")) else { return };
    if let Some(own) = table.get("local_ports") {
        let help =
            Some("write `cluster.local_ports` only; the node tries to keep the same ports".to_string());
        table.wrong(&own.span, "`local_ports` of the pods is said twice".into(), help);
    } else if let (Some(PortNumbers { first, last }), Some(entry)) =
        (well_formed(range), shipped.entry("local_ports"))
    {
        let port = |port: u32| Node::set(Value::Integer(i64::from(port)));
        *entry = Node::set(Value::List(vec![port(first), port(last)]));
    }
}

/// The range at `node`; nothing where there is something wrong with it, which its reader tells.
fn well_formed(node: &Node) -> Option<PortNumbers> {
    let Value::List(ports) = &node.value else { return None };
    let port = |node: &Node| match node.value {
        Value::Integer(port) => u32::try_from(port).ok().filter(|port| (1..=65_535).contains(port)),
        _ => None,
    };
    match &ports[..] {
        [first, last] => {
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some(PortNumbers { first, last })
        }
        _ => None,
    }
}
