//! A device described key by key, of no platform.

use super::{Cap, CapOver, Charged, Egress, Partition, PortPool, Refusal, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::{IpChoice, Rules, SnatFailure};

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
    /// Public IPs of each port pool.
    pub public_ips: PublicIps,
    /// Sharing of TCP ports.
    pub sharing_tcp: Sharing,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// How its rows find a port, and what they allow.
    pub rules: Rules,
    /// Live flows in all, at most.
    pub total_cap: Option<u32>,
    /// Live flows of each node, at most.
    pub per_node_cap: Option<Vec<u32>>,
    /// Ports that a flow takes at once, or none.
    pub ports_per_flow: u32,
    /// Timers.
    pub timers: Timers,
}

/// Public IPs and their ports, of one port pool; `None`: unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicIps {
    /// All with as many ports.
    Alike {
        /// How many public IPs.
        ips: u32,
        /// Ports of each.
        ports: Option<u32>,
    },
    /// One by one.
    Each(Vec<Option<u32>>),
}

impl PublicIps {
    /// How many there are.
    pub fn count(&self) -> u32 {
        match self {
            Self::Alike { ips, .. } => *ips,
            Self::Each(each) => each.len() as u32,
        }
    }

    /// Ports of each.
    pub fn each(&self) -> impl Iterator<Item = Option<u32>> + '_ {
        (0..self.count() as usize).map(|ip| match self {
            Self::Alike { ports, .. } => *ports,
            Self::Each(each) => each[ip],
        })
    }
}

impl Custom {
    /// Public IPs stay apart where they were told apart in writing, or a number may depend on it: where a flow is given
    /// one before a port is searched, or a cap is counted per IP.
    fn ports_by_ip(&self) -> Vec<Option<u32>> {
        let Rules { caps, ip_choice, .. } = &self.rules;
        let apart = caps.per_ip.is_some() || *ip_choice != IpChoice::Uniform || self.rules.name_ports();
        match self.public_ips {
            PublicIps::Alike { ips, ports } if !apart => vec![ports.map(|ports| ports.saturating_mul(ips))],
            _ => self.public_ips.each().collect(),
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
        let ports = self.ports_by_ip();
        let pools = names.into_iter().map(|name| PortPool { name, ports: ports.clone() }).collect();
        let egress = Egress {
            sharing_tcp: self.sharing_tcp,
            sharing_udp: self.sharing_udp,
            rules: self.rules.clone(),
            ports_per_flow: self.ports_per_flow,
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

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        None
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips.count()
    }
}

fn instances(count: u32) -> Vec<String> {
    (1..=count).map(|instance| format!("instance {instance}")).collect()
}
