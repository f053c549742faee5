//! Flow logs of Azure: begin, continuation and end of each flow, put together over all files.
//!
//! Entries of one flow stand in order of time; those of different flows need not. Leaves out bytes, rules and MAC addresses.

mod json;
mod nsg;
mod vnet;

pub use json::{Position, Stopped, is_flow_log, read};

use super::open_flows::{Conversation, NO_BEGIN, OpenFlows, between};
use super::parser::Read;
use super::{End, Lasted, Record, TraceFormat, address, port};
use crate::flow::{EndKind, Protocol};

/// Which of the two logs a tuple stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Of a virtual network.
    Vnet,
    /// Of a network security group.
    Nsg,
}

impl Kind {
    /// The format that a file with such tuples has.
    pub fn format(self) -> TraceFormat {
        match self {
            Self::Vnet => TraceFormat::VnetFlowLog,
            Self::Nsg => TraceFormat::NsgFlowLog,
        }
    }
}

/// The fields of a tuple in both logs.
const FIELDS: usize = 13;

/// One entry of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry {
    time_us: i64,
    who: Conversation,
    state: State,
    /// Packets that came back since the entry before; nothing where the log does not say.
    packets_back: Option<u64>,
}

/// What an entry tells of its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Begin,
    Continuing,
    End,
    Denied,
}

impl State {
    fn of(letter: &str) -> Result<Self, String> {
        match letter {
            "B" => Ok(Self::Begin),
            "C" => Ok(Self::Continuing),
            "E" => Ok(Self::End),
            "D" => Ok(Self::Denied),
            _ => Err(format!("has the flow state \"{letter}\"; allowed is B, C, E or D")),
        }
    }
}

/// The fields of a tuple, named by the kind of log in a message about their number.
fn fields<'t>(tuple: &'t str, log: &str) -> Result<[&'t str; FIELDS], String> {
    let mut fields = [""; FIELDS];
    let mut count = 0;
    for field in tuple.split(',') {
        if let Some(place) = fields.get_mut(count) {
            *place = field.trim();
        }
        count += 1;
    }
    match count {
        FIELDS => Ok(fields),
        _ => Err(format!("holds a tuple of {count} fields; one of a {log} has {FIELDS}")),
    }
}

/// Who talks to whom, by addresses and ports: source, destination, source port, destination port.
fn conversation(
    protocol: Option<Protocol>,
    [source, destination, source_port, towards]: [&str; 4],
) -> Result<Conversation, String> {
    Ok(Conversation {
        protocol,
        source: address("source", source)?,
        destination: address("destination", destination)?,
        source_port: port(source_port)?,
        port: port(towards)?,
        space: 0,
    })
}

/// Which way a flow was opened is told, and not used: an outbound one has its source inside.
fn check_direction(direction: &str) -> Result<(), String> {
    match direction {
        "I" | "O" => Ok(()),
        _ => Err(format!("has the direction \"{direction}\"; allowed is I or O")),
    }
}

/// The number in a field that may be empty.
fn packets(text: &str) -> Result<Option<u64>, String> {
    match text {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| format!("has \"{text}\" for a number of packets")),
    }
}

/// What was seen of an open flow.
#[derive(Debug, Clone, Copy)]
struct Seen {
    start_us: i64,
    last_us: i64,
    packets_back: Option<u64>,
}

impl Seen {
    fn add(&mut self, entry: &Entry) {
        self.last_us = self.last_us.max(entry.time_us);
        self.packets_back = match (self.packets_back, entry.packets_back) {
            (Some(so_far), Some(more)) => Some(so_far.saturating_add(more)),
            (so_far, more) => so_far.or(more),
        };
    }

    /// TCP to which nobody sent a packet back was never opened.
    fn record(&self, who: Conversation, lasted: Lasted) -> Record {
        let unanswered = who.protocol == Some(Protocol::Tcp) && self.packets_back == Some(0);
        let over = matches!(lasted, Lasted::Whole(_));
        who.record(self.start_us, lasted, End((unanswered && over).then_some(EndKind::HalfOpen)))
    }
}

/// The log so far.
#[derive(Debug, Default)]
pub struct FlowLogs {
    open: OpenFlows<Seen>,
}

impl FlowLogs {
    /// Takes a tuple.
    pub fn tuple(&mut self, text: &str, kind: Kind) -> Result<Read, String> {
        let entry = match kind {
            Kind::Vnet => vnet::entry(text)?,
            Kind::Nsg => nsg::entry(text)?,
        };
        Ok(self.take(entry))
    }

    fn take(&mut self, entry: Entry) -> Read {
        let Entry { time_us, who, state, packets_back } = entry;
        self.open.pass(time_us);
        match state {
            State::Denied => Read::NotUsed("denied"),
            State::Begin => {
                if self.open.get_mut(&who).is_some_and(|seen| seen.start_us == time_us) {
                    return Read::NotUsed("logged twice");
                }
                let begun = Seen {
                    start_us: time_us,
                    last_us: time_us,
                    packets_back: packets_back.filter(|count| *count > 0),
                };
                match self.open.begin(who, begun) {
                    None => Read::Kept,
                    Some(lost) => {
                        let so_far = between(lost.start_us, lost.last_us);
                        Read::Flow(lost.record(who, Lasted::SoFar(so_far)))
                    }
                }
            }
            State::Continuing => match self.open.get_mut(&who) {
                Some(seen) => {
                    seen.add(&entry);
                    Read::Kept
                }
                None => Read::NotUsed(NO_BEGIN),
            },
            State::End => match self.open.end(&who) {
                Some(mut seen) => {
                    seen.add(&entry);
                    let whole = between(seen.start_us, time_us);
                    Read::Flow(seen.record(who, Lasted::Whole(whole)))
                }
                None => Read::NotUsed(NO_BEGIN),
            },
        }
    }

    /// What is still open: nothing says that it ended, so it lasts as long as the log.
    pub fn finish(&mut self) -> Vec<Record> {
        let latest = self.open.latest_us;
        let open = self.open.end_all(|seen| seen.start_us);
        let record = |(who, seen): (Conversation, Seen)| {
            seen.record(who, Lasted::SoFar(between(seen.start_us, latest)))
        };
        open.into_iter().map(record).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hour of the log, in milliseconds.
    const HOUR: u64 = 1_700_000_000_000;

    fn tuple(logs: &mut FlowLogs, time_ms: u64, state: &str, counters: &str) -> Read {
        let text = format!("{},10.0.0.6,203.0.113.1,40000,443,6,O,{state},NX,{counters}", HOUR + time_ms);
        logs.tuple(&text, Kind::Vnet).unwrap()
    }

    /// When a flow began, in microseconds of the hour, how long it lasted and how it ended.
    fn flow(read: Read) -> (i64, Lasted, End) {
        let Read::Flow(record) = read else { panic!("{read:?}") };
        (record.start_us - HOUR as i64 * 1_000, record.lasted, record.state)
    }

    #[test]
    fn begin_continuation_and_end_are_one_flow() {
        let mut logs = FlowLogs::default();
        assert_eq!(tuple(&mut logs, 1_000, "B", "0,0,0,0"), Read::Kept);
        assert_eq!(tuple(&mut logs, 301_000, "C", "3,200,2,300"), Read::Kept);
        let ended = flow(tuple(&mut logs, 301_500, "E", "1,60,0,0"));
        assert_eq!(ended, (1_000_000, Lasted::Whole(300_500_000), End(None)));
        assert_eq!(logs.finish(), []);
    }

    #[test]
    fn tcp_without_a_packet_back_was_never_opened() {
        let mut logs = FlowLogs::default();
        tuple(&mut logs, 1_000, "B", "0,0,0,0");
        let ended = flow(tuple(&mut logs, 9_000, "E", "4,240,0,0"));
        assert_eq!(ended, (1_000_000, Lasted::Whole(8_000_000), End(Some(EndKind::HalfOpen))));
    }

    #[test]
    fn a_flow_begun_again_ended_unseen() {
        let mut logs = FlowLogs::default();
        tuple(&mut logs, 1_000, "B", "0,0,0,0");
        assert_eq!(tuple(&mut logs, 1_000, "B", "0,0,0,0"), Read::NotUsed("logged twice"));
        tuple(&mut logs, 2_500, "C", "1,60,1,60");
        assert_eq!(flow(tuple(&mut logs, 9_000, "B", "0,0,0,0")).1, Lasted::SoFar(1_500_000));
        tuple(&mut logs, 20_000, "D", "0,0,0,0");
        let open = flow(Read::Flow(logs.finish().remove(0)));
        assert_eq!((open.0, open.1), (9_000_000, Lasted::SoFar(11_000_000)));
    }

    #[test]
    fn what_began_before_the_log_is_no_flow() {
        let mut logs = FlowLogs::default();
        assert_eq!(tuple(&mut logs, 1_000, "C", "1,60,1,60"), Read::NotUsed(NO_BEGIN));
        assert_eq!(tuple(&mut logs, 2_000, "E", "1,60,1,60"), Read::NotUsed(NO_BEGIN));
    }
}
