//! Recorded traffic as a workload: each source address stands for a node, in order of first appearance.

use super::reader::{Reader, Table, list};
use super::surroundings::Surroundings;
use super::tree::{Node, Value};
use crate::cluster::NodePool;
use crate::error::Error;
use crate::flow::{DestinationId, NodeId, Protocol};
use crate::import::{Reading, Trace, TraceFlow, TraceFormat, node_of, read};
use crate::time::SimDuration;
use crate::workload::arrivals::{Playing, Recorded};
use crate::workload::{Arrivals, Destination, Reach, TraceArrival};
use ipnet::Ipv4Net;
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;

/// More users than this are a slip.
const MOST_USERS: u64 = 1_000_000;

/// Reads the files of `arrivals.trace`; their destinations join those of the scenario.
pub fn arrivals<'a>(
    reader: &'a Reader<'a>,
    kind: &Table<'a>,
    around: &mut Surroundings<'_>,
    pool: &NodePool,
) -> Option<Arrivals> {
    let files = texts(reader, kind, "files");
    let inside = texts(reader, kind, "inside");
    let formats = TraceFormat::ALL.map(|format| (format.name(), format));
    let format = kind.choice("format", &formats).unwrap_or(TraceFormat::Auto);
    let faster = kind.number("faster", 1e-6, 1e6).unwrap_or(1.0);
    let playing = playing(kind);
    let users = kind.count("users", 1, MOST_USERS).unwrap_or(1) as u32;
    let files: Vec<PathBuf> = files?.iter().map(|file| reader.path(file)).collect();
    if files.is_empty() {
        kind.wrong(
            &kind.span,
            "`arrivals.trace` names no file".into(),
            Some("write `files = [\"conn.log.gz\"]`".into()),
        );
        return None;
    }
    let mut reading = Reading { format, ..Reading::default() };
    if let Some(inside) = inside.filter(|inside| !inside.is_empty()) {
        let parsed: Result<Vec<Ipv4Net>, _> = inside.iter().map(|prefix| prefix.parse()).collect();
        match parsed {
            Ok(prefixes) => reading.inside = prefixes,
            Err(why) => kind.wrong(&kind.span, format!("`inside` holds no IPv4 prefix: {why}"), None),
        }
    }
    if let Some(trace) = reader.given_trace() {
        return Some(Arrivals::Trace(recorded(trace, (format, faster), around, pool)));
    }
    match read(&files, &reading) {
        Ok(trace) if trace.flows.is_empty() => {
            kind.wrong(&kind.span, "the trace holds no outbound flow; check `inside`".into(), None);
            None
        }
        Ok(trace) => {
            let recorded = Recorded { playing, users, ..recorded(&trace, (format, faster), around, pool) };
            if recorded.period() == SimDuration::ZERO && (users > 1 || playing == Playing::Endless) {
                let message =
                    "all flows of the trace start at once: with no period, `loop` and `users` say nothing";
                kind.wrong(&kind.span, message.into(), None);
            }
            Some(Arrivals::Trace(recorded))
        }
        Err(Error::Input(problems)) => {
            for problem in problems {
                kind.wrong(&kind.span, problem.to_string(), None);
            }
            None
        }
        Err(other) => {
            kind.wrong(&kind.span, other.to_string(), None);
            None
        }
    }
}

fn playing(kind: &Table<'_>) -> Playing {
    match kind.get("loop") {
        None | Some(Node { value: Value::Boolean(false), .. }) => Playing::Once,
        Some(Node { value: Value::Boolean(true), .. }) => Playing::Endless,
        Some(node) => {
            kind.wrong(&node.span, format!("`loop` is {}; allowed is true, false", node.kind()), None);
            Playing::Once
        }
    }
}

fn texts<'a>(reader: &'a Reader<'a>, kind: &Table<'a>, key: &str) -> Option<Vec<String>> {
    let Some(node) = kind.get(key) else { return Some(Vec::new()) };
    let text = |node: &super::tree::Node| match &node.value {
        Value::Text(text) => Some(text.clone()),
        _ => {
            reader.problem(&node.span, format!("`{key}` holds {}, not a text in quotes", node.kind()), None);
            None
        }
    };
    list(reader, key, node).iter().map(text).collect()
}

/// The flows of `trace`, played once by one user.
fn recorded(
    trace: &Trace,
    (format, faster): (TraceFormat, f64),
    around: &mut Surroundings<'_>,
    pool: &NodePool,
) -> Recorded {
    let mut nodes: HashMap<Ipv4Addr, NodeId> = HashMap::new();
    let mut destinations: HashMap<(Protocol, Ipv4Addr, u16), DestinationId> = HashMap::new();
    let first = trace.flows[0].start_us;
    let mut record = |flow: &TraceFlow| {
        let number = match format {
            TraceFormat::Lab => node_of(flow.source),
            _ => nodes.len() as u32,
        };
        let next = NodeId(pool.first.0 + number % pool.nodes);
        let node = *nodes.entry(flow.source).or_insert(next);
        let key = (flow.protocol, flow.destination, flow.port);
        let destination = *destinations.entry(key).or_insert_with(|| add(flow, &mut around.destinations));
        let since = (flow.start_us - first) as f64 * 1_000.0 / faster;
        TraceArrival {
            start: SimDuration::from_nanos(since.round() as u64),
            lifetime: SimDuration::from_nanos(flow.duration_us.saturating_mul(1_000)),
            node,
            destination,
            end: flow.end,
        }
    };
    let flows = Arc::new(trace.flows.iter().map(&mut record).collect());
    let addresses = nodes.len() as u32;
    Recorded { flows, playing: Playing::Once, users: 1, addresses, nodes: (pool.first, pool.nodes) }
}

fn add(flow: &TraceFlow, destinations: &mut Vec<Destination>) -> DestinationId {
    let protocol = flow.protocol.name();
    let address = RECORDED_ADDRESSES | u64::from(u32::from(flow.destination));
    let name = format!("{protocol} {}:{}", flow.destination, flow.port);
    destinations.push(Destination::new(name, address, flow.protocol, Reach::Internet));
    DestinationId(destinations.len() as u32 - 1)
}

/// Recorded addresses are told from named ones by this bit.
const RECORDED_ADDRESSES: u64 = 1 << 40;

/// The destinations that a trace reaches; their weights do not matter, since the trace says which flow goes where.
pub fn destinations_of(records: &[TraceArrival]) -> Vec<(DestinationId, f64)> {
    let mut ids: Vec<DestinationId> = records.iter().map(|record| record.destination).collect();
    ids.sort_unstable();
    ids.dedup();
    let share = 1.0 / ids.len().max(1) as f64;
    ids.into_iter().map(|id| (id, share)).collect()
}
