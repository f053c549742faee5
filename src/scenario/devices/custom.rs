//! `custom`.

use super::public_ips::{ip_choice, public_ips};
use super::search::rules;
use crate::cluster::Cluster;
use crate::outbound::custom::{Custom, CustomPartition};
use crate::outbound::{Outbound, Sharing};
use crate::scenario::keys::Keys;
use crate::scenario::reader::choice;
use crate::scenario::traffic::MOST_PORTS_PER_FLOW;
use crate::scenario::tree::Value;
use crate::snat::Caps;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    let most = u64::from(u32::MAX);
    let partition = partition(keys, cluster);
    let public_ips = public_ips(keys);
    let ip_choice = ip_choice(keys, cluster, public_ips.as_ref().map_or(1, |ips| ips.count() as usize));
    let (sharing_tcp, sharing_udp) = (keys.sharing("tcp"), keys.sharing("udp"));
    let caps = Caps { per_ip: keys.count("per_destination_cap", 1, most), count_holds: false };
    check_cap(keys, (sharing_tcp, sharing_udp));
    let rules = rules(keys, caps, ip_choice);
    let total_cap = keys.count("total_cap", 1, most);
    let per_node_cap = keys.for_each_node("per_node_cap", cluster);
    let ports_per_flow = keys.count("ports_per_flow", 1, MOST_PORTS_PER_FLOW).unwrap_or(1);
    let custom = Custom {
        partition: partition?,
        public_ips: public_ips?,
        sharing_tcp,
        sharing_udp,
        rules,
        total_cap,
        per_node_cap,
        ports_per_flow,
        timers,
    };
    check_range(keys, &custom);
    Some(Outbound::Custom(custom))
}

/// A row counts its flows, and is one destination's under sharing by endpoint alone.
fn check_cap(keys: &Keys<'_>, (tcp, udp): (Sharing, Sharing)) {
    let alone = tcp == Sharing::Endpoint && udp == Sharing::Endpoint;
    if let (Some(node), false) = (keys.get("per_destination_cap"), alone) {
        let message = "`per_destination_cap` needs a port pool that destinations share".to_string();
        keys.own.wrong(&node.span, message, Some("write `sharing = \"endpoint\"`, or remove the cap".into()));
    }
}

/// What tells ports apart needs ports with numbers.
fn check_range(keys: &Keys<'_>, custom: &Custom) {
    let fits = |ports: &Option<u32>| ports.is_some_and(|ports| ports <= 65_536);
    let said = ["hold_scope", "used_ports", "search"].into_iter().find_map(|key| Some((key, keys.get(key)?)));
    let said = said.filter(|_| custom.rules.name_ports());
    if let (Some((key, node)), false) = (said, custom.public_ips.each().all(|ports| fits(&ports))) {
        let message = format!("this `{key}` looks at numbered ports, at most 65536 a public IP");
        keys.own.wrong(&node.span, message, Some("write such as `ports = 64512`".into()));
    }
}

fn partition(keys: &Keys<'_>, cluster: &Cluster) -> Option<CustomPartition> {
    let Some(node) = keys.get("partition") else { return Some(CustomPartition::Node) };
    if !matches!(node.value, Value::Table(_)) {
        let words = [("node", false), ("shared", true)];
        let shared = choice(keys.own.reader, "partition", node, &words)?;
        return Some(if shared { CustomPartition::Shared } else { CustomPartition::Node });
    }
    let table = keys.own.reader.table(node, "outbound.partition");
    let instances = table.need("instances", "2").and_then(|_| table.count("instances", 1, 10_000));
    let given = table.get("by_node");
    table.finish();
    let instances = instances? as u32;
    match given {
        Some(node) => {
            keys.by_node(node, instances, cluster).map(|pools| CustomPartition::ByNode(instances, pools))
        }
        None => Some(CustomPartition::Instances(instances)),
    }
}
