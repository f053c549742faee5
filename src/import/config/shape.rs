//! Which shape a file has, and what is in it.

use super::addresses::{last_name, name_after, prefix};
use super::cluster::{cluster, group, node_pool};
use super::firewall::firewall;
use super::load_balancer::{load_balancer, outbound_rule};
use super::nat_gateway::nat_gateway;
use super::text::WHAT_IS_READ;
use super::view::{Document, EmptyList, View};
use super::{Deployed, OutsidePool, OwnCluster, arm, json, terraform};
use crate::error::{Error, Problem};
use serde_json::Value;
use std::cell::RefCell;

/// A kind of resource, by the end of its type and by keys that it alone has.
struct Kind {
    of_type: &'static str,
    keys: &'static [&'static str],
    add: fn(&View<'_>, &mut Deployed),
}

const KINDS: [Kind; 9] = [
    Kind { of_type: "managedClusters", keys: &["agentPoolProfiles"], add: add_cluster },
    Kind { of_type: "managedClusters", keys: &["networkProfile", "kubernetesVersion"], add: add_cluster },
    Kind { of_type: "agentPools", keys: &["vmSize", "count"], add: add_node_pool },
    Kind {
        of_type: "outboundRules",
        keys: &["allocatedOutboundPorts", "frontendIPConfigurations"],
        add: add_outbound_rule,
    },
    Kind {
        of_type: "loadBalancers",
        keys: &["frontendIPConfigurations", "backendAddressPools"],
        add: add_load_balancer,
    },
    Kind { of_type: "azureFirewalls", keys: &["threatIntelMode"], add: add_firewall },
    Kind {
        of_type: "natGateways",
        keys: &["publicIpPrefixes", "idleTimeoutInMinutes"],
        add: add_nat_gateway,
    },
    Kind { of_type: "publicIPPrefixes", keys: &["prefixLength"], add: add_prefix },
    Kind { of_type: "publicIPAddresses", keys: &["publicIPAllocationMethod"], add: add_public_ip },
];

/// Whether a text is to be read here, and not as a scenario: JSON that has no workload, be it whole or broken. A line of TOML such as
/// `["outbound"]` is JSON by itself, but not with what follows it.
pub fn is_configuration(text: &str) -> bool {
    let text = text.trim_start();
    let is_scenario = |value: &Value| value.get("outbound").or(value.get("workload")).is_some();
    let first = |text: &str| text.trim_start().chars().next();
    match serde_json::from_str::<Value>(text) {
        Ok(value) => !is_scenario(&value),
        Err(_) if text.starts_with('{') => true,
        Err(_) => text.starts_with('[') && matches!(first(&text[1..]), Some('{' | ']')),
    }
}

/// Everything in several files (name and text of each).
pub fn read(files: &[(String, String)]) -> Result<Deployed, Error> {
    let mut deployed = Deployed::default();
    let mut problems = Vec::new();
    for (file, text) in files {
        match read_file(file, text, &mut deployed) {
            Ok(()) => {}
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(deployed) } else { Err(Error::Input(problems)) }
}

fn read_file(file: &str, text: &str, deployed: &mut Deployed) -> Result<(), Vec<Problem>> {
    let mut value = json::read(text).map_err(|why| vec![no_json(file, text, &why)])?;
    arm::resolve(&mut value, &mut deployed.notes);
    terraform::mark_unknown(&mut value);
    let of_terraform = ["planned_values", "values"].iter().any(|key| value.get(key).is_some());
    let empty_list = if of_terraform { EmptyList::Absent } else { EmptyList::Wrong };
    let document = Document { file, empty_list, problems: RefCell::new(Vec::new()) };
    let whole = View::whole(&document, &value);
    let known = add_all(&whole, deployed);
    let mut problems = document.problems.into_inner();
    if problems.is_empty() && !known {
        problems.push(Problem {
            file: file.into(),
            line: None,
            column: None,
            message: format!("holds nothing that decides on SNAT ports: {}", keys_of(&value)),
            help: Some(WHAT_IS_READ.into()),
        });
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Adds whatever is in `view`; false where nothing of it is known.
fn add_all(view: &View<'_>, deployed: &mut Deployed) -> bool {
    if view.is_list() {
        return add_each(&view.entries(), deployed);
    }
    if terraform::is_one(view) {
        return terraform::add_all(view, deployed);
    }
    if let Some(resources) = arm::resources(view) {
        return add_each(&resources, deployed);
    }
    if let Some(linked) = arm::linked(view) {
        deployed.notes.push(linked);
    }
    let Some(kind) = kind_of(view) else {
        let listed = view.get(&["value"]).filter(|list| view.is_table() && list.is_list());
        return listed.is_some_and(|list| add_all(&list, deployed));
    };
    let doubts = arm::doubts(view);
    for (what, why) in &doubts {
        let (of_type, name) = (kind.of_type, name(view));
        deployed.unsure.push(format!("of {name} ({of_type}), {what} ({why})"));
    }
    // What may not be there must not be counted.
    if kind.of_type == "agentPools" && !doubts.is_empty() {
        return true;
    }
    (kind.add)(view, deployed);
    // An ARM template may nest resources in their parents.
    let outer = deployed.node_pools.len();
    view.list(&["resources"]).iter().for_each(|inner| {
        add_all(inner, deployed);
    });
    if kind.of_type == "managedClusters" {
        let nested = deployed.node_pools[outer..].iter_mut();
        nested.for_each(|pool| pool.of = OwnCluster::Named { name: name(view), group: group(view) });
    }
    true
}

/// Adds all of them, also behind one of which nothing is known.
fn add_each(views: &[View<'_>], deployed: &mut Deployed) -> bool {
    views.iter().filter(|view| add_all(view, deployed)).count() > 0
}

fn kind_of(view: &View<'_>) -> Option<&'static Kind> {
    if !view.is_table() {
        return None;
    }
    if let Some(of_type) = view.text_of(&["type"]) {
        let last = of_type.rsplit('/').next().unwrap_or(of_type);
        return KINDS.iter().find(|kind| kind.of_type.eq_ignore_ascii_case(last));
    }
    KINDS.iter().find(|kind| kind.keys.iter().all(|key| view.get(&[key]).is_some()))
}

fn name(view: &View<'_>) -> String {
    let named = view.text_of(&["name"]).or_else(|| view.text_of(&["id"]));
    named.map_or_else(|| "unnamed".into(), last_name)
}

fn add_cluster(view: &View<'_>, deployed: &mut Deployed) {
    deployed.clusters.push(cluster(view, name(view)));
}

fn add_node_pool(view: &View<'_>, deployed: &mut Deployed) {
    let of_id = view.text_of(&["id"]).and_then(|id| name_after(id, "managedClusters"));
    let of_name = view.text_of(&["name"]).and_then(|name| Some(name.split_once('/')?.0));
    let of = match of_id.or(of_name).filter(|name| !name.contains('[')) {
        Some(name) => OwnCluster::Named { name: name.into(), group: group(view) },
        None => OwnCluster::Unsaid,
    };
    let pool = node_pool(view, name(view));
    deployed.node_pools.push(OutsidePool { pool, of, file: view.origin().file });
}

fn add_outbound_rule(view: &View<'_>, deployed: &mut Deployed) {
    deployed.outbound_rules.push(outbound_rule(view));
}

/// Without an outbound rule a load balancer has nothing to check.
fn add_load_balancer(view: &View<'_>, deployed: &mut Deployed) {
    let name = name(view);
    let rules = load_balancer(view, &name);
    if rules.is_empty() {
        deployed.notes.push(format!("load balancer {name} has no outbound rule"));
    }
    deployed.outbound_rules.extend(rules);
}

fn add_firewall(view: &View<'_>, deployed: &mut Deployed) {
    deployed.firewalls.push(firewall(view, name(view)));
}

fn add_nat_gateway(view: &View<'_>, deployed: &mut Deployed) {
    deployed.nat_gateways.push(nat_gateway(view, name(view)));
}

fn add_prefix(view: &View<'_>, deployed: &mut Deployed) {
    deployed.prefixes.push(prefix(view, name(view)));
}

fn add_public_ip(view: &View<'_>, deployed: &mut Deployed) {
    deployed.public_ips.push(name(view));
}

fn no_json(file: &str, text: &str, why: &serde_json::Error) -> Problem {
    let help = match why.is_eof() {
        true => "the file ends in the middle; write it again".to_string(),
        false => {
            format!("{WHAT_IS_READ}; it begins with {:?}", text.trim().chars().take(20).collect::<String>())
        }
    };
    let message = format!("not valid JSON: {why}");
    Problem {
        file: file.into(),
        line: Some(why.line()),
        column: Some(why.column()),
        message,
        help: Some(help),
    }
}

fn keys_of(value: &Value) -> String {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            let keys: Vec<&str> = fields.keys().map(String::as_str).take(8).collect();
            format!("a table with {}", keys.join(", "))
        }
        Value::Object(_) => "an empty table".into(),
        Value::Array(values) if values.is_empty() => "an empty list".into(),
        Value::Array(_) => "a list of other things".into(),
        _ => "a single value".into(),
    }
}
