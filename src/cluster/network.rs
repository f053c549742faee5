//! The network plugin: how many nodes and pods it allows, and whether the address ranges have room for them.
//!
//! Leaves out: what else takes addresses in the subnets (internal load balancers, other machines), and how a node
//! translates the addresses of its pods.

use super::Cluster;
use crate::outbound::Refusal;
use crate::time::SimDuration;
use ipnet::Ipv4Net;

/// Network plugins of AKS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkPlugin {
    /// Routes to a range of pod addresses on each node.
    Kubenet,
    /// Azure CNI, node subnet.
    AzureCni,
    /// Azure CNI, pod subnet, dynamic allocation.
    AzureCniPodSubnet,
    /// Azure CNI Overlay.
    AzureCniOverlay,
    /// Azure CNI Powered by Cilium, overlay.
    Cilium,
}

/// Where pods take their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodAddresses {
    /// In the subnet of the nodes; each node reserves those of all its pods.
    NodeSubnet {
        /// Addresses that a virtual network has, at most.
        network_addresses: u64,
    },
    /// In a subnet of their own; a node takes one block at least.
    PodSubnet {
        /// Addresses that a node takes at a time.
        block: u64,
    },
    /// In a range beside the virtual network.
    Overlay {
        /// Length of the prefix that each node gets of it.
        node_prefix: u8,
    },
}

/// What a plugin allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nodes of a cluster, at most.
    pub most_nodes: u64,
    /// What `max_pods` may be, at least.
    pub least_pods: u64,
    /// What `max_pods` may be, at most.
    pub most_pods: u64,
    /// Addresses that the platform keeps for itself in each subnet.
    pub reserved_addresses: u64,
    /// Where pods take their addresses.
    pub pod_addresses: PodAddresses,
}

/// What the kernel of a pod lets its sockets have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PodSockets {
    /// Local ports towards each destination.
    pub local_ports: u32,
    /// How long a local port rests after a connection was closed by FIN.
    pub time_wait: SimDuration,
}

/// The network of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its plugin.
    pub plugin: NetworkPlugin,
    /// The plugin's name in a scenario.
    pub name: &'static str,
    /// What the plugin allows.
    pub limits: Limits,
    /// Pods that a node may have.
    pub max_pods: u64,
    /// Sockets of each of them.
    pub pod_sockets: PodSockets,
    /// Subnet of the nodes; absent: large enough.
    pub node_subnet: Option<Ipv4Net>,
    /// Subnet of the pods; absent: large enough.
    pub pod_subnet: Option<Ipv4Net>,
    /// Overlay range of the pods; absent: large enough.
    pub pod_cidr: Option<Ipv4Net>,
}

impl Network {
    /// Everything that the platform would refuse in a cluster with `pods` on its nodes, by node.
    pub fn refusals(&self, cluster: &Cluster, pods: &[u64]) -> Vec<Refusal> {
        let limits = [self.too_many_nodes(cluster), self.wrong_max_pods(), self.too_many_pods(cluster, pods)];
        let limits: Vec<Refusal> = limits.into_iter().flatten().collect();
        if !limits.is_empty() {
            return limits;
        }
        let ranges = [self.overlap(), self.node_subnet_too_small(cluster), self.network_too_small(cluster)];
        let more = [self.pod_subnet_too_small(cluster, pods), self.pod_cidr_too_small(cluster)];
        ranges.into_iter().chain(more).flatten().collect()
    }

    fn too_many_nodes(&self, cluster: &Cluster) -> Option<Refusal> {
        let (nodes, most) = (u64::from(cluster.nodes_there()), self.limits.most_nodes);
        (nodes > most).then(|| Refusal {
            code: "TooManyNodesForNetworkPlugin",
            key: "network_plugin",
            message: format!("{nodes} nodes are more than the {most} that {} allows", self.name),
            help: format!("use at most {most} nodes, or another `network_plugin`"),
        })
    }

    fn wrong_max_pods(&self) -> Option<Refusal> {
        let Limits { least_pods: least, most_pods: most, .. } = self.limits;
        (!(least..=most).contains(&self.max_pods)).then(|| Refusal {
            code: "MaxPodsOutOfRange",
            key: "max_pods",
            message: format!(
                "{} pods a node are not within the {least} to {most} of {}",
                self.max_pods, self.name
            ),
            help: format!("write `max_pods = {}`", self.max_pods.clamp(least, most)),
        })
    }

    fn too_many_pods(&self, cluster: &Cluster, pods: &[u64]) -> Option<Refusal> {
        let fullest = pods.iter().enumerate().max_by_key(|(node, pods)| (**pods, std::cmp::Reverse(*node)));
        let (node, pods) = fullest.filter(|(_, pods)| **pods > self.max_pods)?;
        let name = cluster.node_name(crate::flow::NodeId(node as u32));
        let raise = match *pods <= self.limits.most_pods {
            true => format!("write `max_pods = {pods}`, or use"),
            false => "use".into(),
        };
        Some(Refusal {
            code: "TooManyPodsOnNode",
            key: "max_pods",
            message: format!("node {name} has {pods} pods, and `max_pods` is {}", self.max_pods),
            help: format!("{raise} more nodes or fewer pods, at most {} on each", self.max_pods),
        })
    }

    fn overlap(&self) -> Option<Refusal> {
        let nodes = self.node_subnet?;
        let (key, pods) = [("pod_subnet", self.pod_subnet), ("pod_cidr", self.pod_cidr)]
            .into_iter()
            .find_map(|(key, range)| Some((key, range?)))?;
        (nodes.contains(&pods) || pods.contains(&nodes)).then(|| Refusal {
            code: "OverlappingAddressRanges",
            key,
            message: format!("`{key}` {pods} overlaps with `node_subnet` {nodes}"),
            help: format!("write a `{key}` outside of {nodes}"),
        })
    }

    /// Addresses in the subnet of the nodes that a node takes.
    fn addresses_per_node(&self) -> u64 {
        match self.limits.pod_addresses {
            PodAddresses::NodeSubnet { .. } => 1 + self.max_pods,
            PodAddresses::PodSubnet { .. } | PodAddresses::Overlay { .. } => 1,
        }
    }

    fn node_subnet_too_small(&self, cluster: &Cluster) -> Option<Refusal> {
        let nodes = u64::from(cluster.nodes_counted());
        let each = self.addresses_per_node();
        let fitting = self.usable(self.node_subnet?) / each;
        let fewer_pods = (self.usable(self.node_subnet?) / nodes).saturating_sub(1);
        let pods = match each > 1 && fewer_pods >= self.limits.least_pods {
            true => format!(", or `max_pods = {fewer_pods}`"),
            false => String::new(),
        };
        let taken = format!("{nodes} nodes (surge nodes counted) x {each} addresses");
        let instead = format!("at most {fitting} nodes with their surge{pods}");
        self.too_small("node_subnet", self.node_subnet?, nodes * each, &taken, &instead)
    }

    fn pod_subnet_too_small(&self, cluster: &Cluster, pods: &[u64]) -> Option<Refusal> {
        let PodAddresses::PodSubnet { block } = self.limits.pod_addresses else { return None };
        let surge = u64::from(cluster.nodes_counted() - cluster.nodes_there());
        let blocks = pods.iter().map(|pods| pods.div_ceil(block).max(1)).sum::<u64>() + surge;
        let taken = format!("{blocks} blocks (one a node at least, surge nodes counted) x {block} addresses");
        self.too_small("pod_subnet", self.pod_subnet?, blocks * block, &taken, "fewer nodes or pods")
    }

    fn network_too_small(&self, cluster: &Cluster) -> Option<Refusal> {
        let PodAddresses::NodeSubnet { network_addresses: most } = self.limits.pod_addresses else {
            return None;
        };
        let (nodes, each) = (u64::from(cluster.nodes_counted()), self.addresses_per_node());
        (nodes * each > most).then(|| Refusal {
            code: "InsufficientNetworkAddresses",
            key: "network_plugin",
            message: format!(
                "{nodes} nodes (surge nodes counted) x {each} addresses need {}, and a virtual network has {most}",
                nodes * each
            ),
            help: format!("use at most {} nodes with their surge, or an overlay plugin", most / each),
        })
    }

    fn pod_cidr_too_small(&self, cluster: &Cluster) -> Option<Refusal> {
        let PodAddresses::Overlay { node_prefix } = self.limits.pod_addresses else { return None };
        let (range, nodes) = (self.pod_cidr?, u64::from(cluster.nodes_counted()));
        let prefixes = (1u64 << node_prefix) >> range.prefix_len();
        let wanted = node_prefix - nodes.next_power_of_two().trailing_zeros() as u8;
        (nodes > prefixes).then(|| Refusal {
            code: "InsufficientPodCidr",
            key: "pod_cidr",
            message: format!(
                "{nodes} nodes (surge nodes counted) need a /{node_prefix} each, and `pod_cidr` {range} has {prefixes}"
            ),
            help: format!("write a `pod_cidr` of /{wanted}, or use at most {prefixes} nodes with their surge"),
        })
    }

    /// Addresses of a subnet that the platform leaves.
    fn usable(&self, subnet: Ipv4Net) -> u64 {
        ((1u64 << 32) >> subnet.prefix_len()).saturating_sub(self.limits.reserved_addresses)
    }

    fn too_small(
        &self,
        key: &'static str,
        subnet: Ipv4Net,
        needed: u64,
        taken: &str,
        instead: &str,
    ) -> Option<Refusal> {
        let prefix = 32 - (needed + self.limits.reserved_addresses).next_power_of_two().trailing_zeros();
        let usable = self.usable(subnet);
        (needed > usable).then(|| Refusal {
            code: "InsufficientSubnetSize",
            key,
            message: format!("{taken} need {needed}, and `{key}` {subnet} has {usable}"),
            help: format!("write a `{key}` of /{prefix}, or use {instead}"),
        })
    }
}
