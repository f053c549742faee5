//! The rows that recorded flows fill. Rows at rest are dropped now and then: a row of which every port is free is like
//! one that was never used, so memory follows the flows at one time, not the length of the trace.

use crate::import::TraceFlow;
use crate::outbound::Sharing;
use crate::random::{Purpose, Stream};
use crate::snat::{Asker, Holding, IndexedRow, Row, RowStreams, Rules};
use crate::time::{SimDuration, SimTime};
use foldhash::{HashMap, HashSet};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Flows with equal keys exclude one another from a port.
fn row_key(flow: &TraceFlow, sharing: Sharing) -> u64 {
    let protocol = flow.protocol as u64;
    let address = u64::from(u32::from(flow.destination));
    match sharing {
        Sharing::Endpoint => protocol << 48 | u64::from(flow.port) << 32 | address,
        Sharing::Address => protocol << 48 | address,
        Sharing::Exclusive => protocol,
        Sharing::ExclusiveAnyProtocol => 0,
    }
}

/// Rows by key; dropped at rest whenever their number has doubled.
#[derive(Debug)]
struct Rows<R> {
    by_key: HashMap<u64, R>,
    tidy_at: usize,
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { by_key: HashMap::default(), tidy_at: 1 << 12 }
    }
}

impl<R> Rows<R> {
    fn row(&mut self, key: u64, is_busy: impl Fn(&mut R) -> bool, new: impl FnOnce() -> R) -> &mut R {
        if self.by_key.len() >= self.tidy_at {
            self.by_key.retain(|_, row| is_busy(row));
            self.tidy_at = (2 * self.by_key.len()).max(1 << 12);
        }
        self.by_key.entry(key).or_insert_with(new)
    }
}

/// A row with the ports of the question and one without a limit.
#[derive(Debug)]
struct Pair {
    limited: Option<Row>,
    unlimited: IndexedRow,
}

impl Pair {
    fn is_busy(&mut self, now: SimTime) -> bool {
        let limited = self.limited.as_mut().is_some_and(|row| row.busy(now) > 0);
        limited || !self.unlimited.is_idle(now)
    }
}

/// The port pool of the question.
#[derive(Debug)]
pub struct PoolRows {
    sharing: Sharing,
    ports: Option<u32>,
    rows: Rows<Pair>,
    smallest: u32,
}

impl PoolRows {
    /// `ports` on each row; without, only the smallest pool is found.
    pub fn new(sharing: Sharing, ports: Option<u32>) -> Self {
        Self { sharing, ports, rows: Rows::default(), smallest: 0 }
    }

    /// Whether a flow finds no port; otherwise it keeps one until `release`. Where there is no limit and the lowest
    /// free port is taken, the highest number tells the smallest pool that would have done.
    pub fn refuses(&mut self, flow: &TraceFlow, start: SimTime, release: SimTime) -> bool {
        let ports = self.ports;
        // A row with one public IP never draws.
        let streams = || RowStreams::all_from(Stream::new(0, 0, Purpose::PortChoice, 0));
        let limited = || ports.map(|ports| Row::new(&[Some(ports)], &Rules::default(), streams()));
        let new = || Pair { limited: limited(), unlimited: IndexedRow::default() };
        let row = self.rows.row(row_key(flow, self.sharing), |row| row.is_busy(start), new);
        let port = row.unlimited.take(start, release);
        self.smallest = self.smallest.max(port + 1);
        let Some(limited) = &mut row.limited else { return false };
        match limited.open(start, &Asker::default()) {
            Ok(slot) => {
                limited.keep_until(slot, Holding::until(release, release));
                false
            }
            Err(_) => true,
        }
    }

    /// The least number of ports with which nothing fails.
    pub fn smallest_without_failure(&self) -> u32 {
        self.smallest
    }
}

/// Ends of open flows, and the most at one instant. A flow of length 0 is there at its own instant, with all others
/// that are: unlike the smallest pool, the peak does not depend on the order of equal starts.
#[derive(Debug, Default)]
struct Open {
    ends: BinaryHeap<Reverse<SimTime>>,
}

impl Open {
    fn close_until(&mut self, now: SimTime) {
        while self.ends.peek().is_some_and(|Reverse(end)| *end <= now) {
            self.ends.pop();
        }
    }

    /// Flows open at `start`, with this one.
    fn with(&mut self, start: SimTime, end: SimTime) -> usize {
        self.close_until(start);
        // Times are whole microseconds: a nanosecond is past this instant and before any other.
        self.ends.push(Reverse(end.max(start + SimDuration::from_nanos(1))));
        self.ends.len()
    }

    fn is_busy(&mut self, now: SimTime) -> bool {
        self.close_until(now);
        !self.ends.is_empty()
    }
}

/// Destinations met, and flows open at one instant, without any limit or rest.
#[derive(Debug, Default)]
pub struct Towards {
    met: HashSet<u64>,
    all: Open,
    each: Rows<Open>,
    peak_of_all: usize,
    peak_of_one: usize,
}

impl Towards {
    /// Adds a flow.
    pub fn take(&mut self, flow: &TraceFlow, start: SimTime, end: SimTime) {
        let destination = row_key(flow, Sharing::Endpoint);
        let met = &mut self.met;
        let new = || {
            met.insert(destination);
            Open::default()
        };
        let row = self.each.row(destination, |row| row.is_busy(start), new);
        self.peak_of_one = self.peak_of_one.max(row.with(start, end));
        self.peak_of_all = self.peak_of_all.max(self.all.with(start, end));
    }

    /// Different (protocol, address, port).
    pub fn destinations(&self) -> u64 {
        self.met.len() as u64
    }

    /// Most flows at one instant.
    pub fn peak_of_all(&self) -> u32 {
        u32::try_from(self.peak_of_all).unwrap_or(u32::MAX)
    }

    /// Most flows towards one destination at one instant.
    pub fn peak_of_one(&self) -> u32 {
        u32::try_from(self.peak_of_one).unwrap_or(u32::MAX)
    }
}
