//! `custom`.

use crate::cluster::Cluster;
use crate::outbound::custom::{Custom, CustomPartition};
use crate::outbound::{Outbound, Search};
use crate::scenario::keys::Keys;
use crate::scenario::reader::choice;
use crate::scenario::tree::Value;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    let searches = [("lowest", Search::Lowest), ("random", Search::Random)];
    let search = keys.choice("search", &searches);
    let unlimited =
        matches!(keys.get("ports").map(|node| &node.value), Some(Value::Text(text)) if text == "unlimited");
    let ports = if unlimited {
        None
    } else {
        Some(keys.own.need("ports", "1024").and_then(|_| keys.count("ports", 1, 1 << 31)))
    };
    let most = u64::from(u32::MAX);
    let partition = partition(keys, cluster);
    let public_ips = keys.count("public_ips", 1, 100_000).unwrap_or(1);
    let (sharing_tcp, sharing_udp) = (keys.sharing("tcp"), keys.sharing("udp"));
    let per_destination_cap = keys.count("per_destination_cap", 1, most);
    let total_cap = keys.count("total_cap", 1, most);
    let per_node_cap = keys.for_each_node("per_node_cap", cluster);
    Some(Outbound::Custom(Custom {
        partition: partition?,
        ports: match ports {
            None => None,
            Some(ports) => Some(ports?),
        },
        public_ips,
        sharing_tcp,
        sharing_udp,
        search: search.unwrap_or(Search::Lowest),
        per_destination_cap,
        total_cap,
        per_node_cap,
        timers,
    }))
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
