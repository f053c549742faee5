//! The state of a shard in one trial: rows, waiting tries, what is scheduled, and what is told of it.

use super::connections::{ClientPools, Connection, ConnectionId, PoolId};
use super::draws::{Here, SourceStreams};
use super::half_open::KeptBySyns;
use super::in_common::PoolsInCommon;
use super::local_ports::LocalPorts;
use super::observer::{Kept, Observer};
use super::quota::{Enforcement, Quota};
use super::request::{Batches, Budgets, Try, TryId};
use super::scaling::Scaler;
use super::{Hop, MOST_STAGES, RowId, RowSpec, Shard, Source, System, TrialKey};
use crate::event_queue::{Event, EventClass, EventQueue};
use crate::flow::{Protocol, QuotaId, SourceId};
use crate::outbound::Egress;
use crate::random::Purpose;
use crate::snat::{Asker, Ended, Holding, Identity, Row, RowStreams, Rules, Slot};
use crate::time::{SimDuration, SimTime};
use crate::workload::{ClientPool, Workload};

/// What acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// The system changes, as its epoch of this number says.
    Epoch(u32),
    /// A device that scales, by its number among those, looks at its load.
    LooksAtLoad(u32),
    /// An instance of it comes.
    InstanceComes(u32),
    /// An instance of it goes.
    InstanceGoes(u32),
    /// A request on a kept-open connection ends.
    RequestEnds(ConnectionId),
    /// A client pool closes an idle connection.
    IdleCloses(ConnectionId, u32),
    /// The device forgets an idle connection.
    MappingExpires(ConnectionId, u32),
    /// A connection has lived as long as it may.
    LifeEnds(ConnectionId, u32),
    /// A request has waited in line for too long.
    WaitEnds { pool: PoolId, ticket: u32 },
    /// An application gives up waiting for an answer.
    AnswerTimesOut(TryId),
    /// The same on a kept-open connection.
    StreamTimesOut(ConnectionId, TryId),
    /// A client sends its SYN again.
    Resend(TryId),
    /// A client gives up connecting.
    GivesUp(TryId),
    /// An application tries its request again.
    Retry(TryId),
}

impl Event for Happening {
    fn class(&self) -> EventClass {
        match self {
            Self::RequestEnds(_)
            | Self::StreamTimesOut(..)
            | Self::IdleCloses(..)
            | Self::MappingExpires(..)
            | Self::LifeEnds(..) => EventClass::Close,
            Self::Epoch(_) | Self::LooksAtLoad(_) | Self::InstanceComes(_) | Self::InstanceGoes(_) => {
                EventClass::Cluster
            }
            Self::WaitEnds { .. }
            | Self::AnswerTimesOut(_)
            | Self::Resend(_)
            | Self::GivesUp(_)
            | Self::Retry(_) => EventClass::Retry,
        }
    }
}

#[derive(Clone)]
pub(super) struct LocalSource<'a> {
    pub spec: &'a Source,
    pub workload: &'a Workload,
    /// The client pool that serves its requests.
    pub client_pool: Option<&'a ClientPool>,
    pub protocol: Protocol,
    pub hops: Vec<LocalHop<'a>>,
    /// An instant on the grid of its node's timers.
    pub timer_phase: SimDuration,
    /// Its first pod.
    pub asker: Asker,
    pub here: Here,
    pub streams: SourceStreams,
}

/// A stage that the flows of a source pass, with its rows and quotas by position in the shard.
#[derive(Clone)]
pub(super) struct LocalHop<'a> {
    pub stage: &'a Egress,
    pub rows: Vec<usize>,
    /// By row.
    pub quotas: Vec<Vec<usize>>,
}

/// The ports of a flow, by stage of its path.
pub(super) type Slots = [Slot; MOST_STAGES];

#[derive(Clone)]
pub(super) struct Run<'a, O> {
    pub system: &'a System,
    pub shard: &'a Shard,
    pub key: TrialKey,
    pub observer: O,
    pub now: SimTime,
    pub sources: Vec<LocalSource<'a>>,
    pub rows: Vec<Row>,
    pub queue: EventQueue<Happening>,
    tries: Vec<Try>,
    free_tries: Vec<TryId>,
    pub client_pools: ClientPools,
    pub budgets: Budgets,
    pub local_ports: LocalPorts,
    pub in_common: PoolsInCommon,
    pub quotas: Vec<Quota>,
    /// Half-open mappings that SYNs to come keep, where nodes may end before they send them.
    pub kept_by_syns: Vec<KeptBySyns>,
    /// Devices that scale by themselves.
    pub scalers: Vec<Scaler<'a>>,
    /// Measured flows and requests that wait for their outcome.
    pub unresolved: u64,
    /// Flows of batches that are granted or refused together, until the last of the batch has come.
    pub batches: Batches,
    /// Clients of closed loops whose requests are decided, and when those are over.
    pub coming_back: Vec<(u32, SimTime)>,
    pub events: u64,
}

impl<'a, O: Observer> Run<'a, O> {
    pub(super) fn new(system: &'a System, shard: &'a Shard, key: TrialKey, observer: O) -> Self {
        let row = |id: &RowId| {
            let streams = row_streams(system, *id, key);
            match system.changes(*id) {
                false => Row::new(system.ports(*id), &system.stage_of(*id).rules, streams),
                true => {
                    let rules = Rules { identity: Identity::Always, ..system.stage_of(*id).rules.clone() };
                    Row::new(system.ports(*id), &rules, streams)
                }
            }
        };
        let local = |id: &SourceId| {
            let spec = &system.sources[id.index()];
            LocalSource {
                spec,
                workload: system.workload(spec),
                client_pool: system.client_pool_of(spec),
                protocol: system.protocol(spec),
                hops: spec.hops.iter().map(|hop| LocalHop::new(system, shard, hop)).collect(),
                timer_phase: timer_phase(system, spec, key),
                asker: asker(system, spec),
                here: Here::at_first(system, spec),
                streams: SourceStreams::new(*id, key),
            }
        };
        let quota =
            |(id, enforcement): &(QuotaId, Enforcement)| Quota::new(&system.quotas[id.index()], *enforcement);
        let sources: Vec<LocalSource<'a>> = shard.sources.iter().map(local).collect();
        Self {
            system,
            shard,
            key,
            observer,
            now: SimTime::ZERO,
            budgets: Budgets::new(system, sources.iter().map(|source| source.spec)),
            client_pools: ClientPools::new(system, sources.iter().map(|source| source.spec)),
            local_ports: LocalPorts::new(system, sources.iter().map(|source| source.spec)),
            in_common: PoolsInCommon::new(system, shard),
            sources,
            rows: shard.rows.iter().map(row).collect(),
            queue: EventQueue::new(),
            tries: Vec::new(),
            free_tries: Vec::new(),
            quotas: shard.quotas.iter().map(quota).collect(),
            kept_by_syns: Vec::new(),
            scalers: Scaler::all(system),
            unresolved: 0,
            batches: Batches::new(system.workloads.len()),
            coming_back: Vec::new(),
            events: 0,
        }
    }

    /// Takes back what waited.
    pub(super) fn release_try(&mut self, id: TryId) -> Try {
        self.free_tries.push(id);
        self.tries[id.0 as usize]
    }

    /// What waits.
    pub(super) fn waiting_try(&self, id: TryId) -> &Try {
        &self.tries[id.0 as usize]
    }

    /// Keeps what waits.
    pub(super) fn hold_try(&mut self, flow: Try) -> TryId {
        match self.free_tries.pop() {
            Some(id) => {
                self.tries[id.0 as usize] = flow;
                id
            }
            None => {
                self.tries.push(flow);
                TryId(self.tries.len() as u32 - 1)
            }
        }
    }

    /// A measured request waits for its outcome: the run goes on until then.
    pub(super) fn await_outcome(&mut self, asked: SimTime) {
        self.unresolved += u64::from(self.system.timing.measures(asked));
    }

    /// Undoes [`Self::await_outcome`].
    pub(super) fn settle(&mut self, asked: SimTime) {
        self.unresolved -= u64::from(self.system.timing.measures(asked));
    }

    /// A port serves a flow whose end is known.
    pub(super) fn keep(&mut self, row: usize, slot: Slot, holding: Holding) {
        self.keep_since(row, slot, self.now, holding);
    }

    /// Books when a port comes free that was granted at `start`. Whether its flow still has it.
    #[inline]
    fn keep_since(&mut self, row: usize, slot: Slot, start: SimTime, holding: Holding) -> bool {
        self.events += 1;
        let has_port = self.rows[row].keep_until(slot, holding);
        if !self.rows[row].tells_ends() {
            self.tell_kept(row, slot, start, holding);
        }
        has_port
    }

    /// Tells how long a port was kept, and those that the flow took with it.
    fn tell_kept(&mut self, row: usize, slot: Slot, start: SimTime, holding: Holding) {
        let Holding { close, release, .. } = holding;
        let kept = Kept { row: self.shard.rows[row], ip: slot.ip, start, close, release, initial: false };
        (0..=slot.others).for_each(|_| self.observer.kept(kept));
    }

    /// The ports of a connection come free, stage by stage.
    pub(super) fn end(&mut self, connection: &Connection, holding: impl Fn(&Self, usize) -> Holding) {
        let source = connection.owner.source;
        for number in 0..self.sources[source].hops.len() {
            let holding = holding(self, number);
            let row = self.row_in(&connection.owner, number);
            let has_port = self.keep_since(row, connection.slots[number], connection.opened, holding);
            let counts = if has_port { holding } else { Holding::until(self.now, self.now) };
            self.leave_quotas(&connection.owner, number, counts.close, counts.release);
        }
    }

    /// Tells that a connection still had its ports when the run ended.
    pub(super) fn tell_still_open(&mut self, connection: &Connection) {
        for number in 0..self.sources[connection.owner.source].hops.len() {
            let row = self.row_in(&connection.owner, number);
            if !self.rows[row].tells_ends() {
                let endless = Holding::until(SimTime::NEVER, SimTime::NEVER);
                self.tell_kept(row, connection.slots[number], connection.opened, endless);
            }
        }
    }

    /// Tells of the holdings that a row found to be over.
    #[inline]
    pub(super) fn tell_ended(&mut self, row: usize) {
        if !self.rows[row].tells_ends() {
            return;
        }
        let id = self.shard.rows[row];
        for ended in self.rows[row].take_ended() {
            self.in_common.note_ended(row, &ended);
            let Ended { slot, start, close, release } = ended;
            let initial = self.system.timing.stationary && start == SimTime::ZERO;
            self.observer.kept(Kept { row: id, ip: slot.ip, start, close, release, initial });
        }
    }
}

/// All connections of a node share the grid; it lies anywhere.
fn timer_phase(system: &System, source: &Source, key: TrialKey) -> SimDuration {
    if system.workload(source).syn.timers.is_none() {
        return SimDuration::ZERO;
    }
    SimDuration::from_nanos(key.stream(Purpose::TimerGrid, u64::from(source.node.0)).below(1 << 62))
}

/// The first pod of a source.
fn asker(system: &System, source: &Source) -> Asker {
    let destination = system.destinations[source.destination.index()].address;
    let others = system.ports_per_flow(source) - 1;
    Asker { others, ..Asker::new(source.node.0, 0, destination) }
}

pub(super) fn row_streams(system: &System, row: RowId, key: TrialKey) -> RowStreams {
    let RowSpec { stage, pool, .. } = system.rows[row.index()];
    RowStreams {
        row: key.stream(Purpose::PortChoice, u64::from(row.0)),
        pool: key.stream(Purpose::FirstIp, u64::from(stage.0) << 32 | u64::from(pool.0)),
    }
}

impl<'a> LocalHop<'a> {
    fn new(system: &'a System, shard: &Shard, hop: &Hop) -> Self {
        let row = |row: &RowId| shard.rows.binary_search(row).unwrap_or_default();
        let quota = |id: &QuotaId| shard.quotas.binary_search_by_key(id, |(id, _)| *id).unwrap_or_default();
        Self {
            stage: system.stage(hop.stage),
            rows: hop.rows.iter().map(row).collect(),
            quotas: hop.quotas.iter().map(|of_row| of_row.iter().map(quota).collect()).collect(),
        }
    }
}
