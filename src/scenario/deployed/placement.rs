//! What belongs to a cluster: node pools that stand outside of it, and the NAT gateway on the subnet of its nodes.
//!
//! A node pool that cannot be placed for sure is asked for by every cluster that it may belong to. None is dropped.

use super::{Subject, SubjectKind, node_pools as counting};
use crate::import::config::{Cluster, Deployed, NatGateway, NodePool, OutsidePool, OwnCluster, Said};

/// The node pools of a cluster. What may be its, or stands twice with different numbers, is missing.
pub fn node_pools<'a>(
    subject: &mut Subject,
    cluster: &'a Cluster,
    deployed: &'a Deployed,
) -> Vec<&'a NodePool> {
    let mut pools: Vec<&NodePool> = cluster.node_pools.iter().collect();
    for outside in &deployed.node_pools {
        let candidates = candidates(outside, deployed);
        if !candidates.iter().any(|candidate| is_same(candidate, cluster)) {
            continue;
        }
        let pool = &outside.pool;
        if candidates.iter().any(|candidate| !is_same(candidate, cluster)) {
            subject.lacks(
                format!("which cluster node pool {} belongs to", pool.name),
                "give `az aks show -o json` of each cluster instead, or the files of one cluster at a time",
            );
            continue;
        }
        match pools.iter().find(|own| own.name.eq_ignore_ascii_case(&pool.name)) {
            None => pools.push(pool),
            Some(own) if counts_alike(own, pool) => {}
            Some(_) => subject.lacks(
                format!("which of the node pools {} is right: they have different numbers", pool.name),
                "give the one that is deployed",
            ),
        }
    }
    pools
}

/// Node pools of clusters that are in no file, by cluster: there is nothing to judge them by.
pub fn without_cluster(deployed: &Deployed) -> Vec<Subject> {
    let mut subjects: Vec<(Subject, Vec<&NodePool>)> = Vec::new();
    for outside in deployed.node_pools.iter().filter(|outside| candidates(outside, deployed).is_empty()) {
        let (name, group) = match &outside.of {
            OwnCluster::Named { name, group } => (name.clone(), group.clone()),
            OwnCluster::Unsaid => (format!("the cluster of {}", outside.pool.name), None),
        };
        let is_same = |(subject, _): &&mut (Subject, Vec<&NodePool>)| {
            subject.name.eq_ignore_ascii_case(&name) && may_be_one(subject.group.as_deref(), group.as_deref())
        };
        if let Some((_, pools)) = subjects.iter_mut().find(is_same) {
            pools.push(&outside.pool);
            continue;
        }
        let mut subject = Subject::new(SubjectKind::Cluster, &name);
        subject.group = group;
        subjects.push((subject, vec![&outside.pool]));
    }
    subjects.into_iter().map(|(subject, pools)| lacking_its_cluster(subject, &pools)).collect()
}

fn lacking_its_cluster(mut subject: Subject, pools: &[&NodePool]) -> Subject {
    counting::count(&mut subject, pools, &Said::Nothing);
    let names = pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>().join(", ");
    subject.missing.insert(
        0,
        super::Missing {
            what: format!("what the cluster of node pool {names} is"),
            how: "give its `az aks show -o json` as another FILE".into(),
        },
    );
    subject
}

/// Clusters that a node pool may belong to.
fn candidates<'a>(outside: &OutsidePool, deployed: &'a Deployed) -> Vec<&'a Cluster> {
    let all = deployed.clusters.iter();
    match &outside.of {
        OwnCluster::Named { name, group } => {
            let of_name = all.filter(|cluster| cluster.name.eq_ignore_ascii_case(name));
            of_name.filter(|cluster| may_be_one(cluster.group.as_deref(), group.as_deref())).collect()
        }
        OwnCluster::Unsaid => {
            let is_here = |cluster: &&Cluster| {
                cluster.origin.as_ref().is_some_and(|origin| origin.file == outside.file)
            };
            let here: Vec<&Cluster> = all.clone().filter(is_here).collect();
            if here.is_empty() { all.collect() } else { here }
        }
    }
}

fn may_be_one(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true,
    }
}

/// Whether two stand for one cluster: itself, or the same name and resource group in another file.
fn is_same(one: &Cluster, other: &Cluster) -> bool {
    let file = |cluster: &Cluster| cluster.origin.as_ref().map(|origin| origin.file.clone());
    let lower = |cluster: &Cluster| {
        (cluster.name.to_lowercase(), cluster.group.as_ref().map(|group| group.to_lowercase()))
    };
    one.origin == other.origin || (lower(one) == lower(other) && file(one) != file(other))
}

fn counts_alike(one: &NodePool, other: &NodePool) -> bool {
    let numbers = |pool: &NodePool| {
        let autoscales = pool.autoscales.value().unwrap_or(false);
        let most = pool.most.value().filter(|_| autoscales);
        (pool.nodes.value(), most, pool.surge.value())
    };
    let is_unknown = |said: &Said<u64>| matches!(said, Said::Unknown { .. });
    numbers(one) == numbers(other) && !is_unknown(&one.nodes) && !is_unknown(&other.nodes)
}

/// NAT gateways that a cluster with `pools` may leave by: those on all subnets of the nodes, else those that name no subnet.
pub fn gateways_of<'a>(pools: &[&NodePool], deployed: &'a Deployed) -> Vec<&'a NatGateway> {
    let subnets: Vec<&str> =
        pools.iter().filter_map(|pool| pool.subnet.as_deref()).filter(|id| is_known(id)).collect();
    let says = |gateway: &NatGateway| !subnets.is_empty() && gateway.subnets.iter().any(|id| is_known(id));
    let on_all = |gateway: &NatGateway| {
        subnets.iter().all(|subnet| gateway.subnets.iter().any(|own| names_same(own, subnet)))
    };
    let sure: Vec<&NatGateway> =
        deployed.nat_gateways.iter().filter(|gateway| says(gateway) && on_all(gateway)).collect();
    if !sure.is_empty() {
        return sure;
    }
    let unsaid = |gateway: &&NatGateway| !says(gateway) || gateway.subnets.iter().any(|id| !is_known(id));
    deployed.nat_gateways.iter().filter(unsaid).collect()
}

fn is_known(id: &str) -> bool {
    !id.starts_with('[')
}

/// Whether two ids are one; a bare name is compared with the last name of an id.
fn names_same(one: &str, other: &str) -> bool {
    let last = |id: &str| id.rsplit('/').next().unwrap_or(id).to_lowercase();
    match one.contains('/') && other.contains('/') {
        true => one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/')),
        false => last(one) == last(other),
    }
}
