//! The way through the stages: a port in each, or a refusal by the first that has none.

use super::observer::Observer;
use super::request::{NO_SEATS, Request, Seat, Seats};
use super::run::{LocalHop, Run, Slots};
use crate::flow::Protocol;
use crate::outbound::{WhenFull, WhenRefused};
use crate::snat::{Asker, Holding, Slot, SnatFailure};
use crate::time::SimTime;

/// A stage refused.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    /// The row in which the flow asked, by position in the shard.
    pub row: usize,
    pub reason: SnatFailure,
    /// What earlier stages keep of the flow.
    pub seats: Seats,
}

impl LocalHop<'_> {
    /// Which of the hop's rows the request's flow meets.
    #[inline]
    fn pick(&self, request: &Request) -> usize {
        if self.rows.len() == 1 { 0 } else { request.draws.row as usize }
    }

    #[inline]
    pub(super) fn quotas_of(&self, request: &Request) -> &[usize] {
        &self.quotas[self.pick(request)]
    }
}

impl<O: Observer> Run<'_, O> {
    /// The row that the request's flow meets in a stage of its path.
    #[inline]
    pub(super) fn row_in(&self, request: &Request, number: usize) -> usize {
        let hop = &self.sources[request.source].hops[number];
        hop.rows[hop.pick(request)]
    }

    /// Who asks for a port.
    #[inline]
    pub(super) fn asker_of(&self, request: &Request) -> Asker {
        self.sources[request.source].asker.of_pod(request.draws.pod)
    }

    /// Takes a port in each stage of the path. `seats` is what earlier SYNs of the flow left.
    #[inline]
    pub(super) fn open(&mut self, request: &Request, seats: &Seats) -> Result<Slots, Refused> {
        match self.sources[request.source].hops.len() {
            1 => self.open_only(request),
            _ => self.open_each(request, *seats),
        }
    }

    #[inline]
    fn open_only(&mut self, request: &Request) -> Result<Slots, Refused> {
        let row = self.row_in(request, 0);
        match self.open_in(request, 0, row) {
            Ok(slot) => {
                self.enter_quotas(request, 0);
                Ok([slot; _])
            }
            Err(reason) => Err(Refused { row, reason, seats: NO_SEATS }),
        }
    }

    fn open_each(&mut self, request: &Request, mut seats: Seats) -> Result<Slots, Refused> {
        let mut slots = Slots::default();
        let stages = self.sources[request.source].hops.len();
        for number in 0..stages {
            if seats[number].until > self.now {
                slots[number] = seats[number].slot;
                continue;
            }
            let row = self.row_in(request, number);
            match self.open_in(request, number, row) {
                Ok(slot) => slots[number] = slot,
                Err(reason) => {
                    let answer = self.sources[request.source].hops[number].stage.when_full;
                    for earlier in 0..number {
                        self.refused_later(request, earlier, slots[earlier], &mut seats[earlier], answer);
                    }
                    return Err(Refused { row, reason, seats });
                }
            }
        }
        for (number, seat) in seats.iter().enumerate().take(stages) {
            if seat.until > self.now {
                self.leave_quotas_before(request, number, seat.until);
                // What was said of its end when it was half-open no longer holds.
                let row = self.row_in(request, number);
                self.rows[row].keep_until(seat.slot, Holding::until(SimTime::NEVER, SimTime::NEVER));
            }
            self.enter_quotas(request, number);
        }
        Ok(slots)
    }

    /// Takes a port of a row, if the quotas of its stage allow it.
    #[inline]
    fn open_in(&mut self, request: &Request, number: usize, row: usize) -> Result<Slot, SnatFailure> {
        let now = self.now;
        for quota in self.sources[request.source].hops[number].quotas_of(request) {
            if let Some(reason) = self.quotas[*quota].lacks_room(now, 1) {
                return Err(reason);
            }
        }
        let asker = self.asker_of(request);
        let answer = self.open_row(row, &asker);
        self.tell_ended(row);
        answer
    }

    /// A later stage refused the flow. A reset that it answers with takes the mapping of this one along.
    fn refused_later(
        &mut self,
        request: &Request,
        number: usize,
        slot: Slot,
        seat: &mut Seat,
        answer: WhenFull,
    ) {
        if seat.until > self.now {
            return;
        }
        let row = self.row_in(request, number);
        let stage = self.sources[request.source].hops[number].stage;
        let udp = self.sources[request.source].protocol == Protocol::Udp;
        if stage.when_refused == WhenRefused::GivesBack || answer == WhenFull::Resets && !udp {
            self.in_common.note_given_back(row, slot, self.now);
            return self.rows[row].give_back(slot, self.now);
        }
        let until = self.now + stage.timers.half_open;
        let holding = if udp { self.datagram_in(request, number) } else { Holding::unanswered_until(until) };
        self.enter_quotas(request, number);
        self.leave_quotas(request, number, holding.close, holding.release);
        self.keep(row, slot, holding);
        if !udp {
            *seat = Seat { slot, until };
        }
    }

    #[inline]
    pub(super) fn enter_quotas(&mut self, request: &Request, number: usize) {
        for quota in self.sources[request.source].hops[number].quotas_of(request) {
            self.quotas[*quota].enter();
        }
    }

    /// A flow counts towards the quotas of a stage until its close, or until its port comes free.
    #[inline]
    pub(super) fn leave_quotas(
        &mut self,
        request: &Request,
        number: usize,
        close: SimTime,
        release: SimTime,
    ) {
        for quota in self.sources[request.source].hops[number].quotas_of(request) {
            self.quotas[*quota].leave_at(close, release);
        }
    }

    fn leave_quotas_before(&mut self, request: &Request, number: usize, until: SimTime) {
        self.leave_quotas_earlier(request, number, &Holding::until(until, until));
    }

    /// A flow that was to count as `said` no longer does.
    pub(super) fn leave_quotas_earlier(&mut self, request: &Request, number: usize, said: &Holding) {
        for quota in self.sources[request.source].hops[number].quotas_of(request) {
            self.quotas[*quota].leave_before(said.close, said.release);
        }
    }
}
