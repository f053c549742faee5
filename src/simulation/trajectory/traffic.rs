//! Arrivals of a shard that can be copied in the middle and go on with other random numbers.
//!
//! A workload whose arrivals are split over sources has one process here for all its sources of the shard: what one
//! process has drawn in advance is the next arrival, and not one for each source, so that copies soon differ.

use super::super::arrival::{Arrival, Place, stream_of};
use super::super::workload_process::WorkloadProcess;
use super::super::{Shard, System, TrialKey};
use crate::flow::{SourceId, WorkloadId};
use crate::random::{Purpose, Stream};
use crate::time::SimTime;
use crate::workload::Arrivals;
use crate::workload::arrivals::{Poisson, RatePath, Varying};

/// The arrivals of a shard.
#[derive(Clone)]
pub(super) struct Traffic<'a> {
    workloads: Vec<Asking<'a>>,
}

/// What a workload asks of the shard.
#[derive(Clone)]
struct Asking<'a> {
    id: WorkloadId,
    process: Process<'a>,
    /// Its sources in the shard, and the share of its flows up to each.
    sources: Vec<(SourceId, f64)>,
    picks: Stream,
    time: SimTime,
    /// The flow that comes at `time`, where the process names its source.
    named: Option<Arrival>,
}

#[derive(Clone)]
enum Process<'a> {
    Steady(Poisson),
    Varying(Box<Varying<'a>>),
    Workload(Box<WorkloadProcess<'a>>),
}

impl<'a> Traffic<'a> {
    pub(super) fn new(system: &'a System, shard: &'a Shard, key: TrialKey) -> Self {
        let ids = (0..system.workloads.len()).map(|number| WorkloadId(number as u32));
        let workloads = ids.filter_map(|id| Asking::new(Place { system, shard, id, key }));
        Self { workloads: workloads.collect() }
    }

    /// What follows `now` is drawn from the streams of another key.
    pub(super) fn redraw(&mut self, now: SimTime, key: TrialKey) {
        self.workloads.iter_mut().for_each(|each| each.redraw(now, key));
    }

    /// When the next flow is asked for.
    pub(super) fn next_time(&self) -> Option<SimTime> {
        let next = self.workloads.iter().map(|each| each.time).min();
        next.filter(|time| *time < SimTime::NEVER)
    }

    /// The next flow.
    pub(super) fn pop(&mut self) -> Option<Arrival> {
        let first = self.workloads.iter_mut().min_by_key(|each| each.time)?;
        (first.time < SimTime::NEVER).then(|| first.pop())
    }
}

impl<'a> Asking<'a> {
    /// Nothing where the workload never asks anything of the shard.
    fn new(place: Place<'a>) -> Option<Self> {
        let Place { system, shard, id, key } = place;
        let workload = &system.workloads[id.index()];
        let mut share = 0.0;
        let up_to = |source: &SourceId| {
            share += system.sources[source.index()].share;
            (*source, share)
        };
        let own = shard.sources.iter().filter(|source| system.sources[source.index()].workload == id);
        let sources: Vec<(SourceId, f64)> = own.map(up_to).collect();
        if share <= 0.0 {
            return None;
        }
        let draws = stream_of(id, Purpose::Arrivals, key);
        let phases = stream_of(id, Purpose::Phases, key);
        let process = match &workload.arrivals {
            Arrivals::Poisson { rate } => Process::Steady(Poisson::new(rate * share, draws)?),
            arrivals if arrivals.splits_over_sources() => {
                let path = RatePath::new(arrivals, system.timing.origin, phases)?;
                Process::Varying(Box::new(Varying::new(path, share, draws)))
            }
            _ => Process::Workload(Box::new(WorkloadProcess::new(place))),
        };
        let picks = stream_of(id, Purpose::Splitting, key);
        let mut asking = Self { id, process, sources, picks, time: SimTime::ZERO, named: None };
        asking.refill();
        Some(asking)
    }

    fn redraw(&mut self, now: SimTime, key: TrialKey) {
        let stream = |purpose| stream_of(self.id, purpose, key);
        self.picks = stream(Purpose::Splitting);
        match &mut self.process {
            Process::Steady(times) => {
                times.redraw_after(now, stream(Purpose::Arrivals));
                self.refill();
            }
            Process::Varying(times) => times.redraw(stream(Purpose::Arrivals), stream(Purpose::Phases)),
            Process::Workload(process) => process.redraw(key),
        }
    }

    fn refill(&mut self) {
        (self.time, self.named) = match &mut self.process {
            Process::Steady(times) => (times.next_time(), None),
            Process::Varying(times) => (times.next_time(), None),
            Process::Workload(process) => match process.next() {
                Some(head) => (head.time, head.arrival),
                None => (SimTime::NEVER, None),
            },
        };
    }

    fn pop(&mut self) -> Arrival {
        let arrival = self.named.take().unwrap_or_else(|| Arrival::of(self.pick(), self.time));
        self.refill();
        arrival
    }

    fn pick(&mut self) -> SourceId {
        let last = self.sources.len() - 1;
        if last == 0 {
            return self.sources[0].0;
        }
        let place = self.sources[last].1 * self.picks.uniform();
        self.sources[self.sources.partition_point(|(_, up_to)| *up_to <= place).min(last)].0
    }
}
