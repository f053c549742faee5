//! Node pools as the platform counts them: the most that the autoscaler may make, or the nodes now, and the surge of an upgrade.

use super::figures::{figure_text, whole};
use super::{CountedPool, Subject, UnsaidPool, oddities};
use crate::import::config::{NodePool, Said, Surge};
use crate::outbound::Refusal;

const SHOW: &str = "give `az aks show -o json`";

/// Counts them for a cluster of that version of Kubernetes.
pub fn count(subject: &mut Subject, pools: &[&NodePool], version: &Said<String>) {
    oddities::of_names(subject, pools);
    let mut unset = Vec::new();
    let mut all = 0;
    for pool in pools {
        oddities::of(subject, pool);
        let Some(counted) = counted(subject, pool, version, &mut unset) else { continue };
        all += u64::from(counted.autoscale.map_or(counted.nodes, |(_, most)| most.max(counted.nodes)));
        let most = whole("most_nodes");
        if all > most {
            let message =
                format!("the node pools up to {} have {all} nodes; a cluster has at most {most}", pool.name);
            let help = format!("use at most {most} nodes, or several clusters");
            subject.refusals.push(Refusal { code: "TooManyNodes", key: "node_pool", message, help });
            return;
        }
        subject.node_pools.push(counted);
    }
    if !unset.is_empty() {
        subject.assume(unset_surge(&unset, version));
    }
    if pools.is_empty() && subject.missing.is_empty() {
        subject.lacks("the node pools", format!("{SHOW}, or the plan that has them"));
    }
}

fn counted(
    subject: &mut Subject,
    pool: &NodePool,
    version: &Said<String>,
    unset: &mut Vec<String>,
) -> Option<CountedPool> {
    let what = |what: &str| format!("{what} of node pool {}", pool.name);
    let autoscales = pool.autoscales.value().unwrap_or(false);
    if matches!(pool.autoscales, Said::Unknown { .. }) {
        subject.lacks(what("whether the autoscaler is on, or not,"), SHOW);
    }
    let most = pool.most.value().filter(|_| autoscales);
    let least = pool.least.value().unwrap_or(0);
    let nodes = pool.nodes.value().or(most.map(|_| least));
    if autoscales && most.is_none() {
        subject.lacks(what("the largest count by autoscaler"), SHOW);
    } else if nodes.is_none() {
        subject.lacks(what("the count"), SHOW);
    }
    if nodes.is_none() || (autoscales && most.is_none()) {
        let least = autoscales.then_some(least);
        subject.unsaid_pools.push(UnsaidPool { name: pool.name.clone(), nodes, least });
    }
    let nodes = nodes?;
    let surge = surge(subject, pool, nodes.max(most.unwrap_or(0)), version, unset);
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let said = if most.is_some() { &pool.most } else { &pool.nodes };
    Some(CountedPool {
        name: pool.name.clone(),
        nodes: narrow(nodes),
        autoscale: most.map(|most| (narrow(least.min(most)), narrow(most))),
        surge: narrow(surge).min(narrow(whole("most_nodes"))),
        origin: match said {
            Said::Value { origin, .. } => origin.to_string(),
            _ => "the autoscaler's fewest".into(),
        },
    })
}

/// Extra nodes of an upgrade of a pool that counts as `counted` nodes; a share is that of these, rounded up.
fn surge(
    subject: &mut Subject,
    pool: &NodePool,
    counted: u64,
    version: &Said<String>,
    unset: &mut Vec<String>,
) -> u64 {
    let share = |percent: u64| (counted * percent).div_ceil(100);
    match &pool.surge {
        Said::Value { value: Surge::Nodes(surge), .. } => *surge,
        Said::Value { value: Surge::Percent(percent), .. } => {
            subject.assume(format!(
                "the surge of node pool {} is {percent} % of its {counted} nodes at most, rounded up: {}",
                pool.name,
                share(*percent)
            ));
            share(*percent)
        }
        Said::Unknown { why, .. } => {
            subject.lacks(format!("the surge of node pool {} ({why})", pool.name), SHOW);
            0
        }
        Said::Nothing => {
            unset.push(pool.name.clone());
            if sets_share(version) { share(whole("surge_unset_percent")) } else { whole("surge_unset") }
        }
    }
}

/// Whether clusters of that version have a share as their surge where none is set.
fn sets_share(version: &Said<String>) -> bool {
    let number = |text: &str| -> Option<(u64, u64)> {
        let mut parts = text.trim_start_matches('v').split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let own = version.value().and_then(|version| number(&version));
    own.zip(number(&figure_text("surge_unset_percent_from"))).is_some_and(|(own, from)| own >= from)
}

fn unset_surge(pools: &[String], version: &Said<String>) -> String {
    let (pools, percent, from) =
        (pools.join(", "), whole("surge_unset_percent"), figure_text("surge_unset_percent_from"));
    if sets_share(version) {
        return format!(
            "{percent} % of its nodes, rounded up, is counted as the surge of each node pool that sets none ({pools}): the default from \
             Kubernetes {from} on"
        );
    }
    let nodes = whole("surge_unset");
    let nodes = if nodes == 1 { "1 node is".into() } else { format!("{nodes} nodes are") };
    let later = match version.value() {
        Some(_) => String::new(),
        None => format!("; clusters of Kubernetes {from} and later have {percent} %"),
    };
    format!(
        "{nodes} counted as the surge of each node pool that sets none ({pools}), as in the refusals that are published{later}"
    )
}
