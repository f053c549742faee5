//! `client_pool`: connections kept open, by hand or by the defaults of a client library.

use super::keys::Keys;
use super::reader::{Reader, Table, duration};
use super::tree::{Node, Value};
use crate::profile::Profile;
use crate::time::SimDuration;
use crate::workload::ClientPool;
use crate::workload::client::{Lifespan, Order};

/// Defaults of client libraries, for `client_pool.preset`.
pub const CLIENTS: [Profile; 10] = [
    Profile {
        name: "clients/apache-httpclient-5",
        text: include_str!("../../models/clients/apache-httpclient-5.toml"),
    },
    Profile {
        name: "clients/dotnet-sockets-http-handler",
        text: include_str!("../../models/clients/dotnet-sockets-http-handler.toml"),
    },
    Profile { name: "clients/go-net-http", text: include_str!("../../models/clients/go-net-http.toml") },
    Profile { name: "clients/grpc", text: include_str!("../../models/clients/grpc.toml") },
    Profile { name: "clients/hikaricp", text: include_str!("../../models/clients/hikaricp.toml") },
    Profile { name: "clients/node-http", text: include_str!("../../models/clients/node-http.toml") },
    Profile { name: "clients/okhttp", text: include_str!("../../models/clients/okhttp.toml") },
    Profile {
        name: "clients/python-aiohttp",
        text: include_str!("../../models/clients/python-aiohttp.toml"),
    },
    Profile { name: "clients/python-httpx", text: include_str!("../../models/clients/python-httpx.toml") },
    Profile {
        name: "clients/python-requests",
        text: include_str!("../../models/clients/python-requests.toml"),
    },
];

const ORDERS: [(&str, Order); 2] = [("lifo", Order::Lifo), ("fifo", Order::Fifo)];

/// Reads `client_pool`. Keys of the file are laid over those of the preset, if it names one; what both lack is
/// unlimited. Idle connections send something every `keepalive`.
pub fn client_pool<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    keepalive: Option<SimDuration>,
) -> Option<ClientPool> {
    let own = reader.table(node, "client_pool");
    if own.get("preset").is_none() && own.get("max").is_none() {
        needs_bound(&own);
    }
    let preset = preset(&own);
    let keys = Keys { own, shipped: preset.as_ref() };
    let pool = settings(&keys, keepalive);
    keys.own.finish();
    pool
}

/// The tree of the preset that is named, if one is.
fn preset(own: &Table<'_>) -> Option<Node> {
    let names: Vec<(&str, &Profile)> = CLIENTS.iter().map(|client| (client.short_name(), client)).collect();
    own.choice("preset", &names)?.tree().ok()
}

fn needs_bound(table: &Table<'_>) {
    if ["max_idle", "idle_timeout", "max_lifetime"].iter().all(|key| table.get(key).is_none()) {
        let help = "write `max = 50`, or a `preset` such as \"go-net-http\"";
        let message = "`client_pool` needs `max`, `max_idle`, `idle_timeout`, `max_lifetime` or a `preset`";
        table.wrong(&table.span, message.into(), Some(help.into()));
    }
}

fn settings(keys: &Keys<'_>, keepalive: Option<SimDuration>) -> Option<ClientPool> {
    let unlimited = ClientPool::UNLIMITED;
    let count = |key: &str, unset: u32| {
        keys.get(key).map_or(Some(unset), |_| keys.count(key, 1, u64::from(u32::MAX)))
    };
    let (max, streams) = (count("max", unlimited.max), count("streams", unlimited.streams));
    let max_idle = count("max_idle", unlimited.max_idle);
    let idle_timeout = match keys.get("idle_timeout").map(|node| &node.value) {
        None => Some(unlimited.idle_timeout),
        Some(Value::Text(text)) if text == "never" => Some(None),
        Some(_) => keys.duration("idle_timeout").map(Some),
    };
    let max_lifetime = keys.get("max_lifetime").map(|node| lifespan(keys.own.reader, node));
    let wait = keys
        .get("wait")
        .map_or(Some((unlimited.line, unlimited.wait_timeout)), |node| wait(keys.own.reader, node));
    let order = keys.get("order").map_or(Some(unlimited.order), |_| keys.choice("order", &ORDERS));
    let retries_stale = keys.flag("retry_stale").unwrap_or(unlimited.retries_stale);
    let (line, wait_timeout) = wait?;
    Some(ClientPool {
        max: max?,
        streams: streams?,
        max_idle: max_idle?,
        idle_timeout: idle_timeout?,
        max_lifetime: max_lifetime.map_or(Some(None), |read| read.map(Some))?,
        order: order?,
        line,
        wait_timeout,
        keepalive,
        retries_stale,
    })
}

/// How requests wait in line, and for how long.
fn wait<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<(Order, Option<SimDuration>)> {
    let table = reader.table(node, "wait");
    let line =
        table.get("order").map_or(Some(ClientPool::UNLIMITED.line), |_| table.choice("order", &ORDERS));
    let timeout = table.get("timeout").map_or(Some(None), |_| table.duration("timeout").map(Some));
    table.finish();
    Some((line?, timeout?))
}

/// A time, or a time with jitter.
fn lifespan<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Lifespan> {
    if !matches!(node.value, Value::Table(_)) {
        let most = duration(reader, "max_lifetime", node)?;
        return Some(Lifespan { most, jitter: SimDuration::ZERO });
    }
    let table = reader.table(node, "max_lifetime");
    let most = table.need("value", "\"10m\"").and_then(|_| table.duration("value"));
    let jitter = table.get("jitter").map_or(Some(SimDuration::ZERO), |_| table.duration("jitter"));
    if let (Some(most), Some(jitter)) = (most, jitter)
        && jitter > most
    {
        let help = Some("write a shorter `jitter`".to_string());
        table.wrong(&table.span, "the `jitter` of `max_lifetime` is longer than it".into(), help);
    }
    table.finish();
    Some(Lifespan { most: most?, jitter: jitter? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::reader::Origin;
    use crate::scenario::tree::parse;

    #[test]
    fn every_preset_is_read_without_a_problem() {
        for client in CLIENTS {
            let text = format!("preset = \"{}\"", client.short_name());
            let tree = parse(client.name, &text).unwrap();
            let reader = Reader::new(Origin { file: client.name, text: &text, flags: "", trace: None });
            let pool = client_pool(&reader, &tree, None);
            assert!(pool.is_some_and(|pool| pool != ClientPool::UNLIMITED), "{}", client.name);
            reader.finish().unwrap();
        }
    }
}
