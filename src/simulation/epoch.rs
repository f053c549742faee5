//! What a system is like from some instant on: its ports, where its pods are, and whose flows end.

use super::{RowId, System};
use crate::cluster::Departure;
use crate::flow::{NodeId, PortPoolId, StageId, WorkloadId};
use crate::outbound::{Partition, PortPool};
use crate::time::{SimDuration, SimTime};
use crate::workload::arrivals::{Between, Series};
use std::collections::{BTreeMap, BTreeSet};

/// An instant at which the system changes, and what it is like from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// When, after the start of the measured time.
    pub at: SimDuration,
    /// Port pools of each stage; one that is missing has no ports.
    pub pools: Vec<Vec<PortPool>>,
    /// Port pools of each stage that new flows are spread over.
    pub taking: Vec<Vec<u32>>,
    /// Nodes whose flows end now.
    pub left: BTreeMap<NodeId, Departure>,
    /// The node of each pod of each workload.
    pub pods: Vec<Vec<NodeId>>,
    /// Nodes that are away: pods that are still counted there ask for nothing.
    pub away: BTreeSet<NodeId>,
}

/// Pods of a workload, each on its node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodsOnNodes {
    /// The node of each.
    pub nodes: Vec<NodeId>,
    /// Its number among those of its node.
    pub numbers: Vec<u32>,
    /// How many each node has that has any.
    counts: BTreeMap<NodeId, u32>,
    /// Nodes whose pods ask for nothing.
    pub away: BTreeSet<NodeId>,
}

/// Where the pods of a workload are, over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Whereabouts {
    first: PodsOnNodes,
    then: Vec<(SimDuration, PodsOnNodes)>,
}

/// What a source has of its workload's flows, where its pods move.
#[derive(Debug, Clone, PartialEq)]
pub struct Moves {
    /// Share of the destination among all.
    pub weight: f64,
    /// Share of the node among all, over time.
    pub of_node: Series,
}

impl PodsOnNodes {
    /// Pods that stay on their nodes keep their numbers, and with them what they keep open.
    fn new(nodes: &[NodeId], away: &BTreeSet<NodeId>, before: &Self) -> Self {
        let mut counts: BTreeMap<NodeId, u32> = BTreeMap::new();
        nodes.iter().for_each(|node| *counts.entry(*node).or_default() += 1);
        let mut vacant: BTreeMap<NodeId, BTreeSet<u32>> =
            counts.iter().map(|(node, count)| (*node, (0..*count).collect())).collect();
        let mut take = |node: &NodeId, kept: Option<u32>| {
            let numbers = vacant.get_mut(node)?;
            let number = kept.or_else(|| numbers.first().copied())?;
            numbers.take(&number)
        };
        let stays = |(pod, node): (usize, &NodeId)| {
            (before.nodes.get(pod) == Some(node)).then(|| before.numbers[pod])
        };
        let kept: Vec<Option<u32>> =
            nodes.iter().enumerate().map(|pod| take(pod.1, Some(stays(pod)?))).collect();
        let numbered = nodes.iter().zip(kept);
        let numbers =
            numbered.map(|(node, kept)| kept.or_else(|| take(node, None)).unwrap_or_default()).collect();
        let away = counts.keys().filter(|node| away.contains(node)).copied().collect();
        Self { nodes: nodes.to_vec(), numbers, counts, away }
    }

    /// How many pods `node` has.
    pub(super) fn on(&self, node: NodeId) -> u32 {
        self.counts.get(&node).copied().unwrap_or(0)
    }

    /// The share of all pods that asks from `node`.
    fn share_of(&self, node: NodeId) -> f64 {
        if self.away.contains(&node) {
            return 0.0;
        }
        f64::from(self.on(node)) / self.nodes.len().max(1) as f64
    }
}

impl Whereabouts {
    pub(super) fn new(first: &[NodeId], epochs: &[Epoch], workload: WorkloadId) -> Self {
        let nobody = BTreeSet::new();
        let mut whereabouts =
            Self { first: PodsOnNodes::new(first, &nobody, &PodsOnNodes::default()), then: Vec::new() };
        for epoch in epochs {
            let pods = PodsOnNodes::new(&epoch.pods[workload.index()], &epoch.away, whereabouts.last());
            if pods != *whereabouts.last() {
                whereabouts.then.push((epoch.at, pods));
            }
        }
        whereabouts
    }

    fn last(&self) -> &PodsOnNodes {
        self.then.last().map_or(&self.first, |(_, pods)| pods)
    }

    /// The pods at `time`; time 0 of the scenario is `origin`.
    #[inline]
    pub(super) fn at(&self, time: SimTime, origin: SimTime) -> &PodsOnNodes {
        let past = self.then.partition_point(|(at, _)| origin + *at <= time);
        past.checked_sub(1).map_or(&self.first, |last| &self.then[last].1)
    }

    /// Whether they are always where they are at first.
    pub(super) fn stay(&self) -> bool {
        self.then.is_empty()
    }

    /// Every node that ever has a pod, and the most that it has; rising.
    pub(super) fn most_on_nodes(&self) -> Vec<(NodeId, u32)> {
        let mut most: BTreeMap<NodeId, u32> = BTreeMap::new();
        for pods in [&self.first].into_iter().chain(self.then.iter().map(|(_, pods)| pods)) {
            for (node, count) in &pods.counts {
                let so_far = most.entry(*node).or_default();
                *so_far = (*so_far).max(*count);
            }
        }
        most.into_iter().collect()
    }

    /// The share of all pods that is on `node` at first, and over time.
    pub(super) fn share_of(&self, node: NodeId) -> Series {
        let points = self.then.iter().map(|(at, pods)| (*at, pods.share_of(node))).collect();
        let before = self.first.share_of(node);
        Series { before, points, between: Between::Steps }
    }
}

impl System {
    /// What a row has from an epoch on, by public IP.
    pub(super) fn ports_from(&self, epoch: &Epoch, row: RowId) -> Vec<Option<u32>> {
        let spec = &self.rows[row.index()];
        let pool = epoch.pools[spec.stage.index()].get(spec.pool.index());
        let mut ports = pool.map_or(Vec::new(), |pool| pool.ports.clone());
        ports.resize(ports.len().max(self.ports(row).len()), Some(0));
        ports
    }

    /// Whether ports of a row come or go, or flows on them are cut off.
    pub(super) fn changes(&self, row: RowId) -> bool {
        let spec = &self.rows[row.index()];
        let left = |epoch: &Epoch| match self.stage(spec.stage).partition {
            Partition::Node => epoch.left.contains_key(&NodeId(spec.pool.0)),
            _ => !epoch.left.is_empty(),
        };
        let touches = |epoch: &Epoch| left(epoch) || self.ports_from(epoch, row) != self.ports(row);
        self.scales_row(row) || self.epochs.iter().any(touches)
    }

    /// The port pools of a stage that new flows are spread over at first: those that have ports.
    pub(super) fn taking_at_first(&self, stage: StageId) -> Vec<u32> {
        let pools = self.stage(stage).pools.iter().zip(0..);
        let with_ports = pools.clone().filter(|(pool, _)| pool.has_ports());
        let taking: Vec<u32> = with_ports.map(|(_, number)| number).collect();
        if taking.is_empty() { pools.map(|(_, number)| number).collect() } else { taking }
    }

    /// The most ports that a row ever has; `None` is unlimited.
    pub fn most_ports_in_row(&self, row: RowId) -> Option<u64> {
        let spec = &self.rows[row.index()];
        self.most_ports_in_pool(spec.stage, spec.pool)
    }

    /// The most ports that a port pool ever has; `None` is unlimited.
    pub fn most_ports_in_pool(&self, stage: StageId, pool: PortPoolId) -> Option<u64> {
        let first = self.stage(stage);
        let ever: Vec<&Vec<PortPool>> = match &first.scaling {
            Some(scaling) => scaling.layouts.iter().collect(),
            None => {
                let later = self.epochs.iter().map(|epoch| &epoch.pools[stage.index()]);
                [&first.pools].into_iter().chain(later).collect()
            }
        };
        let of_pool = ever.into_iter().filter_map(|pools| pools.get(pool.index()));
        let most = of_pool.map(PortPool::all_ports).reduce(|one, other| Some(one?.max(other?)));
        most.unwrap_or(Some(0))
    }
}

/// Gives every stage all the port pools and public IPs that it ever has, those without ports as yet that come later.
pub(super) fn make_room(stages: &mut [crate::outbound::Egress], epochs: &[Epoch]) {
    for (number, stage) in stages.iter_mut().enumerate() {
        let scaled = stage.scaling.as_ref().map_or(Vec::new(), |scaling| scaling.layouts.clone());
        for later in epochs.iter().map(|epoch| &epoch.pools[number]).chain(&scaled) {
            for (place, pool) in later.iter().enumerate() {
                if place == stage.pools.len() {
                    stage.pools.push(PortPool { name: pool.name.clone(), ports: Vec::new() });
                }
                let here = &mut stage.pools[place].ports;
                here.resize(here.len().max(pool.ports.len()), Some(0));
            }
        }
    }
}
