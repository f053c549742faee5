//! `azure/nat-gateway`, and the same behind a firewall.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::firewall_nat_gateway::FirewallNatGateway;
use crate::outbound::nat_gateway::NatGateway;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    settings(keys).map(Outbound::NatGateway)
}

/// Reads the settings of a gateway on the subnet of a firewall.
pub(super) fn behind_firewall(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    settings(keys).map(|gateway| Outbound::FirewallNatGateway(FirewallNatGateway(gateway)))
}

fn settings(keys: &Keys<'_>) -> Option<NatGateway> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (public_ips, ports_per_ip) = (keys.count("public_ips", 1, 1), keys.count("ports_per_ip", 1, 65_536));
    let per_destination_cap = keys.count("per_destination_cap", 1, u64::from(u32::MAX));
    let total_cap = keys.count("total_cap", 1, u64::from(u32::MAX));
    let cap_counts_holds = keys.flag("cap_counts_holds").unwrap_or(false);
    Some(NatGateway {
        public_ips: public_ips?,
        ports_per_ip: ports_per_ip?,
        per_destination_cap,
        total_cap,
        cap_counts_holds,
        when_full: keys.when_full(),
        sharing_udp: keys.sharing("udp"),
        timers,
    })
}
