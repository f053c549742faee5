//! What a resource refers to: by an id, or by the plan's configuration while there is none.

use super::super::addresses::{id, last_name, name_after};
use super::super::view::View;
use super::super::{Origin, OwnCluster};
use super::address::{key, prefix_of, split_modules, steps, without_keys};
use super::{AFTER_APPLY, Plan, Resource, group_name};

impl<'a> Plan<'a> {
    /// The name of the resource that `attribute` refers to.
    pub(super) fn referred(&self, resource: &Resource<'_>, attribute: &str) -> Option<(String, Origin)> {
        let (id, origin) = self.referred_id(resource, attribute)?;
        Some((last_name(&id), origin))
    }

    /// The same with the whole id where it is known. Which of several instances is meant is known by the key that both have.
    pub(super) fn referred_id(&self, resource: &Resource<'_>, attribute: &str) -> Option<(String, Origin)> {
        let found = resource.values.get(&[attribute])?;
        let (id, origin) = id(&found)?;
        if !id.starts_with('[') {
            return Some((id, origin));
        }
        let targets = self.targets(resource.address, attribute, |_| true);
        let same_key = || targets.iter().find(|target| key(target.address) == key(resource.address));
        match targets.as_slice() {
            [] => None,
            [only] => Some((self.name(only), origin)),
            _ => Some((same_key().map_or_else(|| AFTER_APPLY.into(), |target| self.name(target)), origin)),
        }
    }

    /// The cluster of a node pool: by its id, else the only one that the configuration names for it.
    pub(super) fn own_cluster(&self, pool: &Resource<'_>) -> OwnCluster {
        let attribute = "kubernetes_cluster_id";
        if let Some(id) = pool.values.text_of(&[attribute]).filter(|id| !id.starts_with('[')) {
            let group = name_after(id, "resourceGroups").map(str::to_string);
            return OwnCluster::Named { name: last_name(id), group };
        }
        let names = self.references_of(pool.address, attribute);
        let may_be_other = names
            .iter()
            .any(|name| ["var.", "local.", "module.", "data."].iter().any(|kind| name.starts_with(kind)));
        let found = self.targets(pool.address, attribute, is_cluster);
        match found.as_slice() {
            [only] if !may_be_other => {
                OwnCluster::Named { name: self.name(only), group: group_name(&only.values) }
            }
            _ => OwnCluster::Unsaid,
        }
    }

    /// The resources of a type that a list of ids refers to; none where nothing says so.
    pub(super) fn all_referred(
        &self,
        resource: &Resource<'_>,
        list: &View<'_>,
        (attribute, of_type): (&str, &str),
    ) -> Option<Vec<(String, Origin)>> {
        let targets = self.targets(resource.address, attribute, |found| found.of_type == of_type);
        let names = self.references_of(resource.address, attribute);
        let one_of_several = names.iter().any(|name| name.starts_with("each.") || name.starts_with("count."));
        if targets.is_empty() || (one_of_several && targets.len() > 1) {
            return None;
        }
        self.notes.borrow_mut().push(format!(
            "{} counts as all that its expression refers to: {}",
            list.origin().path,
            targets.iter().map(|target| target.address).collect::<Vec<_>>().join(", ")
        ));
        Some(targets.iter().map(|target| (self.name(target), list.origin())).collect())
    }

    /// Resources that the configuration names for an attribute: the one of exactly that address, else all of its instances.
    fn targets(
        &self,
        address: &str,
        attribute: &str,
        wanted: impl Fn(&Resource<'_>) -> bool,
    ) -> Vec<Resource<'a>> {
        let names = self.references_of(address, attribute);
        let all: Vec<Resource<'a>> = self.all().filter(|resource| wanted(resource)).collect();
        let mut found: Vec<Resource<'a>> = Vec::new();
        for name in &names {
            // The configuration names `x` beside `x[0]`.
            if names.iter().any(|other| other.starts_with(&format!("{name}["))) {
                continue;
            }
            let exact = all.iter().any(|resource| resource.address == name);
            let is_meant = |resource: &&Resource<'a>| match exact {
                true => resource.address == name,
                false => without_last_key(resource.address) == *name,
            };
            for target in all.iter().filter(is_meant) {
                if !found.iter().any(|other| other.address == target.address) {
                    found.push(target.clone());
                }
            }
        }
        found
    }

    /// Addresses that the configuration names for an attribute (at any depth of the resource), as they are called from outside.
    fn references_of(&self, address: &str, attribute: &str) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(expressions) = self.configuration_of(address) {
            find_references(&expressions, attribute, &mut found);
        }
        let prefix = prefix_of(address);
        let is_resource = |name: &str| name.starts_with("azurerm_");
        found.into_iter().map(|name| if is_resource(&name) { prefix.clone() + &name } else { name }).collect()
    }

    /// What the configuration sets of a resource.
    fn configuration_of(&self, address: &str) -> Option<View<'a>> {
        let (modules, own) = split_modules(address);
        let root = self.whole.at(&["configuration", "root_module"])?;
        let module = modules.into_iter().try_fold(root, |module, name| {
            module.at(&["module_calls"])?.at(&[&without_keys(name)])?.at(&["module"])
        })?;
        let own = without_keys(&own);
        let mut resources = module.list(&["resources"]).into_iter();
        let found = resources.find(|resource| resource.text_of(&["address"]) == Some(own.as_str()))?;
        found.get(&["expressions"])
    }
}

fn is_cluster(resource: &Resource<'_>) -> bool {
    resource.of_type == "azurerm_kubernetes_cluster"
}

fn without_last_key(address: &str) -> &str {
    key(address).map_or(address, |key| &address[..address.len() - key.len()])
}

/// Every `references` below a field of that name, those of attributes cut to their resource.
fn find_references(view: &View<'_>, attribute: &str, found: &mut Vec<String>) {
    for (name, field) in view.entries().iter().flat_map(View::fields) {
        if name == attribute {
            let names = field.list(&["references"]);
            found.extend(names.iter().filter_map(View::text).map(|text| {
                let parts = steps(text);
                parts[..parts.len().min(2)].join(".")
            }));
        } else if field.is_table() || field.is_list() {
            find_references(&field, attribute, found);
        }
    }
}
