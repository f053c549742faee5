//! Recorded traffic as people have it: Zeek's `conn.log` and a plain table.
//!
//! Leaves out: flow logs of the platforms and connection tracking tables.

mod csv_trace;
mod decimal;
mod filter;
mod lines;
mod zeek;

use crate::error::{Error, Problem};
use crate::flow::{EndKind, Protocol};
use clap::ValueEnum;
use decimal::micros;
use ipnet::Ipv4Net;
use lines::Lines;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

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
    /// Records read.
    pub records: u64,
    /// Outbound flows.
    pub flows: Vec<TraceFlow>,
    /// Records that are no outbound flow, by reason.
    pub not_used: BTreeMap<&'static str, u64>,
    /// Outbound flows without a duration, which counts as 0.
    pub missing_duration: u64,
    /// Lines that could not be read and were passed over.
    pub skipped_lines: u64,
}

/// The format of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
}

/// What to do about a line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadLines {
    /// Stop and say which.
    Refuse,
    /// Count it and go on.
    Skip,
}

/// What to do about flows that are not in order of start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Sort them.
    Sort,
    /// Refuse them.
    Refuse,
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
    /// Policy for disorder.
    pub order: Order,
    /// Memory that flows may take, bytes.
    pub memory_limit: u64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            format: TraceFormat::Auto,
            inside: private_prefixes(),
            bad_lines: BadLines::Refuse,
            order: Order::Sort,
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

/// Reads `files` one after the other.
pub fn read(files: &[PathBuf], reading: &Reading) -> Result<Trace, Error> {
    let mut trace = Trace::default();
    for file in files {
        read_file(file, reading, &mut trace)?;
    }
    if reading.order == Order::Sort {
        trace.flows.sort_by_key(|flow| flow.start_us);
    }
    Ok(trace)
}

fn read_file(file: &Path, reading: &Reading, trace: &mut Trace) -> Result<(), Error> {
    let name = file.display().to_string();
    let mut lines = Lines::open(file)?;
    let mut parser: Option<Parser> = None;
    let (before, skipped_before) = (trace.records, trace.skipped_lines);
    while let Some((number, line)) = lines.next_line(&name)? {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let problem = |why: String| bad_line(&name, number, why);
        if parser.is_none() {
            parser = Some(Parser::new(reading.format, line).map_err(problem)?);
        }
        let Some(parser) = parser.as_mut() else { continue };
        match parser.read(line) {
            Ok(None) => {}
            Ok(Some(record)) => take(trace, record, reading, &name, number)?,
            Err(_) if reading.bad_lines == BadLines::Skip => trace.skipped_lines += 1,
            Err(why) => return Err(problem(why)),
        }
    }
    if trace.records == before {
        return Err(nothing_read(name, trace.skipped_lines - skipped_before));
    }
    Ok(())
}

fn nothing_read(name: String, skipped: u64) -> Error {
    let skipped = match skipped {
        0 => String::new(),
        lines => format!(" that can be read ({lines} lines passed over)"),
    };
    Error::input(name, format!("holds no record{skipped}; give a Zeek conn.log or a CSV table"))
}

fn bad_line(name: &str, number: usize, why: String) -> Error {
    Error::Input(vec![Problem {
        file: name.into(),
        line: Some(number),
        column: None,
        message: why,
        help: Some("mend the line, or pass `--skip-bad-lines` to count such lines and go on".into()),
    }])
}

fn take(
    trace: &mut Trace,
    record: Record,
    reading: &Reading,
    name: &str,
    number: usize,
) -> Result<(), Error> {
    trace.records += 1;
    let missing = record.duration_us.is_none();
    let flow = match filter::outbound(record, &reading.inside) {
        Ok(flow) => flow,
        Err(reason) => {
            *trace.not_used.entry(reason).or_default() += 1;
            return Ok(());
        }
    };
    if reading.order == Order::Refuse && trace.flows.last().is_some_and(|last| flow.start_us < last.start_us)
    {
        return Err(bad_line(
            name,
            number,
            "starts before the line above it; leave out `--sorted` to have it sorted".into(),
        ));
    }
    trace.missing_duration += u64::from(missing);
    trace.flows.push(flow);
    if trace.flows.len() as u64 * size_of::<TraceFlow>() as u64 > reading.memory_limit {
        let message = format!(
            "needs more than the memory limit of {} bytes; raise `--memory-limit`",
            reading.memory_limit
        );
        return Err(Error::input(name, message));
    }
    Ok(())
}

enum Parser {
    Zeek(zeek::TabSeparated),
    ZeekJson,
    Csv(Box<csv_trace::Table>),
}

impl Parser {
    /// The parser for a file that begins with `line`.
    fn new(format: TraceFormat, line: &[u8]) -> Result<Self, String> {
        let format = match format {
            TraceFormat::Auto if line.starts_with(b"#") => TraceFormat::Zeek,
            TraceFormat::Auto if line.trim_ascii_start().starts_with(b"{") => TraceFormat::ZeekJson,
            TraceFormat::Auto if line.contains(&b',') => TraceFormat::Csv,
            TraceFormat::Auto => {
                return Err("is the first line of no known format; name it with `--trace-format`".into());
            }
            named => named,
        };
        Ok(match format {
            TraceFormat::ZeekJson => Self::ZeekJson,
            TraceFormat::Csv => Self::Csv(Box::default()),
            _ => Self::Zeek(zeek::TabSeparated::default()),
        })
    }

    /// The record of a line; nothing for a header or comment.
    fn read(&mut self, line: &[u8]) -> Result<Option<Record>, String> {
        match self {
            Self::Zeek(log) => log.read(&String::from_utf8_lossy(line)),
            Self::ZeekJson => zeek::read_json(&String::from_utf8_lossy(line)).map(Some),
            Self::Csv(table) => table.read(line),
        }
    }
}
