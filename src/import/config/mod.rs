//! Deployed configuration as people have it: output of `az`, bodies of Resource Manager, ARM templates, Terraform.
//!
//! Every shape ends in the same plain [`Deployed`], each value with where it stood. Nothing is judged and no default is filled in
//! here. Leaves out: IPv6 addresses, whose ports are counted apart.

mod addresses;
mod arm;
mod cluster;
mod firewall;
mod json;
mod load_balancer;
mod nat_gateway;
mod shape;
mod terraform;
mod text;
mod view;

pub use addresses::last_name;
pub use shape::{is_configuration, read};
pub use terraform::AFTER_APPLY;
pub use text::read_text;

use std::fmt;

/// Where a value stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// File.
    pub file: String,
    /// Path in its JSON, such as `properties.networkProfile.outboundType`.
    pub path: String,
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(out, "{}", self.file),
            path => write!(out, "{}: {path}", self.file),
        }
    }
}

/// What a file says of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Said<T> {
    /// Nothing: the platform's default holds.
    #[default]
    Nothing,
    /// A value.
    Value {
        /// The value.
        value: T,
        /// Where it stood.
        origin: Origin,
    },
    /// An expression that only a deployment resolves.
    Unknown {
        /// The expression.
        why: String,
        /// Where it stood.
        origin: Origin,
    },
}

impl<T: Clone> Said<T> {
    /// The value, if one is said.
    pub fn value(&self) -> Option<T> {
        match self {
            Self::Value { value, .. } => Some(value.clone()),
            _ => None,
        }
    }

    /// Whether anything is said, be it an expression.
    pub fn is_said(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Itself, or the other where nothing is said.
    pub fn or(self, other: Self) -> Self {
        if self.is_said() { self } else { other }
    }
}

/// Extra nodes of an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surge {
    /// So many.
    Nodes(u64),
    /// So many percent of the node pool's nodes.
    Percent(u64),
}

/// A node pool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodePool {
    /// Name.
    pub name: String,
    /// Nodes now.
    pub nodes: Said<u64>,
    /// Whether its autoscaler is on.
    pub autoscales: Said<bool>,
    /// Fewest nodes by autoscaler.
    pub least: Said<u64>,
    /// Most nodes by autoscaler.
    pub most: Said<u64>,
    /// Extra nodes of an upgrade.
    pub surge: Said<Surge>,
    /// Id of its subnet, where that is one of the owner's.
    pub subnet: Option<String>,
    /// What its machines are: a scale set, an availability set.
    pub kind: Said<String>,
    /// What it is for: the system, users, a gateway for egress.
    pub mode: Said<String>,
    /// Operating system.
    pub system: Said<String>,
    /// Whether each node has a public IP of its own.
    pub node_public_ips: Said<bool>,
}

/// The cluster of a node pool that stands outside of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnCluster {
    /// This one.
    Named {
        /// Name.
        name: String,
        /// Resource group, where it is said.
        group: Option<String>,
    },
    /// No file says which.
    Unsaid,
}

/// A node pool that stands outside of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePool {
    /// The node pool.
    pub pool: NodePool,
    /// Its cluster.
    pub of: OwnCluster,
    /// Its file.
    pub file: String,
}

/// Where the public IPs of a device come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    /// IPs that the platform makes, as a number.
    pub managed: Said<u64>,
    /// Ids of single IPs, or names of those that have none yet.
    pub single: Vec<(String, Origin)>,
    /// Ids of prefixes, or names.
    pub prefixes: Vec<(String, Origin)>,
    /// Expressions in the place of a list of them.
    pub unknown: Vec<(String, Origin)>,
    /// IPs in use; repeats what stands above.
    pub effective: Vec<(String, Origin)>,
}

/// Who changes the outbound type of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypeChangedBy {
    /// A plan, in place.
    #[default]
    Plan,
    /// A plan that makes the cluster anew.
    Replacement,
    /// Whoever asks whether that would be allowed.
    Question,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cluster {
    /// Name.
    pub name: String,
    /// Its resource group.
    pub group: Option<String>,
    /// Version of Kubernetes.
    pub version: Said<String>,
    /// SKU of its load balancer.
    pub load_balancer_sku: Said<String>,
    /// Way out, in AKS's word.
    pub outbound_type: Said<String>,
    /// Way out before the change, where there is one.
    pub outbound_type_before: Said<String>,
    /// Who changes it.
    pub type_changed_by: TypeChangedBy,
    /// Node pools.
    pub node_pools: Vec<NodePool>,
    /// Ports a node; 0 is automatic.
    pub ports_per_node: Said<u64>,
    /// Idle timeout of the load balancer, minutes.
    pub idle_minutes: Said<u64>,
    /// Public IPs of the load balancer.
    pub addresses: Addresses,
    /// Idle timeout of the managed NAT gateway, minutes.
    pub gateway_idle_minutes: Said<u64>,
    /// Public IPs of the managed NAT gateway.
    pub gateway_addresses: Addresses,
    /// Where it stood.
    pub origin: Option<Origin>,
}

/// Ports of a public IP for inbound traffic, both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundPorts {
    /// Frontend that has the public IP.
    pub frontend: String,
    /// First port.
    pub first: u64,
    /// Last port.
    pub last: u64,
}

/// An outbound rule of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboundRule {
    /// Load balancer and rule.
    pub name: String,
    /// Its load balancer.
    pub load_balancer: String,
    /// Ports a node; 0 is automatic.
    pub ports_per_node: Said<u64>,
    /// Idle timeout, minutes.
    pub idle_minutes: Said<u64>,
    /// Public IPs of its frontends.
    pub addresses: Addresses,
    /// Machines in its backend pool.
    pub backends: Said<u64>,
    /// Ports that inbound rules on its frontends take.
    pub inbound: Vec<InboundPorts>,
    /// Whether the frontends and inbound rules are in the file; else there is an address for each frontend.
    pub frontends_known: bool,
    /// Names of the other outbound rules on its frontends.
    pub shares_frontend_with: Vec<String>,
    /// SKU of its load balancer.
    pub load_balancer_sku: Said<String>,
    /// Where it stood.
    pub origin: Option<Origin>,
}

/// A NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NatGateway {
    /// Name.
    pub name: String,
    /// Idle timeout, minutes.
    pub idle_minutes: Said<u64>,
    /// Public IPs.
    pub addresses: Addresses,
    /// Ids of its subnets, as far as they are said.
    pub subnets: Vec<String>,
    /// Whether it is on the subnet of a firewall.
    pub on_firewall_subnet: bool,
    /// SKU.
    pub sku: Said<String>,
    /// Its availability zones.
    pub zones: usize,
    /// Where it stood.
    pub origin: Option<Origin>,
}

/// A firewall.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Firewall {
    /// Name.
    pub name: String,
    /// Public IPs.
    pub addresses: Addresses,
    /// Fewest instances.
    pub least_instances: Said<u64>,
    /// Most instances.
    pub most_instances: Said<u64>,
    /// Where it stood.
    pub origin: Option<Origin>,
}

/// A range of public IPs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prefix {
    /// Name.
    pub name: String,
    /// Length: a /29 has 8 addresses.
    pub length: Said<u64>,
}

/// Everything that was found in the files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployed {
    /// Clusters.
    pub clusters: Vec<Cluster>,
    /// Node pools that stand outside of their cluster.
    pub node_pools: Vec<OutsidePool>,
    /// Outbound rules of load balancers.
    pub outbound_rules: Vec<OutboundRule>,
    /// NAT gateways.
    pub nat_gateways: Vec<NatGateway>,
    /// Firewalls.
    pub firewalls: Vec<Firewall>,
    /// Public IP prefixes.
    pub prefixes: Vec<Prefix>,
    /// Names of public IPs.
    pub public_ips: Vec<String>,
    /// What was taken for granted while reading.
    pub notes: Vec<String>,
    /// What only a deployment tells, and every check lacks.
    pub unsure: Vec<String>,
}
