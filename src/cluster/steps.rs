//! The parts of an event, each at an instant of its own.

use super::{Change, Cluster, Departure, Event};
use crate::flow::NodeId;
use crate::time::SimDuration;

/// A part of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nodes are there, or will be when what is drained of their number has gone.
    Come(Vec<NodeId>),
    /// Lost nodes are back, but for those that were scaled away meanwhile.
    Return(Vec<NodeId>),
    /// Pods move away.
    Empty(Vec<NodeId>),
    /// The same, from those that are still away: others do the work of their pods.
    Notice(Vec<NodeId>),
    /// Nodes are away, and their flows end.
    Leave(Vec<NodeId>, Departure),
    /// Pods move away from nodes that nobody wants any more; those that are lost are given up at once.
    Drain(Vec<NodeId>),
    /// What was drained goes. What is wanted again is there again at once, as another node.
    Drained(Vec<NodeId>),
    /// As [`Step::Leave`], but the node is there again at once; nothing, where it went meanwhile.
    Reimage(Vec<NodeId>),
    /// So many pods of a workload.
    Pods(usize, u32),
}

/// The parts of an event. `counts` are nodes by node pool so far.
pub fn steps_of(event: &Event, cluster: &Cluster, counts: &mut [u32]) -> Vec<(SimDuration, Step)> {
    let Event { at, drain, .. } = *event;
    let numbers = |pool: usize, range: std::ops::Range<u32>| {
        let first = cluster.node_pools[pool].first.0;
        range.map(|number| NodeId(first + number)).collect::<Vec<NodeId>>()
    };
    match &event.change {
        Change::Scale { pool, nodes } => {
            let before = std::mem::replace(&mut counts[*pool], *nodes);
            if *nodes >= before {
                return vec![(at, Step::Come(numbers(*pool, before..*nodes)))];
            }
            let gone = numbers(*pool, *nodes..before);
            vec![(at, Step::Drain(gone.clone())), (at.plus(drain), Step::Drained(gone))]
        }
        Change::Upgrade { pool, surge, round } => {
            let nodes = counts[*pool];
            let top = cluster.node_pools[*pool].numbers;
            let extra = numbers(*pool, top - *surge..top);
            let mut steps = vec![(at, Step::Come(extra.clone()))];
            let mut begins = at;
            for first in (0..nodes).step_by(*surge as usize) {
                let batch = numbers(*pool, first..(first + surge).min(nodes));
                steps.push((begins, Step::Empty(batch.clone())));
                steps.push((begins.plus(drain), Step::Reimage(batch)));
                begins = begins.plus((*round).max(drain));
            }
            steps.push((begins, Step::Empty(extra.clone())));
            steps.push((begins.plus(drain), Step::Leave(extra, Departure::Closes)));
            steps
        }
        Change::Lose { of, most, noticed_after, back_after } => {
            let wanted = |node: &&NodeId| {
                let mut pools = cluster.node_pools.iter().zip(counts.iter());
                pools.any(|(pool, count)| (pool.first.0..pool.first.0 + count).contains(&node.0))
            };
            let mut nodes: Vec<NodeId> = of.iter().rev().filter(wanted).take(*most).copied().collect();
            nodes.reverse();
            let lost = (at, Step::Leave(nodes.clone(), Departure::FallsSilent));
            let back = back_after.map(|after| (at.plus(after), Step::Return(nodes.clone())));
            let noticed = (at.plus(*noticed_after), Step::Notice(nodes.clone()));
            [lost].into_iter().chain(back).chain([noticed]).collect()
        }
        Change::Pods { workload, pods } => vec![(at, Step::Pods(*workload, *pods))],
    }
}
