//! Which shards can be divided into excursions above a level that they return to again and again.

use super::super::{RowId, Shard, Source, System};
use crate::flow::{EndKind, Protocol};
use crate::outbound::Connections;
use crate::workload::Arrivals;

/// Why trajectories of `shard` would not say how often its flows fail, if they would not.
///
/// Ports in use must say how near a failure is, and a shard at rest must be like it was at rest before: in the long run
/// steady, and remembered by nothing but its ports, its arrivals and clients that wait to try again.
pub fn undividable(system: &System, shard: &Shard) -> Option<&'static str> {
    if !system.epochs.is_empty() || system.scales() {
        return Some("the cluster changes");
    }
    if !shard.quotas.is_empty() {
        return Some("a limit on flows spans port pools");
    }
    if shard.rows.iter().any(|row| system.pool_in_common(*row).is_some()) {
        return Some("rows of a port pool look at each other");
    }
    if shard.rows.iter().any(|row| system.stage_of(*row).connections != Connections::PassedOn) {
        return Some("connections end at the outbound device");
    }
    let ports = |row: &RowId| system.ports_in_row(*row);
    if shard.rows.iter().any(|row| ports(row).is_none() || ports(row) != ports(&shard.rows[0])) {
        return Some("port pools have no limit, or not the same one");
    }
    let finds = |row: &RowId| system.stage_of(*row).rules.always_find();
    if !shard.rows.iter().all(finds) {
        return Some("a search may give up while ports are free");
    }
    if system.may_lack_local_ports() {
        return Some("pods may run out of local ports");
    }
    shard.sources.iter().find_map(|source| keeps_other_state(system, &system.sources[source.index()]))
}

fn keeps_other_state(system: &System, source: &Source) -> Option<&'static str> {
    let workload = system.workload(source);
    let tcp = system.protocol(source) == Protocol::Tcp;
    let ends = |end| tcp && workload.ends.share(end) > 0.0;
    let timers = &system.device_of(source).timers;
    let steady = matches!(
        workload.arrivals,
        Arrivals::Poisson { .. } | Arrivals::Phased(_) | Arrivals::Batch { .. } | Arrivals::Renewal { .. }
    );
    match () {
        () if !steady => {
            Some("arrivals are none of `poisson`, `mmpp`, `on_off`, `batch` and `renewal` at a steady rate")
        }
        () if !system.pods_stay(source.workload) => Some("the cluster changes"),
        () if source.hops.len() > 1 => Some("flows pass two stages, and either may refuse"),
        () if system.client_pool_of(source).is_some() => Some("a client pool keeps connections open"),
        () if workload.request_timeout.is_some() => {
            Some("applications wait for an answer (`request_timeout`)")
        }
        () if ends(EndKind::HalfOpen) || ends(EndKind::Refused) => {
            Some("clients wait for servers that do not answer or refuse (`ends`)")
        }
        () if !system.destinations[source.destination.index()].troubles.is_empty() => {
            Some("a destination is in trouble for a time")
        }
        () if !workload.lifetime.mean().is_finite()
            || ends(EndKind::Abandoned) && timers.idle_timeout.is_none() =>
        {
            Some("the mean time that a port is kept is infinite")
        }
        () => None,
    }
}
