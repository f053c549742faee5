//! Pure loss systems: one row, Poisson arrivals, and clients that take no for an answer. Nothing acts but arrivals, so
//! flows are drawn and told in blocks, and no event is scheduled at all.
//!
//! The numbers are those of the whole engine, bit for bit: the streams are the same, and each is drawn in the same order.

mod ports;
mod traffic;

use super::observer::{Flows, Kept, Observer};
use super::{Shard, Source, System, TrialKey, stationary};
use crate::flow::{EndKind, Protocol};
use crate::outbound::Connections;
use crate::snat::{Caps, Departures, IndexedRow};
use crate::time::{SimDuration, SimTime};
use crate::workload::Arrivals;
use ports::{InCalendar, InTurn, MOST_IN_TURN, Ports};
use std::sync::atomic::{AtomicUsize, Ordering};
use traffic::Traffic;

/// Whether a shard is a pure loss system.
pub(super) fn is_pure_loss(system: &System, shard: &Shard) -> bool {
    let &[row] = shard.rows.as_slice() else { return false };
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
        && shard.sources.iter().all(|source| only_asks_once(system, &system.sources[source.index()]))
}

/// Whether all that a client does is to ask one row for one port.
fn only_asks_once(system: &System, source: &Source) -> bool {
    let workload = system.workload(source);
    let [hop] = source.hops.as_slice() else { return false };
    let tcp = system.protocol(source) == Protocol::Tcp;
    let never = |end| workload.ends.share(end) == 0.0;
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
        && (!tcp || workload.syn.resends.is_empty() && never(EndKind::HalfOpen) && never(EndKind::Refused))
}

/// Runs a pure loss system and tells `observer` what happens; returns the number of events (arrivals and releases).
pub(super) fn run<O: Observer>(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    stop: &AtomicUsize,
    observer: &mut O,
) -> u64 {
    let ports = system.ports(shard.rows[0])[0].unwrap_or(u32::MAX);
    let traffic = Traffic::new(system, shard, key);
    let trial = Trial { system, shard, key, stop };
    match traffic.all_keep_alike() && ports <= MOST_IN_TURN {
        true => trial.play(InTurn::new(ports), traffic, observer),
        false => trial.play(InCalendar::new(ports, departures(system, shard)), traffic, observer),
    }
}

/// A queue that suits the rate of the flows and how long they would keep their ports.
fn departures<Port: Copy + Ord + Default>(system: &System, shard: &Shard) -> Departures<Port> {
    let sources = shard.sources.iter().map(|source| &system.sources[source.index()]);
    let rate: f64 = sources.map(|source| traffic::rate_of(system, source)).sum();
    let offered = stationary::offered(system, &shard.sources, shard.rows[0]);
    let kept = SimDuration::from_secs_f64(offered / rate).min(system.timing.end.since(SimTime::ZERO));
    Departures::new(SimDuration::from_secs_f64(1.0 / rate), kept)
}

/// Tells of flows, in blocks, when each asks and which number the lowest free port has, where there is no limit.
/// Stops in the middle once `stop` is not 0.
pub(super) fn number_ports(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    stop: &AtomicUsize,
    mut took: impl FnMut(&[SimTime], &[u32]),
) {
    let mut traffic = Traffic::new(system, shard, key);
    let mut row = IndexedRow::new(departures(system, shard));
    let mut flows = Flows::of(shard.rows[0]);
    let mut ports = Vec::new();
    while traffic.draw(&mut flows, system.timing.end) && stop.load(Ordering::Relaxed) == 0 {
        ports.clear();
        ports.extend(flows.times.iter().zip(&flows.releases).map(|(now, release)| row.take(*now, *release)));
        took(&flows.times, &ports);
    }
}

struct Trial<'a> {
    system: &'a System,
    shard: &'a Shard,
    key: TrialKey,
    stop: &'a AtomicUsize,
}

impl Trial<'_> {
    fn play<O: Observer>(&self, mut ports: impl Ports, mut traffic: Traffic<'_>, observer: &mut O) -> u64 {
        let Self { system, shard, key, stop } = *self;
        let (row, end) = (shard.rows[0], system.timing.end);
        if system.timing.stationary {
            let mut residents = stationary::residents(system, &shard.sources, row, key);
            residents.sort_by_key(|resident| resident.release);
            for stationary::Resident { close, release } in residents {
                let start = SimTime::ZERO;
                if ports.takes(start, release) {
                    observer.kept(Kept { row, ip: 0, start, close, release, initial: true });
                }
            }
        }
        let mut flows = Flows::of(row);
        let mut events = 0;
        while traffic.draw(&mut flows, end) && stop.load(Ordering::Relaxed) == 0 {
            flows.grant(|now, release| ports.takes(now, release));
            events += (flows.len() + flows.grants()) as u64;
            observer.flows(shard, &flows);
        }
        for (since, until) in ports.full_spans() {
            observer.full(row, since, until.min(end));
        }
        observer.unresolved(0);
        events
    }
}
