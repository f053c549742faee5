//! The `packets` and `keepalive` of a workload.

use super::laws::law_above_0;
use super::reader::{Reader, Table, positive};
use super::tree::Node;
use crate::flow::Protocol;
use crate::outbound::Timers;
use crate::time::SimDuration;
use crate::workload::{Destination, Law, Packets, Workload};

/// Lifetime of flows that their clients never close.
pub const NEVER_CLOSED: Law = Law::Constant(SimDuration::LONGEST);

/// Reads both keys of a workload.
pub fn packets<'a>(reader: &'a Reader<'a>, workload: &Table<'a>) -> Option<Packets> {
    let keepalive = workload.get("keepalive").and_then(|node| positive(reader, "keepalive", node));
    let Some(node) = workload.get("packets") else {
        return keepalive.map(|_| Packets { gap: None, stop_after_packet: 0.0, keepalive });
    };
    let table = reader.table(node, "packets");
    let gap = table.need("gap", "{ exponential = { mean = \"30s\" } }");
    let gap = gap.and_then(|node| law_above_0(reader, "gap", node));
    let stop_after_packet = table.number("stop_after_packet", 0.0, 1.0).unwrap_or(0.0);
    table.finish();
    Some(Packets { gap: Some(gap?), stop_after_packet, keepalive })
}

/// A flow that is neither closed nor forgotten would hold its port for ever.
pub fn check(
    reader: &Reader<'_>,
    node: &Node,
    workload: Option<&Workload>,
    destinations: &[Destination],
    timers: &Timers,
) {
    let Some(workload) = workload.filter(|workload| workload.lifetime == NEVER_CLOSED) else { return };
    let Some(packets) = workload.packets.as_ref() else { return };
    let timeout = |protocol| match protocol {
        Protocol::Udp => Some(timers.udp_idle_timeout),
        Protocol::Tcp => timers.idle_timeout,
    };
    let protocols = workload.destinations.iter().map(|(id, _)| destinations[id.index()].protocol);
    let forgets = |protocol| timeout(protocol).is_some_and(|timeout| packets.fall_silent(timeout));
    if !protocols.into_iter().all(forgets) {
        let message =
            "without `lifetime`, flows that never fall silent for an idle timeout hold their ports for ever";
        let help =
            "write `lifetime`, or an `idle_timeout` in `[outbound]` that `packets` and `keepalive` exceed";
        reader.problem(&node.span, message.into(), Some(help.into()));
    }
}
