//! What every outbound type says about itself, and the list of them.

use super::custom::Custom;
use super::firewall::Firewall;
use super::firewall_nat_gateway::FirewallNatGateway;
use super::http_proxy::HttpProxy;
use super::load_balancer::LoadBalancer;
use super::nat_gateway::NatGateway;
use super::no_egress::NoEgress;
use super::node_public_ip::NodePublicIp;
use super::nva::Nva;
use super::static_egress_gateway::StaticEgressGateway;
use super::{Egress, Refusal, Timers};
use crate::cluster::Cluster;
use crate::workload::ClientPool;

/// A way out of the cluster: the settings of an outbound type.
pub trait WayOut {
    /// The device for `cluster`, or why the platform would refuse it.
    fn egress(&self, cluster: &Cluster) -> Result<Egress, Refusal>;

    /// Everything for which the platform would refuse it.
    fn refusals(&self, cluster: &Cluster) -> Vec<Refusal> {
        self.egress(cluster).err().into_iter().collect()
    }

    /// How long it keeps mappings.
    fn timers(&self) -> &Timers;

    /// Public IPs it has.
    fn public_ips(&self, cluster: &Cluster) -> u32;

    /// How it keeps connections of its own to destinations; none where it keeps none.
    fn upstream(&self) -> Option<&ClientPool> {
        None
    }
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
    /// `azure/nva`.
    Nva(Nva),
    /// `azure/http-proxy`.
    HttpProxy(HttpProxy),
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
            Self::Nva(settings) => settings,
            Self::HttpProxy(settings) => settings,
            Self::Custom(settings) => settings,
        }
    }
}
