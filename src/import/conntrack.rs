//! Connection tracking of Linux: `conntrack -E -o timestamp` (events) and `conntrack -L` (what is there).
//!
//! The first of the two tuples of a line is the one before translation. Leaves out zones, marks and counters.

use super::decimal::micros;
use super::open_flows::{Conversation, NO_BEGIN, OpenFlows, between};
use super::parser::Read;
use super::{End, Lasted, Record, Wrong, address, port};
use crate::flow::{EndKind, Protocol};

/// What a line says beside its event.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry<'t> {
    who: Conversation,
    timeout_us: Option<i64>,
    state: Option<&'t str>,
    answered: bool,
}

/// The fields of a line from the protocol on: `tcp 6 120 SYN_SENT src=.. dst=.. sport=.. dport=.. [UNREPLIED] src=..`; with
/// `-o extended`, or in `/proc`, the address family stands before.
fn entry(text: &str) -> Result<Entry<'_>, String> {
    let mut words = text.split_ascii_whitespace().peekable();
    if words.peek().is_some_and(|word| matches!(*word, "ipv4" | "ipv6")) {
        words.by_ref().take(2).for_each(drop);
    }
    let protocol = words.next().ok_or("lacks the protocol")?;
    let number = words.next().unwrap_or_default();
    if number.parse::<u8>().is_err() {
        return Err(format!("has \"{number}\" after the protocol {protocol}; a number belongs there"));
    }
    let seconds: Option<u32> = words.peek().and_then(|word| word.parse().ok());
    if seconds.is_some() {
        words.next();
    }
    let is_state = |word: &&str| {
        word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let state = words.peek().copied().filter(is_state);
    let tuple: Vec<&str> = words.collect();
    // The second tuple is that of the replies, with the translated address.
    let value = |key: &str| tuple.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let need = |key: &str| value(key).ok_or_else(|| format!("lacks `{key}=`"));
    let protocol = match protocol {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        _ => None,
    };
    let of_ports = |key: &str| match protocol {
        Some(_) => port(need(key)?),
        None => Ok(0),
    };
    let who = Conversation {
        protocol,
        source: address("src", need("src")?)?,
        destination: address("dst", need("dst")?)?,
        source_port: of_ports("sport")?,
        port: of_ports("dport")?,
        space: value("zone").and_then(|zone| zone.parse().ok()).unwrap_or(0),
    };
    Ok(Entry {
        who,
        timeout_us: seconds.map(|seconds| i64::from(seconds) * 1_000_000),
        state,
        answered: !tuple.contains(&"[UNREPLIED]"),
    })
}

/// How TCP was closed, by the state that the close led to; nothing while it is open.
fn closed_by(state: &str) -> Option<EndKind> {
    match state {
        "FIN_WAIT" | "CLOSE_WAIT" | "LAST_ACK" | "TIME_WAIT" => Some(EndKind::Fin),
        "CLOSE" => Some(EndKind::Rst),
        _ => None,
    }
}

/// States that follow no other: whatever the kernel does then, the connection is over.
const OVER: [&str; 2] = ["TIME_WAIT", "CLOSE"];

/// What was seen of a connection.
#[derive(Debug, Clone, Copy)]
struct Seen {
    start_us: i64,
    last_us: i64,
    timeout_us: i64,
    answered: bool,
    closed: Option<Closed>,
}

/// When a connection was closed, as far as was seen.
#[derive(Debug, Clone, Copy)]
struct Closed {
    at_us: i64,
    by: EndKind,
    for_good: bool,
}

impl Seen {
    fn new(now_us: i64, entry: &Entry<'_>) -> Self {
        let timeout_us = entry.timeout_us.unwrap_or(0);
        Self { start_us: now_us, last_us: now_us, timeout_us, answered: false, closed: None }
    }

    fn update(&mut self, now_us: i64, entry: &Entry<'_>) {
        self.last_us = now_us;
        self.timeout_us = entry.timeout_us.unwrap_or(self.timeout_us);
        self.answered |= entry.answered;
        let closed = entry.state.and_then(|state| Some((state, closed_by(state)?)));
        if let (Some((state, by)), false) = (closed, self.closed.is_some_and(|closed| closed.for_good)) {
            self.closed = Some(Closed { at_us: now_us, by, for_good: OVER.contains(&state) });
        }
    }

    /// The flow, gone at `gone_us`. Where nobody closed it, its last packet came a timeout before.
    fn over(self, who: Conversation, gone_us: i64) -> Record {
        let whole = |end_us: i64| Lasted::Whole(between(self.start_us, end_us));
        match (who.protocol, self.closed) {
            (Some(Protocol::Tcp), Some(closed)) => {
                who.record(self.start_us, whole(closed.at_us), End(Some(closed.by)))
            }
            (Some(Protocol::Tcp), None) if !self.answered => {
                who.record(self.start_us, Lasted::Unsaid, End(Some(EndKind::HalfOpen)))
            }
            _ => {
                let silent_since = gone_us.saturating_sub(self.timeout_us).max(self.last_us);
                who.record(self.start_us, whole(silent_since), End(None))
            }
        }
    }

    /// The flow, still there when the record ended.
    fn still_there(self, who: Conversation, latest_us: i64) -> Record {
        let open = self.answered && self.closed.is_none();
        match who.protocol {
            Some(Protocol::Tcp) if open => {
                who.record(self.start_us, Lasted::SoFar(between(self.start_us, latest_us)), End(None))
            }
            Some(Protocol::Tcp) => self.over(who, latest_us),
            _ => who.record(self.start_us, Lasted::SoFar(between(self.start_us, self.last_us)), End(None)),
        }
    }
}

/// The events so far, over all files.
#[derive(Debug, Default)]
pub struct Events {
    open: OpenFlows<Seen>,
}

impl Events {
    /// Takes a line such as `[1723286400.123456]     [NEW] tcp      6 120 SYN_SENT src=..`.
    pub fn line(&mut self, line: &str) -> Result<Read, Wrong> {
        let line = line.trim();
        let Some((time, rest)) =
            bracketed(line).filter(|(time, _)| time.starts_with(|letter: char| letter.is_ascii_digit()))
        else {
            return match bracketed(line) {
                Some(("NEW" | "UPDATE" | "DESTROY", _)) => {
                    Err(Wrong::File("has no time; record with `conntrack -E -o timestamp`".into()))
                }
                _ => Err(Wrong::Line("is no event of conntrack".into())),
            };
        };
        let now = micros(time)?;
        let (event, rest) = bracketed(rest)
            .ok_or_else(|| String::from("lacks [NEW], [UPDATE] or [DESTROY] after its time"))?;
        let entry = entry(rest)?;
        self.open.pass(now);
        match event {
            "NEW" => Ok(self.new_flow(now, &entry)),
            "UPDATE" => Ok(match self.open.get_mut(&entry.who) {
                Some(seen) => {
                    seen.update(now, &entry);
                    Read::Kept
                }
                None => Read::NotUsed(NO_BEGIN),
            }),
            "DESTROY" => Ok(self.destroy(now, &entry)),
            other => {
                Err(Wrong::Line(format!("has the event [{other}]; allowed is [NEW], [UPDATE] or [DESTROY]")))
            }
        }
    }

    /// A flow begins; one between the same ends must have gone unseen.
    fn new_flow(&mut self, now: i64, entry: &Entry<'_>) -> Read {
        match self.open.begin(entry.who, Seen::new(now, entry)) {
            Some(lost) => Read::Flow(lost.still_there(entry.who, lost.last_us)),
            None => Read::Kept,
        }
    }

    fn destroy(&mut self, now: i64, entry: &Entry<'_>) -> Read {
        let Some(mut seen) = self.open.end(&entry.who) else { return Read::NotUsed(NO_BEGIN) };
        seen.answered |= entry.answered;
        Read::Flow(seen.over(entry.who, now))
    }

    /// What is still there.
    pub fn finish(&mut self) -> Vec<Record> {
        let latest = self.open.latest_us;
        let there = self.open.end_all(|seen| seen.start_us);
        there.into_iter().map(|(who, seen)| seen.still_there(who, latest)).collect()
    }
}

/// The text between brackets at the beginning of `line`, and what follows.
fn bracketed(line: &str) -> Option<(&str, &str)> {
    let (inside, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    Some((inside.trim(), rest))
}

/// A line of `conntrack -L`: a flow that is open at the instant of the list, which is a microsecond long.
pub fn listed(line: &str) -> Result<Read, Wrong> {
    // What it says on standard error when it is done.
    if line.starts_with("conntrack v") {
        return Ok(Read::Header);
    }
    let Entry { who, state, answered, .. } = entry(line)?;
    if state.is_some_and(|state| OVER.contains(&state)) {
        return Ok(Read::NotUsed("closed already"));
    }
    let unanswered = who.protocol == Some(Protocol::Tcp) && !answered;
    Ok(Read::Flow(who.record(0, Lasted::SoFar(1), End(unanswered.then_some(EndKind::HalfOpen)))))
}

/// Whether a file that begins with this line holds events.
pub fn is_event(line: &str) -> bool {
    let event = |inside: &str| matches!(inside, "NEW" | "UPDATE" | "DESTROY");
    match bracketed(line) {
        Some((inside, rest)) => {
            event(inside)
                || micros(inside).is_ok() && bracketed(rest).is_some_and(|(inside, _)| event(inside))
        }
        None => false,
    }
}

/// Whether a file that begins with this line is a list.
pub fn is_listed(line: &str) -> bool {
    line.starts_with("conntrack v") || line.contains(" src=") && entry(line).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const TUPLES: &str = "src=10.244.1.7 dst=203.0.113.9 sport=41822 dport=443 src=203.0.113.9 dst=10.224.0.5 sport=443 dport=1024";

    /// The flow that the last of these lines ends, or that is there at the end.
    fn flow(lines: &[&str]) -> (i64, Lasted, End) {
        let mut events = Events::default();
        let mut flows = Vec::new();
        for line in lines {
            if let Read::Flow(record) = events.line(&line.replace("..", TUPLES)).unwrap() {
                flows.push(record);
            }
        }
        flows.extend(events.finish());
        assert_eq!(flows.len(), 1, "{flows:?}");
        assert_eq!(flows[0].source, IpAddr::V4(Ipv4Addr::new(10, 244, 1, 7)));
        (flows[0].start_us, flows[0].lasted, flows[0].state)
    }

    const NEW: &str = "[100.000000]\t    [NEW] tcp      6 120 SYN_SENT .. [UNREPLIED]";
    const OPEN: &str = "[100.250000]\t [UPDATE] tcp      6 86400 ESTABLISHED .. [ASSURED]";

    #[test]
    fn a_connection_ends_when_it_is_closed_and_not_when_the_kernel_forgets_it() {
        let closed = [
            NEW,
            OPEN,
            "[102.000000]\t [UPDATE] tcp      6 120 FIN_WAIT .. [ASSURED]",
            "[102.500000]\t [UPDATE] tcp      6 120 TIME_WAIT .. [ASSURED]",
            "[222.500000]\t[DESTROY] tcp      6 TIME_WAIT .. [ASSURED]",
        ];
        assert_eq!(flow(&closed), (100_000_000, Lasted::Whole(2_500_000), End(Some(EndKind::Fin))));
        let reset = [
            NEW,
            OPEN,
            "[103.000000]\t [UPDATE] tcp      6 10 CLOSE .. [ASSURED]",
            "[113.000000]\t[DESTROY] tcp      6 .. [ASSURED]",
        ];
        assert_eq!(flow(&reset), (100_000_000, Lasted::Whole(3_000_000), End(Some(EndKind::Rst))));
        assert_eq!(flow(&closed[..4]), flow(&closed), "the record may end before the kernel forgets");
    }

    #[test]
    fn an_attempt_without_an_answer_is_half_open() {
        let lines = [NEW, "[220.000000]\t[DESTROY] tcp      6 SYN_SENT .. [UNREPLIED]"];
        assert_eq!(flow(&lines), (100_000_000, Lasted::Unsaid, End(Some(EndKind::HalfOpen))));
        assert_eq!(flow(&lines[..1]), flow(&lines));
    }

    #[test]
    fn silence_ends_udp_a_timeout_before_it_is_forgotten() {
        let lines = [
            "[100.000000]\t    [NEW] udp      17 30 .. [UNREPLIED]",
            "[100.125000]\t [UPDATE] udp      17 120 ..",
            "[250.000000]\t[DESTROY] udp      17 ..",
        ];
        assert_eq!(flow(&lines), (100_000_000, Lasted::Whole(30_000_000), End(None)));
        assert_eq!(flow(&lines[..2]), (100_000_000, Lasted::SoFar(125_000), End(None)));
    }

    #[test]
    fn what_is_open_at_the_end_lasts_as_long_as_the_record() {
        let later = "[160.000000]\t[DESTROY] icmp     1 src=10.0.0.1 dst=203.0.113.9 type=8 code=0 id=1";
        assert_eq!(flow(&[NEW, OPEN, later]), (100_000_000, Lasted::SoFar(60_000_000), End(None)));
    }

    #[test]
    fn extended_lines_and_those_of_proc_name_the_address_family() {
        let line = format!("ipv4     2 tcp      6 86391 ESTABLISHED {TUPLES} [ASSURED] mark=0 zone=3 use=2");
        let read = entry(&line).unwrap();
        assert_eq!(
            (read.state, read.timeout_us, read.who.space),
            (Some("ESTABLISHED"), Some(86_391_000_000), 3)
        );
        assert_eq!(read, entry(line.strip_prefix("ipv4     2 ").unwrap()).unwrap());
        assert!(is_listed(&line) && !is_event(&line));
    }

    #[test]
    fn a_list_shows_what_is_open_at_its_instant() {
        let read = |line: &str| listed(&line.replace("..", TUPLES)).unwrap();
        let Read::Flow(open) = read("tcp      6 86391 ESTABLISHED .. [ASSURED] mark=0 use=1") else {
            panic!()
        };
        assert_eq!((open.start_us, open.lasted, open.state), (0, Lasted::SoFar(1), End(None)));
        let Read::Flow(asked) = read("tcp      6 110 SYN_SENT .. [UNREPLIED]") else { panic!() };
        assert_eq!(asked.state, End(Some(EndKind::HalfOpen)));
        assert_eq!(read("tcp      6 71 TIME_WAIT .. [ASSURED]"), Read::NotUsed("closed already"));
        assert_eq!(read("conntrack v1.4.7 (conntrack-tools): 3 flow entries have been shown."), Read::Header);
    }

    #[test]
    fn lines_that_are_no_event_are_told() {
        let wrong = |line: &str| Events::default().line(&line.replace("..", TUPLES)).unwrap_err();
        assert!(
            matches!(wrong("    [NEW] tcp      6 120 SYN_SENT .."), Wrong::File(why) if why.contains("-o timestamp"))
        );
        for (line, message) in [
            ("[100.0] [NEW] tcp      6 120 SYN_SENT src=10.0.0.1", "lacks `dst=`"),
            ("[100.0] [NEW] tcp      x ..", "has \"x\" after the protocol tcp"),
            ("[100.0] [OLD] tcp      6 ..", "has the event [OLD]"),
            ("[100.0] tcp      6 ..", "lacks [NEW]"),
            ("tcp      6 ..", "is no event of conntrack"),
        ] {
            assert!(matches!(wrong(line), Wrong::Line(why) if why.starts_with(message)), "{line}");
        }
    }
}
