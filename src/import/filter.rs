//! Which records are outbound flows.

use super::{End, Lasted, Length, Record, TraceFlow};
use crate::flow::EndKind;
use ipnet::Ipv4Net;
use std::net::{IpAddr, Ipv4Addr};

/// The outbound flow of a record, or why it is none.
pub fn outbound(record: Record, inside: &[Ipv4Net]) -> Result<TraceFlow, &'static str> {
    let protocol = record.protocol.ok_or("proto")?;
    let (IpAddr::V4(source), IpAddr::V4(destination)) = (record.source, record.destination) else {
        return Err("not IPv4");
    };
    let is_inside = |address: Ipv4Addr| inside.iter().any(|prefix| prefix.contains(&address));
    if !is_inside(source) {
        return Err("source outside");
    }
    if is_inside(destination) {
        return Err("destination inside");
    }
    if !is_unicast(destination) {
        return Err("destination not unicast");
    }
    let End(end) = record.state;
    let (duration_us, length) = match record.lasted {
        Lasted::Whole(duration) => (duration, Length::Whole),
        Lasted::SoFar(duration) => (duration, Length::SoFar),
        Lasted::Unsaid => (0, Length::Unsaid),
    };
    Ok(TraceFlow {
        start_us: record.start_us,
        duration_us,
        length,
        protocol,
        source,
        destination,
        port: record.port,
        end: end.unwrap_or(EndKind::Fin),
    })
}

/// Prefixes whose addresses are nobody's, or many's: this network, loopback, link-local, multicast, reserved.
pub const NOT_UNICAST: [([u8; 4], u8); 5] = [
    ([0, 0, 0, 0], 8),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

/// In none of [`NOT_UNICAST`].
fn is_unicast(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    let holds =
        |(network, length): &([u8; 4], u8)| (bits ^ u32::from_be_bytes(*network)) >> (32 - length) == 0;
    !NOT_UNICAST.iter().any(holds)
}
