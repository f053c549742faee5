//! What people have: recorded traffic (Zeek's `conn.log`, a plain table, runs measured on a kernel) and deployed configuration.
//!
//! Leaves out: flow logs of the platforms and connection tracking tables.

pub mod config;
mod csv_trace;
mod decimal;
mod filter;
mod lab;
mod lines;
mod reader;
mod zeek;

pub use lab::node_of;
pub use reader::{read, stream};

use crate::flow::{EndKind, Protocol};
use decimal::micros;
use ipnet::Ipv4Net;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// One recorded outbound flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceFlow {
    /// Start, microseconds since the epoch of the trace.
    pub start_us: i64,
    /// Duration, microseconds.
    pub duration_us: u64,
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
    /// Lines that could not be read and were passed over.
    pub skipped_lines: u64,
}

/// The format of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// Told from the first line.
    Auto,
    /// Zeek `conn.log`, tab-separated with its `#fields` line.
    Zeek,
    /// Zeek `conn.log`, a JSON object a line.
    ZeekJson,
    /// A table with the header `start_s,duration_s,protocol,source,destination,port[,end]`, protocol being tcp, udp
    /// or icmp, end being fin, rst or half_open.
    Csv,
    /// A table with the header `id,t_open_s,t_close_s,proto,dst,node,close,send_every_s`: attempts measured on a real
    /// kernel.
    Lab,
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
    duration_us: Option<u64>,
    protocol: Option<Protocol>,
    source: IpAddr,
    destination: IpAddr,
    port: u16,
    state: End,
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
