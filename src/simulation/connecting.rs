//! A flow asks for its port: SYN after SYN until one is answered or the client gives up.

use super::connections::Connection;
use super::observer::{Attempt, Connected, Fate, Observer};
use super::request::{Request, Try, TryId};
use super::run::{Happening, Run};
use crate::flow::{EndKind, Protocol};
use crate::snat::{Holding, Slot, SnatFailure};
use crate::time::{SimDuration, SimTime};

impl<O: Observer> Run<'_, O> {
    /// The flow's SYN reaches the device.
    #[inline]
    pub(super) fn attempt(&mut self, flow: &Try) {
        let result = self.open(&flow.request);
        self.answered(flow, result);
    }

    /// The device grants or refuses.
    pub(super) fn answered(&mut self, flow: &Try, result: Result<Slot, SnatFailure>) {
        let row = self.row_of(&flow.request);
        let Try { request, first, .. } = flow;
        self.observer.attempt(Attempt {
            time: self.now,
            asked: request.asked,
            is_first: *first == self.now && request.is_first_try(),
            source: self.shard.sources[request.source],
            row: self.shard.rows[row],
            refused: result.err(),
        });
        match result {
            Ok(slot) => self.granted(flow, row, slot),
            Err(_) => self.unanswered(*flow),
        }
    }

    #[inline]
    fn granted(&mut self, flow: &Try, row: usize, slot: Slot) {
        let Try { request, first, next_resend } = flow;
        let local = &self.sources[request.source];
        let timers = &self.system.egress.timers;
        let (protocol, workload) = (local.protocol, local.workload);
        if request.draws.end == EndKind::HalfOpen && protocol == Protocol::Tcp {
            let (holding, next_resend) =
                Holding::half_open(timers, &workload.syn, *first, self.now, *next_resend);
            self.keep(row, slot, holding);
            return self.unanswered(Try { next_resend, ..*flow });
        }
        self.observer.connected(Connected { asked: request.asked, first: *first, time: self.now });
        if workload.client_pool.is_some() {
            return self.connection_opened(Connection::new(*request, row, slot, self.now));
        }
        let holding = Holding::of(timers, protocol, &request.draws, self.now);
        self.keep(row, slot, holding);
        if request.draws.end == EndKind::Refused && protocol == Protocol::Tcp {
            self.flow_decided(request, Fate::Succeeded);
            return self.request_fails(*request);
        }
        self.decided(request, Some(Fate::Succeeded), Some(Fate::Succeeded));
    }

    /// No SYN was answered so far: the client sends another, or gives up at the end of its schedule. That end is an
    /// event only where something follows from it.
    fn unanswered(&mut self, flow: Try) {
        let local = &self.sources[flow.request.source];
        let workload = local.workload;
        let tcp = local.protocol == Protocol::Tcp;
        let due = |after: SimDuration| flow.first + after;
        if let Some(resend) = workload.syn.resends.get(flow.next_resend).filter(|_| tcp) {
            return self.wait_until(due(*resend), flow, Happening::Resend);
        }
        let matters =
            workload.retry.is_some() || workload.client_pool.is_some() || workload.arrivals.is_closed_loop();
        match workload.syn.give_up.filter(|_| tcp && matters) {
            Some(give_up) if due(give_up) > self.now => {
                self.wait_until(due(give_up), flow, Happening::GivesUp)
            }
            _ => self.connecting_failed(flow.request),
        }
    }

    fn wait_until(&mut self, due: SimTime, flow: Try, then: fn(TryId) -> Happening) {
        let id = self.hold_try(flow);
        self.await_outcome(flow.request.asked);
        self.queue.after(self.now, due.since(self.now), then(id));
    }

    /// The client gave up connecting.
    pub(super) fn connecting_failed(&mut self, request: Request) {
        self.flow_decided(&request, Fate::Failed);
        self.request_fails(request);
        if self.sources[request.source].workload.client_pool.is_some() {
            self.place_freed(&request);
        }
    }
}
