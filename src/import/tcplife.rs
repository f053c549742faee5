//! `tcplife -t` of BCC: a line for each TCP session that ended, as a table or with `-s` as comma-separated values.
//!
//! Columns: `[TIME] [TIME(s)] PID COMM [IP] LADDR LPORT RADDR RPORT TX_KB RX_KB MS`; the times are those of the end. `COMM` may hold
//! anything, so fields are counted from both ends of the line.

use super::decimal::micros;
use super::parser::Read;
use super::{End, Lasted, Record, Wrong, address, port};
use crate::flow::Protocol;

/// From the right: `LADDR LPORT RADDR RPORT TX_KB RX_KB MS`.
const LAST: usize = 7;

/// RFC 6335, section 6: below are the system ports, from which nobody connects.
const FIRST_USER_PORT: u16 = 1024;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// A table being read.
#[derive(Debug, Default)]
pub struct Sessions {
    layout: Option<Layout>,
    days: i64,
    latest_clock_us: i64,
}

/// What the header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    separator: Separator,
    time: Time,
    time_column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Spaces,
    Commas,
}

/// Which time a line begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Time {
    /// Seconds since the first session that ended.
    Seconds,
    /// The time of day, to the second.
    Clock,
}

impl Layout {
    fn of(header: &str) -> Result<Self, Wrong> {
        let separator = if header.contains(',') { Separator::Commas } else { Separator::Spaces };
        let names = separator.split(header);
        let find = |wanted: &str| names.iter().position(|name| *name == wanted);
        if !is_header(header)
            || names
                .iter()
                .rev()
                .take(LAST)
                .copied()
                .ne(["MS", "RX_KB", "TX_KB", "RPORT", "RADDR", "LPORT", "LADDR"])
        {
            return Err(Wrong::File(
                "is no header of tcplife, which ends in LADDR LPORT RADDR RPORT TX_KB RX_KB MS".into(),
            ));
        }
        match (find("TIME(s)"), find("TIME")) {
            (Some(time_column), _) => Ok(Self { separator, time: Time::Seconds, time_column }),
            (None, Some(time_column)) => Ok(Self { separator, time: Time::Clock, time_column }),
            (None, None) => Err(Wrong::File("has no column TIME(s); record with `tcplife -t`".into())),
        }
    }
}

impl Separator {
    fn split(self, line: &str) -> Vec<&str> {
        match self {
            Self::Spaces => line.split_ascii_whitespace().collect(),
            Self::Commas => line.split(',').map(str::trim).collect(),
        }
    }
}

impl Sessions {
    /// The record of a line; nothing for the header, which comes again where files were put together.
    pub fn line(&mut self, line: &str) -> Result<Read, Wrong> {
        if self.layout.is_none() || is_header(line) {
            self.layout = Some(Layout::of(line)?);
            return Ok(Read::Header);
        }
        let Some(layout) = self.layout else { return Ok(Read::Header) };
        let fields = layout.separator.split(line);
        let rest = fields.len().checked_sub(LAST).filter(|rest| *rest > layout.time_column);
        let Some((first, [from, from_port, towards, towards_port, _, _, lasted])) = rest
            .map(|rest| fields.split_at(rest))
            .and_then(|(first, last)| Some((first, <[&str; LAST]>::try_from(last).ok()?)))
        else {
            return Err(Wrong::Line(format!("has {} fields; is the line cut?", fields.len())));
        };
        let end_us = match layout.time {
            Time::Seconds => micros(first[layout.time_column])?,
            Time::Clock => self.clock(first[layout.time_column])?,
        };
        // Milliseconds with two decimals.
        let duration_us = u64::try_from(micros(&format!("{lasted}e-3"))?)
            .map_err(|_| String::from("has a negative duration"))?;
        let (local, remote) =
            ((address("LADDR", from)?, port(from_port)?), (address("RADDR", towards)?, port(towards_port)?));
        let ((source, _), (destination, towards)) = match local.1 < FIRST_USER_PORT {
            true => (remote, local),
            false => (local, remote),
        };
        Ok(Read::Flow(Record {
            start_us: end_us.saturating_sub_unsigned(duration_us),
            lasted: Lasted::Whole(duration_us),
            protocol: Some(Protocol::Tcp),
            source,
            destination,
            port: towards,
            state: End(None),
        }))
    }

    /// Microseconds since the midnight before the first line; a clock that goes back has passed another.
    fn clock(&mut self, text: &str) -> Result<i64, String> {
        let parts: Option<Vec<i64>> =
            text.split(':').map(|part| part.parse::<u8>().ok().map(i64::from)).collect();
        let seconds = match parts.as_deref() {
            Some([hours @ 0..24, minutes @ 0..60, seconds @ 0..=60]) => (hours * 60 + minutes) * 60 + seconds,
            _ => return Err(format!("has the time \"{text}\"; tcplife writes such as 23:59:01")),
        };
        let clock_us = seconds * 1_000_000;
        if clock_us < self.latest_clock_us - DAY_US / 2 {
            self.days += 1;
        }
        self.latest_clock_us = clock_us;
        Ok(self.days * DAY_US + clock_us)
    }
}

/// Whether a line is a header of tcplife.
pub fn is_header(line: &str) -> bool {
    ["LADDR", "RADDR", "MS"].iter().all(|name| line.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Result<Vec<Record>, Wrong> {
        let mut sessions = Sessions::default();
        let read: Result<Vec<Read>, Wrong> = lines.iter().map(|line| sessions.line(line)).collect();
        let flow = |read| match read {
            Read::Flow(record) => Some(record),
            _ => None,
        };
        Ok(read?.into_iter().filter_map(flow).collect())
    }

    #[test]
    fn a_session_began_as_long_before_its_line_as_it_lasted() {
        let table = [
            "TIME(s)   PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS",
            "12.500000 22598 Web Co ntent 10.0.0.4      41822 203.0.113.9     443       0     1 91.79",
        ];
        let records = read(&table).unwrap();
        assert_eq!((records[0].start_us, records[0].lasted), (12_408_210, Lasted::Whole(91_790)));
        assert_eq!((records[0].destination.to_string(), records[0].port), ("203.0.113.9".into(), 443));
        let values = [
            "TIME(s),PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS",
            "12.500000,22598,a,b,4,10.0.0.4,41822,203.0.113.9,443,0,1,91.79",
        ];
        assert_eq!(read(&values).unwrap(), records);
    }

    #[test]
    fn whoever_sits_on_a_system_port_was_called() {
        let table = [
            "TIME(s) PID COMM IP LADDR LPORT RADDR RPORT TX_KB RX_KB MS",
            "1.0 7 nginx 4 10.0.0.4 443 203.0.113.9 50000 0 1 1.00",
        ];
        let record = &read(&table).unwrap()[0];
        assert_eq!((record.source.to_string(), record.port), ("203.0.113.9".into(), 443));
    }

    #[test]
    fn the_clock_passes_midnight() {
        let line = |time: &str| format!("{time} 7 curl 10.0.0.4 41822 203.0.113.9 443 0 1 0.00");
        let header = "TIME     PID COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS";
        let records = read(&[header, &line("23:59:59"), &line("00:00:01"), &line("00:00:00")]).unwrap();
        let starts: Vec<i64> = records.iter().map(|record| record.start_us / 1_000_000).collect();
        assert_eq!(starts, [86_399, 86_401, 86_400]);
    }

    #[test]
    fn a_table_without_times_or_of_something_else_is_refused() {
        let no_times = read(&["PID COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS"]).unwrap_err();
        assert!(matches!(no_times, Wrong::File(why) if why.contains("tcplife -t")));
        assert!(matches!(read(&["PID COMM"]).unwrap_err(), Wrong::File(_)));
        let header = "TIME(s) PID COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS";
        for line in [
            "1.0 10.0.0.4 41822 203.0.113.9 443 0 1",
            "1.0 7 a 10.0.0.4 41822 203.0.113.9 443 0 1 -3",
            "x 7 a 10.0.0.4 1 203.0.113.9 443 0 1 3",
        ] {
            assert!(matches!(read(&[header, line]).unwrap_err(), Wrong::Line(_)), "{line}");
        }
    }
}
