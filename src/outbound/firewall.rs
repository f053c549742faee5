//! Azure Firewall: ports per public IP and instance, flows hashed to instances.
//!
//! Leaves out: throughput and CPU, by which it scales too.

use super::{
    Charged, Egress, IdleExpiry, Partition, PortPool, Refusal, Scaling, ScalingRule, Sharing, Timers, WayOut,
};
use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::time::SimDuration;

/// The settings and platform figures of a firewall.
#[derive(Debug, Clone, PartialEq)]
pub struct Firewall {
    /// Public IPs.
    pub public_ips: u32,
    /// Ports per public IP and instance.
    pub ports_per_ip_and_instance: u32,
    /// Ports of one public IP over all instances: beyond it each instance gets less.
    pub ports_per_ip: Option<u32>,
    /// The smaller share beyond that limit is a multiple of this.
    pub granularity: u32,
    /// Backend instances.
    pub instances: u32,
    /// The instance of each node; absent: flows are hashed.
    pub by_node: Option<Vec<PortPoolId>>,
    /// How long an instance that goes away serves the flows it has.
    pub drain: SimDuration,
    /// When it scales by itself; absent: never.
    pub scales: Option<ScalingRule>,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl Firewall {
    /// Ports of one public IP that one instance may use.
    pub fn ports_per_ip_here(&self) -> u32 {
        let share = self.ports_per_ip.map_or(u32::MAX, |all| {
            all / self.instances.max(1) / self.granularity.max(1) * self.granularity.max(1)
        });
        self.ports_per_ip_and_instance.min(share)
    }

    /// What is to be known where `most` instances, or those of its settings, are more than the ports of a public IP suffice for.
    pub fn crowded(&self, most: u32) -> Option<String> {
        let scaled = self.scales.map_or(0, |rule| rule.most);
        let most = most.max(scaled).max(self.instances);
        let whole = self.ports_per_ip_and_instance;
        let enough = self.ports_per_ip? / whole.max(1);
        let share = Self { instances: most, ..self.clone() }.ports_per_ip_here();
        (share < whole).then(|| {
            format!(
                "{most} instances are more than the {enough} for which the ports of a public IP suffice: each is taken to have {share} \
                 ports of it instead of {whole}, since no document says what happens (`ports_per_ip`)"
            )
        })
    }

    /// Ports towards one destination, over all public IPs and instances.
    pub fn ports(&self) -> u64 {
        u64::from(self.ports_per_ip_here()) * u64::from(self.public_ips) * u64::from(self.instances)
    }
}

impl WayOut for Firewall {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        let layout = |instances: u32| {
            let ports =
                Self { instances, ..self.clone() }.ports_per_ip_here().saturating_mul(self.public_ips);
            let pool = |instance| PortPool { name: format!("instance {instance}"), ports: vec![Some(ports)] };
            (1..=instances).map(pool).collect::<Vec<PortPool>>()
        };
        let pools = layout(self.instances);
        let scaling = self.scales.map(|rule| {
            let layouts = (self.instances..=rule.most.max(self.instances)).map(layout).collect();
            Scaling { rule, layouts }
        });
        let partition = self.by_node.clone().map_or(Partition::Instances, Partition::ByNode);
        let egress = Egress::new("azure/firewall", pools, partition, &self.timers);
        let reclaim_signal = IdleExpiry::Reset;
        Ok(Egress { sharing_udp: self.sharing_udp, drain: self.drain, reclaim_signal, scaling, ..egress })
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        Some(vec![(Charged::Firewall, 1), (Charged::PublicIp, u64::from(self.public_ips))])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips
    }
}
