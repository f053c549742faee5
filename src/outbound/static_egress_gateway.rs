//! Azure Static Egress Gateway: pods leave through gateway nodes, each with one public IP of a prefix.
//!
//! Leaves out: pods that do not use the gateway, and how Linux searches a port.

use super::{Addresses, Charged, Egress, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::snat::Rules;

/// The settings and platform figures of a static egress gateway.
#[derive(Debug, Clone, PartialEq)]
pub struct StaticEgressGateway {
    /// Gateway nodes.
    pub gateway_nodes: u32,
    /// Bits of the public IP prefix: /28 to /31.
    pub prefix_length: u32,
    /// Ports that a gateway node may use towards one destination.
    pub ports_per_gateway_node: u32,
    /// The gateway node of each node; absent: flows are hashed.
    pub by_node: Option<Vec<PortPoolId>>,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl StaticEgressGateway {
    /// Addresses of the prefix, one for each gateway node.
    fn most_gateway_nodes(&self) -> u32 {
        1 << u32::BITS.saturating_sub(self.prefix_length).min(u32::BITS - 1)
    }

    fn too_many_nodes(&self) -> Refusal {
        let Self { gateway_nodes, prefix_length, .. } = self;
        let bits = gateway_nodes.next_power_of_two().trailing_zeros();
        Refusal {
            code: "PublicIpPrefixTooSmall",
            key: "gateway_nodes",
            message: format!(
                "{gateway_nodes} gateway nodes need an address each, and a /{prefix_length} prefix has {}",
                self.most_gateway_nodes()
            ),
            help: format!("write `prefix_length = {}`, or fewer gateway nodes", u32::BITS - bits),
        }
    }
}

impl WayOut for StaticEgressGateway {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        if self.gateway_nodes > self.most_gateway_nodes() {
            return Err(self.too_many_nodes());
        }
        let ports = vec![Some(self.ports_per_gateway_node)];
        let pool = |node| PortPool { name: format!("gateway node {node}"), ports: ports.clone() };
        let pools = (1..=self.gateway_nodes).map(pool).collect();
        let partition = self.by_node.clone().map_or(Partition::Instances, Partition::ByNode);
        let egress = Egress::new("azure/static-egress-gateway", pools, partition, &self.timers);
        Ok(Egress {
            sharing_udp: self.sharing_udp,
            rules: Rules { search: Search::Random, ..Rules::default() },
            ..egress
        })
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        let addresses = u64::from(self.most_gateway_nodes());
        Some(vec![(Charged::Machine, u64::from(self.gateway_nodes)), (Charged::PublicIp, addresses)])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.gateway_nodes
    }

    fn addresses(&self, _cluster: &Cluster) -> Addresses {
        Addresses { count: self.most_gateway_nodes(), prefix_length: Some(self.prefix_length) }
    }
}
