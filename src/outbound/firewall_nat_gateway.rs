//! Azure Firewall with a NAT gateway on its subnet: the gateway's ports and hold-downs, the firewall's idle timeouts.
//!
//! Leaves out: the firewall's own limits on flows, which are not ports.

use super::nat_gateway::NatGateway;
use super::{Charged, Egress, Refusal, Timers, WayOut};
use crate::cluster::Cluster;

/// The gateway's settings; its timers hold the firewall's idle timeouts.
#[derive(Debug, Clone, PartialEq)]
pub struct FirewallNatGateway(pub NatGateway);

impl WayOut for FirewallNatGateway {
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        Ok(Egress { model: "azure/firewall-nat-gateway".into(), ..self.0.egress(cluster)? })
    }

    fn timers(&self) -> &Timers {
        self.0.timers()
    }

    fn charged(&self, cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        let of_gateway = self.0.charged(cluster).into_iter().flatten();
        Some(std::iter::once((Charged::Firewall, 1)).chain(of_gateway).collect())
    }

    fn public_ips(&self, cluster: &Cluster) -> u32 {
        self.0.public_ips(cluster)
    }
}
