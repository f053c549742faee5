//! Applications that give up a try which takes too long: `request_timeout`.
//!
//! The time counts from the beginning of the try, through the line of a client pool, connecting, and the answer. A
//! client that gives up while it waits for the answer closes its connection at once, in the way that was drawn for it,
//! so the port was granted for nothing: it rests as after any other close. Of a connection with several streams only
//! the stream is given up.

use super::connections::{ConnectionId, State};
use super::observer::{Fate, GaveUp, Observer};
use super::request::{NO_SEATS, Request, Syns, Try, TryId};
use super::run::{Happening, Run};
use crate::time::SimTime;

impl<O: Observer> Run<'_, O> {
    /// When the application gives this try up.
    #[inline]
    pub(super) fn deadline(&self, request: &Request) -> Option<SimTime> {
        let timeout = self.sources[request.source].workload.request_timeout?;
        Some(request.tried + timeout)
    }

    /// The deadline, if the answer to a request that is sent now comes after it.
    #[inline]
    pub(super) fn gives_up_before_answer(&self, request: &Request) -> Option<SimTime> {
        self.deadline(request).filter(|deadline| *deadline < self.now + request.draws.lifetime)
    }

    /// The request as its connection sees it, which the client closes at `deadline`.
    pub(super) fn cut_short(&self, request: &Request, deadline: SimTime) -> Request {
        let mut cut = *request;
        cut.draws.lifetime = deadline.since(self.now);
        cut
    }

    /// An answer is awaited that will come too late.
    pub(super) fn answer_is_awaited_until(
        &mut self,
        deadline: SimTime,
        request: Request,
        then: impl Fn(TryId) -> Happening,
    ) {
        let id = self.hold_try(Try { request, syns: Syns::from(self.now), seats: NO_SEATS });
        self.await_outcome(request.asked);
        self.queue.at(deadline, then(id));
    }

    /// The application gives up waiting for the answer.
    pub(super) fn answer_times_out(&mut self, id: TryId) {
        let has_left = self.has_left(id);
        let request = self.release_try(id).request;
        self.settle(request.asked);
        if has_left {
            return self.decided(&request, None, Some(Fate::Failed));
        }
        self.observer.timed_out(request.asked, GaveUp::Answer);
        self.request_fails(request);
    }

    /// The same on a kept-open connection.
    pub(super) fn stream_times_out(&mut self, connection: ConnectionId, id: TryId) {
        let owner = self.client_pools.at(connection).owner;
        let is_cut = matches!(self.client_pools.at(connection).state, State::Cut(_));
        if is_cut || self.pool_settings(&owner).streams > 1 {
            self.request_ends(connection);
        } else if self.client_pools.at(connection).state != State::Closed {
            self.client_pools.at(connection).last_used = self.now;
            self.close(connection);
        }
        self.answer_times_out(id);
    }
}
