//! Azure Load Balancer: every node gets its own grant of ports, before anyone asks.
//!
//! Leaves out: which public IP a port belongs to: the search is full, so how a grant
//! is laid over several public IPs changes no number.

use super::{Egress, Partition, PortPool, Refusal, Sharing, Timers, WayOut};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::{Reclaim, Rules};

/// One row of the automatic allocation: node pools up to `nodes` get `ports` a node and public IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    /// Largest number of nodes.
    pub nodes: u32,
    /// Ports per node and public IP.
    pub ports: u32,
}

/// How ports are granted to nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// By the table of tiers.
    Automatic,
    /// That many a node.
    Manual(u32),
}

/// The settings and platform figures of a load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadBalancer {
    /// Public IPs for outbound traffic.
    pub public_ips: u32,
    /// Ports of one public IP that can be granted.
    pub ports_per_ip: u32,
    /// Load-balancing and inbound NAT rules on the public IPs for outbound traffic, each in a block of ports of its own.
    pub inbound_rules: u32,
    /// How they are granted.
    pub allocation: Allocation,
    /// Automatic tiers, smallest clusters first.
    pub tiers: Vec<Tier>,
    /// The most that automatic allocation gives a node, whatever the number of IPs.
    pub automatic_most: u32,
    /// Ports come in blocks of this many: manual grants are multiples of it, and an inbound rule takes one away.
    pub granularity: u32,
    /// Which ports of a node go when its grant shrinks.
    pub reclaim: Reclaim,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

impl LoadBalancer {
    /// Ports that each node may use.
    pub fn ports_per_node(&self, cluster: &Cluster) -> Result<u32, Refusal> {
        match self.allocation {
            Allocation::Automatic => self.automatic(cluster.nodes_there()),
            Allocation::Manual(ports) => self.manual(ports, cluster),
        }
    }

    /// Most nodes that can have `ports` each.
    pub fn most_nodes(&self, ports: u32) -> u64 {
        self.inventory() / u64::from(ports.max(1))
    }

    /// Largest manual grant for `nodes` nodes that the platform accepts: what divides evenly, lowered to the
    /// granularity.
    pub fn largest_grant(&self, nodes: u32) -> u64 {
        let step = u64::from(self.granularity);
        let share = self.inventory() / u64::from(nodes.max(1));
        share.min(u64::from(self.ports_per_ip)) / step * step
    }

    /// Ports of all public IPs that inbound rules leave.
    pub fn inventory(&self) -> u64 {
        let taken = u64::from(self.inbound_rules) * u64::from(self.granularity);
        (u64::from(self.ports_per_ip) * u64::from(self.public_ips)).saturating_sub(taken)
    }

    fn automatic(&self, nodes: u32) -> Result<u32, Refusal> {
        let tier = self.tiers.iter().find(|tier| nodes <= tier.nodes).ok_or_else(|| Refusal {
            code: "NoAutomaticTier",
            key: "ports_per_node",
            message: format!("{nodes} nodes are more than the automatic allocation covers"),
            help: "set `ports_per_node` to a number".into(),
        })?;
        let ports = tier.ports.saturating_mul(self.public_ips).min(self.automatic_most);
        match u64::from(ports) * u64::from(nodes) > self.inventory() {
            true => Err(self.too_many(ports, nodes)),
            false => Ok(ports),
        }
    }

    fn manual(&self, ports: u32, cluster: &Cluster) -> Result<u32, Refusal> {
        if ports == 0 {
            return self.automatic(cluster.nodes_there());
        }
        if !ports.is_multiple_of(self.granularity) {
            return Err(self.not_a_multiple(ports));
        }
        let nodes = cluster.nodes_counted();
        if u64::from(ports) * u64::from(nodes) > self.inventory() {
            return Err(self.too_many(ports, nodes));
        }
        Ok(ports)
    }

    fn not_a_multiple(&self, ports: u32) -> Refusal {
        let step = self.granularity;
        let below = ports / step * step;
        Refusal {
            code: "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight",
            key: "ports_per_node",
            message: format!("{ports} ports per node is not a multiple of {step}"),
            help: format!("write {below} or {}", below.saturating_add(step)),
        }
    }

    fn too_many(&self, ports: u32, nodes: u32) -> Refusal {
        let needed = u64::from(ports) * u64::from(nodes);
        let taken = u64::from(self.inbound_rules) * u64::from(self.granularity);
        let ips = (needed + taken).div_ceil(u64::from(self.ports_per_ip));
        Refusal {
            code: "InvalidLoadBalancerProfileAllocatedOutboundPorts",
            key: "ports_per_node",
            message: format!(
                "{nodes} nodes (surge nodes counted) x {ports} ports need {needed} ports, and {} public IP(s) have {}",
                self.public_ips,
                self.inventory()
            ),
            help: format!(
                "use at least {ips} public IPs, or at most {} ports per node",
                self.largest_grant(nodes)
            ),
        }
    }
}

impl WayOut for LoadBalancer {
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = self.ports_per_node(cluster)?;
        let pools = (0..cluster.nodes())
            .map(|node| PortPool { name: cluster.node_name(NodeId(node)), ports: vec![Some(ports)] })
            .collect();
        let egress = Egress::new("azure/load-balancer", pools, Partition::Node, &self.timers);
        let rules = Rules { reclaim: self.reclaim, ..egress.rules };
        Ok(Egress { sharing_udp: self.sharing_udp, rules, ..egress })
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips
    }
}
