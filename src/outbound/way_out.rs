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
use super::{Charged, Egress, Refusal, Timers};
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

    /// The addresses from which its connections may come, for those who let in only what they know.
    fn addresses(&self, cluster: &Cluster) -> Addresses {
        Addresses { count: self.public_ips(cluster), prefix_length: None }
    }

    /// What the platform charges for it, each with how many there are; nothing of a device of no platform, of which that is not
    /// known.
    fn charged(&self, cluster: &Cluster) -> Option<Vec<(Charged, u64)>>;

    /// How it keeps connections of its own to destinations; none where it keeps none.
    fn upstream(&self) -> Option<&ClientPool> {
        None
    }
}

/// Public addresses of a way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// How many.
    pub count: u32,
    /// Bits of the public IP prefix that they are, where they are one.
    pub prefix_length: Option<u32>,
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
