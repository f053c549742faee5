//! `az network nat gateway show`, `Microsoft.Network/natGateways`.

use super::addresses::{ids, references};
use super::view::View;
use super::{Addresses, NatGateway, Said};

/// A NAT gateway.
pub fn nat_gateway(resource: &View<'_>, name: String) -> NatGateway {
    let subnets = references(&resource.list(&["subnets"]));
    NatGateway {
        name,
        idle_minutes: resource.count(&["idleTimeoutInMinutes"]),
        addresses: Addresses {
            single: ids(&resource.list(&["publicIPAddresses"])),
            prefixes: ids(&resource.list(&["publicIPPrefixes"])),
            ..Addresses::default()
        },
        on_firewall_subnet: subnets.iter().any(|(name, _)| name.eq_ignore_ascii_case("AzureFirewallSubnet")),
        subnets: ids(&resource.list(&["subnets"])).into_iter().map(|(id, _)| id).collect(),
        sku: resource.get(&["sku"]).map_or(Said::Nothing, |sku| sku.word(&["name"])),
        zones: resource.list(&["zones"]).len(),
        origin: Some(resource.origin()),
    }
}
