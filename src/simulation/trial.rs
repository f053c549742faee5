//! The run loop of one shard in one trial.

use super::batches::{BatchFlow, Batches};
use super::client_pools::{ClientPools, Connection, ConnectionId, Request};
use super::observer::{Attempt, Connected, Kept, Observer, Outcome};
use super::settlement::{FlowDraws, Settlement, SourceStreams};
use super::{Feed, RowId, Shard, Source, System, stationary};
use crate::event_queue::{Event, EventClass, EventQueue};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::random::{Purpose, Stream};
use crate::snat::{Caps, ReleaseQueue, Row, SnatFailure};
use crate::time::SimTime;

/// What keys the random numbers of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialKey {
    /// Seed of the run.
    pub seed: u64,
    /// Replication, from 0.
    pub replication: u32,
}

impl TrialKey {
    /// The stream of `owner` for `purpose`.
    pub fn stream(self, purpose: Purpose, owner: u64) -> Stream {
        Stream::new(self.seed, self.replication, purpose, owner)
    }
}

/// Runs `shard` and tells `observer` what happens; returns the number of events (arrivals and releases).
///
/// `total_cap` is the device's cap over all rows, if it is to be enforced: only in a coupled shard.
pub fn run_shard<O: Observer>(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    total_cap: Option<u32>,
    observer: &mut O,
) -> u64 {
    let mut run = Run::new(system, shard, key, total_cap, observer);
    if system.timing.stationary {
        run.seat_residents(key);
    }
    run.play(Feed::new(system, shard, key));
    run.finish()
}

/// Pods that keep connections open.
fn pooled_pods(system: &System, source: &Source) -> u32 {
    if system.workload(source).client_pool.is_some() { source.pods } else { 0 }
}

/// What acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Happening {
    /// A request on a kept-open connection ends.
    RequestEnds(ConnectionId),
    /// A client pool closes an idle connection.
    IdleCloses(ConnectionId, u32),
    /// The device forgets an idle connection.
    MappingExpires(ConnectionId, u32),
    /// A client sends its SYN again.
    Resend(TryId),
}

impl Event for Happening {
    fn class(&self) -> EventClass {
        match self {
            Self::RequestEnds(_) | Self::IdleCloses(..) | Self::MappingExpires(..) => EventClass::Close,
            Self::Resend(_) => EventClass::Retry,
        }
    }
}

/// A flow that waits to send its SYN again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TryId(u32);

/// A flow that asks for a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    pub source: usize,
    pub first: SimTime,
    pub next_resend: usize,
    pub draws: FlowDraws,
    /// The request it is for, when a client pool opens it.
    pub request: Option<Request>,
    /// Its outcome has been told.
    pub decided: bool,
}

pub(super) struct LocalSource<'a> {
    pub spec: &'a Source,
    pub protocol: Protocol,
    pub rows: Vec<usize>,
    streams: SourceStreams,
}

impl Try {
    /// The first SYN of a flow that no client pool asked for.
    pub(super) fn first(source: usize, now: SimTime, draws: FlowDraws) -> Self {
        Self { source, first: now, next_resend: 0, draws, request: None, decided: false }
    }
}

/// Live flows over all rows.
struct AllLive {
    cap: Option<u32>,
    counts_holds: bool,
    closes: ReleaseQueue,
    live: u64,
    most: u64,
}

pub(super) struct Run<'a, O> {
    pub system: &'a System,
    shard: &'a Shard,
    pub observer: &'a mut O,
    pub now: SimTime,
    pub sources: Vec<LocalSource<'a>>,
    pub rows: Vec<Row>,
    pub queue: EventQueue<Happening>,
    tries: Vec<Try>,
    free_tries: Vec<TryId>,
    pub client_pools: ClientPools,
    all_live: Option<AllLive>,
    /// Measured flows and requests that wait for their outcome.
    pub unresolved: u64,
    /// Flows of batches that are granted or refused together, until the last of the batch has come.
    pub batches: Batches,
    events: u64,
}

impl<'a, O: Observer> Run<'a, O> {
    fn new(
        system: &'a System,
        shard: &'a Shard,
        key: TrialKey,
        total_cap: Option<u32>,
        observer: &'a mut O,
    ) -> Self {
        let egress = &system.egress;
        let caps = Caps { per_ip: egress.per_destination_cap, count_holds: egress.cap_counts_holds };
        let row =
            |id: &RowId| Row::new(system.ports(*id), caps, key.stream(Purpose::PortChoice, u64::from(id.0)));
        let local = |id: &SourceId| {
            let spec = &system.sources[id.index()];
            let position = |row: &RowId| shard.rows.binary_search(row).unwrap_or_default();
            LocalSource {
                spec,
                protocol: system.protocol(spec),
                rows: spec.rows.iter().map(position).collect(),
                streams: SourceStreams::new(*id, key),
            }
        };
        let sources: Vec<LocalSource<'a>> = shard.sources.iter().map(local).collect();
        let all_live = egress.total_cap.map(|_| AllLive {
            cap: total_cap,
            counts_holds: egress.cap_counts_holds,
            closes: ReleaseQueue::default(),
            live: 0,
            most: 0,
        });
        Self {
            system,
            shard,
            observer,
            now: SimTime::ZERO,
            client_pools: ClientPools::new(sources.iter().map(|source| pooled_pods(system, source.spec))),
            sources,
            rows: shard.rows.iter().map(row).collect(),
            queue: EventQueue::new(),
            tries: Vec::new(),
            free_tries: Vec::new(),
            all_live,
            unresolved: 0,
            batches: Batches::new(system.workloads.len()),
            events: 0,
        }
    }

    fn seat_residents(&mut self, key: TrialKey) {
        for (position, id) in self.shard.rows.iter().enumerate() {
            for resident in stationary::residents(self.system, &self.shard.sources, *id, key) {
                if let Ok(ip) = self.rows[position].open(SimTime::ZERO) {
                    self.rows[position].keep_until(ip, resident.close, resident.release);
                    let (close, release) = (resident.close, resident.release);
                    self.observer.kept(Kept {
                        row: *id,
                        start: SimTime::ZERO,
                        close,
                        release,
                        initial: true,
                    });
                }
            }
        }
    }

    fn play(&mut self, mut feed: Feed<'a>) {
        let end = self.system.timing.end;
        loop {
            let event = self.queue.next_time();
            let arrival = feed.next_time();
            let (time, is_event) = match (event, arrival) {
                (Some(event), Some(arrival)) => (event.min(arrival), event <= arrival),
                (Some(event), None) => (event, true),
                (None, Some(arrival)) => (arrival, false),
                (None, None) => break,
            };
            if time >= end && self.unresolved == 0 {
                break;
            }
            self.now = time;
            self.events += 1;
            if is_event {
                if let Some((_, happening)) = self.queue.pop() {
                    self.happen(happening);
                }
            } else if let Some(arrival) = feed.pop() {
                self.arrive(&arrival);
            }
        }
    }

    fn finish(mut self) -> u64 {
        let end = self.system.timing.end;
        for connection in self.client_pools.still_open() {
            self.tell_kept(&connection, SimTime::NEVER, SimTime::NEVER);
        }
        for (row, id) in self.rows.into_iter().zip(&self.shard.rows) {
            for (since, until) in row.full_spans(self.now.max(end)) {
                self.observer.full(*id, since, until);
            }
        }
        if let Some(all) = self.all_live {
            self.observer.most_live(all.most);
        }
        self.events
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Resend(id) => {
                let mut flow = self.tries[id.0 as usize];
                self.free_tries.push(id);
                self.settle(flow.first);
                flow.next_resend += 1;
                self.attempt(flow);
            }
            Happening::RequestEnds(connection) => self.request_ends(connection),
            Happening::IdleCloses(connection, generation) => self.idle_closes(connection, generation),
            Happening::MappingExpires(connection, generation) => self.mapping_expires(connection, generation),
        }
    }

    #[inline]
    fn arrive(&mut self, arrival: &super::Arrival) {
        let Ok(source) = self.shard.sources.binary_search(&arrival.source) else { return };
        let local = &mut self.sources[source];
        let draws = local.streams.draw(self.system, local.spec, arrival);
        let workload = local.spec.workload;
        if let Some(left) = arrival.batch_left {
            return self.join_batch(workload, BatchFlow { source, draws }, left);
        }
        if local.rows.is_empty() {
            return self.needs_no_port(source);
        }
        if self.system.workloads[workload.index()].client_pool.is_some() {
            return self.request(Request { source, asked: self.now, draws, stale: false });
        }
        self.attempt(Try::first(source, self.now, draws));
    }

    /// The destination lies beside the outbound device, or is denied before any port is taken.
    pub(super) fn needs_no_port(&mut self, source: usize) {
        let destination = self.sources[source].spec.destination;
        let blocked = self.system.destinations[destination.index()].reach == crate::workload::Reach::Blocked;
        self.observer.outcome(Outcome {
            asked: self.now,
            flow: true,
            connection_failed: blocked,
            request_failed: blocked,
            stale: false,
        });
    }

    /// The flow's SYN reaches the device.
    pub(super) fn attempt(&mut self, flow: Try) {
        let result = self.open(self.row_of(flow.source, &flow.draws));
        self.answered(flow, result);
    }

    /// The row that a flow meets; its source needs a port.
    pub(super) fn row_of(&self, source: usize, draws: &FlowDraws) -> usize {
        self.sources[source].rows[draws.row as usize]
    }

    /// The device grants or refuses.
    pub(super) fn answered(&mut self, flow: Try, result: Result<usize, SnatFailure>) {
        let row = self.row_of(flow.source, &flow.draws);
        self.observer.attempt(Attempt {
            time: self.now,
            first: flow.first,
            source: self.shard.sources[flow.source],
            row: self.shard.rows[row],
            refused: result.err(),
        });
        match result {
            Ok(ip) => self.granted(flow, row, ip),
            Err(_) => self.refused(flow),
        }
    }

    #[inline]
    fn open(&mut self, row: usize) -> Result<usize, SnatFailure> {
        if !self.below_total_cap(1) {
            return Err(SnatFailure::TotalCap);
        }
        let ip = self.rows[row].open(self.now)?;
        if let Some(all) = &mut self.all_live {
            all.live += 1;
            all.most = all.most.max(all.live);
        }
        Ok(ip)
    }

    /// Whether the cap over all rows leaves room for so many flows more.
    #[inline]
    pub(super) fn below_total_cap(&mut self, more: u64) -> bool {
        let Some(all) = &mut self.all_live else { return true };
        while all.closes.pop_due(self.now).is_some() {
            all.live -= 1;
        }
        all.cap.is_none_or(|cap| all.live + more <= u64::from(cap))
    }

    fn granted(&mut self, flow: Try, row: usize, ip: usize) {
        let local = &self.sources[flow.source];
        let timers = &self.system.egress.timers;
        let (protocol, spec) = (local.protocol, local.spec);
        if flow.draws.end == EndKind::HalfOpen && protocol == Protocol::Tcp {
            let syn = &self.system.workload(spec).syn;
            let (settlement, next) =
                Settlement::half_open(timers, syn, flow.first, self.now, flow.next_resend);
            self.keep(row, ip, settlement);
            return self.never_answered(flow, next);
        }
        self.observer.connected(Connected { first: flow.first, time: self.now });
        if let Some(request) = flow.request {
            let connection = Connection::new(request, row, ip, self.now, flow.draws);
            return self.connection_opened(connection);
        }
        let settlement = Settlement::of(timers, protocol, &flow.draws, self.now);
        self.keep(row, ip, settlement);
        let refused_by_server = flow.draws.end == EndKind::Refused && protocol == Protocol::Tcp;
        self.tell_outcome(&flow, false, refused_by_server);
    }

    /// Nobody answers: a connection failure, whatever the further SYNs meet.
    fn never_answered(&mut self, mut flow: Try, next_resend: usize) {
        if !flow.decided {
            self.tell_outcome(&flow, true, true);
            flow.decided = true;
        }
        self.schedule_resend(Try { next_resend, ..flow });
    }

    fn refused(&mut self, flow: Try) {
        if self.schedule_resend(flow) {
            return;
        }
        match flow.request {
            Some(request) => self.connecting_failed(request),
            None if !flow.decided => self.tell_outcome(&flow, true, true),
            None => {}
        }
    }

    /// Sends the SYN again at the next time of the client's schedule, if there is one.
    fn schedule_resend(&mut self, flow: Try) -> bool {
        let syn = &self.system.workload(self.sources[flow.source].spec).syn;
        let tcp = self.sources[flow.source].protocol == Protocol::Tcp;
        let Some(resend) = syn.resends.get(flow.next_resend).filter(|_| tcp) else { return false };
        let due = flow.first + *resend;
        let id = self.hold_try(flow);
        self.await_outcome(flow.first);
        self.queue.after(self.now, due.since(self.now), Happening::Resend(id));
        true
    }

    fn hold_try(&mut self, flow: Try) -> TryId {
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

    /// A measured flow or request waits for its outcome: the run goes on until then.
    pub(super) fn await_outcome(&mut self, first: SimTime) {
        self.unresolved += u64::from(self.system.timing.measures(first));
    }

    /// Undoes [`Self::await_outcome`].
    pub(super) fn settle(&mut self, first: SimTime) {
        self.unresolved -= u64::from(self.system.timing.measures(first));
    }

    fn keep(&mut self, row: usize, ip: usize, settlement: Settlement) {
        let Settlement { close, release } = settlement;
        self.mark_end(row, ip, close, release);
        let row = self.shard.rows[row];
        self.observer.kept(Kept { row, start: self.now, close, release, initial: false });
    }

    /// Books when a port comes free.
    pub(super) fn mark_end(&mut self, row: usize, ip: usize, close: SimTime, release: SimTime) {
        self.events += 1;
        self.rows[row].keep_until(ip, close, release);
        if let Some(all) = &mut self.all_live {
            all.closes.push(if all.counts_holds { release } else { close });
        }
    }

    /// Tells how long a kept-open connection had its port.
    pub(super) fn tell_kept(&mut self, connection: &Connection, close: SimTime, release: SimTime) {
        let row = self.shard.rows[connection.row];
        self.observer.kept(Kept { row, start: connection.opened, close, release, initial: false });
    }

    fn tell_outcome(&mut self, flow: &Try, connection_failed: bool, request_failed: bool) {
        let asked = flow.first;
        self.observer.outcome(Outcome { asked, flow: true, connection_failed, request_failed, stale: false });
    }
}
