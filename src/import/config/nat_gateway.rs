//! `az network nat gateway show`, `Microsoft.Network/natGateways`.

use super::addresses::{add_list, ids, references};
use super::view::View;
use super::{Addresses, NatGateway, Said};

/// A NAT gateway.
pub fn nat_gateway(resource: &View<'_>, name: String) -> NatGateway {
    let subnets = references(&resource.list(&["subnets"]));
    let mut addresses = Addresses::default();
    let Addresses { single, prefixes, unknown, .. } = &mut addresses;
    add_list(resource.get(&["publicIPAddresses"]), single, unknown);
    add_list(resource.get(&["publicIPPrefixes"]), prefixes, unknown);
    NatGateway {
        name,
        idle_minutes: resource.count(&["idleTimeoutInMinutes"]),
        addresses,
        on_firewall_subnet: subnets.iter().any(|(name, _)| name.eq_ignore_ascii_case("AzureFirewallSubnet")),
        subnets: ids(&resource.list(&["subnets"])).into_iter().map(|(id, _)| id).collect(),
        sku: resource.get(&["sku"]).map_or(Said::Nothing, |sku| sku.word(&["name"])),
        zones: resource.list(&["zones"]).len(),
        origin: Some(resource.origin()),
    }
}
