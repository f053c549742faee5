//! From events to what the simulation needs: the system's ports, pods and departures, instant by instant.

use super::Scenario;
use crate::cluster::{Cluster, Moment, NoRoom, NodePool, Placement, Timeline};
use crate::flow::NodeId;
use crate::outbound::{Egress, Partition, PortPool, Refusal};
use crate::simulation::Epoch;
use crate::time::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// Who cannot do what an event asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedBy {
    /// The platform.
    Platform,
    /// This program.
    Program,
}

/// What an event leads to is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedLater {
    /// When.
    pub at: SimDuration,
    /// By whom.
    pub by: RefusedBy,
    /// Why.
    pub refusal: Refusal,
}

/// The stages from an instant on.
type Stages = (SimDuration, Vec<Egress>);

impl Scenario {
    /// How the system changes, or what of it the platform would refuse.
    pub fn epochs(&self) -> Result<Vec<Epoch>, RefusedLater> {
        if self.events.is_empty() {
            return Ok(Vec::new());
        }
        let moments = self.moments()?;
        let stages = self.stages_over_time(&moments)?;
        let mut instants: BTreeSet<SimDuration> = stages.iter().skip(1).map(|(at, _)| *at).collect();
        for pair in stages.windows(2) {
            let [(_, before), (at, after)] = pair else { continue };
            let drains =
                before.iter().zip(after).filter(|(before, after)| before.pools.len() > after.pools.len());
            instants.extend(drains.map(|(before, _)| at.plus(before.drain)));
            instants.extend(after.iter().map(|after| at.plus(after.realloc_delay)));
        }
        let first: Vec<Vec<NodeId>> = self.workloads.iter().map(|workload| workload.pods.clone()).collect();
        let epoch = |at: SimDuration| {
            let past = moments.iter().rev().find(|moment| moment.at <= at);
            let pods_of =
                |moment: &Moment| moment.placements.iter().map(|placed| placed.pods.clone()).collect();
            let left = past
                .filter(|moment| moment.at == at)
                .map_or_else(BTreeMap::new, |moment| moment.left.clone());
            let number = stages.partition_point(|(from, _)| *from <= at) - 1;
            let now = &stages[number].1;
            let pools =
                (0..now.len()).map(|stage| pools_at(&stages[..=number], &moments, stage, at)).collect();
            let taking = now.iter().map(|stage| (0..stage.pools.len() as u32).collect()).collect();
            let away = self.cluster_at(past).away;
            Epoch { at, pools, taking, left, pods: past.map_or_else(|| first.clone(), pods_of), away }
        };
        Ok(instants.into_iter().filter(|at| *at < self.run.duration).map(epoch).collect())
    }

    fn moments(&self) -> Result<Vec<Moment>, RefusedLater> {
        let placed = |workload: &crate::workload::Workload| Placement {
            pods: workload.pods.clone(),
            one_a_node: workload.one_a_node,
        };
        let placements: Vec<Placement> = self.workloads.iter().map(placed).collect();
        let timeline = Timeline::new(&self.cluster, &placements, &self.events.cluster, self.run.duration);
        timeline.map(|timeline| timeline.moments).map_err(|NoRoom { at, pool }| RefusedLater {
            at,
            by: RefusedBy::Platform,
            refusal: Refusal {
                code: "NoNodeForPods",
                key: "node_pool",
                message: format!("node pool \"{pool}\" has no node left for its pods"),
                help: "leave it a node, or give its pods another node pool".into(),
            },
        })
    }

    /// The stages at first, and from each instant on at which something changes.
    fn stages_over_time(&self, moments: &[Moment]) -> Result<Vec<Stages>, RefusedLater> {
        let first = self.paths().map_err(|refusal| RefusedLater {
            at: SimDuration::ZERO,
            by: RefusedBy::Platform,
            refusal,
        })?;
        let mut stages = vec![(SimDuration::ZERO, first.stages)];
        let devices = self.events.devices.iter().map(|(at, _)| *at);
        let instants: BTreeSet<SimDuration> = moments.iter().map(|moment| moment.at).chain(devices).collect();
        for at in instants {
            let device = self.events.devices.iter().rev().find(|(from, _)| *from <= at);
            let device = device.map_or(&self.outbound, |(_, device)| device);
            let cluster = self.cluster_at(moments.iter().rev().find(|moment| moment.at <= at));
            let refused = |refusal| RefusedLater { at, by: RefusedBy::Platform, refusal };
            let now = self.paths_of(&cluster, device).map_err(refused)?.stages;
            check_change(&stages[0].1, &now).map_err(|refusal| RefusedLater {
                at,
                by: RefusedBy::Program,
                refusal,
            })?;
            self.check_network(&cluster).map_err(refused)?;
            stages.push((at, now));
        }
        Ok(stages)
    }

    /// The cluster from a moment on. The surge of an upgrade is there itself, so nothing is added for it.
    fn cluster_at(&self, moment: Option<&Moment>) -> Cluster {
        let without_surge =
            |pool: &NodePool| NodePool { max_surge: 0, most_by_autoscaler: None, ..pool.clone() };
        Cluster {
            node_pools: self.cluster.node_pools.iter().map(without_surge).collect(),
            network: self.cluster.network.clone(),
            away: moment.map_or_else(|| self.cluster.away.clone(), |moment| moment.away.clone()),
        }
    }

    /// Limits of the network plugin on nodes and addresses; pods were checked at first.
    fn check_network(&self, cluster: &Cluster) -> Result<(), Refusal> {
        let none = vec![0; cluster.nodes() as usize];
        let refusals =
            cluster.network.as_ref().map_or(Vec::new(), |network| network.refusals(cluster, &none));
        refusals.into_iter().next().map_or(Ok(()), Err)
    }
}

/// Port pools of a stage at `at`. Where instances go away, those that still drain keep their ports. `stages` end with the present ones.
fn pools_at(stages: &[Stages], moments: &[Moment], number: usize, at: SimDuration) -> Vec<PortPool> {
    let now = &stages[stages.len() - 1].1[number];
    if now.partition == Partition::Node {
        return granted_at(stages, moments, number, at);
    }
    let mut pools = now.pools.clone();
    if stages[0].1[number].partition != Partition::Instances {
        return pools;
    }
    for pair in stages.windows(2) {
        let [(_, before), (gone, after)] = pair else { continue };
        let (before, after) = (&before[number], &after[number]);
        if before.pools.len() <= after.pools.len() || at >= gone.plus(before.drain) {
            continue;
        }
        pools.extend(before.pools[pools.len().min(before.pools.len())..].iter().cloned());
    }
    pools
}

/// What each node has at `at`: what it had when it came, or what the platform granted since. It grants anew a while after each change,
/// as the cluster is then.
fn granted_at(stages: &[Stages], moments: &[Moment], number: usize, at: SimDuration) -> Vec<PortPool> {
    let pools = |stage: usize| &stages[stage].1[number].pools;
    let delay = stages[0].1[number].realloc_delay;
    let in_force = |time: SimDuration| stages.partition_point(|(from, _)| *from <= time) - 1;
    let changed = |stage: &usize| *stage > 0 && grants_differ(pools(*stage - 1), pools(*stage));
    let regranted = (0..stages.len()).rev().filter(changed).map(|stage| stages[stage].0.plus(delay));
    let granted = regranted.into_iter().find(|time| *time <= at).map_or(0, in_force);
    let has_ports = |stage: usize, node: usize| pools(stage).get(node).is_some_and(PortPool::has_ports);
    let came = |node: usize| {
        let anew = |stage: usize| {
            let moment = moments.iter().find(|moment| moment.at == stages[stage].0);
            moment.is_some_and(|moment| moment.left.contains_key(&NodeId(node as u32)))
        };
        let comes = |stage: &usize| *stage == 0 || !has_ports(*stage - 1, node) || anew(*stage);
        (0..stages.len()).rev().find(comes).unwrap_or(0)
    };
    let pool = |(node, pool): (usize, &PortPool)| {
        let since = granted.max(came(node));
        let of_node = pools(since).get(node).filter(|_| pool.has_ports());
        of_node.unwrap_or(pool).clone()
    };
    pools(stages.len() - 1).iter().enumerate().map(pool).collect()
}

/// Whether nodes that are in both have other ports.
fn grants_differ(before: &[PortPool], after: &[PortPool]) -> bool {
    let mut both = before.iter().zip(after).filter(|(before, after)| before.has_ports() && after.has_ports());
    both.any(|(before, after)| before.ports != after.ports)
}

/// An event changes how many ports there are, and nothing else of a device.
fn check_change(first: &[Egress], now: &[Egress]) -> Result<(), Refusal> {
    let rest = |stage: &Egress| Egress { pools: Vec::new(), ..stage.clone() };
    let pairs = || first.iter().zip(now);
    if pairs().all(|(first, now)| rest(first) == rest(now)) {
        return Ok(());
    }
    Err(Refusal {
        code: "NotWhileItRuns",
        key: "outbound",
        message: "an event may change how many ports, public IPs and instances there are, and nothing else of the outbound device"
            .into(),
        help: "change other keys in `[outbound]`, for the whole run".into(),
    })
}
