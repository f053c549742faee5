//! A one-off burst.

use crate::flow::NodeId;
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};

/// How many flows a burst has.
#[derive(Debug, Clone, PartialEq)]
pub enum BurstSize {
    /// That many, dealt to the pods in turn.
    Total(u32),
    /// That many from each node, in order of the nodes; dealt to the node's pods in turn.
    PerNode(Vec<u32>),
}

/// A burst's flows (time and pod) in order of time; equal times keep the order of the flows.
pub fn flows(
    pods: &[NodeId],
    at: SimTime,
    flows: &BurstSize,
    spread: SimDuration,
    mut stream: Stream,
) -> Vec<(SimTime, usize)> {
    let asking: Vec<usize> = match flows {
        BurstSize::Total(flows) => (0..*flows as usize).map(|flow| flow % pods.len()).collect(),
        BurstSize::PerNode(counts) => per_node(pods, counts),
    };
    let mut times: Vec<(SimTime, usize)> = asking
        .into_iter()
        .map(|pod| (at + SimDuration::from_nanos(stream.below(spread.nanos().saturating_add(1))), pod))
        .collect();
    times.sort_by_key(|(time, _)| *time);
    times
}

fn per_node(pods: &[NodeId], counts: &[u32]) -> Vec<usize> {
    let mut asking = Vec::new();
    for (node, count) in counts.iter().enumerate() {
        let here: Vec<usize> = (0..pods.len()).filter(|pod| pods[*pod].index() == node).collect();
        if !here.is_empty() {
            asking.extend((0..*count as usize).map(|flow| here[flow % here.len()]));
        }
    }
    asking
}
