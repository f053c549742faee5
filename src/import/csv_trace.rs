//! A plain table: `start_s,duration_s,protocol,source,destination,port[,end]`, `protocol` being tcp, udp or icmp, `end`
//! being fin, rst or half_open.

use super::decimal::micros;
use super::{End, Record, address};
use crate::flow::{EndKind, Protocol};
use std::collections::HashMap;

/// The columns that the header names.
#[derive(Debug, Default)]
pub struct Columns {
    places: HashMap<String, usize>,
}

const NEEDED: [&str; 6] = ["start_s", "duration_s", "protocol", "source", "destination", "port"];

impl Columns {
    /// The record of a line; nothing for the header.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, String> {
        let values = split(line)?;
        if self.places.is_empty() {
            self.places = values.into_iter().enumerate().map(|(place, name)| (name, place)).collect();
            let missing = NEEDED.iter().find(|name| !self.places.contains_key(**name));
            return match missing {
                Some(name) => Err(format!("is a header without `{name}`; write {}", NEEDED.join(","))),
                None => Ok(None),
            };
        }
        let value = |name: &str| {
            self.places
                .get(name)
                .and_then(|place| values.get(*place))
                .map(String::as_str)
                .filter(|value| !value.is_empty())
        };
        let need = |name: &str| value(name).ok_or_else(|| format!("lacks `{name}`"));
        let duration = value("duration_s").map(micros).transpose()?;
        let port = need("port")?;
        Ok(Some(Record {
            start_us: micros(need("start_s")?)?,
            duration_us: duration
                .map(|duration| u64::try_from(duration).map_err(|_| "has a negative duration"))
                .transpose()?,
            protocol: protocol(need("protocol")?)?,
            source: address("source", need("source")?)?,
            destination: address("destination", need("destination")?)?,
            port: port.parse().map_err(|_| format!("has the port \"{port}\"; allowed is 0 to 65535"))?,
            state: End(value("end").map(end).transpose()?),
        }))
    }
}

fn split(line: &str) -> Result<Vec<String>, String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(line.as_bytes());
    match reader.records().next() {
        Some(Ok(record)) => Ok(record.iter().map(str::to_string).collect()),
        Some(Err(why)) => Err(format!("is no line of a table: {why}")),
        None => Ok(Vec::new()),
    }
}

/// Another word is likelier a slip of whoever made the table than a protocol, and a flow left out would lower the answer.
fn protocol(text: &str) -> Result<Option<Protocol>, String> {
    match text.to_ascii_lowercase().as_str() {
        "tcp" => Ok(Some(Protocol::Tcp)),
        "udp" => Ok(Some(Protocol::Udp)),
        "icmp" => Ok(None),
        _ => Err(format!("has the protocol \"{text}\"; allowed is tcp, udp or icmp")),
    }
}

fn end(text: &str) -> Result<EndKind, String> {
    match text {
        "fin" => Ok(EndKind::Fin),
        "rst" => Ok(EndKind::Rst),
        "half_open" => Ok(EndKind::HalfOpen),
        _ => Err(format!("has the end \"{text}\"; allowed is fin, rst or half_open")),
    }
}
