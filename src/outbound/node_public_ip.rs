//! A public IP on every node: what the node masquerades is translated one to one.
//!
//! Leaves out: the node's own tracking of connections, and how it searches a port.

use super::{Addresses, Charged, Egress, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::Rules;

/// The settings and platform figures of node public IPs.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePublicIp {
    /// Ports that a node may use towards one destination.
    pub ports_per_node: u32,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl WayOut for NodePublicIp {
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = vec![Some(self.ports_per_node)];
        let pool = |node| PortPool { name: cluster.node_name(NodeId(node)), ports: ports.clone() };
        let pools = (0..cluster.nodes()).map(pool).collect();
        let egress = Egress::new("azure/node-public-ip", pools, Partition::Node, &self.timers);
        Ok(Egress {
            sharing_udp: self.sharing_udp,
            rules: Rules { search: Search::Random, ..Rules::default() },
            ..egress
        })
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        Some(vec![(Charged::PublicIp, u64::from(cluster.nodes_there()))])
    }

    fn public_ips(&self, cluster: &Cluster) -> u32 {
        cluster.nodes_there()
    }

    /// Nodes that come later bring others.
    fn addresses(&self, cluster: &Cluster) -> Addresses {
        Addresses { count: cluster.nodes(), prefix_length: None }
    }
}
