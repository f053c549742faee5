//! The naive simulator: a sorted list of events, and what each does.

use super::case::{Case, End, Millis, Protocol};
use super::note::Note;
use super::placement::{self, Moment};
use super::pools::{Client, Kept, Patience};
use super::ports::{Asker, Luck, Ports};
use std::collections::{BTreeMap, VecDeque};

const MILLISECOND: u64 = 1_000_000;
pub const SECOND: u64 = 1_000 * MILLISECOND;

pub fn nanos(millis: Millis) -> u64 {
    millis * MILLISECOND
}

/// What is asked for, however many flows it takes.
#[derive(Debug, Clone)]
pub struct Request {
    pub workload: usize,
    /// Among those of its workload.
    pub number: u32,
    pub pod: u32,
    pub asker: Asker,
    pub asked: u64,
    pub lifetime: u64,
    pub end: End,
    /// Tries so far.
    pub tries: u32,
    /// Whether it has asked for a port yet.
    pub attempted: bool,
    pub stale: bool,
    /// When the application gives up the present try.
    pub deadline: u64,
    pub arrived: bool,
    /// It waits for a connection that is being opened for it.
    pub connecting: bool,
    pub backs_off: bool,
    /// It has come out.
    pub over: bool,
}

/// One try to connect, and what comes of it.
#[derive(Debug, Clone)]
pub struct Flow {
    pub request: usize,
    /// Its first SYN.
    pub first: u64,
    /// A mapping a stage.
    pub mappings: Vec<Option<usize>>,
    pub connected: bool,
    /// When it was connected.
    pub born: u64,
    /// Since when a client keeps it for later.
    pub idle_since: Option<u64>,
    pub closed: bool,
    /// When it sends its last packet, if nothing else ends it.
    pub last_packet: u64,
    /// Its SYN that got the port that it is half-open on, and when.
    pub granted: Option<(usize, u64)>,
    /// Nobody is behind it any more: its client gave it up, or ended with its node.
    pub gone: bool,
    pub node_ended: bool,
}

#[derive(Debug, Clone, Copy)]
pub enum Event {
    /// A port has rested, or a mapping is forgotten after silence.
    Free(usize),
    Silence(usize),
    Forgotten(usize),
    Close(usize),
    /// The answer of a flow comes too late.
    TooLate(usize),
    Change(usize),
    /// Nodes come and go.
    Moment(usize),
    /// The nodes that are there have the ports that they should have by now.
    Granted,
    Syn(usize, usize),
    GiveUp(usize),
    TryAgain(usize),
    /// A request is over, its connection is kept.
    Served(usize),
    ServedTooLate(usize),
    TooOld(usize),
    /// A connection has been idle since an instant.
    IdleTooLong(usize, u64),
    /// A request, in one of its tries.
    WaitedTooLong(usize, u32, Patience),
    Arrive(usize),
}

impl Event {
    /// Ports come free, flows close, the cluster changes, clients retry, new flows arrive.
    pub fn class(self) -> u8 {
        match self {
            Self::Free(_) | Self::Silence(_) => 0,
            Self::TooOld(_)
            | Self::Forgotten(_)
            | Self::Close(_)
            | Self::Served(_)
            | Self::ServedTooLate(_)
            | Self::IdleTooLong(..) => 1,
            Self::Change(_) | Self::Moment(_) | Self::Granted => 2,
            Self::TooLate(_)
            | Self::Syn(..)
            | Self::GiveUp(_)
            | Self::TryAgain(_)
            | Self::WaitedTooLong(..) => 3,
            Self::Arrive(_) => 4,
        }
    }
}

pub struct Simulator<'c> {
    pub case: &'c Case,
    pub moments: Vec<Moment>,
    pub now: u64,
    pub sequence: u64,
    pub events: BTreeMap<(u64, u8, u64), Event>,
    pub ports: Ports,
    /// When each mapping is forgotten, if silent until then.
    pub silences: BTreeMap<usize, (u64, u8, u64)>,
    /// The flow of each mapping.
    pub owners: Vec<usize>,
    pub requests: Vec<Request>,
    pub flows: Vec<Flow>,
    /// Requests and retries of a client.
    pub tallies: BTreeMap<Client, (Vec<u64>, Vec<u64>)>,
    /// Connections that clients keep.
    pub kept: BTreeMap<Client, Kept>,
    /// Something was decided that another draw would have decided otherwise.
    pub drawn: bool,
    /// What the nodes should have been granted so far.
    pub should_have: Option<u32>,
    /// How searches come out that are drawn.
    pub luck: Lucks,
    pub notes: Vec<Note>,
}

/// By when a flow asks, when it was asked for, workload, node and destination; in turn.
pub type Lucks = BTreeMap<(u64, u64, u32, u32, usize), VecDeque<Luck>>;

/// Who was refused in `notes`: a search that may fail then does.
pub fn lucks(notes: &[Note]) -> Lucks {
    let mut lucks = Lucks::new();
    for note in notes {
        if let Note::Attempt { time, asked, workload, node, destination, refused, .. } = *note {
            let luck = if refused.is_some() { Luck::Bad } else { Luck::Good };
            lucks.entry((time, asked, workload, node, destination)).or_default().push_back(luck);
        }
    }
    lucks
}

/// Everything that happens in `case`; nothing where more than the `luck` of searches is drawn.
pub fn simulate(case: &Case, luck: Lucks) -> Option<Vec<Note>> {
    let mut simulator = Simulator {
        case,
        moments: placement::moments(case).expect("every pod has a node"),
        now: 0,
        sequence: 0,
        events: BTreeMap::new(),
        ports: Ports::new(case),
        silences: BTreeMap::new(),
        owners: Vec::new(),
        requests: Vec::new(),
        flows: Vec::new(),
        tallies: BTreeMap::new(),
        kept: BTreeMap::new(),
        drawn: false,
        should_have: None,
        luck,
        notes: Vec::new(),
    };
    for (number, event) in case.events.iter().enumerate() {
        simulator.at(nanos(event.at), Event::Change(number));
    }
    for number in 0..simulator.moments.len() {
        simulator.at(nanos(simulator.moments[number].at), Event::Moment(number));
    }
    simulator.arrivals();
    // A run goes on for as long as it measures, and once more for those who are not served yet.
    while let Some(((time, ..), event)) = simulator.events.pop_first() {
        if time > 2 * nanos(case.duration) {
            break;
        }
        simulator.now = time;
        simulator.happens(event);
    }
    simulator.what_is_left();
    (!simulator.drawn).then_some(simulator.notes)
}

impl Simulator<'_> {
    pub fn at(&mut self, time: u64, event: Event) -> (u64, u8, u64) {
        let key = (time, event.class(), self.sequence);
        self.sequence += 1;
        self.events.insert(key, event);
        key
    }

    /// Whether whoever would do this has ended.
    fn is_gone(&self, event: Event) -> bool {
        match event {
            Event::Close(flow)
            | Event::TooLate(flow)
            | Event::Syn(flow, _)
            | Event::GiveUp(flow)
            | Event::Served(flow)
            | Event::ServedTooLate(flow)
            | Event::TooOld(flow)
            | Event::IdleTooLong(flow, _) => self.flows[flow].gone,
            Event::TryAgain(request) | Event::WaitedTooLong(request, ..) => self.requests[request].over,
            Event::Free(mapping) | Event::Silence(mapping) | Event::Forgotten(mapping) => {
                !self.ports.mappings[mapping].busy
            }
            Event::Change(_) | Event::Moment(_) | Event::Granted | Event::Arrive(_) => false,
        }
    }

    pub fn happens(&mut self, event: Event) {
        match event {
            _ if self.is_gone(event) => {}
            Event::Free(mapping) => self.free(mapping),
            Event::Silence(mapping) | Event::Forgotten(mapping) => self.fall_silent(mapping),
            Event::Close(flow) => self.close(flow),
            Event::TooLate(flow) => self.answer_too_late(flow),
            Event::Change(number) => self.change(number),
            Event::Moment(number) => self.moment(number),
            Event::Granted => self.grants_follow(),
            Event::Syn(flow, number) => self.syn(flow, number),
            Event::GiveUp(flow) => self.give_up(flow),
            Event::TryAgain(request) => self.end_of_back_off(request),
            Event::Served(flow) => self.served(flow),
            Event::TooOld(flow) => self.too_old(flow),
            Event::ServedTooLate(flow) => self.served_too_late(flow),
            Event::IdleTooLong(flow, since) => self.idle_too_long(flow, since),
            Event::WaitedTooLong(request, tries, whose) => self.waited_too_long(request, tries, whose),
            Event::Arrive(request) => self.arrive(request),
        }
    }

    pub fn protocol(&self, request: usize) -> Protocol {
        self.case.destinations[self.requests[request].asker.destination].protocol
    }
}
