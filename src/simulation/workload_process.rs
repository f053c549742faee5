//! A process that belongs to a whole workload: regenerated in each shard that it feeds.

use super::feed::Arrival;
use super::processes::{Head, Place};
use super::{System, TrialKey};
use crate::flow::{NodeId, SourceId, WorkloadId};
use crate::random::{Purpose, Stream};
use crate::workload::Workload;
use crate::workload::arrivals::{self, Asked, By};

/// A process of a whole workload, of which the shard keeps its own flows.
pub(super) struct WorkloadProcess<'a> {
    place: Place<'a>,
    flows: arrivals::Process<'a>,
    /// Flows of this workload so far, kept or not.
    made: u64,
    destinations: Stream,
    /// The number of each pod among those of its node.
    pod_on_node: Vec<u32>,
}

impl<'a> WorkloadProcess<'a> {
    pub(super) fn new(place: Place<'a>) -> Self {
        let Place { system, id, key, .. } = place;
        let workload = &system.workloads[id.index()];
        let stream = |purpose| stream_of(id, purpose, key);
        Self {
            place,
            flows: arrivals::Process::new(workload, system.timing.origin, stream),
            made: 0,
            destinations: stream(Purpose::Destination),
            pod_on_node: number_pods(system, workload),
        }
    }

    /// The next flow of the shard's own sources. After the end of the run any flow will do: a process without an end may
    /// hold none of the shard's, and a run that nobody waits for must be able to stop.
    pub(super) fn next(&mut self) -> Option<Head> {
        let Place { system, shard, id, .. } = self.place;
        let workload = &system.workloads[id.index()];
        loop {
            let asked = self.flows.next()?;
            let (time, order) = (asked.time, self.made);
            self.made += 1;
            let (node, destination) = match asked.by {
                By::Recorded(record) => (record.node, record.destination),
                By::Pod(pod) => (workload.pods[pod], pick(workload, &mut self.destinations)),
            };
            let source = system.source_of(id, node, destination);
            let own = source.filter(|source| shard.sources.binary_search(source).is_ok());
            let arrival = own.map(|source| self.arrival(&asked, source));
            if arrival.is_some() || time >= system.timing.end {
                return Some(Head { time, order, arrival });
            }
        }
    }

    fn arrival(&self, asked: &Asked, source: SourceId) -> Arrival {
        let (pod, recorded) = match asked.by {
            By::Recorded(record) => (None, Some((record.lifetime, record.end))),
            By::Pod(pod) => (Some(self.pod_on_node[pod]), None),
        };
        Arrival { pod, recorded, batch_left: asked.batch_left, ..Arrival::of(source, asked.time) }
    }
}

/// Owners of streams that belong to a workload are told from sources by this bit.
const WORKLOAD_OWNER: u64 = 1 << 63;

/// A workload's own stream.
pub(super) fn stream_of(workload: WorkloadId, purpose: Purpose, key: TrialKey) -> Stream {
    key.stream(purpose, u64::from(workload.0) | WORKLOAD_OWNER)
}

/// The number of each pod among those of its node.
pub(super) fn number_pods(system: &System, workload: &Workload) -> Vec<u32> {
    let mut counts = vec![0; system.cluster.nodes() as usize];
    let number = |node: &NodeId| {
        counts[node.index()] += 1;
        counts[node.index()] - 1
    };
    workload.pods.iter().map(number).collect()
}

/// The destination of a flow that may have any.
pub(super) fn pick(workload: &Workload, stream: &mut Stream) -> crate::flow::DestinationId {
    let destinations = &workload.destinations;
    if destinations.len() == 1 {
        return destinations[0].0;
    }
    let mut left = stream.uniform();
    for (id, weight) in destinations {
        if left < *weight {
            return *id;
        }
        left -= weight;
    }
    destinations[destinations.len() - 1].0
}
