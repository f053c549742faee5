//! Flows of which the begin was read and the end was not yet. Memory grows with the flows that are open at one time.

use super::{End, Lasted, Record};
use crate::flow::Protocol;
use foldhash::HashMap;
use std::net::IpAddr;

/// What tells flows that are open at one time apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Conversation {
    /// TCP or UDP; nothing for any other.
    pub protocol: Option<Protocol>,
    /// Who opened it.
    pub source: IpAddr,
    /// From what port.
    pub source_port: u16,
    /// Towards what address.
    pub destination: IpAddr,
    /// Towards what port.
    pub port: u16,
    /// Among whom addresses are unique: a network namespace.
    pub space: u64,
}

impl Conversation {
    /// The flow that began at `start_us`.
    pub fn record(self, start_us: i64, lasted: Lasted, state: End) -> Record {
        let Self { protocol, source, destination, port, .. } = self;
        Record { start_us, lasted, protocol, source, destination, port, state }
    }
}

/// Open flows, and what was seen of each.
#[derive(Debug)]
pub struct OpenFlows<S> {
    seen: HashMap<Conversation, S>,
    /// The latest instant of any entry, microseconds.
    pub latest_us: i64,
}

impl<S> Default for OpenFlows<S> {
    fn default() -> Self {
        Self { seen: HashMap::default(), latest_us: i64::MIN }
    }
}

impl<S> OpenFlows<S> {
    /// Notes that an entry is of this instant.
    pub fn pass(&mut self, now_us: i64) {
        self.latest_us = self.latest_us.max(now_us);
    }

    /// Begins a flow; what was seen of one between the same ends that never ended.
    pub fn begin(&mut self, who: Conversation, seen: S) -> Option<S> {
        self.seen.insert(who, seen)
    }

    /// What was seen of an open flow.
    pub fn get_mut(&mut self, who: &Conversation) -> Option<&mut S> {
        self.seen.get_mut(who)
    }

    /// Ends a flow.
    pub fn end(&mut self, who: &Conversation) -> Option<S> {
        self.seen.remove(who)
    }

    /// Ends all flows, in an order that does not depend on the table.
    pub fn end_all(&mut self, start_us: impl Fn(&S) -> i64) -> Vec<(Conversation, S)> {
        let mut all: Vec<(Conversation, S)> = self.seen.drain().collect();
        all.sort_by_key(|(who, seen)| (start_us(seen), *who));
        all
    }
}

/// Why an entry of a flow that nobody saw begin is no flow.
pub const NO_BEGIN: &str = "began before the record";

/// From `start_us` to `end_us`, microseconds; nothing where they are the wrong way round.
pub fn between(start_us: i64, end_us: i64) -> u64 {
    u64::try_from(end_us.saturating_sub(start_us)).unwrap_or(0)
}
