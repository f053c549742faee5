//! A process that belongs to a whole workload: regenerated in each shard that it feeds.

use super::TrialKey;
use super::arrival::{Arrival, Head, Place, pick, stream_of};
use crate::flow::SourceId;
use crate::random::{Purpose, Stream};
use crate::workload::arrivals::{self, Asked, By};

/// A process of a whole workload, of which the shard keeps its own flows.
#[derive(Clone)]
pub(super) struct WorkloadProcess<'a> {
    place: Place<'a>,
    flows: arrivals::Process<'a>,
    /// Flows of this workload so far, kept or not.
    made: u64,
    destinations: Stream,
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
        }
    }

    /// What follows is drawn from the streams of another key.
    pub(super) fn redraw(&mut self, key: TrialKey) {
        let id = self.place.id;
        self.flows.redraw(|purpose| stream_of(id, purpose, key));
        self.destinations = stream_of(id, Purpose::Destination, key);
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
            let (node, destination, pod) = match asked.by {
                By::Recorded(record) => (record.node, record.destination, None),
                By::Pod(pod) => {
                    let there = system.pods_at(id, time);
                    // Where pods came or went, they take turns.
                    let all = there.nodes.len();
                    let pod = if all == workload.pods.len() { pod } else { (order % all as u64) as usize };
                    let destination = pick(workload, &mut self.destinations);
                    if there.away.contains(&there.nodes[pod]) {
                        continue;
                    }
                    (there.nodes[pod], destination, Some(there.numbers[pod]))
                }
            };
            let source = system.source_of(id, node, destination);
            let own = source.filter(|source| shard.sources.binary_search(source).is_ok());
            let arrival = own.map(|source| arrival(&asked, source, pod));
            if arrival.is_some() || time >= system.timing.end {
                return Some(Head { time, order, arrival });
            }
        }
    }
}

fn arrival(asked: &Asked, source: SourceId, pod: Option<u32>) -> Arrival {
    let recorded = match asked.by {
        By::Recorded(record) => Some((record.lifetime, record.end)),
        By::Pod(_) => None,
    };
    Arrival { pod, recorded, batch_left: asked.batch_left, ..Arrival::of(source, asked.time) }
}
