//! One pass over a shard that serves every row size: rows without a limit, lowest free port first.

use super::draws::{Here, SourceStreams};
use super::request::Syns;
use super::{Feed, Shard, System, TrialKey, loss};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::snat::{Holding, IndexedRow};
use crate::time::{SimDuration, SimTime};
use crate::workload::SynSchedule;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many measured first attempts took each port number.
///
/// A row of `c` ports would have refused exactly those that took number `c` or higher, counting from 0, provided
/// nobody acts on a refusal.
/// Stops in the middle once `stop` is not 0; the counts then mean nothing.
pub fn first_attempt_ports(system: &System, shard: &Shard, key: TrialKey, stop: &AtomicUsize) -> Vec<u64> {
    let mut taken = Vec::new();
    let took = |times: &[SimTime], ports: &[u32]| {
        let ports = &ports[times.partition_point(|time| *time < system.timing.origin)..];
        let needed = ports.iter().max().map_or(0, |port| *port as usize + 1);
        taken.resize(taken.len().max(needed), 0);
        ports.iter().for_each(|port| taken[*port as usize] += 1);
    };
    match shard.pure_loss {
        true => loss::number_ports(system, shard, key, stop, took),
        false => number_ports(system, shard, key, stop, took),
    }
    taken
}

/// Tells of each flow alone when it asks and which number its port has.
fn number_ports(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    stop: &AtomicUsize,
    mut took: impl FnMut(&[SimTime], &[u32]),
) {
    let mut rows = vec![IndexedRow::default(); shard.rows.len()];
    let mut streams: Vec<SourceStreams> =
        shard.sources.iter().map(|id| SourceStreams::new(*id, key)).collect();
    let here = |id: &SourceId| Here::at_first(system, &system.sources[id.index()]);
    let here: Vec<Here> = shard.sources.iter().map(here).collect();
    let mut feed = Feed::new(system, shard, key);
    let mut arrivals = 0u64;
    while let Some(arrival) = feed.pop()
        && arrival.time < system.timing.end
    {
        arrivals += 1;
        if arrivals.is_multiple_of(super::trial::EVENTS_BETWEEN_LOOKS) && stop.load(Ordering::Relaxed) != 0 {
            break;
        }
        let Ok(position) = shard.sources.binary_search(&arrival.source) else { continue };
        let source = &system.sources[arrival.source.index()];
        let draws = streams[position].draw(system, source, &here[position], &arrival);
        let Some(row) =
            source.rows().get(draws.row as usize).and_then(|row| shard.rows.binary_search(row).ok())
        else {
            continue;
        };
        let release = release(system, source, &draws, arrival.time);
        took(&[arrival.time], &[rows[row].take(arrival.time, release)]);
    }
}

fn release(system: &System, source: &super::Source, draws: &super::FlowDraws, now: SimTime) -> SimTime {
    let timers = &system.device_of(source).timers;
    let protocol = system.protocol(source);
    if draws.end == EndKind::HalfOpen && protocol == Protocol::Tcp {
        return Holding::half_open(
            timers,
            (&SynSchedule::NONE, SimDuration::ZERO),
            Syns::from(now),
            now,
            (None, SimTime::NEVER),
        )
        .0
        .release;
    }
    Holding::of(timers, protocol, (draws.lifetime, draws.end), draws.hold_down, now).release
}
