//! `az network nat gateway show`, `Microsoft.Network/natGateways`.

use super::addresses::references;
use super::view::View;
use super::{Addresses, NatGateway};

/// A NAT gateway.
pub fn nat_gateway(resource: &View<'_>, name: String) -> NatGateway {
    let subnets = references(&resource.list(&["subnets"]));
    NatGateway {
        name,
        idle_minutes: resource.count(&["idleTimeoutInMinutes"]),
        addresses: Addresses {
            single: references(&resource.list(&["publicIPAddresses"])),
            prefixes: references(&resource.list(&["publicIPPrefixes"])),
            ..Addresses::default()
        },
        on_firewall_subnet: subnets.iter().any(|(name, _)| name.eq_ignore_ascii_case("AzureFirewallSubnet")),
        origin: Some(resource.origin()),
    }
}
