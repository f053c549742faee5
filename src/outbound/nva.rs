//! A network virtual appliance behind a user-defined route: Linux machines of one's own that masquerade.
//!
//! Leaves out: the load balancer before them, and what else the appliance does to packets.

use super::masquerade::Masquerade;
use super::{Charged, Egress, Partition, PortPool, Refusal, Timers, WayOut};
use crate::cluster::Cluster;

/// The settings of a network virtual appliance.
#[derive(Debug, Clone, PartialEq)]
pub struct Nva {
    /// Machines; flows are hashed to them.
    pub instances: u32,
    /// Public addresses of each machine; one is chosen by source and destination, and no other is tried.
    pub public_ips: u32,
    /// What each machine does.
    pub settings: Masquerade,
}

impl WayOut for Nva {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = vec![Some(self.settings.ports); self.public_ips as usize];
        let pool = |machine| PortPool { name: format!("machine {machine}"), ports: ports.clone() };
        let pools = (1..=self.instances).map(pool).collect();
        Ok(self.settings.egress("azure/nva", pools, Partition::Instances))
    }

    fn timers(&self) -> &Timers {
        &self.settings.timers
    }

    fn charged(&self, cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        let ips = u64::from(self.public_ips(cluster));
        Some(vec![(Charged::Machine, u64::from(self.instances)), (Charged::PublicIp, ips)])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips * self.instances
    }
}
