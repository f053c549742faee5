//! Recorded flows, as they came, again and again, or as more users would have made them.

use crate::flow::{DestinationId, EndKind, NodeId};
use crate::random::Stream;
use crate::time::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

/// One recorded flow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TraceArrival {
    /// Start, from the start of the first.
    pub start: SimDuration,
    /// How long it lived.
    pub lifetime: SimDuration,
    /// The node that stands for its source address.
    pub node: NodeId,
    /// Its destination.
    pub destination: DestinationId,
    /// How it ended.
    pub end: EndKind,
}

/// How often a record is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playing {
    /// Once, from time 0.
    Once,
    /// End to end for ever, also before time 0 as far as the warm-up reaches; a turn starts at time 0.
    Endless,
}

/// A record and how it is played.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The flows, in order of start; never empty.
    pub flows: Arc<Vec<TraceArrival>>,
    /// How often.
    pub playing: Playing,
    /// Copies that run at once. Where there are several, each is turned by a random part of the record's period, so
    /// that what passes its end comes at its beginning; the addresses of each go to the next nodes of the node pool.
    pub users: u32,
    /// Source addresses of the record.
    pub addresses: u32,
    /// The first node of the node pool, and how many it has.
    pub nodes: (NodeId, u32),
}

impl Recorded {
    /// From the first start to where the next turn would begin: last start and a mean gap; 0 where all start at once.
    pub fn period(&self) -> SimDuration {
        let last = self.flows.last().map_or(0, |flow| flow.start.nanos());
        let gaps = (self.flows.len() as u64).saturating_sub(1).max(1);
        SimDuration::from_nanos(last + last.div_ceil(gaps))
    }

    fn flow_of(&self, copy: u32, flow: usize) -> TraceArrival {
        let recorded = self.flows[flow];
        let (first, nodes) = self.nodes;
        let turned = u64::from(recorded.node.0 - first.0) + u64::from(copy) * u64::from(self.addresses);
        TraceArrival { node: NodeId(first.0 + (turned % u64::from(nodes)) as u32), ..recorded }
    }
}

/// Plays a record: the flows of all copies in order of time, then of copies.
#[derive(Clone)]
pub struct Player<'a> {
    recorded: &'a Recorded,
    users: Vec<User>,
    heads: BinaryHeap<Reverse<(SimTime, u32)>>,
}

/// Where one copy stands.
#[derive(Clone)]
struct User {
    /// When its present turn begins, nanoseconds of simulated time; negative before the run.
    turn: i64,
    next: usize,
    left: u64,
}

impl<'a> Player<'a> {
    /// Plays `recorded`, whose time 0 is `origin`.
    pub fn new(recorded: &'a Recorded, origin: SimTime, mut offsets: Stream) -> Self {
        let mut player = Self { recorded, users: Vec::new(), heads: BinaryHeap::new() };
        for copy in 0..recorded.users {
            let offset = if recorded.users == 1 { 0 } else { offsets.below(recorded.period().nanos()) };
            player.users.push(User::new(recorded, origin.nanos(), offset));
            player.show_next(copy);
        }
        player
    }

    fn show_next(&mut self, copy: u32) {
        let User { turn, next, left } = self.users[copy as usize];
        if left > 0 {
            let time = turn.saturating_add_unsigned(self.recorded.flows[next].start.nanos());
            self.heads.push(Reverse((SimTime::from_nanos(time.unsigned_abs()), copy)));
        }
    }
}

impl Iterator for Player<'_> {
    type Item = (SimTime, TraceArrival);

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((time, copy)) = self.heads.pop()?;
        let flow = self.recorded.flow_of(copy, self.users[copy as usize].next);
        self.users[copy as usize].pass(self.recorded);
        self.show_next(copy);
        Some((time, flow))
    }
}

impl User {
    /// A copy whose record begins `offset` after a turn of the others would; what that pushes over the end comes first.
    fn new(recorded: &Recorded, origin: u64, offset: u64) -> Self {
        let period = recorded.period().nanos();
        let flows = recorded.flows.len();
        let (begin, turn, left) = match recorded.playing {
            Playing::Once => (origin, origin + offset, flows as u64),
            Playing::Endless => (0, (origin + offset) % period.max(1), u64::MAX),
        };
        let turn = turn as i64 - period as i64;
        let past = |flow: &TraceArrival| turn.saturating_add_unsigned(flow.start.nanos()) < begin as i64;
        let next = recorded.flows.partition_point(past);
        let mut copy = Self { turn, next, left };
        copy.wrap(flows, period);
        copy
    }

    fn pass(&mut self, recorded: &Recorded) {
        self.next += 1;
        self.left -= 1;
        self.wrap(recorded.flows.len(), recorded.period().nanos());
    }

    fn wrap(&mut self, flows: usize, period: u64) {
        if self.next == flows {
            self.next = 0;
            self.turn = self.turn.saturating_add_unsigned(period);
        }
    }
}
