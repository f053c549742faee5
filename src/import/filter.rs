//! Which records are outbound flows.

use super::{End, Record, TraceFlow};
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
    Ok(TraceFlow {
        start_us: record.start_us,
        duration_us: record.duration_us.unwrap_or(0),
        protocol,
        source,
        destination,
        port: record.port,
        end: end.unwrap_or(EndKind::Fin),
    })
}

/// Not in 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 or 240.0.0.0/4.
fn is_unicast(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    !(first == 0 || first == 127 || first >= 224 || first == 169 && second == 254)
}
