//! What an application asks for, and what its client may still try.

use super::draws::FlowDraws;
use super::{MOST_STAGES, Source, System};
use crate::snat::Slot;
use crate::time::{SimDuration, SimTime};
use crate::workload::retry::Budget;
use std::collections::VecDeque;

/// A request of an application.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request {
    pub source: usize,
    pub asked: SimTime,
    pub draws: FlowDraws,
    /// Its place among the requests of its source.
    pub number: u64,
    /// Tries that failed.
    pub failed_tries: u32,
    /// Those of them that asked for no port: they ended in line, or on a kept-open connection.
    pub portless_tries: u32,
    /// When this try began.
    pub tried: SimTime,
    pub last_wait: SimDuration,
    /// It met a connection whose mapping had expired.
    pub stale: bool,
}

impl Request {
    #[inline]
    pub(super) fn new(source: usize, asked: SimTime, number: u64, draws: FlowDraws) -> Self {
        let (failed_tries, portless_tries, tried, last_wait) = (0, 0, asked, SimDuration::ZERO);
        Self { source, asked, draws, number, failed_tries, portless_tries, tried, last_wait, stale: false }
    }

    /// Whether no earlier try asked for a port.
    #[inline]
    pub(super) fn asks_first(&self) -> bool {
        self.failed_tries == self.portless_tries
    }

    /// This try is over, or will be, without having asked for a port.
    pub(super) fn without_port(mut self) -> Self {
        self.portless_tries += 1;
        self
    }
}

/// What one client did towards one destination within the span of its retry budget.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    pub requests: VecDeque<SimTime>,
    pub retries: VecDeque<SimTime>,
}

impl Account {
    /// Whether one more retry is allowed; if so, it is booked.
    pub(super) fn draw(&mut self, budget: Budget, now: SimTime) -> bool {
        for booked in [&mut self.requests, &mut self.retries] {
            while booked.front().is_some_and(|first| *first + Budget::SPAN <= now) {
                booked.pop_front();
            }
        }
        let allowed = budget.allows(self.requests.len(), self.retries.len());
        if allowed {
            self.retries.push_back(now);
        }
        allowed
    }
}

/// Retry budgets by source, then pod of the node; nothing at all where no workload has one.
#[derive(Clone)]
pub(super) struct Budgets(Vec<Vec<Account>>);

impl Budgets {
    pub(super) fn new<'s>(system: &System, sources: impl Iterator<Item = &'s Source>) -> Self {
        let clients = |source: &Source| {
            let budget = system.workload(source).retry.as_ref().and_then(|retry| retry.budget());
            vec![Account::default(); budget.map_or(0, |_| source.pods as usize)]
        };
        let accounts: Vec<Vec<Account>> = sources.map(clients).collect();
        let any = accounts.iter().any(|clients| !clients.is_empty());
        Self(if any { accounts } else { Vec::new() })
    }

    /// Counts a request that is asked for.
    #[inline]
    pub(super) fn book(&mut self, request: &Request) {
        if let Some(account) = self.of(request) {
            account.requests.push_back(request.asked);
        }
    }

    #[inline]
    pub(super) fn of(&mut self, request: &Request) -> Option<&mut Account> {
        self.0.get_mut(request.source)?.get_mut(request.draws.pod as usize)
    }

    /// The pods of a source end; others begin anew.
    pub(super) fn pods_end(&mut self, source: usize) {
        if let Some(accounts) = self.0.get_mut(source) {
            accounts.fill(Account::default());
        }
    }
}

/// A flow that waits to send its SYN again, or a request that waits to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TryId(pub u32);

/// The SYNs of a flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syns {
    /// When the first was sent.
    pub first: SimTime,
    pub next_resend: usize,
}

impl Syns {
    #[inline]
    pub(super) fn from(first: SimTime) -> Self {
        Self { first, next_resend: 0 }
    }
}

/// A mapping that an earlier SYN of the flow left half-open in a stage; void once `until` has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub slot: Slot,
    pub until: SimTime,
}

/// By stage of the path.
pub(super) type Seats = [Seat; MOST_STAGES];

/// No mapping in any stage.
pub(super) const NO_SEATS: Seats =
    [Seat { slot: Slot { ip: 0, port: 0, grant: 0, others: 0 }, until: SimTime::ZERO }; MOST_STAGES];

/// A flow that waits to send its next SYN, or a request that waits to be tried again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Try {
    /// What it is for.
    pub request: Request,
    pub syns: Syns,
    pub seats: Seats,
}

/// The flows that have come of the batch that each workload is asking for.
#[derive(Clone)]
pub(super) struct Batches {
    pub by_workload: Vec<Vec<Request>>,
}

impl Batches {
    pub(super) fn new(workloads: usize) -> Self {
        Self { by_workload: vec![Vec::new(); workloads] }
    }
}
