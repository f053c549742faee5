//! What is odd in a node pool: what the platform refuses, what this program does not know, and what changes the meaning of the numbers.

use super::Subject;
use super::figures::{whole, words};
use crate::import::config::{NodePool, Said};
use crate::outbound::Refusal;
use std::collections::BTreeSet;

fn refuse(subject: &mut Subject, code: &'static str, message: String, help: &str) {
    subject.refusals.push(Refusal { code, key: "node_pool", message, help: help.into() });
}

/// Two node pools of one name.
pub fn of_names(subject: &mut Subject, pools: &[&NodePool]) {
    let mut seen = BTreeSet::new();
    for pool in pools.iter().filter(|pool| !seen.insert(pool.name.to_lowercase())) {
        let message = format!("two node pools are called {}", pool.name);
        refuse(subject, "DuplicateNodePoolName", message, "give each a name of its own");
    }
}

/// One node pool by itself.
pub fn of(subject: &mut Subject, pool: &NodePool) {
    autoscaler(subject, pool);
    let name = &pool.name;
    let types = words("node_pool_types");
    if let Some(kind) = unknown(&pool.kind, &types) {
        let known = format!("known are {}", types.join(", "));
        subject.lacks(format!("what the machines of node pool {name} are (type {kind})"), known);
    }
    let modes = words("node_pool_modes");
    if let Some(mode) = unknown(&pool.mode, &modes) {
        subject.warnings.push(format!(
            "node pool {name} is of mode {mode}; known are {}; its nodes count like any others",
            modes.join(", ")
        ));
    }
    if is(&pool.mode, "Gateway") {
        subject.warnings.push(format!(
            "node pool {name} is a static egress gateway: pods that are sent there leave by its own public IPs, not by the way out \
             below (model azure/static-egress-gateway)"
        ));
    }
    if is(&pool.system, "Windows") {
        subject.warnings.push(format!(
            "node pool {name} runs Windows, which on its nodes translates first, to {} ports of the node's own address unless its \
             outbound NAT is off",
            whole("windows_ports")
        ));
    }
    if pool.node_public_ips.value() == Some(true) {
        subject.warnings.push(format!(
            "each node of node pool {name} has a public IP of its own and leaves by that (model azure/node-public-ip); whether the \
             platform counts its ports is not documented: they are counted"
        ));
    }
}

/// The fewest and most nodes, and those that there are.
fn autoscaler(subject: &mut Subject, pool: &NodePool) {
    if pool.autoscales.value() != Some(true) {
        return;
    }
    let (Some(least), Some(most)) = (pool.least.value(), pool.most.value()) else { return };
    let name = &pool.name;
    if least > most {
        let message =
            format!("node pool {name} has {least} nodes at least by its autoscaler, and {most} at most");
        refuse(
            subject,
            "MinCountAboveMaxCount",
            message,
            "write a fewest count that is no larger than the most",
        );
    } else if let Some(nodes) = pool.nodes.value().filter(|nodes| !(least..=most).contains(nodes)) {
        subject.warnings.push(format!(
            "node pool {name} has {nodes} nodes now, outside of the {least} to {most} of its autoscaler; the platform counts {most}, and \
             refuses such a count of a node pool that is made or updated"
        ));
    }
}

fn is(said: &Said<String>, word: &str) -> bool {
    said.value().is_some_and(|own| own.eq_ignore_ascii_case(word))
}

/// A word that is none of the known ones.
fn unknown(said: &Said<String>, known: &[String]) -> Option<String> {
    said.value().filter(|own| !known.iter().any(|word| word.eq_ignore_ascii_case(own)))
}
