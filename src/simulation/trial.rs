//! The run loop of one shard in one trial.

use super::batches::Batches;
use super::client_pools::{ClientPools, Connection, ConnectionId};
use super::observer::{Attempt, Connected, Fate, Kept, Observer};
use super::requests::{Budgets, Request};
use super::settlement::{Settlement, SourceStreams};
use super::{Feed, RowId, Shard, Source, System, Timing, stationary};
use crate::event_queue::{Event, EventClass, EventQueue};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::random::{Purpose, Stream};
use crate::snat::{Caps, ReleaseQueue, Row, SnatFailure};
use crate::time::{SimDuration, SimTime};
use crate::workload::Workload;
use std::sync::atomic::{AtomicUsize, Ordering};

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

    /// The stream of one try of a request of `source`.
    pub(super) fn stream_of_try(
        self,
        purpose: Purpose,
        source: SourceId,
        request: u64,
        tries: u32,
    ) -> Stream {
        Stream::of_try(self.seed, self.replication, purpose, u64::from(source.0), request, tries)
    }
}

/// Runs `shard` and tells `observer` what happens; returns the number of events (arrivals and releases).
///
/// `total_cap` is the device's cap over all rows, if it is to be enforced: only in a coupled shard. The run stops in
/// the middle once `stop` is not 0; what was told then means nothing.
pub fn run_shard<O: Observer>(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    total_cap: Option<u32>,
    stop: &AtomicUsize,
    observer: &mut O,
) -> u64 {
    let mut run = Run::new(system, shard, key, total_cap, observer);
    if system.timing.stationary {
        run.seat_residents(key);
    }
    run.play(Feed::new(system, shard, key), stop);
    run.finish()
}

/// How often a run looks whether it is to stop.
pub(super) const EVENTS_BETWEEN_LOOKS: u64 = 1 << 16;

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
    /// A connection has lived as long as it may.
    LifeEnds(ConnectionId, u32),
    /// A request has waited in line for too long.
    WaitEnds { source: u32, pod: u32, ticket: u32 },
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
            Self::RequestEnds(_) | Self::IdleCloses(..) | Self::MappingExpires(..) | Self::LifeEnds(..) => {
                EventClass::Close
            }
            Self::WaitEnds { .. } | Self::Resend(_) | Self::GivesUp(_) | Self::Retry(_) => EventClass::Retry,
        }
    }
}

/// A flow that waits to send its SYN again, or a request that waits to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TryId(u32);

/// A flow that asks for a port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// What it is for.
    pub request: Request,
    /// Its first SYN.
    pub first: SimTime,
    pub next_resend: usize,
}

impl Try {
    /// The first SYN of a flow.
    #[inline]
    pub(super) fn new(request: Request, now: SimTime) -> Self {
        Self { request, first: now, next_resend: 0 }
    }
}

pub(super) struct LocalSource<'a> {
    pub spec: &'a Source,
    pub workload: &'a Workload,
    pub protocol: Protocol,
    pub rows: Vec<usize>,
    streams: SourceStreams,
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
    pub shard: &'a Shard,
    pub key: TrialKey,
    pub observer: &'a mut O,
    pub now: SimTime,
    pub sources: Vec<LocalSource<'a>>,
    pub rows: Vec<Row>,
    pub queue: EventQueue<Happening>,
    tries: Vec<Try>,
    free_tries: Vec<TryId>,
    pub client_pools: ClientPools,
    pub budgets: Budgets,
    all_live: Option<AllLive>,
    /// Measured flows and requests that wait for their outcome.
    pub unresolved: u64,
    /// Flows of batches that are granted or refused together, until the last of the batch has come.
    pub batches: Batches,
    /// Clients of closed loops whose requests are decided, and when those are over.
    pub coming_back: Vec<(u32, SimTime)>,
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
                workload: system.workload(spec),
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
            key,
            observer,
            now: SimTime::ZERO,
            budgets: Budgets::new(system, sources.iter().map(|source| source.spec)),
            client_pools: ClientPools::new(sources.iter().map(|source| pooled_pods(system, source.spec))),
            sources,
            rows: shard.rows.iter().map(row).collect(),
            queue: EventQueue::new(),
            tries: Vec::new(),
            free_tries: Vec::new(),
            all_live,
            unresolved: 0,
            batches: Batches::new(system.workloads.len()),
            coming_back: Vec::new(),
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

    fn play(&mut self, mut feed: Feed<'a>, stop: &AtomicUsize) {
        let Timing { end, horizon, .. } = self.system.timing;
        loop {
            let event = self.queue.next_time();
            let arrival = feed.next_time();
            let (time, is_event) = match (event, arrival) {
                (Some(event), Some(arrival)) => (event.min(arrival), event <= arrival),
                (Some(event), None) => (event, true),
                (None, Some(arrival)) => (arrival, false),
                (None, None) => break,
            };
            if time >= end && (self.unresolved == 0 || time >= horizon) {
                break;
            }
            if self.events.is_multiple_of(EVENTS_BETWEEN_LOOKS) && stop.load(Ordering::Relaxed) != 0 {
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
            self.coming_back.drain(..).for_each(|(client, at)| feed.come_back(client, at));
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
        self.observer.unresolved(self.unresolved);
        self.events
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Resend(id) => {
                let mut flow = self.release_try(id);
                self.settle(flow.request.asked);
                flow.next_resend += 1;
                self.attempt(&flow);
            }
            Happening::GivesUp(id) => {
                let flow = self.release_try(id);
                self.settle(flow.request.asked);
                self.connecting_failed(flow.request);
            }
            Happening::Retry(id) => {
                let flow = self.release_try(id);
                self.retry(flow.request);
            }
            Happening::RequestEnds(connection) => self.request_ends(connection),
            Happening::IdleCloses(connection, generation) => self.idle_closes(connection, generation),
            Happening::MappingExpires(connection, generation) => self.mapping_expires(connection, generation),
            Happening::LifeEnds(connection, born) => self.life_ends(connection, born),
            Happening::WaitEnds { source, pod, ticket } => self.wait_ends(source as usize, pod, ticket),
        }
    }

    #[inline]
    fn arrive(&mut self, arrival: &super::Arrival) {
        let Ok(source) = self.shard.sources.binary_search(&arrival.source) else { return };
        let local = &mut self.sources[source];
        let draws = local.streams.draw(self.system, local.spec, arrival);
        let (number, workload) = (local.streams.drawn(), local.spec.workload);
        let request = Request::new(source, self.now, number, draws);
        self.budgets.book(&request);
        match arrival.batch_left {
            Some(left) => self.join_batch(workload, request, left),
            None => self.ask(&request),
        }
    }

    /// The flow's SYN reaches the device.
    #[inline]
    pub(super) fn attempt(&mut self, flow: &Try) {
        let result = self.open(self.row_of(&flow.request));
        self.answered(flow, result);
    }

    /// The row that the request's flow meets; its source needs a port.
    pub(super) fn row_of(&self, request: &Request) -> usize {
        self.sources[request.source].rows[request.draws.row as usize]
    }

    /// The device grants or refuses.
    pub(super) fn answered(&mut self, flow: &Try, result: Result<usize, SnatFailure>) {
        let row = self.row_of(&flow.request);
        let Try { request, first, .. } = flow;
        self.observer.attempt(Attempt {
            time: self.now,
            asked: request.asked,
            is_first: *first == self.now && request.is_first_try(),
            source: self.shard.sources[request.source],
            row: self.shard.rows[row],
            refused: result.err(),
        });
        match result {
            Ok(ip) => self.granted(flow, row, ip),
            Err(_) => self.unanswered(*flow),
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

    #[inline]
    fn granted(&mut self, flow: &Try, row: usize, ip: usize) {
        let Try { request, first, next_resend } = flow;
        let local = &self.sources[request.source];
        let timers = &self.system.egress.timers;
        let (protocol, workload) = (local.protocol, local.workload);
        if request.draws.end == EndKind::HalfOpen && protocol == Protocol::Tcp {
            let (settlement, next_resend) =
                Settlement::half_open(timers, &workload.syn, *first, self.now, *next_resend);
            self.keep(row, ip, settlement);
            return self.unanswered(Try { next_resend, ..*flow });
        }
        self.observer.connected(Connected { asked: request.asked, first: *first, time: self.now });
        if workload.client_pool.is_some() {
            return self.connection_opened(Connection::new(*request, row, ip, self.now));
        }
        let settlement = Settlement::of(timers, protocol, &request.draws, self.now);
        self.keep(row, ip, settlement);
        if request.draws.end == EndKind::Refused && protocol == Protocol::Tcp {
            self.flow_decided(request, Fate::Succeeded);
            return self.request_fails(*request);
        }
        self.decided(request, Some(Fate::Succeeded), Some(Fate::Succeeded));
    }

    /// No SYN was answered so far: the client sends another, or gives up at the end of its schedule. That end is an
    /// event only where something follows from it.
    fn unanswered(&mut self, flow: Try) {
        let local = &self.sources[flow.request.source];
        let workload = local.workload;
        let tcp = local.protocol == Protocol::Tcp;
        let due = |after: SimDuration| flow.first + after;
        if let Some(resend) = workload.syn.resends.get(flow.next_resend).filter(|_| tcp) {
            return self.wait_until(due(*resend), flow, Happening::Resend);
        }
        let matters =
            workload.retry.is_some() || workload.client_pool.is_some() || workload.arrivals.is_closed_loop();
        match workload.syn.give_up.filter(|_| tcp && matters) {
            Some(give_up) if due(give_up) > self.now => {
                self.wait_until(due(give_up), flow, Happening::GivesUp)
            }
            _ => self.connecting_failed(flow.request),
        }
    }

    fn wait_until(&mut self, due: SimTime, flow: Try, then: fn(TryId) -> Happening) {
        let id = self.hold_try(flow);
        self.await_outcome(flow.request.asked);
        self.queue.after(self.now, due.since(self.now), then(id));
    }

    /// The client gave up connecting.
    fn connecting_failed(&mut self, request: Request) {
        self.flow_decided(&request, Fate::Failed);
        self.request_fails(request);
        if self.sources[request.source].workload.client_pool.is_some() {
            self.place_freed(&request);
        }
    }

    fn release_try(&mut self, id: TryId) -> Try {
        self.free_tries.push(id);
        self.tries[id.0 as usize]
    }

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
}
