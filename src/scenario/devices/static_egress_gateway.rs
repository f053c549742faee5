//! `azure/static-egress-gateway`.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::static_egress_gateway::StaticEgressGateway;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let gateway_nodes = keys.count("gateway_nodes", 1, 1);
    let by_node = match (keys.own.get("by_node"), gateway_nodes) {
        (Some(node), Some(gateway_nodes)) => keys.by_node(node, gateway_nodes, cluster),
        _ => None,
    };
    let prefix_length = keys.count("prefix_length", 1, 32);
    let ports_per_gateway_node = keys.count("ports_per_gateway_node", 1, 65_536);
    Some(Outbound::StaticEgressGateway(StaticEgressGateway {
        gateway_nodes: gateway_nodes?,
        prefix_length: prefix_length?,
        ports_per_gateway_node: ports_per_gateway_node?,
        by_node,
        sharing_udp: keys.sharing("udp"),
        timers,
    }))
}
