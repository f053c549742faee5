//! What every outbound type says about itself, and the list of them.

use super::custom::Custom;
use super::firewall::Firewall;
use super::firewall_nat_gateway::FirewallNatGateway;
use super::load_balancer::LoadBalancer;
use super::nat_gateway::NatGateway;
use super::no_egress::NoEgress;
use super::node_public_ip::NodePublicIp;
use super::static_egress_gateway::StaticEgressGateway;
use super::{Egress, Refusal, Timers};
use crate::cluster::Cluster;

/// A way out of the cluster: the settings of an outbound type.
pub trait WayOut {
    /// The device for `cluster`, or why the platform would refuse it.
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal>;

    /// How long it keeps mappings.
    fn timers(&self) -> &Timers;

    /// Public IPs it has.
    fn public_ips(&self, cluster: &Cluster) -> u32;
}

/// What stands between the cluster and the internet.
#[derive(Debug, Clone, PartialEq)]
pub enum Outbound {
    /// `azure/load-balancer`.
    LoadBalancer(LoadBalancer),
    /// `azure/nat-gateway`.
    NatGateway(NatGateway),
    /// `azure/firewall`.
    Firewall(Firewall),
    /// `azure/node-public-ip`.
    NodePublicIp(NodePublicIp),
    /// `azure/static-egress-gateway`.
    StaticEgressGateway(StaticEgressGateway),
    /// `azure/firewall-nat-gateway`.
    FirewallNatGateway(FirewallNatGateway),
    /// `none`, `block`.
    NoEgress(NoEgress),
    /// `custom`.
    Custom(Custom),
}

impl std::ops::Deref for Outbound {
    type Target = dyn WayOut;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::LoadBalancer(settings) => settings,
            Self::NatGateway(settings) => settings,
            Self::Firewall(settings) => settings,
            Self::NodePublicIp(settings) => settings,
            Self::StaticEgressGateway(settings) => settings,
            Self::FirewallNatGateway(settings) => settings,
            Self::NoEgress(settings) => settings,
            Self::Custom(settings) => settings,
        }
    }
}
