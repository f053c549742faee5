//! Arrivals of a shard, in order of time.
//!
//! Poisson traffic, of a fixed or a varying rate, has one process per source. Every other process belongs to its workload and is regenerated in
//! each shard that it feeds, which keeps the flows of its own sources; so no shard can shift another's draws.

use super::closed_client::ClosedClient;
use super::{Shard, System, TrialKey};
use crate::flow::{EndKind, NodeId, SourceId, WorkloadId};
use crate::random::{Purpose, Stream};
use crate::time::{SimDuration, SimTime};
use crate::workload::arrivals::{self, Asked, By, Poisson, RatePath, Varying};
use crate::workload::{Arrivals, Workload};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A flow that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// When.
    pub time: SimTime,
    /// By whom and towards what.
    pub source: SourceId,
    /// The pod, where the process names it, counted over the pods of the source's node.
    pub pod: Option<u32>,
    /// Lifetime and end, where they are recorded.
    pub recorded: Option<(SimDuration, EndKind)>,
    /// How many of its batch follow, where the batch is granted or refused together.
    pub batch_left: Option<u64>,
    /// The client of a closed loop that waits for it, by its number in the feed.
    pub client: Option<u32>,
}

impl Arrival {
    #[inline]
    pub(super) fn of(source: SourceId, time: SimTime) -> Self {
        Self { time, source, pod: None, recorded: None, batch_left: None, client: None }
    }
}

type HeadKey = (SimTime, u64, u32);

/// Merges the processes of a shard.
pub struct Feed<'a> {
    processes: Vec<Process<'a>>,
    heads: BinaryHeap<Reverse<HeadKey>>,
    pending: Vec<Option<Arrival>>,
}

impl<'a> Feed<'a> {
    /// The processes that feed `shard` in one trial.
    pub fn new(system: &'a System, shard: &'a Shard, key: TrialKey) -> Self {
        let mut processes = Vec::new();
        for (number, workload) in system.workloads.iter().enumerate() {
            let id = WorkloadId(number as u32);
            let own = |source: &&SourceId| system.sources[source.index()].workload == id;
            let mut own_sources = shard.sources.iter().filter(own).peekable();
            match &workload.arrivals {
                Arrivals::Poisson { rate } => processes.extend(
                    own_sources
                        .filter_map(|source| SourceProcess::new(system, *source, *rate, key))
                        .map(Process::Source),
                ),
                Arrivals::Closed { clients, think } => {
                    let pods_on_nodes = number_pods(system, workload);
                    for client in 0..*clients {
                        let pod = client as usize % workload.pods.len();
                        let source = system.source_of(id, workload.pods[pod], workload.destinations[0].0);
                        if source.is_some_and(|source| shard.sources.binary_search(&source).is_ok()) {
                            let (number, client) = (processes.len(), (client, pods_on_nodes[pod]));
                            let client = ClosedClient::new(system, id, think, client, number, key);
                            processes.push(Process::Client(Box::new(client)));
                        }
                    }
                }
                varying if varying.splits_over_sources() => processes.extend(
                    own_sources
                        .filter_map(|source| VaryingProcess::new(system, *source, key))
                        .map(|process| Process::Varying(Box::new(process))),
                ),
                _ if own_sources.peek().is_some() => {
                    processes.push(Process::of_workload(system, shard, id, key))
                }
                _ => {}
            }
        }
        let pending = vec![None; processes.len()];
        let mut feed = Self { processes, heads: BinaryHeap::new(), pending };
        for process in 0..feed.processes.len() {
            feed.refill(process);
        }
        feed
    }

    /// When the next flow is asked for.
    #[inline]
    pub fn next_time(&self) -> Option<SimTime> {
        self.heads.peek().map(|Reverse((time, ..))| *time)
    }

    /// The next flow; after the end of the run, nothing where the process that comes next has only others' flows.
    #[inline]
    pub fn pop(&mut self) -> Option<Arrival> {
        let Reverse((_, _, process)) = self.heads.pop()?;
        let arrival = self.pending[process as usize].take();
        self.refill(process as usize);
        arrival
    }

    /// The request of a closed loop's client is over at `at`.
    pub fn come_back(&mut self, client: u32, at: SimTime) {
        if let Process::Client(waiting) = &mut self.processes[client as usize] {
            waiting.comes_back(at);
            self.refill(client as usize);
        }
    }

    fn refill(&mut self, process: usize) {
        if let Some(Head { time, order, arrival }) = self.processes[process].next()
            && time < SimTime::NEVER
        {
            self.heads.push(Reverse((time, order, process as u32)));
            self.pending[process] = arrival;
        }
    }
}

/// What a process has next.
pub(super) struct Head {
    pub time: SimTime,
    /// Place among flows of one instant.
    pub order: u64,
    /// Nothing, where the shard has no part in it.
    pub arrival: Option<Arrival>,
}

impl Head {
    #[inline]
    fn of_source(arrival: Arrival) -> Self {
        Self { time: arrival.time, order: 0, arrival: Some(arrival) }
    }
}

enum Process<'a> {
    Source(SourceProcess),
    Varying(Box<VaryingProcess<'a>>),
    Workload(Box<WorkloadProcess<'a>>),
    Client(Box<ClosedClient<'a>>),
}

impl<'a> Process<'a> {
    fn of_workload(system: &'a System, shard: &'a Shard, id: WorkloadId, key: TrialKey) -> Self {
        Self::Workload(Box::new(WorkloadProcess::new(system, shard, id, key)))
    }

    fn next(&mut self) -> Option<Head> {
        match self {
            Self::Source(source) => Some(Head::of_source(source.next())),
            Self::Varying(source) => Some(Head::of_source(source.next())),
            Self::Workload(process) => process.next(),
            Self::Client(client) => client.next(),
        }
    }
}

/// The Poisson process of one source.
struct SourceProcess {
    source: SourceId,
    times: Poisson,
}

impl SourceProcess {
    fn new(system: &System, source: SourceId, rate: f64, key: TrialKey) -> Option<Self> {
        let gaps = key.stream(Purpose::Arrivals, u64::from(source.0));
        let times = Poisson::new(rate * system.sources[source.index()].share, gaps)?;
        Some(Self { source, times })
    }

    #[inline]
    fn next(&mut self) -> Arrival {
        Arrival::of(self.source, self.times.next_time())
    }
}

/// The process of one source whose rate varies.
struct VaryingProcess<'a> {
    source: SourceId,
    times: Varying<'a>,
}

impl<'a> VaryingProcess<'a> {
    fn new(system: &'a System, source: SourceId, key: TrialKey) -> Option<Self> {
        let spec = &system.sources[source.index()];
        let phases = stream_of(spec.workload, Purpose::Phases, key);
        let path = RatePath::new(&system.workload(spec).arrivals, system.timing.origin, phases)?;
        let draws = key.stream(Purpose::Arrivals, u64::from(source.0));
        Some(Self { source, times: Varying::new(path, spec.share, draws) })
    }

    fn next(&mut self) -> Arrival {
        Arrival::of(self.source, self.times.next_time())
    }
}

/// A process of a whole workload, of which the shard keeps its own flows.
struct WorkloadProcess<'a> {
    system: &'a System,
    shard: &'a Shard,
    id: WorkloadId,
    flows: arrivals::Process<'a>,
    /// Flows of this workload so far, kept or not.
    made: u64,
    destinations: Stream,
    /// The number of each pod among those of its node.
    pod_on_node: Vec<u32>,
}

impl<'a> WorkloadProcess<'a> {
    fn new(system: &'a System, shard: &'a Shard, id: WorkloadId, key: TrialKey) -> Self {
        let workload = &system.workloads[id.index()];
        let stream = |purpose| stream_of(id, purpose, key);
        Self {
            system,
            shard,
            id,
            flows: arrivals::Process::new(workload, system.timing.origin, stream),
            made: 0,
            destinations: stream(Purpose::Destination),
            pod_on_node: number_pods(system, workload),
        }
    }

    /// The next flow of the shard's own sources. After the end of the run any flow will do: a process without an end may
    /// hold none of the shard's, and a run that nobody waits for must be able to stop.
    fn next(&mut self) -> Option<Head> {
        let workload = &self.system.workloads[self.id.index()];
        loop {
            let asked = self.flows.next()?;
            let (time, order) = (asked.time, self.made);
            self.made += 1;
            let (node, destination) = match asked.by {
                By::Recorded(record) => (record.node, record.destination),
                By::Pod(pod) => (workload.pods[pod], pick(workload, &mut self.destinations)),
            };
            let source = self.system.source_of(self.id, node, destination);
            let own = source.filter(|source| self.shard.sources.binary_search(source).is_ok());
            let arrival = own.map(|source| self.arrival(&asked, source));
            if arrival.is_some() || time >= self.system.timing.end {
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

fn stream_of(workload: WorkloadId, purpose: Purpose, key: TrialKey) -> Stream {
    key.stream(purpose, u64::from(workload.0) | WORKLOAD_OWNER)
}

/// The number of each pod among those of its node.
fn number_pods(system: &System, workload: &Workload) -> Vec<u32> {
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
