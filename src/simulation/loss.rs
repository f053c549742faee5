//! Pure loss systems: one row, Poisson arrivals, and clients that take no for an answer. Nothing acts but arrivals, so
//! flows are drawn and told in blocks, and no event is scheduled at all.
//!
//! The numbers are those of the whole engine, bit for bit: the streams are the same, and each is drawn in the same order.

use super::observer::{Flows, Kept, Observer};
use super::settlement::{hold_down, pick_end};
use super::{Shard, Source, System, TrialKey, stationary};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::{Connections, Timers};
use crate::random::{Purpose, Stream};
use crate::snat::{Caps, Departures, Holding};
use crate::time::{SimDuration, SimTime};
use crate::workload::arrivals::Poisson;
use crate::workload::{Arrivals, Ends, Law};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Flows that are drawn and told together: their times fit into the nearest cache.
const BLOCK: usize = 256;

/// Whether `sources`, which compete for one another's ports alone, and their rows are a pure loss system.
pub(super) fn is_pure_loss(system: &System, sources: &[SourceId]) -> bool {
    let sources = || sources.iter().map(|source| &system.sources[source.index()]);
    let Some(row) = sources().next().and_then(|source| source.rows().first().copied()) else { return false };
    let stage = system.stage_of(row);
    let row_only_counts = stage.rules.always_find()
        && !stage.rules.name_ports()
        && stage.rules.caps == Caps::default()
        && system.ports(row).len() == 1
        && system.ports_in_row(row) != Some(0);
    system.epochs.is_empty()
        && !system.scales()
        && stage.connections == Connections::PassedOn
        && row_only_counts
        && sources().all(|source| only_asks_once(system, source))
}

/// Whether all that a client does is to ask one row for one port.
fn only_asks_once(system: &System, source: &Source) -> bool {
    let workload = system.workload(source);
    let [hop] = source.hops.as_slice() else { return false };
    let tcp = system.protocol(source) == Protocol::Tcp;
    let answered = |end| workload.ends.share(end) == 0.0;
    matches!(workload.arrivals, Arrivals::Poisson { .. })
        && system.pods_stay(source.workload)
        && hop.rows.len() == 1
        && hop.all_quotas().next().is_none()
        && system.ports_per_flow(source) == 1
        && !system.counts_local_ports(source)
        && system.destinations[source.destination.index()].troubles.is_empty()
        && system.client_pool_of(source).is_none()
        && workload.packets.is_none()
        && workload.retry.is_none()
        && workload.request_timeout.is_none()
        && (!tcp
            || workload.syn.resends.is_empty() && answered(EndKind::HalfOpen) && answered(EndKind::Refused))
}

/// Runs a pure loss system and tells `observer` what happens; returns the number of events (arrivals and releases).
pub(super) fn run<O: Observer>(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    stop: &AtomicUsize,
    observer: &mut O,
) -> u64 {
    let mut row = LossRow::new(system, shard);
    if system.timing.stationary {
        for resident in stationary::residents(system, &shard.sources, shard.rows[0], key) {
            let stationary::Resident { close, release } = resident;
            if row.takes(SimTime::ZERO, release) {
                let (row, start) = (shard.rows[0], SimTime::ZERO);
                observer.kept(Kept { row, ip: 0, start, close, release, initial: true });
            }
        }
    }
    let mut traffic = Traffic::new(system, shard, key);
    let mut flows = Flows::of(shard.rows[0]);
    let mut events = 0;
    while traffic.draw(&mut flows, system.timing.end) && stop.load(Ordering::Relaxed) == 0 {
        flows.grant(|now, release| row.takes(now, release));
        events += (flows.len() + flows.grants()) as u64;
        observer.flows(shard, &flows);
    }
    let end = system.timing.end;
    for (since, until) in row.full {
        observer.full(shard.rows[0], since, until.min(end));
    }
    observer.unresolved(0);
    events
}

/// The ports of the row. `busy` may count some that have come free; it is exact where that matters.
struct LossRow {
    ports: u32,
    busy: u32,
    departures: Departures,
    /// Spans without a free port.
    full: Vec<(SimTime, SimTime)>,
}

impl LossRow {
    fn new(system: &System, shard: &Shard) -> Self {
        let row = shard.rows[0];
        let sources = shard.sources.iter().map(|source| &system.sources[source.index()]);
        let rate: f64 = sources.map(|source| rate_of(system, source)).sum();
        let offered = stationary::offered(system, &shard.sources, row);
        let kept = SimDuration::from_secs_f64(offered / rate).min(system.timing.end.since(SimTime::ZERO));
        Self {
            ports: system.ports(row)[0].unwrap_or(u32::MAX),
            busy: 0,
            departures: Departures::new(SimDuration::from_secs_f64(1.0 / rate), kept),
            full: Vec::new(),
        }
    }

    /// Whether a flow that asks at `now` gets a port, which it then keeps until `release`.
    #[inline]
    fn takes(&mut self, now: SimTime, release: SimTime) -> bool {
        self.busy -= self.departures.pass(now);
        if self.busy == self.ports {
            self.busy -= self.departures.come(now);
            if self.busy == self.ports {
                return false;
            }
        }
        self.departures.push(release);
        self.busy += 1;
        if self.busy == self.ports {
            self.may_be_full(now);
        }
        true
    }

    /// No flow gets a port until the first one comes free: that is the end of the span.
    fn may_be_full(&mut self, now: SimTime) {
        self.busy -= self.departures.come(now);
        if self.busy == self.ports {
            let first = self.departures.first().unwrap_or(SimTime::NEVER);
            self.full.push((now, first));
        }
    }
}

/// What the sources ask for.
struct Traffic<'a> {
    sources: Vec<LossSource<'a>>,
    /// The next flow of each source, where there are several.
    next: BinaryHeap<Reverse<(SimTime, u32)>>,
}

/// Flows per second.
fn rate_of(system: &System, source: &Source) -> f64 {
    system.workload(source).arrivals.mean_rate().unwrap_or(0.0) * source.share
}

struct LossSource<'a> {
    /// Its position in the shard.
    position: u32,
    times: Poisson,
    lifetime: &'a Law,
    lifetimes: Stream,
    ends: &'a Ends,
    end_draws: Stream,
    hold_downs: Stream,
    protocol: Protocol,
    timers: &'a Timers,
}

impl<'a> LossSource<'a> {
    /// Nothing where nobody asks.
    fn new(system: &'a System, position: usize, id: SourceId, key: TrialKey) -> Option<Self> {
        let source = &system.sources[id.index()];
        let workload = system.workload(source);
        let stream = |purpose| key.stream(purpose, u64::from(id.0));
        Some(Self {
            position: position as u32,
            times: Poisson::new(rate_of(system, source), stream(Purpose::Arrivals))?,
            lifetime: &workload.lifetime,
            lifetimes: stream(Purpose::Lifetime),
            ends: &workload.ends,
            end_draws: stream(Purpose::End),
            hold_downs: stream(Purpose::HoldDown),
            protocol: system.protocol(source),
            timers: &system.device_of(source).timers,
        })
    }

    /// What a flow that asks at `time` would keep its port for.
    #[inline]
    fn holding(&mut self, time: SimTime) -> Holding {
        let lifetime = self.lifetime.sample(&mut self.lifetimes);
        let end = pick_end(self.ends, &mut self.end_draws);
        let hold_down = hold_down(self.timers, self.protocol, end, &mut self.hold_downs);
        Holding::of(self.timers, self.protocol, (lifetime, end), hold_down, time)
    }
}

impl<'a> Traffic<'a> {
    fn new(system: &'a System, shard: &Shard, key: TrialKey) -> Self {
        let sources = shard.sources.iter().enumerate();
        let mut sources: Vec<LossSource<'a>> =
            sources.filter_map(|(position, id)| LossSource::new(system, position, *id, key)).collect();
        let next = match sources.len() {
            0 | 1 => BinaryHeap::new(),
            _ => (0..)
                .zip(&mut sources)
                .map(|(number, source)| Reverse((source.times.next_time(), number)))
                .collect(),
        };
        Self { sources, next }
    }

    /// Draws the next block of flows that ask before `end`; whether there was one.
    fn draw(&mut self, flows: &mut Flows, end: SimTime) -> bool {
        flows.clear();
        match self.sources.as_mut_slice() {
            [] => {}
            [source] => {
                while flows.len() < BLOCK
                    && let time = source.times.next_time()
                    && time < end
                {
                    flows.push(source.position, time, source.holding(time));
                }
            }
            sources => {
                while flows.len() < BLOCK
                    && let Some(mut head) = self.next.peek_mut()
                    && let Reverse((time, number)) = *head
                    && time < end
                {
                    let source = &mut sources[number as usize];
                    *head = Reverse((source.times.next_time(), number));
                    flows.push(source.position, time, source.holding(time));
                }
            }
        }
        !flows.is_empty()
    }
}
