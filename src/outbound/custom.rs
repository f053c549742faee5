//! A device described key by key, of no platform.

use super::{Cap, CapOver, Egress, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::{Caps, Rules, SnatFailure};

/// How a custom device divides its ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomPartition {
    /// A port pool per node.
    Node,
    /// One port pool.
    Shared,
    /// That many port pools, flows hashed over them.
    Instances(u32),
    /// Pools given node by node; the number is how many there are.
    ByNode(u32, Vec<crate::flow::PortPoolId>),
}

/// A device of no platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Custom {
    /// Who shares a port pool.
    pub partition: CustomPartition,
    /// Ports per port pool and public IP; `None`: unlimited.
    pub ports: Option<u32>,
    /// Public IPs.
    pub public_ips: u32,
    /// Sharing of TCP ports.
    pub sharing_tcp: Sharing,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Port search.
    pub search: Search,
    /// Live flows per public IP and destination, at most.
    pub per_destination_cap: Option<u32>,
    /// Live flows in all, at most.
    pub total_cap: Option<u32>,
    /// Live flows of each node, at most.
    pub per_node_cap: Option<Vec<u32>>,
    /// Timers.
    pub timers: Timers,
}

impl Custom {
    /// Public IPs stay apart only where a cap is counted per IP.
    fn ports_by_ip(&self) -> Vec<Option<u32>> {
        match self.per_destination_cap {
            Some(_) => vec![self.ports; self.public_ips as usize],
            None => vec![self.ports.map(|ports| ports.saturating_mul(self.public_ips))],
        }
    }
}

impl WayOut for Custom {
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        let (names, partition): (Vec<String>, Partition) = match &self.partition {
            CustomPartition::Node => {
                ((0..cluster.nodes()).map(|node| cluster.node_name(NodeId(node))).collect(), Partition::Node)
            }
            CustomPartition::Shared => (vec!["shared".into()], Partition::Shared),
            CustomPartition::Instances(count) => (instances(*count), Partition::Instances),
            CustomPartition::ByNode(count, by_node) => {
                (instances(*count), Partition::ByNode(by_node.clone()))
            }
        };
        let caps = Caps { per_ip: self.per_destination_cap, count_holds: false };
        let ports = self.ports_by_ip();
        let pools = names.into_iter().map(|name| PortPool { name, ports: ports.clone() }).collect();
        let egress = Egress {
            sharing_tcp: self.sharing_tcp,
            sharing_udp: self.sharing_udp,
            rules: Rules { search: self.search, ..Rules::capped(caps) },
            ..Egress::new("custom", pools, partition, &self.timers)
        };
        let mut egress = egress.with_total_cap(self.total_cap);
        egress.caps.extend(self.per_node_cap.clone().map(|most| Cap {
            over: CapOver::EachNode(most),
            counts_holds: false,
            reason: SnatFailure::NodeCap,
        }));
        Ok(egress)
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips
    }
}

fn instances(count: u32) -> Vec<String> {
    (1..=count).map(|instance| format!("instance {instance}")).collect()
}
