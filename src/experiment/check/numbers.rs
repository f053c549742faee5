//! The numbers of a device and the cluster behind it.

use super::rates::Cap;
use super::{Check, PoolCount, rates};
use crate::cluster::{Cluster, NodePool};
use crate::outbound::Outbound;
use crate::outbound::firewall::Firewall;
use crate::outbound::load_balancer::{Allocation, LoadBalancer};
use crate::outbound::nat_gateway::NatGateway;
use crate::scenario::deployed::figure;

impl Check {
    /// Counts the nodes.
    pub(super) fn count_nodes(&mut self, cluster: &Cluster) {
        let count = |pool: &NodePool| PoolCount {
            name: pool.name.clone(),
            nodes: u64::from(pool.most_by_autoscaler.unwrap_or_else(|| cluster.nodes_there_in(pool))),
            surge: u64::from(pool.max_surge),
        };
        self.node_pools = cluster.node_pools.iter().map(count).collect();
        self.nodes_counted = Some(u64::from(cluster.nodes_counted()));
    }

    /// Counts the ports of `device` for the nodes of `cluster`; a device whose ports do not depend on nodes needs none.
    pub(super) fn count_ports(&mut self, device: &Outbound, cluster: Option<&Cluster>) {
        let none = Cluster::new(Vec::new(), None);
        self.public_ips = Some(u64::from(device.public_ips(cluster.unwrap_or(&none))));
        self.idle_timeout_s = device.timers().idle_timeout.map(|time| time.as_secs_f64());
        match device {
            Outbound::LoadBalancer(settings) => self.of_load_balancer(settings, cluster),
            Outbound::NatGateway(settings) => self.of_nat_gateway(settings),
            Outbound::FirewallNatGateway(settings) => self.of_nat_gateway(&settings.0),
            Outbound::Firewall(settings) => self.of_firewall(settings),
            other => self.of_other(other, cluster.unwrap_or(&none)),
        }
    }

    fn of_load_balancer(&mut self, device: &LoadBalancer, cluster: Option<&Cluster>) {
        self.ports_available = Some(device.inventory());
        self.automatic = Some(matches!(device.allocation, Allocation::Automatic | Allocation::Manual(0)));
        let granted = cluster.and_then(|cluster| device.ports_per_node(cluster).ok());
        match device.allocation {
            Allocation::Manual(ports) if ports > 0 => {
                let nodes = cluster.map(Cluster::nodes_counted);
                self.ports_per_node = Some(u64::from(ports));
                self.ports_needed = nodes.map(|nodes| u64::from(nodes) * u64::from(ports));
                self.max_nodes = Some(device.most_nodes(ports));
            }
            _ => {
                self.ports_per_node = granted.map(u64::from);
                let nodes = cluster.map(|cluster| u64::from(cluster.nodes_there()));
                self.ports_needed = self.ports_per_node.and_then(|ports| Some(ports * nodes?));
                self.max_nodes = device.tiers.last().map(|tier| u64::from(tier.nodes));
                self.warnings.extend(cluster.and_then(|cluster| next_tier(device, cluster)));
            }
        }
        if let Some(ports) = self.ports_per_node {
            self.rates = rates::of("node", ports, &device.timers, None);
        }
    }

    fn of_nat_gateway(&mut self, device: &NatGateway) {
        self.ports_available = Some(device.ports());
        self.connections_per_destination = device.flows_per_destination();
        let counts_holds = device.cap_counts_holds;
        let cap = self.connections_per_destination.map(|connections| Cap { connections, counts_holds });
        self.rates = rates::of("gateway", device.ports(), &device.timers, cap);
    }

    /// Leaves out the numbers that rest on a setting which is not known; `said` is what was written of it all the same.
    pub(super) fn forget_unknown(
        &mut self,
        known: impl Fn(&str) -> bool,
        said: impl Fn(&str) -> Option<u64>,
    ) {
        if !known("public_ips") {
            self.public_ips = said("public_ips");
            self.ports_available = None;
            self.max_nodes = None;
            self.connections_per_destination = None;
            self.degraded_above = None;
            if self.ports_per_node.is_none() || self.automatic == Some(true) {
                self.rates = Vec::new();
            }
        }
        if !known("ports_per_node") {
            self.automatic = None;
            self.ports_per_node = said("ports_per_node");
            let ports = self.ports_per_node;
            self.ports_needed = self.nodes_counted.and_then(|nodes| ports?.checked_mul(nodes));
            self.max_nodes = None;
            self.rates = Vec::new();
        }
        if !known("instances") {
            self.ports_available = None;
            self.degraded_above = None;
            self.rates = Vec::new();
        }
        if !known("idle_timeout") {
            self.idle_timeout_s = None;
            self.rates.retain(|rate| rate.ends != "abandoned");
        }
    }

    /// Warns of more instances, now or by scaling, than the ports of a public IP suffice for; `most` is what a file says of them.
    pub(super) fn warn_of_instances(&mut self, device: &Outbound, most: Option<u64>) {
        if let Outbound::Firewall(device) = device {
            let most = most.and_then(|most| u32::try_from(most).ok());
            self.warnings.extend(device.crowded(most.unwrap_or(0)));
        }
    }

    fn of_firewall(&mut self, device: &Firewall) {
        let ports = device.ports();
        self.ports_available = Some(ports);
        self.degraded_above = Some(ports as f64 * figure("firewall_degraded_above"));
        self.rates = rates::of("firewall", ports, &device.timers, None);
    }

    /// Whatever else: its port pools as they would be simulated.
    fn of_other(&mut self, device: &Outbound, cluster: &Cluster) {
        let Ok(egress) = device.egress(cluster) else { return };
        self.ports_available = egress.pools.iter().map(|pool| pool.all_ports()).sum();
        let largest = egress.pools.iter().filter_map(|pool| pool.all_ports()).max();
        if let Some(ports) = largest.filter(|ports| *ports > 0) {
            self.rates = rates::of("port pool", ports, &egress.timers, None);
        }
    }
}

/// What the tiers give when all counted nodes are there, if that is less than now.
fn next_tier(device: &LoadBalancer, cluster: &Cluster) -> Option<String> {
    let (now, counted) = (cluster.nodes_there(), cluster.nodes_counted());
    let tier = |nodes: u32| device.tiers.iter().find(|tier| nodes <= tier.nodes);
    let grant = |ports: u32| ports.saturating_mul(device.public_ips).min(device.automatic_most);
    let (first, ports_now) = (tier(now)?, grant(tier(now)?.ports));
    let grows = "autoscaling and the surge of an upgrade";
    match tier(counted) {
        None => Some(format!(
            "{grows} allow {counted} nodes, which the automatic allocation does not cover: write the ports per node as a number"
        )),
        Some(then) if grant(then.ports) < ports_now => Some(format!(
            "{grows} allow {counted} nodes, and beyond {} each node has {} ports instead of {ports_now}: connections on the \
             ports that go are lost; write the ports per node as a number",
            first.nodes,
            grant(then.ports)
        )),
        Some(_) => None,
    }
}
