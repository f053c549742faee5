//! Who may use which ports: the outbound types.
//!
//! Each file turns its platform's settings into an [`Egress`]: port pools, who shares them, and timers. How a
//! port is found within a pool is `snat`'s business.

mod charged;
pub mod custom;
pub mod firewall;
pub mod firewall_nat_gateway;
pub mod http_proxy;
pub mod load_balancer;
pub mod masquerade;
pub mod nat_gateway;
pub mod no_egress;
pub mod node_public_ip;
pub mod nva;
mod path;
mod scaling;
pub mod static_egress_gateway;
mod timers;
mod way_out;

pub use crate::snat::Search;
pub use charged::Charged;
pub use path::{Paths, Way};
pub use scaling::{Load, Scaling, ScalingRule};
pub use timers::{HalfOpenFrom, IdleExpiry, Timers};
pub use way_out::{Addresses, Outbound, WayOut};

use crate::flow::{NodeId, PortPoolId, Protocol};
use crate::snat::{Rules, SnatFailure};
use crate::time::SimDuration;

/// Which destinations exclude one another from a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// At most one flow per port and destination.
    Endpoint,
    /// At most one flow per port and destination address.
    Address,
    /// One flow per port.
    Exclusive,
    /// One flow per port, TCP and UDP from one inventory.
    ExclusiveAnyProtocol,
}

/// How a flow finds its port pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Partition {
    /// Each node has its own; pool i belongs to node i.
    Node,
    /// All nodes share the one pool.
    Shared,
    /// Flows are hashed to instances, each as likely.
    Instances,
    /// Node i uses pool `by_node[i]`.
    ByNode(Vec<PortPoolId>),
}

/// A port pool: ports on each of its public IPs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortPool {
    /// What people call it: a node, "gateway", "instance 2".
    pub name: String,
    /// Ports on each public IP that the choice of IP must tell apart; `None`: unlimited. One entry where the
    /// choice changes no number, with the ports of all IPs together.
    pub ports: Vec<Option<u32>>,
}

impl PortPool {
    /// All its ports; `None` is unlimited.
    pub fn all_ports(&self) -> Option<u64> {
        self.ports.iter().map(|ports| ports.map(u64::from)).sum()
    }

    /// Whether it has any port.
    pub fn has_ports(&self) -> bool {
        self.all_ports() != Some(0)
    }
}

/// An outbound device, ready to simulate.
#[derive(Debug, Clone, PartialEq)]
pub struct Egress {
    /// Model name, such as `azure/nat-gateway`.
    pub model: String,
    /// Its port pools.
    pub pools: Vec<PortPool>,
    /// Who uses which.
    pub partition: Partition,
    /// Sharing of TCP ports.
    pub sharing_tcp: Sharing,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// How its rows find a port, and what they allow.
    pub rules: Rules,
    /// Timers.
    pub timers: Timers,
    /// Ports that a flow takes at once, or none, where its workload does not say.
    pub ports_per_flow: u32,
    /// Limits that span rows.
    pub caps: Vec<Cap>,
    /// What it translates.
    pub translates: Translates,
    /// What it does with a mapping when a later stage refuses the flow.
    pub when_refused: WhenRefused,
    /// Whether it is the other end of what comes from the pods.
    pub connections: Connections,
    /// How long an instance that goes away serves the flows it has; it takes no new ones.
    pub drain: SimDuration,
    /// What the two ends of a flow learn when it is cut off because its port goes.
    pub reclaim_signal: IdleExpiry,
    /// How long after a change of the cluster nodes that stay have their new grants.
    pub realloc_delay: SimDuration,
    /// How it changes its instances by itself.
    pub scaling: Option<Scaling>,
    /// What it does with a SYN that it has no port for.
    pub when_full: WhenFull,
}

/// What a device does with a SYN that it has no port for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It drops it, and the client sends another by its schedule.
    Drops,
    /// It answers with a reset: the client's connect fails at once, and earlier stages forget the flow.
    Resets,
}

/// What a device does with the connections that come from the pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// It passes them on.
    PassedOn,
    /// They end at it; it opens one of its own for each.
    EndHere,
    /// They end at it; it serves their requests on connections that it keeps.
    Pooled,
}

/// A limit on flows that spans the rows of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cap {
    /// What is limited.
    pub over: CapOver,
    /// Whether ports in hold-down count towards it.
    pub counts_holds: bool,
    /// Why a flow beyond it is refused.
    pub reason: SnatFailure,
}

/// What a [`Cap`] limits, and to how many flows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CapOver {
    /// The whole stage.
    Stage(u32),
    /// Each node by itself, in the order of the nodes.
    EachNode(Vec<u32>),
    /// Each port pool by itself: the machine that has it.
    EachPool(u32),
}

/// Which flows a stage translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translates {
    /// Those to the internet.
    Internet,
    /// Those to anything outside the cluster.
    Everything,
}

/// What a stage does with a mapping when a later stage refuses the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenRefused {
    /// It frees the port at once.
    GivesBack,
    /// It waits for an answer that never comes, as for any SYN: the mapping stays half-open, and later SYNs of the
    /// flow meet it.
    StaysHalfOpen,
}

impl Egress {
    /// A device without caps that shares ports by endpoint and finds the lowest free one.
    pub fn new(model: &str, pools: Vec<PortPool>, partition: Partition, timers: &Timers) -> Self {
        Self {
            model: model.into(),
            pools,
            partition,
            sharing_tcp: Sharing::Endpoint,
            sharing_udp: Sharing::Endpoint,
            rules: Rules::default(),
            timers: timers.clone(),
            ports_per_flow: 1,
            caps: Vec::new(),
            translates: Translates::Internet,
            when_refused: WhenRefused::GivesBack,
            connections: Connections::PassedOn,
            drain: SimDuration::ZERO,
            reclaim_signal: IdleExpiry::Silent,
            realloc_delay: SimDuration::ZERO,
            scaling: None,
            when_full: WhenFull::Drops,
        }
    }

    /// Live flows per public IP and destination, at most.
    pub fn per_destination_cap(&self) -> Option<u32> {
        self.rules.caps.per_ip
    }

    /// Adds a limit on the flows of the whole device.
    pub fn with_total_cap(mut self, most: Option<u32>) -> Self {
        let counts_holds = self.rules.caps.count_holds;
        let cap = |most| Cap { over: CapOver::Stage(most), counts_holds, reason: SnatFailure::TotalCap };
        self.caps.extend(most.map(cap));
        self
    }

    /// The stage's name in results: the model's without its platform, such as `load-balancer`.
    pub fn stage(&self) -> &str {
        self.model.rsplit('/').next().unwrap_or(&self.model)
    }

    /// The sharing rule of `protocol`.
    pub fn sharing(&self, protocol: Protocol) -> Sharing {
        match protocol {
            Protocol::Tcp => self.sharing_tcp,
            Protocol::Udp => self.sharing_udp,
        }
    }

    /// The port pools that flows from `node` may meet.
    pub fn pools_of(&self, node: NodeId) -> std::ops::Range<u32> {
        match &self.partition {
            Partition::Node => node.0..node.0 + 1,
            Partition::Shared => 0..1,
            Partition::Instances => 0..self.pools.len() as u32,
            Partition::ByNode(by_node) => {
                let pool = by_node[node.index()].0;
                pool..pool + 1
            }
        }
    }
}

/// Why the platform would refuse a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The platform's own code or ours in its manner.
    pub code: &'static str,
    /// The setting to blame.
    pub key: &'static str,
    /// What was asked and what is there, in numbers.
    pub message: String,
    /// What to write instead.
    pub help: String,
}
