//! Azure Load Balancer: every node gets its own grant of ports, before anyone asks.
//!
//! Which public IP a port belongs to is told apart only where a flow is given one before a port is searched: elsewhere it changes
//! no number.

use super::{
    Charged, Egress, IdleExpiry, Partition, PortPool, Refusal, Search, Sharing, Timers, WayOut, WhenFull,
};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::{InCommon, IpChoice, Reclaim, Rules};
use crate::time::SimDuration;

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

/// How a node's grant is laid over the public IPs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantLayout {
    /// On the first public IP that has room for all of it; where none has, on several.
    FewestIps,
    /// On all of them alike.
    Equal,
}

/// The settings and platform figures of a load balancer.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadBalancer {
    /// Public IPs for outbound traffic.
    pub public_ips: u32,
    /// Most of them that the platform allows.
    pub most_public_ips: u32,
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
    /// What the ends of a flow on one of them learn.
    pub reclaim_signal: IdleExpiry,
    /// How long after a change of the cluster nodes that stay have their new grants.
    pub realloc_delay: SimDuration,
    /// How they lie on the public IPs.
    pub grant_layout: GrantLayout,
    /// Which of a node's public IPs a flow gets.
    pub ip_choice: IpChoice,
    /// How a port is found.
    pub search: Search,
    /// Where its ports are looked at as the same ones towards every destination: how.
    pub in_common: Option<InCommon>,
    /// What happens to a SYN without a port.
    pub when_full: WhenFull,
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

    /// Ports of each node by public IP, those without any left out; one entry where they need not be told apart.
    fn grants(&self, nodes: u32, ports: u32) -> Vec<Vec<Option<u32>>> {
        if self.ip_choice.tries_all() {
            return vec![vec![Some(ports)]; nodes as usize];
        }
        let mut free = self.free_by_ip();
        (0..nodes)
            .map(|_| match self.grant_layout {
                GrantLayout::Equal => self.alike(ports),
                GrantLayout::FewestIps => on_fewest(&mut free, ports),
            })
            .map(|grant| grant.into_iter().filter(|ports| *ports > 0).map(Some).collect())
            .collect()
    }

    /// Ports of each public IP that inbound rules leave, counted as if their blocks lay on the first ones.
    fn free_by_ip(&self) -> Vec<u32> {
        let mut taken = self.inbound_rules.saturating_mul(self.granularity);
        let left = |_| {
            let here = taken.min(self.ports_per_ip);
            taken -= here;
            self.ports_per_ip - here
        };
        (0..self.public_ips).map(left).collect()
    }

    /// Blocks of ports, one public IP after another.
    fn alike(&self, ports: u32) -> Vec<u32> {
        let (step, ips) = (self.granularity.max(1), self.public_ips.max(1));
        let (blocks, rest) = (ports / step, ports % step);
        let share = |ip| (blocks / ips + u32::from(ip < blocks % ips)) * step;
        (0..ips).map(|ip| share(ip) + if ip == 0 { rest } else { 0 }).collect()
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
        self.with_room(ports, cluster)
    }

    fn with_room(&self, ports: u32, cluster: &Cluster) -> Result<u32, Refusal> {
        let nodes = cluster.nodes_counted();
        match u64::from(ports) * u64::from(nodes) > self.inventory() {
            true => Err(self.too_many(ports, nodes)),
            false => Ok(ports),
        }
    }

    fn not_a_multiple(&self, ports: u32) -> Refusal {
        let step = self.granularity;
        let below = ports / step * step;
        Refusal {
            code: "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight",
            key: "ports_per_node",
            message: format!("{ports} ports per node is not a multiple of {step}"),
            help: match below {
                0 => format!("write {step}"),
                _ => format!("write {below} or {}", below.saturating_add(step)),
            },
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
            help: self.remedy(ips, self.largest_grant(nodes)),
        }
    }
}

impl LoadBalancer {
    /// What to do where ports are lacking: nothing that the platform would refuse as well.
    fn remedy(&self, ips: u64, grant: u64) -> String {
        let ips = (ips <= u64::from(self.most_public_ips)).then(|| format!("at least {ips} public IPs"));
        let grant = (grant > 0).then(|| format!("at most {grant} ports per node"));
        let most = self.most_public_ips;
        match [ips, grant] {
            [None, Some(grant)] => {
                format!(
                    "use {grant}: no number of public IPs up to the {most} that the platform allows suffices"
                )
            }
            [Some(ips), Some(grant)] => format!("use {ips}, or {grant}"),
            [None, None] => format!(
                "no grant of {} ports or more fits on as many public IPs as the platform allows: use fewer nodes",
                self.granularity
            ),
            [one, other] => format!("use {}", one.or(other).unwrap_or_default()),
        }
    }
}

impl WayOut for LoadBalancer {
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal> {
        let ports = self.ports_per_node(cluster)?;
        let pools = (0..cluster.nodes())
            .zip(self.grants(cluster.nodes(), ports))
            .map(|(node, ports)| PortPool { name: cluster.node_name(NodeId(node)), ports })
            .collect();
        let egress = Egress::new("azure/load-balancer", pools, Partition::Node, &self.timers);
        let rules = Rules {
            search: self.search,
            ip_choice: self.ip_choice.clone(),
            reclaim: self.reclaim,
            in_common: self.in_common,
            ..Rules::default()
        };
        Ok(Egress {
            sharing_udp: self.sharing_udp,
            when_full: self.when_full,
            rules,
            reclaim_signal: self.reclaim_signal,
            realloc_delay: self.realloc_delay,
            ..egress
        })
    }

    /// A grant of an odd size may need too many ports besides.
    fn refusals(&self, cluster: &Cluster) -> Vec<Refusal> {
        match self.allocation {
            Allocation::Manual(ports) if ports > 0 && !ports.is_multiple_of(self.granularity) => {
                let besides = self.with_room(ports, cluster).err();
                std::iter::once(self.not_a_multiple(ports)).chain(besides).collect()
            }
            _ => self.ports_per_node(cluster).err().into_iter().collect(),
        }
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Its outbound rule counts as a rule.
    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        let rules = 1 + u64::from(self.inbound_rules);
        let ips = u64::from(self.public_ips);
        Some(vec![(Charged::LoadBalancer, 1), (Charged::LoadBalancerRule, rules), (Charged::PublicIp, ips)])
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        self.public_ips
    }
}

/// Takes `ports` from the first public IP that has them, or what each has.
fn on_fewest(free: &mut [u32], ports: u32) -> Vec<u32> {
    let whole = free.iter().position(|free| *free >= ports);
    let mut left = ports;
    let take = |(ip, free): (usize, &mut u32)| {
        let here = if whole.is_none_or(|whole| whole == ip) { left.min(*free) } else { 0 };
        *free -= here;
        left -= here;
        here
    };
    free.iter_mut().enumerate().map(take).collect()
}
