//! `azure/node-public-ip`.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::node_public_ip::NodePublicIp;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let ports_per_node = keys.count("ports_per_node", 1, 65_536)?;
    let sharing_udp = keys.sharing("udp");
    Some(Outbound::NodePublicIp(NodePublicIp { ports_per_node, sharing_udp, timers }))
}
