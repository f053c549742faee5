//! The smallest change of each setting with which a refused load balancer would be accepted.

use super::Remedy;
use crate::cluster::Cluster;
use crate::outbound::WayOut;
use crate::outbound::load_balancer::{Allocation, LoadBalancer};
use crate::scenario::deployed::figure;

/// Where a change is applied: name and resource group of a deployed cluster.
pub struct Deployment<'a> {
    /// Name.
    pub name: &'a str,
    /// Resource group.
    pub group: Option<&'a str>,
    /// Whether its public IPs are its owner's: a number of managed ones would take their place.
    pub own_ips: bool,
}

/// One change at a time, each tried on the device's own rule.
pub fn smallest(
    device: &LoadBalancer,
    cluster: &Cluster,
    deployment: Option<&Deployment<'_>>,
) -> Vec<Remedy> {
    if device.refusals(cluster).is_empty() {
        return Vec::new();
    }
    let found = [
        fewer_ports(device, cluster),
        more_ports(device, cluster),
        more_ips(device, cluster),
        less_surge(device, cluster),
    ];
    let with_command =
        |remedy: Remedy| Remedy { command: deployment.and_then(|of| command(&remedy, of)), ..remedy };
    found.into_iter().flatten().map(with_command).collect()
}

fn with_ports(device: &LoadBalancer, ports: u32) -> LoadBalancer {
    LoadBalancer { allocation: Allocation::Manual(ports), ..device.clone() }
}

fn asked(device: &LoadBalancer) -> Option<u32> {
    match device.allocation {
        Allocation::Manual(ports) if ports > 0 => Some(ports),
        _ => None,
    }
}

/// The largest grant that fits and is no larger than what was asked for; any where nothing was.
fn fewer_ports(device: &LoadBalancer, cluster: &Cluster) -> Option<Remedy> {
    let most = device.largest_grant(cluster.nodes_counted());
    let step = u64::from(device.granularity.max(1));
    let to = asked(device).map_or(most, |ports| most.min(u64::from(ports) / step * step));
    let to = u32::try_from(to).ok().filter(|to| *to > 0)?;
    with_ports(device, to).refusals(cluster).is_empty().then(|| Remedy {
        setting: "ports_per_node".into(),
        from: asked(device).map(u64::from),
        to: u64::from(to),
        message: format!("{to} ports per node"),
        command: None,
    })
}

/// The next larger grant, where what was asked for is no multiple of a block and the larger one fits.
fn more_ports(device: &LoadBalancer, cluster: &Cluster) -> Option<Remedy> {
    let ports = asked(device).filter(|ports| !ports.is_multiple_of(device.granularity))?;
    let to = ports.checked_next_multiple_of(device.granularity)?;
    with_ports(device, to).refusals(cluster).is_empty().then(|| Remedy {
        setting: "ports_per_node".into(),
        from: Some(u64::from(ports)),
        to: u64::from(to),
        message: format!("{to} ports per node"),
        command: None,
    })
}

/// The fewest public IPs that have room for what was asked for.
fn more_ips(device: &LoadBalancer, cluster: &Cluster) -> Option<Remedy> {
    let fits = |ips: u32| LoadBalancer { public_ips: ips, ..device.clone() }.refusals(cluster).is_empty();
    let to = (device.public_ips.saturating_add(1)..=device.most_public_ips).find(|ips| fits(*ips))?;
    Some(Remedy {
        setting: "public_ips".into(),
        from: Some(u64::from(device.public_ips)),
        to: u64::from(to),
        message: format!("{to} public IPs"),
        command: None,
    })
}

/// A smaller surge of every node pool that has more, where that alone makes room.
fn less_surge(device: &LoadBalancer, cluster: &Cluster) -> Option<Remedy> {
    let least = figure("surge_least") as u32;
    let largest = cluster.node_pools.iter().map(|pool| pool.max_surge).max()?;
    let cut = |most: u32| {
        let mut cluster = cluster.clone();
        cluster.node_pools.iter_mut().for_each(|pool| pool.max_surge = pool.max_surge.min(most));
        cluster
    };
    let to = (least..largest).rev().find(|most| device.refusals(&cut(*most)).is_empty())?;
    Some(Remedy {
        setting: "max_surge".into(),
        from: Some(u64::from(largest)),
        to: u64::from(to),
        message: format!("a surge of at most {to} in each node pool"),
        command: None,
    })
}

/// `az aks update` for what it can set.
fn command(remedy: &Remedy, deployment: &Deployment<'_>) -> Option<String> {
    let flag = match remedy.setting.as_str() {
        "ports_per_node" => "--load-balancer-outbound-ports",
        "public_ips" if !deployment.own_ips => "--load-balancer-managed-outbound-ip-count",
        _ => return None,
    };
    let group = shell_word(deployment.group.unwrap_or("RESOURCE_GROUP"))?;
    let name = shell_word(deployment.name)?;
    Some(format!("az aks update --resource-group {group} --name {name} {flag} {}", remedy.to))
}

/// One word of a POSIX shell; none for a text with control characters, which no name of the platform has.
fn shell_word(text: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._/-".contains(letter);
    if text.contains(char::is_control) {
        return None;
    }
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return Some(text.into());
    }
    Some(format!("'{}'", text.replace('\'', "'\\''")))
}
