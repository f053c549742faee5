//! Public IPs and prefixes, and references to them.

use super::view::View;
use super::{Addresses, Origin, Prefix};

/// A public IP prefix.
pub fn prefix(resource: &View<'_>, name: String) -> Prefix {
    Prefix { name, length: resource.count(&["prefixLength"]) }
}

/// The names in a list of references (`[{"id": ".."}]`, or bare ids). An expression is a name nobody has.
pub fn references(list: &[View<'_>]) -> Vec<(String, Origin)> {
    list.iter().filter_map(reference).collect()
}

/// The name in a reference.
pub fn reference(view: &View<'_>) -> Option<(String, Origin)> {
    let (id, origin) = id(view)?;
    Some((last_name(&id), origin))
}

/// The ids in a list of references.
pub fn ids(list: &[View<'_>]) -> Vec<(String, Origin)> {
    list.iter().filter_map(id).collect()
}

/// Ids of what a list refers to, or the expression in its place. An entry that refers to nothing is a problem.
pub fn add_list(list: Option<View<'_>>, to: &mut Vec<(String, Origin)>, unknown: &mut Vec<(String, Origin)>) {
    let Some(list) = list else { return };
    if let Some(expression) = list.text().filter(|_| list.is_expression()) {
        unknown.push((expression.into(), list.origin()));
        return;
    }
    for entry in list.entries() {
        match id(&entry) {
            Some(found) => to.push(found),
            None => entry
                .problem("names no id; allowed is `{ \"id\": \"/subscriptions/..\" }`, or that text".into()),
        }
    }
}

/// The id in a reference, or the expression in its place.
pub fn id(view: &View<'_>) -> Option<(String, Origin)> {
    let id = view.text().or_else(|| view.text_of(&["id"]))?;
    Some((id.trim().into(), view.origin()))
}

/// The last name of an id: `.../publicIPAddresses/pip` is `pip`, as is `[resourceId('Microsoft.Network/publicIPAddresses', 'pip')]`.
pub fn last_name(id: &str) -> String {
    let id = id.trim();
    if let Some(quoted) = id.strip_prefix("[resourceId(").and_then(|rest| rest.strip_suffix(")]")) {
        let last = quoted.rsplit(',').next().unwrap_or(quoted).trim();
        let bare = last.trim_matches('\'');
        return if last.starts_with('\'') { bare.into() } else { format!("[{bare}]") };
    }
    if id.starts_with('[') {
        return id.into();
    }
    id.trim_end_matches('/').rsplit('/').next().unwrap_or(id).into()
}

/// A name in the middle of an id: after `loadBalancers`, say.
pub fn name_after<'a>(id: &'a str, kind: &str) -> Option<&'a str> {
    let mut parts = id.split('/');
    parts.find(|part| part.eq_ignore_ascii_case(kind))?;
    parts.next()
}

/// Adds what a frontend or IP configuration refers to.
pub fn add_of_configuration(configuration: &View<'_>, addresses: &mut Addresses) {
    let of = |names: &[&str]| configuration.get(names).as_ref().and_then(id);
    addresses.single.extend(of(&["publicIPAddress", "public_ip_address_id"]));
    addresses.prefixes.extend(of(&["publicIPPrefix", "public_ip_prefix_id"]));
}
