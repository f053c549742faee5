//! Which format a file of lines has, and what each of its lines comes to.

use super::flow_log::FlowLogs;
use super::{Record, TraceFormat, Wrong, conntrack, csv_trace, lab, tcplife, tcptracer, zeek};

/// Flows that one file begins and another ends.
#[derive(Debug, Default)]
pub struct Carried {
    /// Of flow logs.
    pub flow_logs: FlowLogs,
    /// Of events of conntrack.
    pub conntrack: conntrack::Events,
}

impl Carried {
    /// Those that no file ends.
    pub fn finish(&mut self) -> Vec<Record> {
        let Self { flow_logs, conntrack } = self;
        [flow_logs.finish(), conntrack.finish()].concat()
    }
}

/// What an entry of a file comes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Read {
    /// No entry: a header or comment.
    Header,
    /// A part of a flow.
    Kept,
    /// The last part of a flow, or all of it.
    Flow(Record),
    /// No flow, for this reason.
    NotUsed(&'static str),
}

/// How the lines of a file are read.
pub enum Parser {
    Zeek(zeek::TabSeparated),
    ZeekJson,
    ConntrackEvents,
    ConntrackList,
    Tcplife(tcplife::Sessions),
    Tcptracer(Box<tcptracer::Connections>),
    Csv(Box<csv_trace::Table>),
    Lab(lab::Table),
}

impl Parser {
    /// The parser for a file that begins with `line`, and the format that this is.
    pub fn new(format: TraceFormat, line: &[u8]) -> Result<(TraceFormat, Self), (String, &'static str)> {
        let format = match format {
            TraceFormat::Auto => told_by(line).ok_or_else(|| {
                let why = "is the first line of no known format".into();
                (why, "name the format with `--trace-format`")
            })?,
            named => named,
        };
        let parser = match format {
            TraceFormat::ZeekJson => Self::ZeekJson,
            TraceFormat::ConntrackEvents => Self::ConntrackEvents,
            TraceFormat::ConntrackList => Self::ConntrackList,
            TraceFormat::Tcplife => Self::Tcplife(tcplife::Sessions::default()),
            TraceFormat::Tcptracer => Self::Tcptracer(Box::default()),
            TraceFormat::Csv => Self::Csv(Box::default()),
            TraceFormat::Lab => Self::Lab(lab::Table::default()),
            // Flow logs are not read by lines.
            TraceFormat::Auto | TraceFormat::Zeek | TraceFormat::VnetFlowLog | TraceFormat::NsgFlowLog => {
                Self::Zeek(zeek::TabSeparated::default())
            }
        };
        Ok((format, parser))
    }

    /// What a line comes to.
    pub fn read(&mut self, line: &[u8], carried: &mut Carried) -> Result<Read, Wrong> {
        let flow = |record: Option<Record>| record.map_or(Read::Header, Read::Flow);
        match self {
            Self::Zeek(log) => log.read(&String::from_utf8_lossy(line)).map(flow),
            Self::ZeekJson => Ok(Read::Flow(zeek::read_json(&String::from_utf8_lossy(line))?)),
            Self::ConntrackEvents => carried.conntrack.line(&String::from_utf8_lossy(line)),
            Self::ConntrackList => conntrack::listed(&String::from_utf8_lossy(line)),
            Self::Tcplife(sessions) => sessions.line(&String::from_utf8_lossy(line)),
            Self::Tcptracer(connections) => connections.line(&String::from_utf8_lossy(line)),
            Self::Csv(table) => table.read(line).map(flow),
            Self::Lab(table) => table.read(line).map(flow),
        }
    }

    /// Flows of this file that nobody saw end.
    pub fn finish(&mut self) -> Vec<Record> {
        match self {
            Self::Tcptracer(connections) => connections.finish(),
            _ => Vec::new(),
        }
    }
}

/// The format of a file that begins with this line.
fn told_by(line: &[u8]) -> Option<TraceFormat> {
    let text = String::from_utf8_lossy(line);
    let text = text.trim();
    match text {
        _ if text.starts_with('#') => Some(TraceFormat::Zeek),
        _ if text.starts_with('{') => Some(TraceFormat::ZeekJson),
        _ if conntrack::is_event(text) => Some(TraceFormat::ConntrackEvents),
        _ if conntrack::is_listed(text) => Some(TraceFormat::ConntrackList),
        _ if tcplife::is_header(text) => Some(TraceFormat::Tcplife),
        _ if tcptracer::is_header(text) => Some(TraceFormat::Tcptracer),
        _ if text.contains(',') => Some(TraceFormat::Csv),
        _ => None,
    }
}
