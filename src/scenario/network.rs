//! `[cluster]`: the network plugin, from its shipped limits, and the address ranges.

use super::pod::{self, pod_sockets};
use super::reader::{Reader, Table};
use super::tree::Node;
use crate::cluster::{Limits, Network, NetworkPlugin, PodAddresses};
use crate::profile::Profile;
use ipnet::Ipv4Net;

/// More pods on a node than this are a slip.
const MOST_PODS: u64 = 100_000;

const RANGES: [&str; 3] = ["node_subnet", "pod_subnet", "pod_cidr"];

/// The limits of every network plugin.
pub const NETWORK_PLUGINS: [Profile; 5] = [
    Profile {
        name: "network-plugins/kubenet",
        text: include_str!("../../models/network-plugins/kubenet.toml"),
    },
    Profile {
        name: "network-plugins/azure-cni",
        text: include_str!("../../models/network-plugins/azure-cni.toml"),
    },
    Profile {
        name: "network-plugins/azure-cni-pod-subnet",
        text: include_str!("../../models/network-plugins/azure-cni-pod-subnet.toml"),
    },
    Profile {
        name: "network-plugins/azure-cni-overlay",
        text: include_str!("../../models/network-plugins/azure-cni-overlay.toml"),
    },
    Profile {
        name: "network-plugins/cilium",
        text: include_str!("../../models/network-plugins/cilium.toml"),
    },
];

/// In the order of their limits.
const PLUGINS: [NetworkPlugin; 5] = [
    NetworkPlugin::Kubenet,
    NetworkPlugin::AzureCni,
    NetworkPlugin::AzureCniPodSubnet,
    NetworkPlugin::AzureCniOverlay,
    NetworkPlugin::Cilium,
];

/// Reads `[cluster]`; nothing where it names no plugin.
pub fn network<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Network> {
    let table = reader.table(node, "cluster");
    let named = table.get("network_plugin").is_some();
    let shipped = NETWORK_PLUGINS.iter().zip(PLUGINS);
    let choices: Vec<_> =
        shipped.map(|(profile, plugin)| (profile.short_name(), (profile, plugin))).collect();
    let chosen = table.choice("network_plugin", &choices);
    for key in ["node_stage"].into_iter().chain(pod::KEYS) {
        table.get(key);
    }
    let max_pods = table.count("max_pods", 1, MOST_PODS);
    let pod_sockets = pod_sockets(reader, node);
    let [node_subnet, pod_subnet, pod_cidr] = RANGES.map(|key| range(&table, key));
    if let (false, Some((key, node))) =
        (named, keys_of_a_plugin().find_map(|key| Some((key, table.get(key)?))))
    {
        let help = Some("write `network_plugin = \"azure-cni-overlay\"`".to_string());
        table.wrong(&node.span, format!("`{key}` says nothing without `network_plugin`"), help);
    }
    let network = chosen.and_then(|(profile, plugin)| {
        let (default_pods, limits) = limits(&profile.tree().ok()?)?;
        let name = profile.short_name();
        let max_pods = max_pods.unwrap_or(default_pods);
        let pod_sockets = pod_sockets?;
        Some(Network { plugin, name, limits, max_pods, pod_sockets, node_subnet, pod_subnet, pod_cidr })
    });
    network.iter().for_each(|network| fits(&table, network));
    table.finish();
    network
}

/// Keys that say nothing where no plugin is named.
fn keys_of_a_plugin() -> impl Iterator<Item = &'static str> {
    RANGES.into_iter().chain(["max_pods", "node_stage"]).chain(pod::KEYS)
}

/// Address ranges that the plugin has no use for.
fn fits(table: &Table<'_>, network: &Network) {
    let foreign = match network.limits.pod_addresses {
        PodAddresses::NodeSubnet { .. } => &["pod_subnet", "pod_cidr"][..],
        PodAddresses::PodSubnet { .. } => &["pod_cidr"],
        PodAddresses::Overlay { .. } => &["pod_subnet"],
    };
    for (key, node) in foreign.iter().filter_map(|key| Some((key, table.get(key)?))) {
        let message = format!("pods of {} take no address from a `{key}`", network.name);
        table.wrong(&node.span, message, Some(format!("remove `{key}`")));
    }
}

fn range(table: &Table<'_>, key: &str) -> Option<Ipv4Net> {
    let node = table.get(key)?;
    let text = table.text(key)?;
    match text.parse::<Ipv4Net>() {
        Ok(range) if range == range.trunc() => Some(range),
        Ok(range) => {
            let help = Some(format!("write \"{}\"", range.trunc()));
            table.wrong(&node.span, format!("`{key}` is \"{text}\", which does not begin a range"), help);
            None
        }
        Err(_) => {
            let help = Some(format!("write `{key} = \"10.240.0.0/16\"`"));
            table.wrong(
                &node.span,
                format!("`{key}` is \"{text}\", which is no range of IPv4 addresses"),
                help,
            );
            None
        }
    }
}

/// The default of `max_pods`, and the limits, of a shipped plugin.
fn limits(plugin: &Node) -> Option<(u64, Limits)> {
    let number = |node: Option<&Node>| node?.to_json().as_u64();
    let bound = |key: &str, bound: &str| number(plugin.get("range")?.get(key)?.get(bound));
    let pod_addresses = match plugin.get("pod_addresses")?.to_json().as_str()? {
        "node-subnet" => {
            PodAddresses::NodeSubnet { network_addresses: number(plugin.get("network_addresses"))? }
        }
        "pod-subnet" => PodAddresses::PodSubnet { block: number(plugin.get("address_block"))? },
        _ => PodAddresses::Overlay { node_prefix: number(plugin.get("node_prefix"))? as u8 },
    };
    let limits = Limits {
        most_nodes: bound("nodes", "most")?,
        least_pods: bound("max_pods", "least")?,
        most_pods: bound("max_pods", "most")?,
        reserved_addresses: number(plugin.get("reserved_addresses"))?,
        pod_addresses,
    };
    Some((number(plugin.get("max_pods"))?, limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_plugin_says_all_that_is_needed() {
        for profile in NETWORK_PLUGINS {
            let (default_pods, limits) = limits(&profile.tree().unwrap()).expect(profile.name);
            assert!((limits.least_pods..=limits.most_pods).contains(&default_pods), "{}", profile.name);
        }
    }
}
