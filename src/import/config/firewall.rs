//! `az network firewall show`, `Microsoft.Network/azureFirewalls`.
//!
//! How many instances a firewall has is in none of them: only between which numbers it may scale.

use super::addresses::add_of_configuration;
use super::view::View;
use super::{Addresses, Firewall, Said};

/// A firewall.
pub fn firewall(resource: &View<'_>, name: String) -> Firewall {
    let mut addresses = Addresses::default();
    for configuration in resource.tables(&["ipConfigurations"]) {
        add_of_configuration(&configuration, &mut addresses);
    }
    // In a virtual hub the platform makes the public IPs.
    if let Some(hub) = resource.at(&["hubIPAddresses", "publicIPs"]) {
        addresses.managed = hub.count(&["count"]);
    }
    let scale = resource.at(&["autoscaleConfiguration"]);
    let of = |names: &[&str]| scale.as_ref().map_or(Said::Nothing, |scale| scale.count(names));
    Firewall {
        name,
        addresses,
        least_instances: of(&["minCapacity"]),
        most_instances: of(&["maxCapacity"]),
        origin: Some(resource.origin()),
    }
}
