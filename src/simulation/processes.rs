//! The arrival processes that feed a shard.

use super::arrival::{Arrival, Head, Place, stream_of};
use super::closed_client::ClosedClient;
use super::workload_process::WorkloadProcess;
use super::{System, TrialKey};
use crate::flow::SourceId;
use crate::random::Purpose;
use crate::workload::arrivals::{Poisson, RatePath, Varying};
use crate::workload::{Arrivals, Law};

/// Where flows come from.
pub(super) enum Process<'a> {
    Source(SourceProcess),
    Varying(Box<VaryingProcess<'a>>),
    Workload(Box<WorkloadProcess<'a>>),
    Client(Box<ClosedClient<'a>>),
}

impl<'a> Process<'a> {
    /// Adds those of a workload to the `processes` of a feed.
    pub(super) fn add(processes: &mut Vec<Self>, place: Place<'a>) {
        let Place { system, shard, id, key } = place;
        let workload = &system.workloads[id.index()];
        let own = |source: &&SourceId| system.sources[source.index()].workload == id;
        let mut own_sources = shard.sources.iter().filter(own).peekable();
        match &workload.arrivals {
            Arrivals::Poisson { rate } if system.pods_stay(id) => processes.extend(
                own_sources
                    .filter_map(|source| SourceProcess::new(system, *source, *rate, key))
                    .map(Self::Source),
            ),
            Arrivals::Closed { clients, think } => Self::add_clients(processes, place, *clients, think),
            varying if varying.splits_over_sources() => processes.extend(
                own_sources
                    .filter_map(|source| VaryingProcess::new(system, *source, key))
                    .map(|process| Self::Varying(Box::new(process))),
            ),
            _ if own_sources.peek().is_some() => {
                processes.push(Self::Workload(Box::new(WorkloadProcess::new(place))))
            }
            _ => {}
        }
    }

    fn add_clients(processes: &mut Vec<Self>, place: Place<'a>, clients: u32, think: &'a Law) {
        let Place { system, shard, id, .. } = place;
        let workload = &system.workloads[id.index()];
        for client in 0..clients {
            let pod = client as usize % workload.pods.len();
            let source = system.source_of(id, workload.pods[pod], workload.destinations[0].0);
            if source.is_some_and(|source| shard.sources.binary_search(&source).is_ok()) {
                let client = ClosedClient::new(place, think, client, processes.len());
                processes.push(Self::Client(Box::new(client)));
            }
        }
    }

    /// What it has next.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Head> {
        match self {
            Self::Source(source) => Some(Head::of_source(source.next())),
            Self::Varying(source) => Some(Head::of_source(source.next())),
            Self::Workload(process) => process.next(),
            Self::Client(client) => client.next(),
        }
    }
}

/// The Poisson process of one source.
pub(super) struct SourceProcess {
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

/// The process of one source whose rate varies, or whose pods move.
pub(super) struct VaryingProcess<'a> {
    source: SourceId,
    times: Varying<'a>,
}

impl<'a> VaryingProcess<'a> {
    fn new(system: &'a System, source: SourceId, key: TrialKey) -> Option<Self> {
        let spec = &system.sources[source.index()];
        let phases = stream_of(spec.workload, Purpose::Phases, key);
        let path = RatePath::new(&system.workload(spec).arrivals, system.timing.origin, phases)?;
        let draws = key.stream(Purpose::Arrivals, u64::from(source.0));
        let times = match &spec.moves {
            None => Varying::new(path, spec.share, draws),
            Some(moves) => {
                Varying::new(path.times(&moves.of_node, system.timing.origin), moves.weight, draws)
            }
        };
        Some(Self { source, times })
    }

    fn next(&mut self) -> Arrival {
        Arrival::of(self.source, self.times.next_time())
    }
}
