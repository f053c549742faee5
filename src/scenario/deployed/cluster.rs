//! A cluster and what it leaves by.

use super::figures::{
    figure_text, minutes_range, model_of, out_of_range, outbound_types, range, shipped_text,
};
use super::{
    SettingValue, Subject, SubjectKind, TypeChange, addresses, devices, exclusions, node_pools, place,
    placement,
};
use crate::import::config::{Cluster, Deployed, NodePool, Said, TypeChangedBy};
use crate::outbound::Refusal;

/// The load balancer that AKS makes.
pub const ITS_LOAD_BALANCER: &str = "kubernetes";

/// Whether a NAT gateway of the files is the cluster's own.
pub fn leaves_by_gateway(cluster: &Cluster, deployed: &Deployed) -> bool {
    let behind_firewall = leaves_by_route(cluster)
        && !deployed.firewalls.is_empty()
        && deployed.nat_gateways.iter().any(|gateway| gateway.on_firewall_subnet);
    is(cluster, "userAssignedNATGateway") || behind_firewall
}

/// Whether the cluster's route leads to an appliance.
pub fn leaves_by_route(cluster: &Cluster) -> bool {
    is(cluster, "userDefinedRouting")
}

fn is(cluster: &Cluster, outbound_type: &str) -> bool {
    cluster.outbound_type.value().is_some_and(|own| own.eq_ignore_ascii_case(outbound_type))
}

/// The cluster with its device.
pub fn subject(cluster: &Cluster, deployed: &Deployed) -> Subject {
    let mut subject = Subject::new(SubjectKind::Cluster, &cluster.name);
    subject.group.clone_from(&cluster.group);
    subject.assumptions.clone_from(&deployed.notes);
    let pools = placement::node_pools(&mut subject, cluster, deployed);
    subject.own_network = pools.iter().any(|pool| pool.subnet.is_some());
    node_pools::count(&mut subject, &pools, &cluster.version);
    let Some(outbound_type) = outbound_type(&mut subject, cluster) else { return subject };
    subject.outbound_type = Some(outbound_type.clone());
    exclusions::of_cluster(&mut subject, cluster, &pools, &outbound_type);
    change(&mut subject, cluster, &outbound_type);
    match outbound_type.as_str() {
        "loadBalancer" => load_balancer(&mut subject, cluster, deployed),
        "managedNATGateway" | "managedNATGatewayV2" => managed_gateway(&mut subject, cluster, deployed),
        "userAssignedNATGateway" => own_gateway(&mut subject, &pools, deployed),
        "userDefinedRouting" => route(&mut subject, deployed),
        _ => subject.model = model_of(&outbound_type),
    }
    subject
}

/// The outbound type in AKS's spelling.
fn outbound_type(subject: &mut Subject, cluster: &Cluster) -> Option<String> {
    match &cluster.outbound_type {
        Said::Nothing => {
            let default = figure_text("outbound_type_unset");
            subject.assume(format!("no outbound type is named: {default}, the default of AKS"));
            Some(default)
        }
        Said::Unknown { why, .. } => {
            subject.lacks(format!("the outbound type ({why})"), "give `az aks show -o json`");
            None
        }
        Said::Value { value, .. } => {
            let known = outbound_types();
            let found = known.iter().find(|name| name.eq_ignore_ascii_case(value)).cloned();
            if found.is_none() {
                subject.refusals.push(Refusal {
                    code: "UnknownOutboundType",
                    key: "model",
                    message: format!("the outbound type is \"{value}\"; allowed is {}", known.join(", ")),
                    help: "write one of these".into(),
                });
            }
            found
        }
    }
}

fn change(subject: &mut Subject, cluster: &Cluster, to: &str) {
    let from = match &cluster.outbound_type_before {
        Said::Nothing => return,
        Said::Value { value, .. } => value.clone(),
        Said::Unknown { why, .. } => {
            return subject.lacks(format!("the outbound type now ({why})"), "give `az aks show -o json`");
        }
    };
    match cluster.type_changed_by {
        TypeChangedBy::Plan if from.eq_ignore_ascii_case(to) => {}
        TypeChangedBy::Replacement if from.eq_ignore_ascii_case(to) => {}
        TypeChangedBy::Replacement => {
            subject.assume(format!("the plan makes the cluster anew, so its outbound type may become {to}"))
        }
        TypeChangedBy::Plan | TypeChangedBy::Question => {
            subject.change = Some(TypeChange { from, to: to.into() });
        }
    }
}

fn load_balancer(subject: &mut Subject, cluster: &Cluster, deployed: &Deployed) {
    let model = "azure/load-balancer";
    subject.model = Some(model.into());
    addresses::set(subject, &cluster.addresses, deployed, model);
    ports_per_node(subject, &cluster.ports_per_node);
    idle_timeout(
        subject,
        &cluster.idle_minutes,
        model,
        &shipped_text(model, "idle_timeout"),
        "default of AKS",
    );
    let rules = deployed.outbound_rules.iter();
    let mut own = rules.filter(|rule| {
        rule.frontends_known
            && deployed.clusters.len() == 1
            && rule.load_balancer.eq_ignore_ascii_case(ITS_LOAD_BALANCER)
    });
    match own.next() {
        Some(rule) => devices::inbound_rules(subject, rule),
        None => subject.assume(
            "no load-balancing or inbound NAT rule is on the outbound IPs; `az network lb show` of the load balancer \
             \"kubernetes\" as another FILE would tell",
        ),
    }
}

fn managed_gateway(subject: &mut Subject, cluster: &Cluster, deployed: &Deployed) {
    let model = "azure/nat-gateway";
    subject.model = Some(model.into());
    addresses::set(subject, &cluster.gateway_addresses, deployed, model);
    let default = shipped_text(model, "idle_timeout");
    idle_timeout(subject, &cluster.gateway_idle_minutes, model, &default, "default of AKS");
}

fn own_gateway(subject: &mut Subject, pools: &[&NodePool], deployed: &Deployed) {
    match placement::gateways_of(pools, deployed).as_slice() {
        [gateway] => devices::take_gateway(subject, gateway, deployed, "azure/nat-gateway"),
        [] if !deployed.nat_gateways.is_empty() => subject.lacks(
            format!(
                "the NAT gateway on the subnet of node pool {}: {} is on other subnets",
                pools.iter().find(|pool| pool.subnet.is_some()).map_or("", |pool| pool.name.as_str()),
                deployed
                    .nat_gateways
                    .iter()
                    .map(|gateway| gateway.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            "give `az network nat gateway show -o json` of the one on that subnet",
        ),
        [] => subject.lacks(
            "the NAT gateway on the subnet of the nodes",
            "give `az network nat gateway show -o json` as another FILE",
        ),
        several => subject.lacks(
            format!("which of the {} NAT gateways is on the subnet of the nodes", several.len()),
            "give only that one",
        ),
    }
}

fn route(subject: &mut Subject, deployed: &Deployed) {
    let gateway = deployed.nat_gateways.iter().find(|gateway| gateway.on_firewall_subnet);
    match (deployed.firewalls.as_slice(), gateway) {
        ([_], Some(gateway)) => {
            devices::take_gateway(subject, gateway, deployed, "azure/firewall-nat-gateway");
            subject.assume("the firewall leaves by the NAT gateway on its subnet");
        }
        ([firewall], None) => devices::take_firewall(subject, firewall, deployed),
        ([], _) => subject.lacks(
            "the appliance that the route leads to",
            "give `az network firewall show -o json` as another FILE, or write its model into a scenario",
        ),
        (several, _) => subject.lacks(
            format!("which of the {} firewalls the route leads to", several.len()),
            "give only that one",
        ),
    }
}

/// Ports a node: 0 and nothing are the automatic tiers.
pub fn ports_per_node(subject: &mut Subject, said: &Said<u64>) {
    let key = "ports_per_node";
    match said {
        Said::Nothing => subject.set(key, SettingValue::Text("auto".into()), "nothing said: automatic"),
        Said::Value { value: 0, origin } => {
            subject.set(key, SettingValue::Text("auto".into()), format!("{origin} is 0: automatic"));
        }
        Said::Value { value, origin } => {
            let code =
                "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAllowedPortsPerRule";
            let bounds = range("azure/load-balancer", key).unwrap_or((0, u64::MAX));
            subject.refusals.extend(out_of_range(code, key, "the number of ports per node", *value, bounds));
            subject.set(key, SettingValue::Number(*value), origin.to_string());
        }
        Said::Unknown { why, origin } => {
            subject.lacks(format!("the ports per node ({why})"), "write the number, or deploy and show");
            subject.set(key, SettingValue::Missing, origin.to_string());
        }
    }
}

/// The TCP idle timeout in minutes, within what the model allows.
pub fn idle_timeout(
    subject: &mut Subject,
    said: &Said<u64>,
    model: &str,
    default: &Option<String>,
    whose: &str,
) {
    let key = "idle_timeout";
    match said {
        Said::Value { value, origin } => {
            let bounds = minutes_range(model, key).unwrap_or((0, u64::MAX));
            let what = "the idle timeout in minutes";
            subject.refusals.extend(out_of_range("IdleTimeoutOutOfRange", key, what, *value, bounds));
            subject.set(key, SettingValue::Text(format!("{value}m")), origin.to_string());
        }
        Said::Nothing | Said::Unknown { .. } => {
            let default = default.clone().unwrap_or_default();
            if let Said::Unknown { why, origin } = said {
                subject.assume(format!("{} ({why}) counts as {default}", place(Some(origin))));
            } else {
                subject.assume(format!("no idle timeout is named: {default}, {whose}"));
            }
            subject.set(key, SettingValue::Text(default), whose);
        }
    }
}
