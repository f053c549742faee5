//! `tcptracer -t` of BCC, with or without `-v`: a line when a TCP connection is made, accepted or closed.
//!
//! Columns: `[NODE NAMESPACE PODNAME CONTAINERNAME] TIME(s)|TIME(ns) [UID] T|TYPE PID COMM IP SADDR DADDR SPORT DPORT [NETNS]`. `COMM` may
//! hold anything, so fields are counted from both ends of the line. Times begin anew with each start of the tool, so files are apart.

use super::decimal::micros;
use super::open_flows::{Conversation, NO_BEGIN, OpenFlows, between};
use super::parser::Read;
use super::{End, Lasted, Record, Wrong, address, port};
use crate::flow::Protocol;

/// The line before the header.
const GREETING: &str = "Tracing TCP established connections";

/// Who opened a connection that is open, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Connected { start_us: i64 },
    Accepted,
}

/// A trace being read.
#[derive(Debug, Default)]
pub struct Connections {
    layout: Option<Layout>,
    open: OpenFlows<Seen>,
}

/// What the header says: columns from the left up to the name of the process, from the right after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    columns: usize,
    time: usize,
    exponent: &'static str,
    kind: usize,
    /// Columns behind `DPORT`.
    behind: usize,
}

impl Layout {
    fn of(header: &str) -> Result<Self, Wrong> {
        let names: Vec<&str> = header.split_ascii_whitespace().collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(name));
        let (Some(kind), Some(last)) = (find(&["T", "TYPE"]), find(&["DPORT"])) else {
            return Err(Wrong::File("is no header of tcptracer, which has T or TYPE and DPORT".into()));
        };
        let Some(time) = find(&["TIME(s)", "TIME(ns)"]).filter(|time| *time < kind) else {
            return Err(Wrong::File("has no column TIME; record with `tcptracer -t`".into()));
        };
        let exponent = if names[time] == "TIME(ns)" { "e-9" } else { "" };
        Ok(Self { columns: names.len(), time, exponent, kind, behind: names.len() - 1 - last })
    }
}

/// Fields from the right that every table has: `SADDR DADDR SPORT DPORT`.
const ENDS: usize = 4;

impl Connections {
    /// Takes a line.
    pub fn line(&mut self, line: &str) -> Result<Read, Wrong> {
        if line.starts_with(GREETING) {
            return Ok(Read::Header);
        }
        let layout = match self.layout {
            Some(layout) if !is_header(line) => layout,
            _ => {
                self.layout = Some(Layout::of(line)?);
                return Ok(Read::Header);
            }
        };
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let ends = fields.len().checked_sub(ENDS + layout.behind).filter(|_| fields.len() >= layout.columns);
        let Some((ends, [source, destination, source_port, towards])) = ends
            .and_then(|ends| Some((ends, <[&str; ENDS]>::try_from(fields.get(ends..ends + ENDS)?).ok()?)))
        else {
            return Err(Wrong::Line(format!(
                "has {} fields where the header names {}; is the line cut?",
                fields.len(),
                layout.columns
            )));
        };
        let now = micros(&format!("{}{}", fields[layout.time], layout.exponent))?;
        let space = if layout.behind > 0 {
            fields.get(ends + ENDS).and_then(|space| space.parse().ok())
        } else {
            None
        };
        let unbracketed = |text: &'_ str| text.trim_matches(['[', ']']).to_string();
        let who = Conversation {
            protocol: Some(Protocol::Tcp),
            source: address("SADDR", &unbracketed(source))?,
            source_port: port(source_port)?,
            destination: address("DADDR", &unbracketed(destination))?,
            port: port(towards)?,
            space: space.unwrap_or(0),
        };
        self.open.pass(now);
        Ok(match fields[layout.kind] {
            "C" | "connect" => match self.open.begin(who, Seen::Connected { start_us: now }) {
                Some(Seen::Connected { start_us }) => {
                    Read::Flow(who.record(start_us, Lasted::SoFar(0), End(None)))
                }
                _ => Read::Kept,
            },
            "A" | "accept" => {
                self.open.begin(who, Seen::Accepted);
                Read::NotUsed(ACCEPTED)
            }
            "X" | "close" => match self.open.end(&who) {
                Some(Seen::Connected { start_us }) => {
                    Read::Flow(who.record(start_us, Lasted::Whole(between(start_us, now)), End(None)))
                }
                Some(Seen::Accepted) => Read::NotUsed(ACCEPTED),
                None => Read::NotUsed(NO_BEGIN),
            },
            other => {
                return Err(Wrong::Line(format!(
                    "has the type \"{other}\"; allowed is C, A, X, or connect, accept, close"
                )));
            }
        })
    }

    /// What is still open lasts as long as the trace.
    pub fn finish(&mut self) -> Vec<Record> {
        let latest = self.open.latest_us;
        let start = |seen: &Seen| match seen {
            Seen::Connected { start_us } => *start_us,
            Seen::Accepted => i64::MAX,
        };
        let still_open = |(who, seen): (Conversation, Seen)| match seen {
            Seen::Connected { start_us } => {
                Some(who.record(start_us, Lasted::SoFar(between(start_us, latest)), End(None)))
            }
            Seen::Accepted => None,
        };
        self.open.end_all(start).into_iter().filter_map(still_open).collect()
    }
}

/// Why an event is no flow.
const ACCEPTED: &str = "accepted";

/// Whether a line is a header of tcptracer, or what it says before.
pub fn is_header(line: &str) -> bool {
    line.starts_with(GREETING) || ["SADDR", "DADDR", "SPORT", "DPORT"].iter().all(|name| line.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Vec<(i64, Lasted)>, Wrong> {
        let mut trace = Connections::default();
        let mut records = Vec::new();
        for line in lines {
            if let Read::Flow(record) = trace.line(line)? {
                records.push(record);
            }
        }
        records.extend(trace.finish());
        Ok(records.into_iter().map(|record| (record.start_us, record.lasted)).collect())
    }

    const VERBOSE: &str = "TIME(ns)      TYPE         PID    COMM             IP SADDR            DADDR            SPORT  DPORT  NETNS   ";
    const SHORT: &str =
        "TIME(s)  T  PID    COMM             IP SADDR            DADDR            SPORT  DPORT ";

    #[test]
    fn a_connection_lasts_from_connect_to_close() {
        let verbose = [
            "Tracing TCP established connections. Ctrl-C to end.",
            VERBOSE,
            "0             connect      31346  Web Co ntent     4  10.244.1.7       203.0.113.9      41822  443    4026531992",
            "2500000000    close        31346  Web Co ntent     4  10.244.1.7       203.0.113.9      41822  443    4026531992",
        ];
        assert_eq!(read(&verbose).unwrap(), [(0, Lasted::Whole(2_500_000))]);
        let short = [
            SHORT,
            "0.000    C  31346  curl             4  10.244.1.7       203.0.113.9      41822  443   ",
            "2.500    X  31346  curl             4  10.244.1.7       203.0.113.9      41822  443   ",
        ];
        assert_eq!(read(&short).unwrap(), read(&verbose).unwrap());
        let with_user = [
            "TIME(s)  UID   T PID    COMM         IP SADDR            DADDR            SPORT DPORT",
            "0.000    0     C 31346  curl         4  10.244.1.7       203.0.113.9      41822 443 ",
            "2.500    0     X 31346  curl         4  10.244.1.7       203.0.113.9      41822 443 ",
        ];
        assert_eq!(read(&with_user).unwrap(), read(&verbose).unwrap());
    }

    #[test]
    fn namespaces_keep_equal_addresses_apart() {
        let lines = [
            VERBOSE,
            "0             connect      1      a                4  10.244.1.7       203.0.113.9      41822  443    1",
            "1000000000    connect      2      a                4  10.244.1.7       203.0.113.9      41822  443    2",
            "3000000000    close        1      a                4  10.244.1.7       203.0.113.9      41822  443    1",
        ];
        assert_eq!(
            read(&lines).unwrap(),
            [(0, Lasted::Whole(3_000_000)), (1_000_000, Lasted::SoFar(2_000_000))]
        );
    }

    #[test]
    fn accepted_connections_and_closes_without_a_begin_are_no_flows() {
        let mut trace = Connections::default();
        let mut read = |line: &str| trace.line(line).unwrap();
        read(SHORT);
        assert_eq!(read("0.1 A 1 nginx 4 10.244.1.7 203.0.113.9 80 50000"), Read::NotUsed(ACCEPTED));
        assert_eq!(read("0.2 X 1 nginx 4 10.244.1.7 203.0.113.9 80 50000"), Read::NotUsed(ACCEPTED));
        assert_eq!(read("0.3 X 1 curl 4 10.244.1.7 203.0.113.9 41822 443"), Read::NotUsed(NO_BEGIN));
        assert_eq!(read("0.4 C 1 curl 6 [2001:db8::1] [2001:db8::2] 41822 443"), Read::Kept);
    }

    #[test]
    fn a_trace_without_times_and_lines_that_are_cut_are_refused() {
        let no_times = read(&["T  PID    COMM             IP SADDR DADDR SPORT  DPORT"]).unwrap_err();
        assert!(matches!(no_times, Wrong::File(why) if why.contains("tcptracer -t")));
        for line in
            ["0.1 C 1 curl 4 10.244.1.7 203.0.113.9 41822", "0.1 Q 1 curl 4 10.244.1.7 203.0.113.9 41822 443"]
        {
            assert!(matches!(read(&[SHORT, line]).unwrap_err(), Wrong::Line(_)), "{line}");
        }
    }
}
