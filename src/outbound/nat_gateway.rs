//! Azure NAT Gateway: all nodes share every port of every public IP, on demand.

use super::{Charged, Egress, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut, WhenFull};
use crate::cluster::Cluster;
use crate::snat::{Caps, Rules};

/// The settings and platform figures of a NAT gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct NatGateway {
    /// Public IPs.
    pub public_ips: u32,
    /// Ports of one public IP.
    pub ports_per_ip: u32,
    /// Live flows per public IP and destination, at most.
    pub per_destination_cap: Option<u32>,
    /// Live flows in all, at most.
    pub total_cap: Option<u32>,
    /// Whether ports in hold-down count towards the caps.
    pub cap_counts_holds: bool,
    /// What happens to a SYN without a port.
    pub when_full: WhenFull,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl NatGateway {
    /// Ports towards one destination, over all public IPs.
    pub fn ports(&self) -> u64 {
        u64::from(self.ports_per_ip) * u64::from(self.public_ips)
    }

    /// Live flows towards one destination, over all public IPs, at most.
    pub fn flows_per_destination(&self) -> Option<u64> {
        self.per_destination_cap.map(|cap| u64::from(cap) * u64::from(self.public_ips))
    }
}

impl WayOut for NatGateway {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = vec![Some(self.ports_per_ip); self.public_ips as usize];
        let caps = Caps { per_ip: self.per_destination_cap, count_holds: self.cap_counts_holds };
        let pools = vec![PortPool { name: "gateway".into(), ports }];
        let egress = Egress {
            sharing_udp: self.sharing_udp,
            when_full: self.when_full,
            rules: Rules { search: Search::Random, ..Rules::capped(caps) },
            ..Egress::new("azure/nat-gateway", pools, Partition::Shared, &self.timers)
        };
        Ok(egress.with_total_cap(self.total_cap))
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        Some(vec![(Charged::NatGateway, 1), (Charged::PublicIp, u64::from(self.public_ips))])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips
    }
}
