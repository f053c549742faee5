//! An HTTP proxy: connections of the pods end at it, and its own leave from its own address.
//!
//! Leaves out: limits of the proxy other than ports, and destinations that are not reached over HTTP.

use super::{Charged, Connections, Egress, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::snat::Rules;
use crate::workload::ClientPool;

/// The settings of HTTP proxies.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpProxy {
    /// Proxies; connections are spread over them, each as likely.
    pub proxies: u32,
    /// Local ports of a proxy towards one destination.
    pub ports_per_proxy: u32,
    /// How a proxy keeps connections to destinations; absent: one for each connection of a pod (`CONNECT`).
    pub upstream: Option<ClientPool>,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl WayOut for HttpProxy {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = vec![Some(self.ports_per_proxy)];
        let pool = |proxy| PortPool { name: format!("proxy {proxy}"), ports: ports.clone() };
        let pools = (1..=self.proxies).map(pool).collect();
        let egress = Egress::new("azure/http-proxy", pools, Partition::Instances, &self.timers);
        Ok(Egress {
            sharing_udp: self.sharing_udp,
            rules: Rules { search: Search::Random, ..Rules::default() },
            connections: if self.upstream.is_some() { Connections::Pooled } else { Connections::EndHere },
            ..egress
        })
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        let proxies = u64::from(self.proxies);
        Some(vec![(Charged::Machine, proxies), (Charged::PublicIp, proxies)])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.proxies
    }

    fn upstream(&self) -> Option<&ClientPool> {
        self.upstream.as_ref()
    }
}
