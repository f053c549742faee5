//! A flow asks for its ports: SYN after SYN until one is answered or the client gives up.

use super::connections::Connection;
use super::observer::{Attempt, Connected, Fate, GaveUp, Observer};
use super::passage::Refused;
use super::request::{NO_SEATS, Request, Seat, Seats, Syns, Try, TryId};
use super::run::{Happening, Run, Slots};
use crate::flow::{EndKind, Protocol};
use crate::outbound::{WhenFull, WhenRefused};
use crate::snat::Holding;
use crate::time::SimTime;
use crate::workload::client::Order;

impl<O: Observer> Run<'_, O> {
    /// The flow begins: its socket takes a local port, and the first SYN goes out.
    #[inline]
    pub(super) fn connect(&mut self, request: &Request) {
        if self.takes_local_port(request) {
            self.attempt(request, Syns::from(self.now), &NO_SEATS);
        }
    }

    /// Without a local port the kernel of the pod fails the flow at once.
    #[inline]
    pub(super) fn takes_local_port(&mut self, request: &Request) -> bool {
        let takes = self.local_ports.take(request, self.now);
        if !takes {
            self.observer.no_local_port(request.asked);
            self.not_connected(&request.without_port());
        }
        takes
    }

    /// The flow's SYN reaches the first stage.
    #[inline]
    pub(super) fn attempt(&mut self, request: &Request, syns: Syns, seats: &Seats) {
        let answer = self.open(request, seats);
        self.answered(request, syns, seats, answer);
    }

    /// The stages grant, or one refuses. `seats` is what earlier SYNs left.
    #[inline]
    pub(super) fn answered(
        &mut self,
        request: &Request,
        syns: Syns,
        seats: &Seats,
        answer: Result<Slots, Refused>,
    ) {
        let row = match &answer {
            Ok(_) => self.row_in(request, self.sources[request.source].hops.len() - 1),
            Err(refused) => refused.row,
        };
        self.observer.attempt(Attempt {
            time: self.now,
            asked: request.asked,
            is_first: syns.first == self.now && request.asks_first(),
            source: self.shard.sources[request.source],
            row: self.shard.rows[row],
            refused: answer.as_ref().err().map(|refused| refused.reason),
        });
        match answer {
            Ok(slots) => self.granted(request, syns, seats, &slots),
            Err(Refused { row, .. }) if self.resets(request, row) => {
                self.connecting_failed(request, self.now)
            }
            Err(Refused { seats, .. }) => self.unanswered(request, syns, &seats),
        }
    }

    /// Whether the stage of a row that has no port tells the client so.
    fn resets(&self, request: &Request, row: usize) -> bool {
        let stage = self.system.stage_of(self.shard.rows[row]);
        self.sources[request.source].protocol == Protocol::Tcp && stage.when_full == WhenFull::Resets
    }

    #[inline]
    fn granted(&mut self, request: &Request, syns: Syns, seats: &Seats, slots: &Slots) {
        let local = &self.sources[request.source];
        let protocol = local.protocol;
        if request.draws.end == EndKind::HalfOpen && protocol == Protocol::Tcp {
            return self.never_answered(request, syns, seats, slots);
        }
        self.observer.connected(Connected { asked: request.asked, first: syns.first, time: self.now });
        if local.client_pool.is_some() {
            return self.connection_opened(Connection::new(*request, *slots, self.now));
        }
        let hops = local.hops.len();
        let too_late = self.gives_up_before_answer(request);
        let cut = too_late.map(|deadline| self.cut_short(request, deadline));
        let seen = cut.as_ref().unwrap_or(request);
        for (number, slot) in slots.iter().enumerate().take(hops) {
            let holding = self.holding(seen, number, self.now);
            self.leave_quotas(request, number, holding.close, holding.release);
            if number == 0 {
                let close = self.socket_closes(seen, holding.close);
                self.local_ports.close_at(request, protocol, close);
            }
            self.keep(self.row_in(request, number), *slot, holding);
        }
        if request.draws.end == EndKind::Refused && protocol == Protocol::Tcp {
            self.flow_decided(request, Fate::Succeeded);
            return self.request_fails(*request);
        }
        if let Some(deadline) = too_late {
            self.flow_decided(request, Fate::Succeeded);
            return self.answer_is_awaited_until(deadline, *request, Happening::AnswerTimesOut);
        }
        self.decided(request, Some(Fate::Succeeded), Some(Fate::Succeeded));
    }

    /// When the client closes the socket of a flow that is granted now and leaves the stage nearest to it at `close`. One
    /// that never closes has its socket until the flow is forgotten there; nobody waits for a UDP flow to be forgotten.
    fn socket_closes(&self, request: &Request, close: SimTime) -> SimTime {
        match self.sources[request.source].protocol {
            Protocol::Tcp => close,
            Protocol::Udp => self.now + request.draws.lifetime,
        }
    }

    /// The SYN passed every stage, and nobody answers it. The client sends it again; it is an attempt once a mapping
    /// is gone.
    fn never_answered(&mut self, request: &Request, syns: Syns, earlier: &Seats, slots: &Slots) {
        let mut next_resend = usize::MAX;
        let mut nearer = SimTime::NEVER;
        let mut seats = NO_SEATS;
        for (number, slot) in slots.iter().enumerate().take(self.sources[request.source].hops.len()) {
            let local = &self.sources[request.source];
            let stage = local.hops[number].stage;
            let schedule = (&local.workload.syn, local.timer_phase);
            let until = Some(earlier[number].until).filter(|until| *until > self.now);
            let (holding, next) =
                Holding::half_open(&stage.timers, schedule, syns, self.now, (until, nearer));
            next_resend = next_resend.min(next);
            self.note_kept_by_syns(request, (number, *slot), syns, (nearer, holding));
            nearer = nearer.min(holding.close);
            if stage.when_refused == WhenRefused::StaysHalfOpen {
                seats[number] = Seat { slot: *slot, until: holding.release };
            }
            self.leave_quotas(request, number, holding.close, holding.release);
            self.keep(self.row_in(request, number), *slot, holding);
        }
        self.unanswered(request, Syns { next_resend, ..syns }, &seats);
    }

    /// No SYN was answered so far: the client sends another, or gives up at the end of its schedule. That end is an
    /// event only where something follows from it.
    fn unanswered(&mut self, request: &Request, syns: Syns, seats: &Seats) {
        let local = &self.sources[request.source];
        let workload = local.workload;
        let tcp = local.protocol == Protocol::Tcp;
        let deadline = self.deadline(request).unwrap_or(SimTime::NEVER);
        let resend = workload.syn.resend(syns.first, syns.next_resend, local.timer_phase);
        if let Some(resend) = resend.filter(|resend| tcp && *resend < deadline) {
            let flow = Try { request: *request, syns, seats: *seats };
            return self.wait_until(resend, flow, Happening::Resend);
        }
        let matters = workload.retry.is_some()
            || local.client_pool.is_some()
            || workload.request_timeout.is_some()
            || workload.arrivals.is_closed_loop();
        let end = workload.syn.end(syns.first, local.timer_phase).filter(|_| tcp);
        let end = end.map_or(self.now, |end| end.min(deadline).max(self.now));
        match matters && end > self.now {
            true => {
                let flow = Try { request: *request, syns, seats: *seats };
                self.wait_until(end, flow, Happening::GivesUp)
            }
            false => self.connecting_failed(request, end),
        }
    }

    fn wait_until(&mut self, due: SimTime, flow: Try, then: fn(TryId) -> Happening) {
        let id = self.hold_try(flow);
        self.await_outcome(flow.request.asked);
        let workload = self.sources[flow.request.source].workload;
        match (&workload.syn.timers, workload.request_timeout) {
            (None, None) => self.queue.after(self.now, due.since(self.now), then(id)),
            (Some(timers), _) if timers.order == Order::Lifo => self.queue.at_last_first(due, then(id)),
            _ => self.queue.at(due, then(id)),
        }
    }

    /// The client gives up connecting, and closes the socket at `end`; what it does then follows at once.
    pub(super) fn connecting_failed(&mut self, request: &Request, end: SimTime) {
        self.local_ports.leave_at(request, end);
        if self.deadline(request).is_some_and(|deadline| deadline <= self.now) {
            self.observer.timed_out(request.asked, GaveUp::Connecting);
        }
        self.not_connected(request);
    }

    fn not_connected(&mut self, request: &Request) {
        self.flow_decided(request, Fate::Failed);
        self.request_fails(*request);
        if self.sources[request.source].client_pool.is_some() {
            self.place_freed(request);
        }
    }
}
