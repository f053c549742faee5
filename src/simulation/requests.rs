//! Requests of applications, and what an application does when one fails: it waits and tries again, or not.
//!
//! A retry is a new flow: its end, its hold-down and the firewall instance that it is hashed to are drawn anew, from
//! a stream keyed by (source, request, try). Its lifetime is that of the request.

use super::observer::{Fate, Observer, Outcome};
use super::settlement::FlowDraws;
use super::trial::{Happening, Run, Try};
use super::{Source, System};
use crate::random::{Purpose, Stream};
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
    number: u64,
    /// Tries that failed.
    failed_tries: u32,
    last_wait: SimDuration,
    /// It met a connection whose mapping had expired.
    pub stale: bool,
}

impl Request {
    #[inline]
    pub(super) fn new(source: usize, asked: SimTime, number: u64, draws: FlowDraws) -> Self {
        Self { source, asked, draws, number, failed_tries: 0, last_wait: SimDuration::ZERO, stale: false }
    }

    /// Whether no try has failed yet.
    #[inline]
    pub(super) fn is_first_try(&self) -> bool {
        self.failed_tries == 0
    }
}

/// What one client did towards one destination within the span of its retry budget.
#[derive(Debug, Clone, Default)]
struct Account {
    requests: VecDeque<SimTime>,
    retries: VecDeque<SimTime>,
}

impl Account {
    /// Whether one more retry is allowed; if so, it is booked.
    fn draw(&mut self, budget: Budget, now: SimTime) -> bool {
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
    fn of(&mut self, request: &Request) -> Option<&mut Account> {
        self.0.get_mut(request.source)?.get_mut(request.draws.pod as usize)
    }
}

impl<O: Observer> Run<'_, O> {
    /// An application asks, for the first time or again.
    #[inline]
    pub(super) fn ask(&mut self, request: &Request) {
        let local = &self.sources[request.source];
        if local.rows.is_empty() {
            self.needs_no_port(*request);
        } else if local.workload.client_pool.is_some() {
            self.request(*request);
        } else {
            self.attempt(&Try::new(*request, self.now));
        }
    }

    /// The destination lies beside the outbound device, or is denied before any port is taken.
    pub(super) fn needs_no_port(&mut self, request: Request) {
        let destination = self.sources[request.source].spec.destination;
        let blocked = self.system.destinations[destination.index()].reach == crate::workload::Reach::Blocked;
        if blocked {
            self.flow_decided(&request, Fate::Failed);
            self.request_fails(request);
        } else {
            self.decided(&request, Some(Fate::Succeeded), Some(Fate::Succeeded));
        }
    }

    /// The application waits and tries again, or gives up.
    pub(super) fn request_fails(&mut self, mut request: Request) {
        request.failed_tries += 1;
        let Some(wait) = self.backs_off(&mut request) else {
            return self.decided(&request, None, Some(Fate::Failed));
        };
        request.last_wait = wait;
        let id = self.hold_try(Try::new(request, self.now));
        self.await_outcome(request.asked);
        self.observer.backing_off(self.now, 1);
        self.queue.at(self.now + wait, Happening::Retry(id));
    }

    /// How long the application waits, if it tries again; what the next flow is like is drawn at once.
    fn backs_off(&mut self, request: &mut Request) -> Option<SimDuration> {
        let local = &self.sources[request.source];
        let retry = local.workload.retry.as_ref()?;
        let id = self.shard.sources[request.source];
        let mut stream = self.key.stream_of_try(Purpose::Retry, id, request.number, request.failed_tries);
        let wait = retry.wait(request.failed_tries, request.last_wait, &mut stream)?;
        if let (Some(budget), Some(account)) = (retry.budget(), self.budgets.of(request))
            && !account.draw(budget, self.now)
        {
            self.observer.refused_by_budget(request.asked);
            return None;
        }
        request.draws = request.draws.again(self.system, local.spec, &mut stream);
        Some(wait)
    }

    /// Random numbers of the connection that is opened for the request.
    pub(super) fn connection_stream(&self, request: &Request) -> Stream {
        let id = self.shard.sources[request.source];
        self.key.stream_of_try(Purpose::ConnectionLife, id, request.number, request.failed_tries)
    }

    /// The wait is over.
    pub(super) fn retry(&mut self, request: Request) {
        self.settle(request.asked);
        self.observer.backing_off(self.now, -1);
        self.ask(&request);
    }

    /// A flow of the request came out; whether the request did is told later.
    pub(super) fn flow_decided(&mut self, request: &Request, flow: Fate) {
        self.decided(request, Some(flow), None);
    }

    /// A flow, the request, or both came out.
    #[inline]
    pub(super) fn decided(&mut self, request: &Request, flow: Option<Fate>, outcome: Option<Fate>) {
        if let (Some(client), Some(fate)) = (request.draws.client, outcome) {
            let busy = if fate == Fate::Succeeded { request.draws.lifetime } else { SimDuration::ZERO };
            self.coming_back.push((client, self.now + busy));
        }
        let stale = request.stale && outcome.is_some();
        self.observer.outcome(Outcome { asked: request.asked, flow, request: outcome, stale });
    }
}
