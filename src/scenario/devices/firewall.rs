//! `azure/firewall`.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::firewall::Firewall;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (public_ips, instances) = (keys.count("public_ips", 1, 1), keys.count("instances", 1, 1));
    let by_node = match (keys.own.get("by_node"), instances) {
        (Some(node), Some(instances)) => keys.by_node(node, instances, cluster),
        _ => None,
    };
    let ports_per_ip_and_instance = keys.count("ports_per_ip_and_instance", 1, 65_536);
    let ports_per_ip = keys.count("ports_per_ip", 1, 65_536);
    let granularity = keys.count("granularity", 1, 1024);
    let drain = keys.duration("drain");
    Some(Outbound::Firewall(Firewall {
        public_ips: public_ips?,
        ports_per_ip_and_instance: ports_per_ip_and_instance?,
        ports_per_ip,
        granularity: granularity?,
        instances: instances?,
        by_node,
        drain: drain?,
        sharing_udp: keys.sharing("udp"),
        timers,
    }))
}
