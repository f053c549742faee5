//! Outbound rules on one frontend: their ports come from the same public IPs, so they add up.

use super::figures::shipped_number;
use super::{Subject, addresses, devices};
use crate::import::config::{Addresses, Deployed, OutboundRule};
use crate::outbound::Refusal;

/// Refuses a rule that has no room beside the others on its frontends; what these take has to be known.
pub fn judge(subject: &mut Subject, rule: &OutboundRule, deployed: &Deployed) {
    let shares = |other: &&OutboundRule| rule.shares_frontend_with.contains(&other.name);
    let others: Vec<&OutboundRule> = deployed.outbound_rules.iter().filter(shares).collect();
    if others.is_empty() {
        return;
    }
    let rules = [vec![rule], others].concat();
    let names = rules.iter().map(|rule| rule.name.as_str()).collect::<Vec<_>>().join(" and ");
    let needed: Option<u64> = rules.iter().map(|rule| ports(rule)).sum();
    let Some((needed, available)) = needed.zip(inventory(&rules, deployed)) else {
        subject.lacks(
            format!("how many ports each of {names} takes of the frontend that they share"),
            "write the ports per node of each, and give the machines in their backend pools",
        );
        return;
    };
    if needed > available {
        subject.refusals.push(Refusal {
            code: "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts",
            key: "ports_per_node",
            message: format!("{names} share a frontend, and together need {needed} ports of {available}"),
            help: "use fewer ports per node, or a frontend for each".into(),
        });
    }
}

/// Ports that a rule asks for; none where tiers decide, or the machines are not known.
fn ports(rule: &OutboundRule) -> Option<u64> {
    let ports = rule.ports_per_node.value().filter(|ports| *ports > 0)?;
    ports.checked_mul(rule.backends.value()?)
}

/// Ports of all public IPs of the rules, without those of inbound rules.
fn inventory(rules: &[&OutboundRule], deployed: &Deployed) -> Option<u64> {
    let mut all = Addresses::default();
    for rule in rules {
        all.single.extend(rule.addresses.single.iter().cloned());
        all.prefixes.extend(rule.addresses.prefixes.iter().cloned());
        all.unknown.extend(rule.addresses.unknown.iter().cloned());
    }
    let blocks = devices::blocks(rules.iter().flat_map(|rule| &rule.inbound)).len() as u64;
    let ports = addresses::counted(&all, deployed)? * shipped_number("azure/load-balancer", "ports_per_ip")?;
    Some(ports.saturating_sub(blocks * devices::block()))
}
