//! What the platform charges for, not how much.

/// A thing with a price of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charged {
    /// A load balancer: the data that passes it.
    LoadBalancer,
    /// A rule of a load balancer: outbound, inbound NAT or load-balancing.
    LoadBalancerRule,
    /// A NAT gateway.
    NatGateway,
    /// A firewall, whatever number of instances it has by itself.
    Firewall,
    /// A public IPv4 address.
    PublicIp,
    /// A machine that one runs oneself: an appliance, a proxy, a gateway node.
    Machine,
}

impl Charged {
    /// Everything with its name in price files and results.
    pub const ALL: [(&'static str, Self); 6] = [
        ("load-balancer", Self::LoadBalancer),
        ("load-balancer-rule", Self::LoadBalancerRule),
        ("nat-gateway", Self::NatGateway),
        ("firewall", Self::Firewall),
        ("public-ip", Self::PublicIp),
        ("machine", Self::Machine),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, thing)| *thing == self).map_or("", |(name, _)| name)
    }

    /// Whether data that passes it is charged.
    pub fn carries_data(self) -> bool {
        matches!(self, Self::LoadBalancer | Self::NatGateway | Self::Firewall)
    }

    /// Whether it is charged for being there; of a load balancer its rules are.
    pub fn is_charged_by_time(self) -> bool {
        self != Self::LoadBalancer
    }
}
