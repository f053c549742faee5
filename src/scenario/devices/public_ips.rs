//! The public IPs of a custom device, and which of them a flow gets.

use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::outbound::custom::PublicIps;
use crate::scenario::keys::Keys;
use crate::scenario::reader::{choice, count, list};
use crate::scenario::tree::{Node, Value};
use crate::snat::{FirstIp, IpChoice};
use std::sync::Arc;

const MOST_PUBLIC_IPS: u64 = 100_000;
const MOST_PORTS: u64 = 1 << 31;

/// How many there are, and with how many ports each.
pub(super) fn public_ips(keys: &Keys<'_>) -> Option<PublicIps> {
    let listed = keys.get("public_ips").filter(|node| matches!(node.value, Value::List(_)));
    let Some(node) = listed else {
        let ips = keys.count("public_ips", 1, MOST_PUBLIC_IPS).unwrap_or(1);
        return ports(keys, keys.own.need("ports", "1024")?).map(|ports| PublicIps::Alike { ips, ports });
    };
    if let Some(both) = keys.get("ports") {
        let message = "`ports` beside a list of `public_ips`, which says the ports of each".to_string();
        keys.own.wrong(&both.span, message, Some("remove `ports`".into()));
    }
    let listed = list(keys.own.reader, "public_ips", node);
    if listed.is_empty() {
        let help = Some("write `public_ips = [{ ports = 64 }, { ports = \"unlimited\" }]`".to_string());
        keys.own.wrong(&node.span, "`public_ips` is an empty list".into(), help);
    }
    let one = |node| {
        let table = keys.own.reader.table(node, "public_ips");
        let ports = table.need("ports", "64").and_then(|node| ports(keys, node));
        table.finish();
        ports
    };
    listed.iter().map(one).collect::<Option<Vec<_>>>().filter(|each| !each.is_empty()).map(PublicIps::Each)
}

/// A number of ports, or no limit.
fn ports(keys: &Keys<'_>, node: &Node) -> Option<Option<u32>> {
    match &node.value {
        Value::Text(text) if text == "unlimited" => Some(None),
        _ => count(keys.own.reader, "ports", node, 1, MOST_PORTS).map(|ports| Some(ports as u32)),
    }
}

/// How a flow's public IP is chosen; uniform where nothing is said.
pub(super) fn ip_choice(keys: &Keys<'_>, cluster: &Cluster, ips: usize) -> IpChoice {
    let said = keys.get("public_ip_choice");
    if let Some(node) = keys.get("public_ip_of") {
        if let Some(said) = said {
            let message = "`public_ip_choice` beside `public_ip_of`, which chooses already".to_string();
            keys.own.wrong(&said.span, message, Some("remove one of the two".into()));
        }
        return fixed(keys, node, cluster, ips).unwrap_or_default();
    }
    worded_choice(keys)
}

/// What `public_ip_choice` says; uniform where it says nothing.
pub(super) fn worded_choice(keys: &Keys<'_>) -> IpChoice {
    let said = keys.get("public_ip_choice");
    let words = [
        ("uniform", Choice::Uniform),
        ("sticky", Choice::Sticky),
        ("sticky-random-start", Choice::StickyRandomStart),
        ("in-turns", Choice::InTurns),
        ("random", Choice::Random),
        ("hash-source-destination", Choice::HashSourceDestination),
        ("hash-source", Choice::HashSource),
    ];
    match said.and_then(|node| choice(keys.own.reader, "public_ip_choice", node, &words)) {
        None | Some(Choice::Uniform) => IpChoice::Uniform,
        Some(Choice::Sticky) => IpChoice::Sticky(FirstIp::First),
        Some(Choice::StickyRandomStart) => IpChoice::Sticky(FirstIp::RandomPerPool),
        Some(Choice::InTurns) => IpChoice::InTurns,
        Some(Choice::Random) => IpChoice::Random,
        Some(Choice::HashSourceDestination) => IpChoice::HashSourceDestination,
        Some(Choice::HashSource) => IpChoice::HashSource,
    }
}

/// The words of `public_ip_choice`.
#[derive(Clone, Copy)]
enum Choice {
    Uniform,
    Sticky,
    StickyRandomStart,
    InTurns,
    Random,
    HashSourceDestination,
    HashSource,
}

/// The public IP of each node, counted from 0.
fn fixed(keys: &Keys<'_>, node: &Node, cluster: &Cluster, ips: usize) -> Option<IpChoice> {
    let table = keys.own.reader.table(node, "public_ip_of");
    let last = (ips as u64).saturating_sub(1);
    let ip_of = |number: u32| {
        let names = [format!("n{}", number + 1), cluster.node_name(NodeId(number))];
        let found = names.iter().find(|name| table.get(name).is_some());
        if found.is_none() {
            let message = format!("`public_ip_of` says nothing of node {}", names[1]);
            let help = Some(format!("write `{} = 0`, a public IP counted from 0", names[0]));
            table.wrong(&node.span, message, help);
        }
        found.and_then(|name| table.count(name, 0, last)).map(|ip| ip as u32)
    };
    let of: Vec<Option<u32>> = (0..cluster.nodes()).map(ip_of).collect();
    table.finish();
    let of: Arc<[u32]> = of.into_iter().collect::<Option<Vec<_>>>()?.into();
    Some(IpChoice::Of(of))
}
