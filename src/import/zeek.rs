//! Zeek's `conn.log`, tab-separated and JSON.

use super::decimal::micros;
use super::{End, Record};
use crate::flow::EndKind;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// The columns that a `#fields` line names.
#[derive(Debug, Default)]
pub struct TabSeparated {
    columns: HashMap<String, usize>,
}

impl TabSeparated {
    /// The record of a line; nothing for the header.
    pub fn read(&mut self, line: &str) -> Result<Option<Record>, String> {
        if let Some(names) = line.strip_prefix("#fields\t") {
            self.columns =
                names.split('\t').enumerate().map(|(place, name)| (name.to_string(), place)).collect();
            return Ok(None);
        }
        if line.starts_with('#') {
            return Ok(None);
        }
        if self.columns.is_empty() {
            return Err("comes before a `#fields` line, which names the columns".into());
        }
        let values: Vec<&str> = line.split('\t').collect();
        let value = |name: &str| {
            let value = self.columns.get(name).and_then(|place| values.get(*place)).copied();
            value.filter(|value| *value != "-" && !value.is_empty())
        };
        record(value).map(Some)
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
    record(value)
}

fn record<'v>(value: impl Fn(&str) -> Option<&'v str>) -> Result<Record, String> {
    let need = |name: &str| value(name).ok_or_else(|| format!("lacks `{name}`"));
    let duration = value("duration").map(micros).transpose()?;
    let port = need("id.resp_p")?;
    Ok(Record {
        start_us: micros(need("ts")?)?,
        duration_us: duration
            .map(|duration| u64::try_from(duration).map_err(|_| "has a negative duration"))
            .transpose()?,
        protocol: need("proto")?.to_string(),
        source: need("id.orig_h")?.to_string(),
        destination: need("id.resp_h")?.to_string(),
        port: port.parse().map_err(|_| format!("has the port \"{port}\"; allowed is 0 to 65535"))?,
        state: End(value("conn_state").map(end)),
    })
}

/// What Zeek's `conn_state` says about the end.
fn end(state: &str) -> EndKind {
    match state {
        "REJ" | "RSTO" | "RSTR" | "RSTOS0" | "RSTRH" => EndKind::Rst,
        "S0" | "SH" | "SHR" => EndKind::HalfOpen,
        _ => EndKind::Fin,
    }
}
