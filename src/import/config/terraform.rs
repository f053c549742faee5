//! `terraform show -json`, of a plan or a state: blocks are lists of one entry, numbers may be texts.
//!
//! What a plan leaves to its apply is marked as unknown; what a resource refers to is then looked up in the plan's configuration.

use super::addresses::{add_of_configuration, id, ids, last_name, name_after};
use super::cluster::max_surge;
use super::view::View;
use super::{
    Addresses, Cluster, Deployed, Firewall, NatGateway, NodePool, Origin, OutboundRule, OutsidePool,
    OwnCluster, Prefix, Said,
};
use serde_json::{Map, Value};

/// Whether it is output of `terraform show -json`.
pub fn is_one(view: &View<'_>) -> bool {
    view.get(&["planned_values", "values"]).is_some_and(|values| values.get(&["root_module"]).is_some())
}

/// Writes what an apply will decide as an expression in brackets into the planned values.
pub fn mark_unknown(value: &mut Value) {
    let Some(changes) = value.get("resource_changes").and_then(Value::as_array).cloned() else { return };
    let Some(root) = value.get_mut("planned_values").and_then(|values| values.get_mut("root_module")) else {
        return;
    };
    for change in &changes {
        let unknown = change.pointer("/change/after_unknown");
        if let (Some(address), Some(unknown)) = (change.get("address"), unknown) {
            mark_resource(root, address, unknown);
        }
    }
}

fn mark_resource(module: &mut Value, address: &Value, unknown: &Value) {
    let resources = module.get_mut("resources").and_then(Value::as_array_mut).into_iter().flatten();
    for resource in resources.filter(|resource| resource.get("address") == Some(address)) {
        if let Some(values) = resource.get_mut("values") {
            mark(values, unknown);
        }
    }
    let inner = module.get_mut("child_modules").and_then(Value::as_array_mut);
    inner.into_iter().flatten().for_each(|module| mark_resource(module, address, unknown));
}

/// What an apply will decide.
pub const AFTER_APPLY: &str = "[known after apply]";

fn mark(value: &mut Value, unknown: &Value) {
    match (value, unknown) {
        (value, Value::Bool(true)) => *value = AFTER_APPLY.into(),
        (Value::Object(fields), Value::Object(unknown)) => {
            for (key, unknown) in unknown {
                let empty = || match unknown {
                    Value::Object(_) => Value::Object(Map::new()),
                    _ => Value::Null,
                };
                mark(fields.entry(key.clone()).or_insert_with(empty), unknown);
            }
        }
        (Value::Array(values), Value::Array(unknown)) => {
            values.iter_mut().zip(unknown).for_each(|(value, unknown)| mark(value, unknown));
        }
        _ => {}
    }
}

/// Adds every resource of a plan or state; false where none is of a known type.
pub fn add_all(view: &View<'_>, deployed: &mut Deployed) -> bool {
    let Some(root) = view.get(&["planned_values", "values"]).and_then(|values| values.get(&["root_module"]))
    else {
        return false;
    };
    let mut resources = Vec::new();
    collect(&root, &mut resources);
    let plan = Plan { whole: view.clone(), resources };
    plan.add(deployed)
}

fn collect<'a>(module: &View<'a>, resources: &mut Vec<View<'a>>) {
    resources.extend(module.list(&["resources"]));
    module.list(&["child_modules"]).iter().for_each(|inner| collect(inner, resources));
}

struct Plan<'a> {
    whole: View<'a>,
    resources: Vec<View<'a>>,
}

/// Address and values of a resource.
struct Resource<'a> {
    address: &'a str,
    values: View<'a>,
}

impl<'a> Plan<'a> {
    fn of_type<'p>(&'p self, name: &'p str) -> impl Iterator<Item = Resource<'a>> + 'p {
        let found = self.resources.iter().filter(move |resource| {
            resource.text_of(&["type"]) == Some(name) && resource.text_of(&["mode"]) != Some("data")
        });
        found.filter_map(|resource| {
            Some(Resource { address: resource.text_of(&["address"])?, values: resource.get(&["values"])? })
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

    /// The name of the resource that `key` refers to: by its id, or by the plan's configuration while it has none.
    fn referred(&self, resource: &Resource<'_>, key: &str) -> Option<(String, Origin)> {
        let (id, origin) = self.referred_id(resource, key)?;
        Some((last_name(&id), origin))
    }

    /// The same with the whole id where it is known.
    fn referred_id(&self, resource: &Resource<'_>, key: &str) -> Option<(String, Origin)> {
        let found = resource.values.get(&[key])?;
        let (id, origin) = id(&found)?;
        if !id.starts_with('[') {
            return Some((id, origin));
        }
        let names = self.references_of(resource.address, key);
        let target = names.iter().find_map(|address| self.at(address))?;
        Some((self.name(&target), origin))
    }

    /// The cluster of a node pool: by its id, else the only one that the configuration names for it.
    fn own_cluster(&self, pool: &Resource<'_>) -> OwnCluster {
        let key = "kubernetes_cluster_id";
        if let Some(id) = pool.values.text_of(&[key]).filter(|id| !id.starts_with('[')) {
            let group = name_after(id, "resourceGroups").map(str::to_string);
            return OwnCluster::Named { name: last_name(id), group };
        }
        let names = self.references_of(pool.address, key);
        let may_be_other = names
            .iter()
            .any(|name| ["var.", "local.", "module.", "data."].iter().any(|kind| name.starts_with(kind)));
        let mut found: Vec<Resource<'_>> = names.iter().flat_map(|name| self.instances(name)).collect();
        found.dedup_by(|one, other| one.address == other.address);
        match found.as_slice() {
            [only] if !may_be_other => {
                OwnCluster::Named { name: self.name(only), group: group_name(&only.values) }
            }
            _ => OwnCluster::Unsaid,
        }
    }

    /// Clusters at an address: the one of exactly that name, else all of its instances.
    fn instances(&self, address: &str) -> Vec<Resource<'a>> {
        let all: Vec<Resource<'a>> = self.of_type("azurerm_kubernetes_cluster").collect();
        let exact = all.iter().any(|cluster| cluster.address == address);
        let is_one = |cluster: &Resource<'a>| match exact {
            true => cluster.address == address,
            false => cluster.address.split('[').next() == Some(address),
        };
        all.into_iter().filter(is_one).collect()
    }

    /// The names that a list of ids refers to.
    fn all_referred(&self, resource: &Resource<'_>, list: &View<'_>, key: &str) -> Vec<(String, Origin)> {
        let unknown = |name: &str| name.starts_with('[');
        let said = ids(&list.entries());
        if said.iter().any(|(name, _)| unknown(name)) {
            let names = self.references_of(resource.address, key);
            let targets: Vec<_> = names.iter().filter_map(|address| self.at(address)).collect();
            if !targets.is_empty() {
                let mut names: Vec<_> =
                    targets.iter().map(|target| (self.name(target), list.origin())).collect();
                names.dedup();
                return names;
            }
        }
        said
    }

    fn at(&self, address: &str) -> Option<Resource<'a>> {
        let bare = |text: &str| text.split('[').next().unwrap_or(text).to_string();
        let found = self.resources.iter().find(|resource| {
            resource.text_of(&["address"]).is_some_and(|own| own == address || bare(own) == bare(address))
        })?;
        Some(Resource { address: found.text_of(&["address"])?, values: found.get(&["values"])? })
    }

    /// Addresses of resources that the configuration names for `key` (at any depth of the resource).
    fn references_of(&self, address: &str, key: &str) -> Vec<String> {
        let mut found = Vec::new();
        let Some(root) = self.whole.at(&["configuration", "root_module"]) else { return found };
        let bare = address.split('[').next().unwrap_or(address);
        let resource = root
            .list(&["resources"])
            .into_iter()
            .find(|resource| resource.text_of(&["address"]).is_some_and(|own| own == bare));
        if let Some(expressions) = resource.and_then(|resource| resource.get(&["expressions"])) {
            find_references(&expressions, key, &mut found);
        }
        found
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
            made_anew: change.is_some_and(|change| {
                change.list(&["actions"]).iter().any(|action| action.text() == Some("delete"))
            }),
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
        let list =
            |key: &str| profile.get(&[key]).map_or(Vec::new(), |list| self.all_referred(found, &list, key));
        Addresses {
            managed: profile.count(&["managed_outbound_ip_count"]),
            single: list("outbound_ip_address_ids"),
            prefixes: list("outbound_ip_prefix_ids"),
            effective: list("effective_outbound_ips"),
        }
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
        for configuration in found.values.list(&["ip_configuration"]) {
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
        for frontend in own.iter().flat_map(|one| one.values.list(&["frontend_ip_configuration"])) {
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
    }
}

/// Every `references` below a field called `key`, those of attributes cut to their resource.
fn find_references(view: &View<'_>, key: &str, found: &mut Vec<String>) {
    for (name, field) in view.entries().iter().flat_map(View::fields) {
        if name == key {
            let names = field.list(&["references"]);
            found.extend(names.iter().filter_map(View::text).map(|text| {
                let parts: Vec<&str> = text.split('.').collect();
                parts[..parts.len().min(2)].join(".")
            }));
        } else if field.is_table() || field.is_list() {
            find_references(&field, key, found);
        }
    }
}
