//! `az network lb show`, `az network lb outbound-rule list`, `Microsoft.Network/loadBalancers`.

use super::addresses::{add_of_configuration, name_after, reference, references};
use super::view::View;
use super::{Addresses, InboundPorts, OutboundRule, Said};

/// The outbound rules of a whole load balancer, with its frontends, backends and inbound rules.
pub fn load_balancer(resource: &View<'_>, name: &str) -> Vec<OutboundRule> {
    let frontends = resource.tables(&["frontendIPConfigurations"]);
    let backends = resource.tables(&["backendAddressPools"]);
    let rules = resource.tables(&["outboundRules"]);
    let read = |rule: &View<'_>| {
        let own = frontends_of(rule);
        let mut addresses = Addresses::default();
        for frontend in frontends.iter().filter(|frontend| names(frontend, &own)) {
            add_of_configuration(frontend, &mut addresses);
        }
        OutboundRule {
            name: full_name(name, rule),
            load_balancer: name.into(),
            addresses,
            backends: rule
                .get(&["backendAddressPool"])
                .as_ref()
                .and_then(reference)
                .map_or(Said::Nothing, |(pool, _)| members(&backends, &pool)),
            inbound: inbound_ports(resource, &own),
            frontends_known: true,
            shares_frontend_with: rules
                .iter()
                .filter(|other| other.origin() != rule.origin())
                .filter(|other| frontends_of(other).iter().any(|name| own.contains(name)))
                .map(|other| full_name(name, other))
                .collect(),
            load_balancer_sku: resource.get(&["sku"]).map_or(Said::Nothing, |sku| sku.word(&["name"])),
            ..settings(rule)
        }
    };
    rules.iter().map(read).collect()
}

/// A rule by itself, as `outbound-rule list` prints it, with the names of its frontends in the place of their public IPs.
pub fn outbound_rule(rule: &View<'_>) -> OutboundRule {
    let balancer = rule.text_of(&["id"]).and_then(|id| name_after(id, "loadBalancers")).unwrap_or_default();
    let name = rule.text_of(&["name"]).unwrap_or("outbound rule");
    let frontends = references(&rule.list(&["frontendIPConfigurations"]));
    let addresses = Addresses { single: frontends, ..Addresses::default() };
    let name = if balancer.is_empty() { name.into() } else { format!("{balancer}/{name}") };
    OutboundRule { name, load_balancer: balancer.into(), addresses, ..settings(rule) }
}

fn full_name(balancer: &str, rule: &View<'_>) -> String {
    format!("{balancer}/{}", rule.text_of(&["name"]).unwrap_or("outbound rule"))
}

fn settings(rule: &View<'_>) -> OutboundRule {
    OutboundRule {
        ports_per_node: rule.count(&["allocatedOutboundPorts"]),
        idle_minutes: rule.count(&["idleTimeoutInMinutes"]),
        origin: Some(rule.origin()),
        ..OutboundRule::default()
    }
}

fn frontends_of(rule: &View<'_>) -> Vec<String> {
    let list = rule.list(&["frontendIPConfigurations", "frontendIPConfiguration"]);
    references(&list).into_iter().map(|(name, _)| name).collect()
}

fn is_called(part: &View<'_>, name: &str) -> bool {
    part.text_of(&["name"]).is_some_and(|own| own.eq_ignore_ascii_case(name))
}

fn names(part: &View<'_>, names: &[String]) -> bool {
    names.iter().any(|name| is_called(part, name))
}

/// Machines of a backend pool. A pool lists them by IP configuration, by address, or both.
fn members(pools: &[View<'_>], name: &str) -> Said<u64> {
    let Some(pool) = pools.iter().find(|pool| is_called(pool, name)) else { return Said::Nothing };
    let lists = ["backendIPConfigurations", "loadBalancerBackendAddresses"].map(|key| pool.get(&[key]));
    if lists.iter().all(Option::is_none) {
        return Said::Nothing;
    }
    let most = lists.iter().flatten().map(|list| list.entries().len()).max().unwrap_or(0);
    pool.said(most as u64)
}

/// Ports that rules for inbound traffic take from `frontends`.
fn inbound_ports(resource: &View<'_>, frontends: &[String]) -> Vec<InboundPorts> {
    let kinds = ["loadBalancingRules", "inboundNatRules", "inboundNatPools"];
    let ports = |rule: View<'_>| {
        let (frontend, _) = rule.get(&["frontendIPConfiguration"]).as_ref().and_then(reference)?;
        frontends.iter().find(|own| own.eq_ignore_ascii_case(&frontend))?;
        let first = rule.count(&["frontendPort"]).or(rule.count(&["frontendPortRangeStart"])).value()?;
        let last = rule.count(&["frontendPortRangeEnd"]).value().unwrap_or(first).max(first);
        (last <= LAST_PORT).then_some(InboundPorts { frontend, first, last })
    };
    kinds.iter().flat_map(|kind| resource.tables(&[kind])).filter_map(ports).collect()
}

/// Ports are numbers of 16 bits.
const LAST_PORT: u64 = 65_535;
