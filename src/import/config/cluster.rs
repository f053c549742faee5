//! `az aks show -o json`, `Microsoft.ContainerService/managedClusters` of Resource Manager, and their node pools.

use super::addresses::{add_list, ids, name_after};
use super::view::View;
use super::{Addresses, Cluster, NodePool, Said, Surge};

/// A cluster with its settings at the top or under `properties`.
pub fn cluster(resource: &View<'_>, name: String) -> Cluster {
    let network = resource.at(&["networkProfile"]);
    let balancer = network.as_ref().and_then(|network| network.at(&["loadBalancerProfile"]));
    let gateway = network.as_ref().and_then(|network| network.at(&["natGatewayProfile"]));
    let of = |profile: &Option<View<'_>>, names: &[&str]| {
        profile.as_ref().map_or(Said::Nothing, |profile| profile.count(names))
    };
    let pools = resource.tables(&["agentPoolProfiles"]);
    let node_pool = |(number, pool): (usize, &View<'_>)| {
        let name = pool.text_of(&["name"]).map_or_else(|| format!("pool-{}", number + 1), str::to_string);
        node_pool(pool, name)
    };
    Cluster {
        group: group(resource),
        version: resource.word(&["currentKubernetesVersion"]).or(resource.word(&["kubernetesVersion"])),
        load_balancer_sku: network
            .as_ref()
            .map_or(Said::Nothing, |network| network.word(&["loadBalancerSku"])),
        outbound_type: network.as_ref().map_or(Said::Nothing, |network| network.word(&["outboundType"])),
        node_pools: pools.iter().enumerate().map(node_pool).collect(),
        ports_per_node: of(&balancer, &["allocatedOutboundPorts"]),
        idle_minutes: of(&balancer, &["idleTimeoutInMinutes"]),
        addresses: balancer.as_ref().map(addresses).unwrap_or_default(),
        gateway_idle_minutes: of(&gateway, &["idleTimeoutInMinutes"]),
        gateway_addresses: gateway.as_ref().map(addresses).unwrap_or_default(),
        origin: Some(resource.origin()),
        name,
        ..Cluster::default()
    }
}

/// Resource group of a cluster.
pub fn group(resource: &View<'_>) -> Option<String> {
    let of_id = || name_after(resource.text_of(&["id"])?, "resourceGroups");
    resource.text_of(&["resourceGroup"]).or_else(of_id).map(str::to_string)
}

/// Public IPs of a load balancer's or NAT gateway's profile.
fn addresses(profile: &View<'_>) -> Addresses {
    let mut addresses = Addresses::default();
    let Addresses { managed, single, prefixes, unknown, effective } = &mut addresses;
    let profile_of_managed = profile.get(&["managedOutboundIPs", "managedOutboundIPProfile"]);
    *managed = profile_of_managed
        .and_then(View::block)
        .map_or(Said::Nothing, |of_managed| of_managed.count(&["count"]));
    let inside = |outer: &str, inner: &str| profile.at(&[outer]).and_then(|outer| outer.get(&[inner]));
    if !profile.is_expression() {
        add_list(inside("outboundIPs", "publicIPs"), single, unknown);
        add_list(inside("outboundIPPrefixes", "publicIPPrefixes"), prefixes, unknown);
        *effective = ids(&profile.list(&["effectiveOutboundIPs"]));
    }
    addresses
}

/// A node pool, in a cluster or by itself.
pub fn node_pool(pool: &View<'_>, name: String) -> NodePool {
    let upgrade = pool.at(&["upgradeSettings"]);
    NodePool {
        name,
        nodes: pool.count(&["count"]).or(machines(pool)),
        autoscales: pool.flag(&["enableAutoScaling"]),
        least: pool.count(&["minCount"]),
        most: pool.count(&["maxCount"]),
        surge: upgrade.as_ref().map_or(Said::Nothing, max_surge),
        subnet: pool.text_of(&["vnetSubnetID"]).map(str::to_string),
        kind: machine_type(pool),
        mode: pool.word(&["mode"]),
        system: pool.word(&["osType"]),
        node_public_ips: pool.flag(&["enableNodePublicIP"]),
    }
}

/// What the machines of a node pool are; a node pool by itself has the type of its resource in that place.
fn machine_type(pool: &View<'_>) -> Said<String> {
    // Nested in its cluster a resource has the end of its type alone.
    let is_resource = |kind: &str| kind.contains('/') || kind.eq_ignore_ascii_case("agentPools");
    let of_resource = |said: &Said<String>| said.value().is_some_and(|kind| is_resource(&kind));
    let own = pool.word(&["typePropertiesType"]).or(pool.word(&["type"]));
    match of_resource(&own) {
        true => pool.at(&["properties"]).map_or(Said::Nothing, |properties| properties.word(&["type"])),
        false => own,
    }
}

/// Nodes of a pool of single machines: those of all its sizes together.
fn machines(pool: &View<'_>) -> Said<u64> {
    let scale = pool.at(&["virtualMachinesProfile", "scale"]);
    let Some(sizes) = scale.and_then(|scale| scale.get(&["manual"])) else { return Said::Nothing };
    if let Some(expression) = sizes.text().filter(|_| sizes.is_expression()) {
        return sizes.unknown(expression);
    }
    let mut all = 0;
    for size in sizes.entries() {
        match size.count(&["count"]) {
            Said::Value { value, .. } => all += value,
            other => return other,
        }
    }
    sizes.said(all)
}

/// `maxSurge`: a number, or a share such as "33%".
pub fn max_surge(upgrade: &View<'_>) -> Said<Surge> {
    let Some(found) = upgrade.get(&["maxSurge"]) else { return Said::Nothing };
    let Some(percent) = found.text().and_then(|text| text.trim().strip_suffix('%')) else {
        return match found.as_count() {
            Said::Value { value, origin } => Said::Value { value: Surge::Nodes(value), origin },
            Said::Unknown { why, origin } => Said::Unknown { why, origin },
            Said::Nothing => Said::Nothing,
        };
    };
    match percent.trim().parse().ok().filter(|percent| *percent <= 100) {
        Some(percent) => found.said(Surge::Percent(percent)),
        None => found.wrong("a whole number, or a share from \"0%\" to \"100%\""),
    }
}
