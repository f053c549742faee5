//! Recorded flows against a port pool of given size: exact counts, no chance.

use crate::flow::{EndKind, Protocol};
use crate::import::{Trace, TraceFlow};
use crate::outbound::Sharing;
use crate::random::{Purpose, Stream};
use crate::snat::{Caps, IndexedRow, Row};
use crate::time::{SimDuration, SimTime};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

/// How long a port rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldDown {
    /// The same after every flow.
    Fixed(SimDuration),
    /// By the kind of end.
    ByEnd {
        /// After FIN, and after anything that is neither of the others.
        fin: SimDuration,
        /// After RST.
        rst: SimDuration,
        /// A SYN that was not answered.
        half_open: SimDuration,
        /// UDP.
        udp: SimDuration,
    },
}

impl HoldDown {
    fn after(self, flow: &TraceFlow) -> SimDuration {
        match self {
            Self::Fixed(span) => span,
            Self::ByEnd { udp, .. } if flow.protocol == Protocol::Udp => udp,
            Self::ByEnd { rst, .. } if flow.end == EndKind::Rst => rst,
            Self::ByEnd { half_open, .. } if flow.end == EndKind::HalfOpen => half_open,
            Self::ByEnd { fin, .. } => fin,
        }
    }
}

/// What to replay against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Which destinations exclude one another from a port.
    pub sharing: Sharing,
    /// Ports; without, only the smallest pool is found.
    pub ports: Option<u32>,
    /// Hold-down.
    pub hold_down: HoldDown,
    /// Arrivals come so many times faster; durations stay.
    pub arrivals_faster: u64,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// Records read.
    pub records: u64,
    /// Outbound flows.
    pub flows: u64,
    /// TCP flows.
    pub tcp: u64,
    /// UDP flows.
    pub udp: u64,
    /// Different (protocol, address, port).
    pub destinations: u64,
    /// Records that are no outbound flow, by reason.
    pub not_used: BTreeMap<&'static str, u64>,
    /// Flows without a duration, which counts as 0.
    pub missing_duration: u64,
    /// Lines that could not be read and were passed over.
    pub skipped_lines: u64,
    /// Sharing rule.
    pub sharing: &'static str,
    /// Ports of the pool; null when only the smallest pool was asked for.
    pub ports: Option<u32>,
    /// Hold-down, seconds; null when it goes by the kind of end.
    pub hold_down_s: Option<f64>,
    /// Hold-down by the kind of end, seconds.
    pub hold_down_by_end: Option<BTreeMap<&'static str, f64>>,
    /// Arrivals came so many times faster.
    pub arrivals_faster: u64,
    /// Flows that found no port.
    pub failed: Option<u64>,
    /// TCP flows among them.
    pub failed_tcp: Option<u64>,
    /// UDP flows among them.
    pub failed_udp: Option<u64>,
    /// The first of them, microseconds after the first flow; null when nothing failed.
    pub first_failed_us: Option<u64>,
    /// SHA-256 of the positions of failed flows in order of start, from 0, each followed by a line feed.
    pub failed_sha256: Option<String>,
    /// The least number of ports with which nothing fails.
    pub smallest_pool_without_failure: u32,
    /// Most flows at one instant.
    pub peak_concurrent: u32,
    /// Most flows towards one destination at one instant.
    pub peak_concurrent_destination: u32,
}

/// Replays `trace`.
pub fn replay(trace: &Trace, question: &Question) -> Replay {
    let flows = hasten(&trace.flows, question.arrivals_faster);
    let tcp = flows.iter().filter(|flow| flow.protocol == Protocol::Tcp).count() as u64;
    let refused = question.ports.map(|ports| refused(&flows, question, ports));
    let count = |of: Option<Protocol>| {
        let matches = |position: &&usize| of.is_none_or(|protocol| flows[**position].protocol == protocol);
        refused.as_ref().map(|refused| refused.iter().filter(matches).count() as u64)
    };
    let destinations: std::collections::HashSet<u64> =
        flows.iter().map(|flow| row_key(flow, Sharing::Endpoint)).collect();
    Replay {
        records: trace.records,
        flows: flows.len() as u64,
        tcp,
        udp: flows.len() as u64 - tcp,
        destinations: destinations.len() as u64,
        not_used: trace.not_used.clone(),
        missing_duration: trace.missing_duration,
        skipped_lines: trace.skipped_lines,
        sharing: name(question.sharing),
        ports: question.ports,
        hold_down_s: match question.hold_down {
            HoldDown::Fixed(span) => Some(span.as_secs_f64()),
            HoldDown::ByEnd { .. } => None,
        },
        hold_down_by_end: by_end(question.hold_down),
        arrivals_faster: question.arrivals_faster,
        failed: count(None),
        failed_tcp: count(Some(Protocol::Tcp)),
        failed_udp: count(Some(Protocol::Udp)),
        first_failed_us: refused.as_ref().and_then(|refused| {
            let first = flows[*refused.first()?].start_us;
            Some((first - flows[0].start_us) as u64)
        }),
        failed_sha256: refused.as_deref().map(digest),
        smallest_pool_without_failure: smallest_pool(&flows, question.sharing, question.hold_down),
        peak_concurrent: peak(&flows, Sharing::ExclusiveAnyProtocol),
        peak_concurrent_destination: peak(&flows, Sharing::Endpoint),
    }
}

/// The name of a sharing rule on the command line.
pub fn name(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Endpoint => "endpoint",
        Sharing::Address => "address",
        Sharing::Exclusive => "exclusive",
        Sharing::ExclusiveAnyProtocol => "exclusive-any-protocol",
    }
}

fn by_end(hold_down: HoldDown) -> Option<BTreeMap<&'static str, f64>> {
    let HoldDown::ByEnd { fin, rst, half_open, udp } = hold_down else { return None };
    let named = [("fin", fin), ("rst", rst), ("half_open", half_open), ("udp", udp)];
    Some(named.map(|(name, span)| (name, span.as_secs_f64())).into())
}

/// Flows whose starts are moved to `first + (start - first) div faster`, in order, ties in the old order.
fn hasten(flows: &[TraceFlow], faster: u64) -> Vec<TraceFlow> {
    let Some(first) = flows.first().map(|flow| flow.start_us) else { return Vec::new() };
    let hasten = |flow: &TraceFlow| {
        let start_us = first + (flow.start_us - first) / faster as i64;
        TraceFlow { start_us, ..*flow }
    };
    flows.iter().map(hasten).collect()
}

/// Flows with equal keys exclude one another from a port.
fn row_key(flow: &TraceFlow, sharing: Sharing) -> u64 {
    let protocol = flow.protocol as u64;
    let address = u64::from(u32::from(flow.destination));
    match sharing {
        Sharing::Endpoint => protocol << 48 | u64::from(flow.port) << 32 | address,
        Sharing::Address => protocol << 48 | address,
        Sharing::Exclusive => protocol,
        Sharing::ExclusiveAnyProtocol => 0,
    }
}

/// When a flow asks and when its port comes free, if it gets one; times from the first flow.
fn span(flows: &[TraceFlow], flow: &TraceFlow, hold_down: HoldDown) -> (SimTime, SimTime) {
    let since = (flow.start_us - flows[0].start_us) as u64;
    let start = SimTime::from_nanos(since.saturating_mul(1_000));
    let duration = SimDuration::from_nanos(flow.duration_us.saturating_mul(1_000));
    (start, start + duration + hold_down.after(flow))
}

/// Positions of the flows that find no port.
fn refused(flows: &[TraceFlow], question: &Question, ports: u32) -> Vec<usize> {
    let mut rows: HashMap<u64, Row> = HashMap::new();
    // A row with one public IP never draws.
    let empty = || Row::new(&[Some(ports)], Caps::default(), Stream::new(0, 0, Purpose::PortChoice, 0));
    let mut refused = Vec::new();
    for (position, flow) in flows.iter().enumerate() {
        let row = rows.entry(row_key(flow, question.sharing)).or_insert_with(empty);
        let (start, release) = span(flows, flow, question.hold_down);
        match row.open(start) {
            Ok(ip) => row.keep_until(ip, release, release),
            Err(_) => refused.push(position),
        }
    }
    refused
}

/// One more than the highest port that any flow takes when there is no limit and the lowest free port is taken.
fn smallest_pool(flows: &[TraceFlow], sharing: Sharing, hold_down: HoldDown) -> u32 {
    let mut rows: HashMap<u64, IndexedRow> = HashMap::new();
    let mut smallest = 0;
    for flow in flows {
        let row = rows.entry(row_key(flow, sharing)).or_default();
        let (start, release) = span(flows, flow, hold_down);
        let port = row.open(start);
        row.keep_until(port, release);
        smallest = smallest.max(port + 1);
    }
    smallest
}

/// Most flows of one row at one instant. A flow of length 0 is there at its own instant, with all others that are:
/// unlike the smallest pool, the peak does not depend on the order of equal starts.
fn peak(flows: &[TraceFlow], sharing: Sharing) -> u32 {
    let mut rows: HashMap<u64, BinaryHeap<Reverse<SimTime>>> = HashMap::new();
    let mut peak = 0;
    for flow in flows {
        let open = rows.entry(row_key(flow, sharing)).or_default();
        let (start, end) = span(flows, flow, HoldDown::Fixed(SimDuration::ZERO));
        while open.peek().is_some_and(|Reverse(gone)| *gone <= start) {
            open.pop();
        }
        // Times are whole microseconds: a nanosecond is past this instant and before any other.
        open.push(Reverse(end.max(start + SimDuration::from_nanos(1))));
        peak = peak.max(open.len());
    }
    u32::try_from(peak).unwrap_or(u32::MAX)
}

fn digest(positions: &[usize]) -> String {
    let mut hash = Sha256::new();
    positions.iter().for_each(|position| hash.update(format!("{position}\n")));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
