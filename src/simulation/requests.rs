//! Requests of applications, and what an application does when one fails: it waits and tries again, or not.
//!
//! A retry is a new flow: its end, its hold-down and the firewall instance that it is hashed to are drawn anew, from
//! a stream keyed by (source, request, try). Its lifetime is that of the request.

use super::observer::{Fate, Observer, Outcome};
use super::request::{NO_SEATS, Request, Syns, Try};
use super::run::{Happening, Run};
use crate::random::{Purpose, Stream};
use crate::time::SimDuration;

impl<O: Observer> Run<'_, O> {
    /// An application asks, for the first time or again.
    #[inline]
    pub(super) fn ask(&mut self, request: &Request) {
        let local = &self.sources[request.source];
        if local.hops.is_empty() {
            self.needs_no_port(*request);
        } else if local.client_pool.is_some() {
            self.request(*request);
        } else {
            self.connect(request);
        }
    }

    /// The destination lies beside the outbound device, or is denied before any port is taken.
    pub(super) fn needs_no_port(&mut self, request: Request) {
        let destination = self.sources[request.source].spec.destination;
        let blocked = self.system.destinations[destination.index()].reach == crate::workload::Reach::Blocked;
        if blocked {
            self.observer.denied(request.asked);
            self.flow_decided(&request, Fate::Failed);
            self.request_fails(request);
        } else if let Some(deadline) = self.gives_up_before_answer(&request) {
            self.flow_decided(&request, Fate::Succeeded);
            self.answer_is_awaited_until(deadline, request, Happening::AnswerTimesOut);
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
        let id = self.hold_try(Try { request, syns: Syns::from(self.now), seats: NO_SEATS });
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
        request.draws =
            request.draws.again(self.system, local.spec, &local.here.taking, self.now + wait, &mut stream);
        Some(wait)
    }

    /// Random numbers of the connection that is opened for the request.
    pub(super) fn connection_stream(&self, request: &Request) -> Stream {
        let id = self.shard.sources[request.source];
        self.key.stream_of_try(Purpose::ConnectionLife, id, request.number, request.failed_tries)
    }

    /// The wait is over.
    pub(super) fn retry(&mut self, mut request: Request) {
        self.settle(request.asked);
        self.observer.backing_off(self.now, -1);
        request.tried = self.now;
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
