//! What people have: recorded traffic (Zeek's `conn.log`, flow logs of Azure, connection tracking of Linux, tools that watch a
//! kernel's connections, a plain table) and deployed configuration.
//!
//! Leaves out: packets, and logs that count connections without telling one from another.

pub mod anonymize;
pub mod config;
mod conntrack;
mod csv_trace;
mod decimal;
mod filter;
mod flow_log;
mod format;
mod lab;
mod lines;
mod open_flows;
mod parser;
mod reader;
mod tcplife;
mod tcptracer;
mod zeek;

pub use csv_trace::{HEADER as TRACE_HEADER, row as trace_row};
pub use format::TraceFormat;
pub use lab::node_of;
pub use reader::{each, read, stream};

use crate::error::Error;
use crate::flow::{EndKind, Protocol};
use decimal::micros;
use ipnet::Ipv4Net;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

/// One recorded outbound flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceFlow {
    /// Start, microseconds since the epoch of the trace.
    pub start_us: i64,
    /// Duration, microseconds.
    pub duration_us: u64,
    /// How much the record says about the duration.
    pub length: Length,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Who opened it.
    pub source: Ipv4Addr,
    /// Towards what address.
    pub destination: Ipv4Addr,
    /// Towards what port.
    pub port: u16,
    /// How it ended.
    pub end: EndKind,
}

/// What a record says about the duration of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Length {
    /// Begin and end were seen.
    Whole,
    /// Still open when the record ended: it lasts at least that long.
    SoFar,
    /// Nothing: the duration counts as 0.
    Unsaid,
}

/// A trace, in order of start; equal starts keep the order of the input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// Outbound flows.
    pub flows: Vec<TraceFlow>,
    /// What else was read.
    pub tally: Tally,
}

/// What was read beside the flows themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records read.
    pub records: u64,
    /// Records that are no outbound flow, by reason.
    pub not_used: BTreeMap<&'static str, u64>,
    /// Outbound flows without a duration, which counts as 0.
    pub missing_duration: u64,
    /// Outbound flows that were still open when the record ended.
    pub open_at_end: u64,
    /// What the files turned out to be.
    pub formats: BTreeSet<TraceFormat>,
    /// Lines that could not be read and were passed over.
    pub skipped_lines: u64,
}

impl Tally {
    /// Entries that are no outbound flow: `not IPv4 3, proto 1`; empty where there are none.
    pub fn left_out(&self) -> String {
        let counts = self.not_used.iter().map(|(reason, count)| format!("{reason} {count}"));
        counts.collect::<Vec<_>>().join(", ")
    }

    /// That nothing is left to look at.
    pub fn no_flow(&self) -> Error {
        let left_out = match self.left_out() {
            none if none.is_empty() => none,
            some => format!(" (left out: {some})"),
        };
        Error::input("the files", format!("hold no outbound flow{left_out}; check `--inside`"))
    }
}

/// What to do about a line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLines {
    /// Say which, and read no flow.
    Refuse,
    /// Count it and go on.
    Skip,
}

/// How traces are read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Format.
    pub format: TraceFormat,
    /// Prefixes whose addresses are inside.
    pub inside: Vec<Ipv4Net>,
    /// Policy for bad lines.
    pub bad_lines: BadLines,
    /// Memory that flows may take where they are kept to be sorted, bytes.
    pub memory_limit: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            format: TraceFormat::Auto,
            inside: private_prefixes(),
            bad_lines: BadLines::Refuse,
            memory_limit: 4 << 30,
        }
    }
}

/// RFC 1918.
pub fn private_prefixes() -> Vec<Ipv4Net> {
    [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)]
        .map(|(address, length)| Ipv4Net::new_assert(Ipv4Addr::from(address), length))
        .to_vec()
}

/// One record of any format, before it is known to be an outbound flow; without a protocol, neither TCP nor UDP.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    start_us: i64,
    lasted: Lasted,
    protocol: Option<Protocol>,
    source: IpAddr,
    destination: IpAddr,
    port: u16,
    state: End,
}

/// How long a record says that its flow lasted, microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasted {
    /// From begin to end.
    Whole(u64),
    /// At least so long: nobody saw its end.
    SoFar(u64),
    /// Not said.
    Unsaid,
}

impl Lasted {
    fn of(duration_us: Option<u64>) -> Self {
        duration_us.map_or(Self::Unsaid, Self::Whole)
    }
}

/// The address in the field `name`; text that is no address makes a bad line, an IPv6 address does not.
fn address(name: &str, text: &str) -> Result<IpAddr, String> {
    text.parse().map_err(|_| format!("has \"{text}\" in `{name}`, which is no IP address"))
}

/// A duration in the field of a record.
fn duration(text: &str) -> Result<u64, String> {
    u64::try_from(micros(text)?).map_err(|_| "has a negative duration".into())
}

/// A destination port in the field of a record.
fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("has the port \"{text}\"; allowed is 0 to 65535"))
}

/// How a record says that it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct End(Option<EndKind>);

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wrong {
    /// The line itself.
    Line(String),
    /// All that follows too: a header without a column, the log of something else.
    File(String),
}

impl From<String> for Wrong {
    fn from(why: String) -> Self {
        Self::Line(why)
    }
}
