//! `client_pool`: connections kept open, by hand or by the defaults of a client library.

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

/// Reads `client_pool`. Keys of the file are laid over those of the preset, if it names one.
pub fn client_pool<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<ClientPool> {
    let table = reader.table(node, "client_pool");
    let pool = match preset(&table) {
        Some(Some(defaults)) => of_preset(&defaults),
        Some(None) => {
            table.get("max").is_none().then(|| needs_bound(&table));
            ClientPool::UNLIMITED
        }
        None => ClientPool::UNLIMITED,
    };
    let pool = laid_over(reader, &table, pool);
    table.finish();
    pool
}

/// The tree of the preset that is named, if one is; nothing for a wrong name.
fn preset(table: &Table<'_>) -> Option<Option<Node>> {
    if table.get("preset").is_none() {
        return Some(None);
    }
    let names: Vec<(&str, &Profile)> = CLIENTS.iter().map(|client| (client.short_name(), client)).collect();
    let client = table.choice("preset", &names)?;
    client.tree().ok().map(Some)
}

fn needs_bound(table: &Table<'_>) {
    if ["max_idle", "idle_timeout", "max_lifetime"].iter().all(|key| table.get(key).is_none()) {
        let help = "write `max = 50`, or a `preset` such as \"go-net-http\"";
        let message = "`client_pool` needs `max`, `max_idle`, `idle_timeout`, `max_lifetime` or a `preset`";
        table.wrong(&table.span, message.into(), Some(help.into()));
    }
}

/// A preset was written and tested with the program: what it lacks, it leaves unlimited.
fn of_preset(defaults: &Node) -> ClientPool {
    let reader = Reader::silent();
    let table = reader.table(defaults, "preset");
    laid_over(&reader, &table, ClientPool::UNLIMITED).unwrap_or(ClientPool::UNLIMITED)
}

/// `pool` with the keys of `table` laid over it.
fn laid_over<'a>(reader: &'a Reader<'a>, table: &Table<'a>, pool: ClientPool) -> Option<ClientPool> {
    let count = |key: &str, default: u32| match table.get(key) {
        None => Some(default),
        Some(_) => table.count(key, 1, u64::from(u32::MAX)).map(|count| count as u32),
    };
    let span = |key: &str, default: Option<SimDuration>| match table.get(key).map(|node| &node.value) {
        None => Some(default),
        Some(Value::Text(text)) if text == "never" => Some(None),
        Some(_) => table.duration(key).map(Some),
    };
    let order = |table: &Table<'a>, default: Order| match table.get("order") {
        None => Some(default),
        Some(_) => table.choice("order", &ORDERS),
    };
    let max_lifetime = match table.get("max_lifetime") {
        None => Some(pool.max_lifetime),
        Some(node) => lifespan(reader, node).map(Some),
    };
    let wait = table.get("wait").map(|node| reader.table(node, "wait"));
    let (line, wait_timeout) = match &wait {
        None => (Some(pool.line), Some(pool.wait_timeout)),
        Some(wait) => (
            order(wait, pool.line),
            if wait.get("timeout").is_some() { wait.duration("timeout").map(Some) } else { Some(None) },
        ),
    };
    wait.into_iter().for_each(Table::finish);
    let (max, streams, max_idle) =
        (count("max", pool.max), count("streams", pool.streams), count("max_idle", pool.max_idle));
    let idle_timeout = span("idle_timeout", pool.idle_timeout);
    let own_order = order(table, pool.order);
    let retries_stale = table.flag("retry_stale").unwrap_or(pool.retries_stale);
    Some(ClientPool {
        max: max?,
        streams: streams?,
        max_idle: max_idle?,
        idle_timeout: idle_timeout?,
        max_lifetime: max_lifetime?,
        order: own_order?,
        line: line?,
        wait_timeout: wait_timeout?,
        keepalive: pool.keepalive,
        retries_stale,
    })
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
