//! `terraform show -json`, of a plan or a state: blocks are lists of one entry, numbers may be texts.
//!
//! What a plan leaves to its apply is marked as unknown; what a resource refers to is then looked up in the plan's configuration.

mod address;
mod references;
mod unknown;

pub use unknown::{AFTER_APPLY, mark_unknown};

use super::addresses::{add_list, add_of_configuration, ids, last_name};
use super::cluster::max_surge;
use super::view::View;
use super::{
    Addresses, Cluster, Deployed, Firewall, NatGateway, NodePool, Origin, OutboundRule, OutsidePool, Prefix,
    Said, TypeChangedBy,
};
use std::cell::RefCell;

/// Whether it is output of `terraform show -json`.
pub fn is_one(view: &View<'_>) -> bool {
    view.is_table()
        && view
            .get(&["planned_values", "values"])
            .is_some_and(|values| values.get(&["root_module"]).is_some())
}

/// Adds every resource of a plan or state; false where none is of a known type.
pub fn add_all(view: &View<'_>, deployed: &mut Deployed) -> bool {
    let Some(root) = view.get(&["planned_values", "values"]).and_then(|values| values.get(&["root_module"]))
    else {
        return false;
    };
    let mut resources = Vec::new();
    collect(&root, &mut resources);
    let plan = Plan { whole: view.clone(), resources, notes: RefCell::default() };
    let known = plan.add(deployed);
    deployed.notes.extend(plan.notes.into_inner());
    known
}

fn collect<'a>(module: &View<'a>, resources: &mut Vec<View<'a>>) {
    resources.extend(module.list(&["resources"]));
    module.list(&["child_modules"]).iter().for_each(|inner| collect(inner, resources));
}

struct Plan<'a> {
    whole: View<'a>,
    resources: Vec<View<'a>>,
    notes: RefCell<Vec<String>>,
}

/// Address, type and values of a resource.
#[derive(Clone)]
struct Resource<'a> {
    address: &'a str,
    of_type: &'a str,
    values: View<'a>,
}

impl<'a> Plan<'a> {
    fn of_type<'p>(&'p self, name: &'p str) -> impl Iterator<Item = Resource<'a>> + 'p {
        self.all().filter(move |resource| resource.of_type == name)
    }

    /// Everything that the plan or state manages.
    fn all<'p>(&'p self) -> impl Iterator<Item = Resource<'a>> + 'p {
        let managed = self.resources.iter().filter(|resource| resource.text_of(&["mode"]) != Some("data"));
        managed.filter_map(|resource| {
            let (address, of_type) = (resource.text_of(&["address"])?, resource.text_of(&["type"])?);
            Some(Resource { address, of_type, values: resource.get(&["values"])? })
        })
    }

    fn add(&self, deployed: &mut Deployed) -> bool {
        let before = deployed.clone();
        deployed.prefixes.extend(self.of_type("azurerm_public_ip_prefix").map(|found| {
            let length = found.values.count(&["prefix_length"]);
            Prefix { name: self.name(&found), length }
        }));
        deployed.public_ips.extend(self.of_type("azurerm_public_ip").map(|found| self.name(&found)));
        deployed
            .clusters
            .extend(self.of_type("azurerm_kubernetes_cluster").map(|found| self.cluster(&found)));
        deployed.node_pools.extend(self.of_type("azurerm_kubernetes_cluster_node_pool").map(|found| {
            let pool = node_pool(&found.values, self.name(&found));
            OutsidePool { pool, of: self.own_cluster(&found), file: found.values.origin().file }
        }));
        deployed
            .nat_gateways
            .extend(self.of_type("azurerm_nat_gateway").map(|found| self.nat_gateway(&found)));
        deployed.firewalls.extend(self.of_type("azurerm_firewall").map(|found| self.firewall(&found)));
        deployed
            .outbound_rules
            .extend(self.of_type("azurerm_lb_outbound_rule").map(|found| self.rule(&found)));
        *deployed != before
    }

    /// Its own name, or that of its address where the name is not yet known.
    fn name(&self, resource: &Resource<'_>) -> String {
        let own = resource.values.text_of(&["name"]).filter(|name| !name.starts_with('['));
        own.map_or_else(|| resource.address.into(), str::to_string)
    }

    fn cluster(&self, found: &Resource<'a>) -> Cluster {
        let values = &found.values;
        let network = values.at(&["network_profile"]);
        let balancer = network.as_ref().and_then(|network| network.at(&["load_balancer_profile"]));
        let gateway = network.as_ref().and_then(|network| network.at(&["nat_gateway_profile"]));
        let of = |profile: &Option<View<'_>>, key: &str| {
            profile.as_ref().map_or(Said::Nothing, |profile| profile.count(&[key]))
        };
        let default = values.at(&["default_node_pool"]);
        let name = |pool: &View<'_>| pool.text_of(&["name"]).unwrap_or("default").to_string();
        let change = self.change(found.address);
        Cluster {
            name: self.name(found),
            group: group_name(values),
            version: values.word(&["kubernetes_version"]),
            load_balancer_sku: network
                .as_ref()
                .map_or(Said::Nothing, |network| network.word(&["load_balancer_sku"])),
            outbound_type: outbound_type(values),
            outbound_type_before: change
                .as_ref()
                .and_then(|change| change.get(&["before"]))
                .map_or(Said::Nothing, |before| outbound_type(&before)),
            type_changed_by: match change.is_some_and(|change| {
                change.list(&["actions"]).iter().any(|action| action.text() == Some("delete"))
            }) {
                true => TypeChangedBy::Replacement,
                false => TypeChangedBy::Plan,
            },
            node_pools: default.iter().map(|pool| node_pool(pool, name(pool))).collect(),
            ports_per_node: of(&balancer, "outbound_ports_allocated"),
            idle_minutes: of(&balancer, "idle_timeout_in_minutes"),
            addresses: balancer.map(|profile| self.addresses(found, &profile)).unwrap_or_default(),
            gateway_idle_minutes: of(&gateway, "idle_timeout_in_minutes"),
            gateway_addresses: gateway.map(|profile| self.addresses(found, &profile)).unwrap_or_default(),
            origin: Some(values.origin()),
        }
    }

    fn change(&self, address: &str) -> Option<View<'a>> {
        let changes = self.whole.list(&["resource_changes"]);
        changes.into_iter().find(|change| change.text_of(&["address"]) == Some(address))?.get(&["change"])
    }

    fn addresses(&self, found: &Resource<'_>, profile: &View<'_>) -> Addresses {
        let mut addresses =
            Addresses { managed: profile.count(&["managed_outbound_ip_count"]), ..Addresses::default() };
        let Addresses { single, prefixes, unknown, effective, .. } = &mut addresses;
        let mut add = |attribute: &str, of_type: &str, to: &mut Vec<(String, Origin)>| {
            let Some(list) = profile.get(&[attribute]) else { return };
            let is_unknown = ids(&list.entries()).iter().any(|(id, _)| id.starts_with('['));
            let referred =
                is_unknown.then(|| self.all_referred(found, &list, (attribute, of_type))).flatten();
            match referred {
                Some(referred) => to.extend(referred),
                None => add_list(Some(list), to, unknown),
            }
        };
        if !profile.is_expression() {
            add("outbound_ip_address_ids", "azurerm_public_ip", single);
            add("outbound_ip_prefix_ids", "azurerm_public_ip_prefix", prefixes);
            *effective = profile
                .get(&["effective_outbound_ips"])
                .filter(|list| !list.is_expression())
                .map_or(Vec::new(), |list| ids(&list.entries()));
        }
        addresses
    }

    /// A gateway with what is associated with it.
    fn nat_gateway(&self, found: &Resource<'a>) -> NatGateway {
        let name = self.name(found);
        let associated = |kind: &str, key: &str| -> Vec<(String, Origin)> {
            let all = self.of_type(kind);
            let own =
                all.filter(|one| self.referred(one, "nat_gateway_id").is_some_and(|(of, _)| of == name));
            own.filter_map(|one| self.referred_id(&one, key)).collect()
        };
        let subnets = associated("azurerm_subnet_nat_gateway_association", "subnet_id");
        NatGateway {
            idle_minutes: found.values.count(&["idle_timeout_in_minutes"]),
            addresses: Addresses {
                single: associated("azurerm_nat_gateway_public_ip_association", "public_ip_address_id"),
                prefixes: associated(
                    "azurerm_nat_gateway_public_ip_prefix_association",
                    "public_ip_prefix_id",
                ),
                ..Addresses::default()
            },
            on_firewall_subnet: subnets
                .iter()
                .any(|(subnet, _)| last_name(subnet).eq_ignore_ascii_case("AzureFirewallSubnet")),
            subnets: subnets.into_iter().map(|(subnet, _)| subnet).collect(),
            sku: found.values.word(&["sku_name"]),
            zones: found.values.list(&["zones"]).len(),
            origin: Some(found.values.origin()),
            name: name.clone(),
        }
    }

    fn firewall(&self, found: &Resource<'a>) -> Firewall {
        let mut addresses = Addresses::default();
        for configuration in found.values.tables(&["ip_configuration"]) {
            add_of_configuration(&configuration, &mut addresses);
        }
        Firewall {
            name: self.name(found),
            addresses,
            origin: Some(found.values.origin()),
            ..Firewall::default()
        }
    }

    /// An outbound rule with the frontends of its load balancer. Inbound rules and backends are resources of their own, which need
    /// not be in the plan.
    fn rule(&self, found: &Resource<'a>) -> OutboundRule {
        let balancer = self.referred(found, "loadbalancer_id").map(|(name, _)| name).unwrap_or_default();
        let own = self.of_type("azurerm_lb").find(|one| self.name(one) == balancer);
        let names = references_by_name(&found.values.list(&["frontend_ip_configuration"]));
        let mut addresses = Addresses::default();
        for frontend in own.iter().flat_map(|one| one.values.tables(&["frontend_ip_configuration"])) {
            if frontend.text_of(&["name"]).is_some_and(|name| names.iter().any(|own| own == name)) {
                add_of_configuration(&frontend, &mut addresses);
            }
        }
        OutboundRule {
            name: format!("{balancer}/{}", self.name(found)),
            load_balancer: balancer,
            ports_per_node: found.values.count(&["allocated_outbound_ports"]),
            idle_minutes: found.values.count(&["idle_timeout_in_minutes"]),
            addresses,
            frontends_known: own.is_some(),
            origin: Some(found.values.origin()),
            ..OutboundRule::default()
        }
    }
}

fn group_name(values: &View<'_>) -> Option<String> {
    values.text_of(&["resource_group_name"]).filter(|name| !name.starts_with('[')).map(str::to_string)
}

fn references_by_name(blocks: &[View<'_>]) -> Vec<String> {
    blocks.iter().filter_map(|block| block.text_of(&["name"]).map(last_name)).collect()
}

fn outbound_type(values: &View<'_>) -> Said<String> {
    values.at(&["network_profile"]).map_or(Said::Nothing, |network| network.word(&["outbound_type"]))
}

fn node_pool(pool: &View<'_>, name: String) -> NodePool {
    NodePool {
        name,
        nodes: pool.count(&["node_count"]),
        autoscales: pool.flag(&["auto_scaling_enabled", "enable_auto_scaling"]),
        least: pool.count(&["min_count"]),
        most: pool.count(&["max_count"]),
        surge: pool.at(&["upgrade_settings"]).as_ref().map_or(Said::Nothing, max_surge),
        subnet: pool.text_of(&["vnet_subnet_id"]).map(str::to_string),
        kind: pool.word(&["type"]),
        mode: pool.word(&["mode"]),
        system: pool.word(&["os_type"]),
        node_public_ips: pool.flag(&["node_public_ip_enabled", "enable_node_public_ip"]),
    }
}
