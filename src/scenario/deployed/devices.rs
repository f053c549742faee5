//! Devices by themselves: an outbound rule, a NAT gateway, a firewall.

use super::cluster::{idle_timeout, ports_per_node};
use super::figures::{figure_text, out_of_range, range, shipped_number, shipped_text, whole};
use super::{
    CountedPool, SettingValue, Subject, SubjectKind, addresses, exclusions, place, shared_frontends,
};
use crate::import::config::{Deployed, Firewall, InboundPorts, NatGateway, OutboundRule, Said};
use crate::outbound::Refusal;
use crate::scenario::cluster::MOST_NODES;
use std::collections::BTreeSet;

/// An outbound rule with the machines of its backend pool.
pub fn outbound_rule(rule: &OutboundRule, deployed: &Deployed) -> Subject {
    let mut subject = Subject::new(SubjectKind::OutboundRule, &rule.name);
    let model = "azure/load-balancer";
    subject.model = Some(model.into());
    subject.assumptions.clone_from(&deployed.notes);
    addresses::set(&mut subject, &rule.addresses, deployed, model);
    ports_per_node(&mut subject, &rule.ports_per_node);
    let default = figure_text("rule_idle_timeout_unset");
    idle_timeout(&mut subject, &rule.idle_minutes, model, &Some(default), "default of the load balancer");
    match &rule.backends {
        Said::Value { value, origin } => subject.node_pools.push(CountedPool {
            name: "backend".into(),
            nodes: (*value).min(MOST_NODES) as u32,
            autoscale: None,
            surge: 0,
            origin: origin.to_string(),
        }),
        _ => subject.lacks(
            "how many machines are in the backend pool",
            "give `az network lb show -o json`, or `az aks show -o json` for a cluster's",
        ),
    }
    match rule.frontends_known {
        true => inbound_rules(&mut subject, rule),
        false => subject.assume(
            "each frontend counts as one public IP without inbound rules; `az network lb show -o json` would tell",
        ),
    }
    exclusions::load_balancer_sku(&mut subject, &rule.load_balancer_sku);
    shared_frontends::judge(&mut subject, rule, deployed);
    subject
}

/// Blocks of ports that inbound rules take from the frontends.
pub fn inbound_rules(subject: &mut Subject, rule: &OutboundRule) {
    let block = block();
    let blocks = blocks(&rule.inbound);
    if !blocks.is_empty() {
        let origin = format!(
            "{}: rules for inbound traffic, one a block of {block} ports",
            place(rule.origin.as_ref())
        );
        subject.set("inbound_rules", SettingValue::Number(blocks.len() as u64), origin);
    }
}

/// Ports that one inbound rule takes at least.
pub fn block() -> u64 {
    shipped_number("azure/load-balancer", "granularity").unwrap_or(1).max(1)
}

/// Blocks of ports with their frontends.
pub fn blocks<'a>(inbound: impl IntoIterator<Item = &'a InboundPorts>) -> BTreeSet<(&'a str, u64)> {
    let block = block();
    let of_ports = |ports: &'a InboundPorts| {
        (ports.first / block..=ports.last / block).map(|number| (ports.frontend.as_str(), number))
    };
    inbound.into_iter().flat_map(of_ports).collect()
}

/// A NAT gateway, whatever is behind it.
pub fn nat_gateway(gateway: &NatGateway, deployed: &Deployed) -> Subject {
    let mut subject = Subject::new(SubjectKind::NatGateway, &gateway.name);
    subject.assumptions.clone_from(&deployed.notes);
    let behind_firewall = gateway.on_firewall_subnet;
    let model = if behind_firewall { "azure/firewall-nat-gateway" } else { "azure/nat-gateway" };
    take_gateway(&mut subject, gateway, deployed, model);
    subject
}

/// Leaves by a NAT gateway.
pub fn take_gateway(subject: &mut Subject, gateway: &NatGateway, deployed: &Deployed, model: &'static str) {
    subject.model = Some(model.into());
    exclusions::of_gateway(subject, gateway);
    addresses::set(subject, &gateway.addresses, deployed, "azure/nat-gateway");
    // Behind a firewall its own idle timeout holds, which no file says.
    if model == "azure/nat-gateway" {
        let default = shipped_text(model, "idle_timeout");
        idle_timeout(subject, &gateway.idle_minutes, model, &default, "default of the NAT gateway");
    }
}

/// A firewall, whatever is behind it.
pub fn firewall(firewall: &Firewall, deployed: &Deployed) -> Subject {
    let mut subject = Subject::new(SubjectKind::Firewall, &firewall.name);
    subject.assumptions.clone_from(&deployed.notes);
    take_firewall(&mut subject, firewall, deployed);
    subject
}

/// Leaves by a firewall.
pub fn take_firewall(subject: &mut Subject, firewall: &Firewall, deployed: &Deployed) {
    let model = "azure/firewall";
    subject.model = Some(model.into());
    addresses::set(subject, &firewall.addresses, deployed, model);
    let (least, most) = (&firewall.least_instances, &firewall.most_instances);
    subject.most_instances = most.value();
    let bounds = range(model, "instances").unwrap_or((0, u64::MAX));
    for (what, said) in [("the fewest instances", least), ("the most instances", most)] {
        let refused = said
            .value()
            .and_then(|value| out_of_range("FirewallCapacityOutOfRange", "instances", what, value, bounds));
        subject.refusals.extend(refused);
    }
    if let (Some(fewest), Some(most)) = (least.value(), most.value()) {
        subject.refusals.extend(too_near(fewest, most, bounds));
    }
    match least {
        Said::Value { value, origin } => {
            subject.set("instances", SettingValue::Number(*value), origin.to_string());
        }
        _ => {
            let instances = shipped_number(model, "instances").unwrap_or(1);
            subject.assume(format!(
                "{instances} instances, the fewest: a firewall does not say how many it has; the metric ObservedCapacity does"
            ));
            subject.set("instances", SettingValue::Number(instances), "the fewest that a firewall has");
        }
    }
}

/// The fewest and most instances are equal, or some apart. What is proposed lies within what a firewall may have.
fn too_near(fewest: u64, most: u64, bounds: (u64, u64)) -> Option<Refusal> {
    let apart = whole("firewall_capacity_apart");
    if most == fewest || most >= fewest.saturating_add(apart) {
        return None;
    }
    let near = fewest.clamp(bounds.0, bounds.1);
    let wider =
        Some(near + apart).filter(|most| *most <= bounds.1).map(|most| format!(", or {near} and {most}"));
    Some(Refusal {
        code: "FirewallCapacityRange",
        key: "instances",
        message: format!(
            "the fewest instances are {fewest} and the most {most}; allowed are equal ones, or {apart} apart"
        ),
        help: format!("write {near} and {near}{}", wider.unwrap_or_default()),
    })
}
