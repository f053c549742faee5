//! The ports of a row of which only the number counts.

use crate::snat::Departures;
use crate::time::SimTime;

/// Ports of a row. Flows ask in order of time.
pub(super) trait Ports {
    /// Whether a flow that asks at `now` gets a port, which it then keeps until `release`.
    fn takes(&mut self, now: SimTime, release: SimTime) -> bool;

    /// Spans without a free port.
    fn full_spans(self) -> Vec<(SimTime, SimTime)>;
}

/// More ports than this are not remembered one by one: 32 MiB.
pub(super) const MOST_IN_TURN: u32 = 1 << 22;

/// Ports that come free in the order in which they were taken: one is free when the flow has left that took one so many
/// turns ago as there are ports. No departure is ever looked at.
pub(super) struct InTurn {
    /// When each comes free.
    releases: Vec<SimTime>,
    /// The one that comes free first.
    next: usize,
    full: Vec<(SimTime, SimTime)>,
}

impl InTurn {
    pub(super) fn new(ports: u32) -> Self {
        Self { releases: vec![SimTime::ZERO; ports as usize], next: 0, full: Vec::new() }
    }
}

impl Ports for InTurn {
    #[inline(always)]
    fn takes(&mut self, now: SimTime, release: SimTime) -> bool {
        if self.releases[self.next] > now {
            return false;
        }
        self.releases[self.next] = release;
        self.next += 1;
        if self.next == self.releases.len() {
            self.next = 0;
        }
        let first = self.releases[self.next];
        if first > now {
            self.full.push((now, first));
        }
        true
    }

    fn full_spans(self) -> Vec<(SimTime, SimTime)> {
        self.full
    }
}

/// Ports that come free in any order. `busy` may count some that have come free already; it is exact where that matters.
pub(super) struct InCalendar {
    ports: u32,
    busy: u32,
    departures: Departures,
    full: Vec<(SimTime, SimTime)>,
}

impl InCalendar {
    pub(super) fn new(ports: u32, departures: Departures) -> Self {
        Self { ports, busy: 0, departures, full: Vec::new() }
    }

    /// Whether no port is free, now that all are counted.
    #[inline(never)]
    fn is_full(&mut self, now: SimTime) -> bool {
        self.busy -= self.departures.come(now);
        self.busy == self.ports
    }

    /// No flow gets a port until the first one comes free: that is the end of the span.
    #[inline(never)]
    fn last_is_taken(&mut self, now: SimTime) {
        if self.is_full(now) {
            self.full.push((now, self.departures.first().unwrap_or(SimTime::NEVER)));
        }
    }
}

impl Ports for InCalendar {
    #[inline(always)]
    fn takes(&mut self, now: SimTime, release: SimTime) -> bool {
        self.busy -= self.departures.pass(now);
        if self.busy == self.ports && self.is_full(now) {
            return false;
        }
        self.departures.push(release, ());
        self.busy += 1;
        if self.busy == self.ports {
            self.last_is_taken(now);
        }
        true
    }

    fn full_spans(self) -> Vec<(SimTime, SimTime)> {
        self.full
    }
}
