//! Arrivals of a shard, in order of time.
//!
//! Poisson traffic has one process per source. Every other process belongs to its workload and is regenerated in
//! each shard that it feeds, which keeps the flows of its own sources; so no shard can shift another's draws.

use super::{Shard, System, TrialKey};
use crate::flow::{EndKind, NodeId, SourceId, WorkloadId};
use crate::random::{Purpose, Stream};
use crate::time::{SimDuration, SimTime};
use crate::workload::arrivals::{BatchSize, BurstSize};
use crate::workload::{Arrivals, TraceArrival, Workload};
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
            match workload.arrivals {
                Arrivals::Poisson { rate } => processes.extend(
                    own_sources
                        .filter_map(|source| PoissonSource::new(system, *source, rate, key))
                        .map(Process::Poisson),
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

    /// The next flow.
    #[inline]
    pub fn pop(&mut self) -> Option<Arrival> {
        let Reverse((_, _, process)) = self.heads.pop()?;
        let arrival = self.pending[process as usize].take();
        self.refill(process as usize);
        arrival
    }

    fn refill(&mut self, process: usize) {
        if let Some((arrival, order)) = self.processes[process].next()
            && arrival.time < SimTime::NEVER
        {
            self.heads.push(Reverse((arrival.time, order, process as u32)));
            self.pending[process] = Some(arrival);
        }
    }
}

enum Process<'a> {
    Poisson(PoissonSource),
    Workload(Box<WorkloadProcess<'a>>),
}

impl<'a> Process<'a> {
    fn of_workload(system: &'a System, shard: &'a Shard, id: WorkloadId, key: TrialKey) -> Self {
        Self::Workload(Box::new(WorkloadProcess::new(system, shard, id, key)))
    }

    /// The next flow and its place among flows of one instant.
    fn next(&mut self) -> Option<(Arrival, u64)> {
        match self {
            Self::Poisson(source) => Some((source.next(), 0)),
            Self::Workload(process) => process.next(),
        }
    }
}

struct PoissonSource {
    source: SourceId,
    mean_gap_nanos: f64,
    time: SimTime,
    gaps: Stream,
}

impl PoissonSource {
    fn new(system: &System, source: SourceId, rate: f64, key: TrialKey) -> Option<Self> {
        let rate = rate * system.sources[source.index()].share;
        let gaps = key.stream(Purpose::Arrivals, u64::from(source.0));
        (rate > 0.0).then(|| Self { source, mean_gap_nanos: 1e9 / rate, time: SimTime::ZERO, gaps })
    }

    #[inline]
    fn next(&mut self) -> Arrival {
        let gap = (self.mean_gap_nanos * self.gaps.exponential() + 0.5) as u64;
        self.time = self.time + SimDuration::from_nanos(gap);
        Arrival { time: self.time, source: self.source, pod: None, recorded: None }
    }
}

/// A process of a whole workload, of which the shard keeps its own flows.
struct WorkloadProcess<'a> {
    system: &'a System,
    shard: &'a Shard,
    id: WorkloadId,
    shape: Shape<'a>,
    /// Flows of this workload so far, kept or not.
    flows: u64,
    destinations: Stream,
    pods: Stream,
    /// The number of each pod among those of its node.
    pod_on_node: Vec<u32>,
}

/// One flow of a workload's process, before it has a source.
struct Asked {
    time: SimTime,
    pod: usize,
    recorded: Option<TraceArrival>,
}

enum Shape<'a> {
    /// Times already in order, with the pod of each.
    Listed(std::vec::IntoIter<(SimTime, usize)>),
    Even {
        gap_s: f64,
        first_nanos: f64,
        number: i64,
    },
    Herd(Herd),
    Batch {
        gap_nanos: f64,
        size: &'a BatchSize,
        time: SimTime,
        left: u64,
        gaps: Stream,
        sizes: Stream,
    },
    Trace {
        records: std::slice::Iter<'a, TraceArrival>,
    },
}

impl<'a> WorkloadProcess<'a> {
    fn new(system: &'a System, shard: &'a Shard, id: WorkloadId, key: TrialKey) -> Self {
        let workload = &system.workloads[id.index()];
        let owner = u64::from(id.0);
        let mut counts = vec![0; system.cluster.nodes() as usize];
        let mut number_on_node = |node: &NodeId| {
            counts[node.index()] += 1;
            counts[node.index()] - 1
        };
        Self {
            system,
            shard,
            id,
            shape: Shape::new(workload, system.timing.origin, |purpose| {
                key.stream(purpose, owner | WORKLOAD_OWNER)
            }),
            flows: 0,
            destinations: key.stream(Purpose::Destination, owner | WORKLOAD_OWNER),
            pods: key.stream(Purpose::Pod, owner | WORKLOAD_OWNER),
            pod_on_node: workload.pods.iter().map(&mut number_on_node).collect(),
        }
    }

    /// The next flow of the shard's own sources.
    fn next(&mut self) -> Option<(Arrival, u64)> {
        let workload = &self.system.workloads[self.id.index()];
        loop {
            let asked = self.shape.next(self.system.timing.origin, workload.pods.len(), &mut self.pods)?;
            let number = self.flows;
            self.flows += 1;
            let (node, destination) = match asked.recorded {
                Some(record) => (record.node, record.destination),
                None => (workload.pods[asked.pod], pick(workload, &mut self.destinations)),
            };
            let Some(source) = self.system.source_of(self.id, node, destination) else { continue };
            if self.shard.sources.binary_search(&source).is_ok() {
                let pod = asked.recorded.is_none().then(|| self.pod_on_node[asked.pod]);
                let recorded = asked.recorded.map(|record| (record.lifetime, record.end));
                return Some((Arrival { time: asked.time, source, pod, recorded }, number));
            }
        }
    }
}

/// Owners of streams that belong to a workload are told from sources by this bit.
const WORKLOAD_OWNER: u64 = 1 << 63;

fn pick(workload: &Workload, stream: &mut Stream) -> crate::flow::DestinationId {
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

impl<'a> Shape<'a> {
    fn new(workload: &'a Workload, origin: SimTime, stream: impl Fn(Purpose) -> Stream) -> Self {
        match &workload.arrivals {
            Arrivals::Even { gap_s, first } => {
                let before = origin.nanos() as f64 + first.nanos() as f64;
                let number = -((before / (gap_s * 1e9)) as i64);
                Self::Even { gap_s: *gap_s, first_nanos: first.nanos() as f64, number }
            }
            Arrivals::Burst { at, flows, spread } => Self::Listed(
                burst(workload, origin + *at, flows, *spread, stream(Purpose::Shape)).into_iter(),
            ),
            Arrivals::Herd { every, clients, jitter } => {
                Self::Herd(Herd::new(origin, *every, *clients, *jitter, stream(Purpose::Shape)))
            }
            Arrivals::Batch { rate, size } => Self::Batch {
                gap_nanos: 1e9 / rate,
                size,
                time: SimTime::ZERO,
                left: 0,
                gaps: stream(Purpose::Arrivals),
                sizes: stream(Purpose::Shape),
            },
            Arrivals::Trace(records) => Self::Trace { records: records.iter() },
            Arrivals::Poisson { .. } => Self::Listed(Vec::new().into_iter()),
        }
    }

    fn next(&mut self, origin: SimTime, pods: usize, picks: &mut Stream) -> Option<Asked> {
        let asked = |time, pod| Asked { time, pod, recorded: None };
        match self {
            Self::Listed(flows) => flows.next().map(|(time, pod)| asked(time, pod)),
            Self::Even { gap_s, first_nanos, number } => {
                let start = origin.nanos() as f64;
                let at = |number: i64| start + (*first_nanos + number as f64 * *gap_s * 1e9 + 0.5).floor();
                if *number < 0 && at(*number) >= start {
                    *number = 0;
                }
                let time = SimTime::from_nanos(at(*number) as u64);
                let pod = number.rem_euclid(pods as i64) as usize;
                *number += 1;
                Some(asked(time, pod))
            }
            Self::Herd(herd) => herd.next().map(|(time, client)| asked(time, client as usize % pods)),
            Self::Batch { gap_nanos, size, time, left, gaps, sizes } => {
                while *left == 0 {
                    *time = *time + SimDuration::from_nanos((*gap_nanos * gaps.exponential() + 0.5) as u64);
                    *left = batch_size(size, sizes);
                }
                *left -= 1;
                Some(asked(*time, picks.below(pods as u64) as usize))
            }
            Self::Trace { records } => records.next().map(|record| Asked {
                time: origin + record.start,
                pod: 0,
                recorded: Some(*record),
            }),
        }
    }
}

fn batch_size(size: &BatchSize, stream: &mut Stream) -> u64 {
    match size {
        BatchSize::Constant(size) => u64::from(*size),
        BatchSize::Geometric(mean) if *mean <= 1.0 => 1,
        BatchSize::Geometric(mean) => {
            let failures = -stream.exponential() / libm::log1p(-1.0 / mean);
            1 + failures as u64
        }
    }
}

/// A burst's flows in order of time; equal times keep the order of the flows.
fn burst(
    workload: &Workload,
    at: SimTime,
    flows: &BurstSize,
    spread: SimDuration,
    mut stream: Stream,
) -> Vec<(SimTime, usize)> {
    let pods: Vec<usize> = match flows {
        BurstSize::Total(flows) => (0..*flows as usize).map(|flow| flow % workload.pods.len()).collect(),
        BurstSize::PerNode(counts) => per_node(workload, counts),
    };
    let mut times: Vec<(SimTime, usize)> = pods
        .into_iter()
        .map(|pod| (at + SimDuration::from_nanos(stream.below(spread.nanos().saturating_add(1))), pod))
        .collect();
    times.sort_by_key(|(time, _)| *time);
    times
}

fn per_node(workload: &Workload, counts: &[u32]) -> Vec<usize> {
    let mut pods = Vec::new();
    for (node, count) in counts.iter().enumerate() {
        let here: Vec<usize> =
            (0..workload.pods.len()).filter(|pod| workload.pods[*pod].index() == node).collect();
        if !here.is_empty() {
            pods.extend((0..*count as usize).map(|flow| here[flow % here.len()]));
        }
    }
    pods
}

/// Everyone at each full period, also before time 0 as far as the warm-up reaches.
struct Herd {
    period: SimDuration,
    clients: u32,
    jitter: SimDuration,
    next_period: SimTime,
    waiting: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    made: u64,
    draws: Stream,
}

impl Herd {
    fn new(origin: SimTime, period: SimDuration, clients: u32, jitter: SimDuration, draws: Stream) -> Self {
        let next_period = SimTime::from_nanos(origin.nanos() % period.nanos().max(1));
        Self { period, clients, jitter, next_period, waiting: BinaryHeap::new(), made: 0, draws }
    }

    fn next(&mut self) -> Option<(SimTime, u32)> {
        while self.waiting.peek().is_none_or(|Reverse((time, ..))| *time >= self.next_period)
            && self.next_period < SimTime::NEVER
            && self.clients > 0
        {
            self.call_everyone();
        }
        self.waiting.pop().map(|Reverse((time, _, client))| (time, client))
    }

    fn call_everyone(&mut self) {
        for client in 0..self.clients {
            let late = SimDuration::from_nanos(self.draws.below(self.jitter.nanos().saturating_add(1)));
            self.waiting.push(Reverse((self.next_period + late, self.made, client)));
            self.made += 1;
        }
        self.next_period = self.next_period + self.period;
    }
}
