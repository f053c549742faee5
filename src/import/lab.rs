//! A measured run on a real kernel: `id,t_open_s,t_close_s,proto,dst,node,close,send_every_s`.
//!
//! Node `n3` has the address 10.10.3.2. A TCP flow is kept from its success for as long as from `t_open_s` to
//! `t_close_s`; a UDP flow sends at `t_open_s` and every `send_every_s` before `t_close_s`, and lives until the last.

use super::decimal::micros;
use super::{End, Lasted, Record, Wrong, duration, port};
use crate::flow::{EndKind, Protocol};
use std::net::{IpAddr, Ipv4Addr};

const HEADER: &str = "id,t_open_s,t_close_s,proto,dst,node,close,send_every_s";

/// A table being read.
#[derive(Debug, Default)]
pub struct Table {
    rows: Rows,
}

/// How far it is read.
#[derive(Debug, Default)]
enum Rows {
    /// The header is still to come.
    #[default]
    Header,
    /// Attempts follow.
    Attempts,
}

impl Table {
    /// The record of a line; nothing for the header.
    pub fn read(&mut self, line: &[u8]) -> Result<Option<Record>, Wrong> {
        let line = std::str::from_utf8(line).map_err(|_| Wrong::Line("is no text".into()))?.trim();
        match self.rows {
            Rows::Header if line == HEADER => {
                self.rows = Rows::Attempts;
                Ok(None)
            }
            Rows::Header => Err(Wrong::File(format!("is not the header `{HEADER}`"))),
            Rows::Attempts => Ok(Some(record(line)?)),
        }
    }
}

fn record(line: &str) -> Result<Record, String> {
    let fields: Vec<&str> = line.split(',').collect();
    let [_, open, close, proto, towards, node, ending, every] = fields[..] else {
        return Err(format!("has {} fields; write {HEADER}", fields.len()));
    };
    let start_us = micros(open)?;
    let open_us = u64::try_from(micros(close)? - start_us).map_err(|_| "closes before it opens")?;
    let (protocol, duration_us) = match proto {
        "tcp" => (Protocol::Tcp, open_us),
        "udp" => (Protocol::Udp, last_datagram(open_us, duration(every)?)),
        _ => return Err(format!("has the protocol \"{proto}\"; allowed is tcp or udp")),
    };
    let (address, towards) = towards.split_once(':').ok_or("lacks the port in `dst`")?;
    Ok(Record {
        start_us,
        lasted: Lasted::Whole(duration_us),
        protocol: Some(protocol),
        source: IpAddr::V4(address_of(node)?),
        destination: super::address("dst", address)?,
        port: port(towards)?,
        state: End(Some(end(ending)?)),
    })
}

/// The last instant before `open` at which a datagram goes out that is sent every so often, all microseconds.
fn last_datagram(open: u64, every: u64) -> u64 {
    match every {
        0 => 0,
        every => open.saturating_sub(1) / every * every,
    }
}

/// The inside address of a node.
fn address_of(node: &str) -> Result<Ipv4Addr, String> {
    let number: Option<u8> = node.strip_prefix('n').and_then(|number| number.parse().ok());
    let number = number.filter(|number| *number > 0);
    Ok(Ipv4Addr::new(10, 10, number.ok_or(format!("has the node \"{node}\"; allowed is n1 to n255"))?, 2))
}

/// The place of a node among the nodes of the cluster, from 0, by its inside address.
pub fn node_of(address: Ipv4Addr) -> u32 {
    u32::from(address.octets()[2]).saturating_sub(1)
}

fn end(text: &str) -> Result<EndKind, String> {
    match text {
        "fin" => Ok(EndKind::Fin),
        "rst" => Ok(EndKind::Rst),
        _ => Err(format!("has the end \"{text}\"; allowed is fin or rst")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_the_last_before_the_close() {
        assert_eq!(last_datagram(1_000_000, 0), 0);
        assert_eq!(last_datagram(1_000_000, 250_000), 750_000);
        assert_eq!(last_datagram(1_000_001, 250_000), 1_000_000);
    }

    #[test]
    fn a_node_has_its_own_address() {
        assert_eq!(node_of(address_of("n3").unwrap()), 2);
        assert!(address_of("m3").is_err());
        assert!(address_of("n0").is_err());
    }
}
