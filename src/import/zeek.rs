//! Zeek's `conn.log`, tab-separated and JSON.

use super::decimal::micros;
use super::{End, Lasted, Record, Wrong, address, duration, port};
use crate::flow::{EndKind, Protocol};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// What the header lines say: the log's name in `#path`, its columns in `#fields`.
#[derive(Debug, Default)]
pub struct TabSeparated {
    path: Option<String>,
    columns: HashMap<String, usize>,
}

impl TabSeparated {
    /// The record of a line; nothing for the header.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, Wrong> {
        if let Some(names) = line.strip_prefix("#fields\t") {
            self.columns =
                names.split('\t').enumerate().map(|(place, name)| (name.to_string(), place)).collect();
            return Ok(None);
        }
        if let Some(path) = line.strip_prefix("#path\t") {
            self.path = Some(path.to_string());
        }
        if line.starts_with('#') {
            return Ok(None);
        }
        connections_only(self.path.as_deref()).map_err(Wrong::File)?;
        if self.columns.is_empty() {
            let why = "comes before a `#fields` line, which names the columns";
            return Err(Wrong::File(why.into()));
        }
        let values: Vec<&str> = line.split('\t').collect();
        if values.len() != self.columns.len() {
            let (found, named) = (values.len(), self.columns.len());
            let why = format!("has {found} fields where `#fields` names {named}; is the line cut?");
            return Err(Wrong::Line(why));
        }
        let value = |name: &str| {
            let value = self.columns.get(name).and_then(|place| values.get(*place)).copied();
            value.filter(|value| *value != "-" && !value.is_empty())
        };
        Ok(Some(record(value)?))
    }
}

/// The record of a JSON line; keys with a dot or an underscore (`id.orig_h`, `id_orig_h`).
pub fn read_json(line: &str) -> Result<Record, String> {
    let values: HashMap<String, &RawValue> =
        serde_json::from_str(line).map_err(|why| format!("is no JSON object: {why}"))?;
    let value = |name: &str| {
        let value = values.get(name).or_else(|| values.get(&name.replace('.', "_")));
        value.map(|value| value.get().trim_matches('"')).filter(|value| *value != "null" && *value != "-")
    };
    connections_only(value("_path"))?;
    record(value)
}

/// Other logs have `ts`, `id` and `proto` too but hold no connections; `conn_long` and its like do.
fn connections_only(path: Option<&str>) -> Result<(), String> {
    match path {
        Some(path) if !path.starts_with("conn") => {
            Err(format!("belongs to Zeek's `{path}` log, which holds no connections; give its conn.log"))
        }
        _ => Ok(()),
    }
}

fn record<'v>(value: impl Fn(&str) -> Option<&'v str>) -> Result<Record, String> {
    let need = |name: &str| value(name).ok_or_else(|| format!("lacks `{name}`"));
    Ok(Record {
        start_us: micros(need("ts")?)?,
        lasted: Lasted::of(value("duration").map(duration).transpose()?),
        protocol: protocol(need("proto")?),
        source: address("id.orig_h", need("id.orig_h")?)?,
        destination: address("id.resp_h", need("id.resp_h")?)?,
        port: port(need("id.resp_p")?)?,
        state: End(value("conn_state").map(end)),
    })
}

/// Zeek also writes icmp and unknown_transport.
fn protocol(text: &str) -> Option<Protocol> {
    match text {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    }
}

/// What Zeek's `conn_state` says about the end.
fn end(state: &str) -> EndKind {
    match state {
        "REJ" | "RSTO" | "RSTR" | "RSTOS0" | "RSTRH" => EndKind::Rst,
        "S0" | "SH" | "SHR" => EndKind::HalfOpen,
        _ => EndKind::Fin,
    }
}
