//! Connections kept open by clients: one client pool per (pod, destination).
//!
//! A request takes an idle connection (or one with a stream to spare), opens one if the client pool is not full, or
//! waits in line. An idle connection is closed by the client after its idle timeout or at the end of its life, or
//! forgotten by the device after the device's idle timeout, whichever comes first.

use super::connections::{Connection, ConnectionId, PoolId, State, Waiting};
use super::observer::{Fate, GaveUp, Observer, PoolLevel};
use super::request::Request;
use super::run::{Happening, Run};
use crate::flow::Protocol;
use crate::outbound::IdleExpiry;
use crate::time::SimDuration;
use crate::workload::ClientPool;
use crate::workload::client::{Lifespan, Order};

impl<'a, O: Observer> Run<'a, O> {
    /// The client pool's settings.
    pub(super) fn pool_settings(&self, request: &Request) -> &'a ClientPool {
        self.sources[request.source].client_pool.unwrap_or(&ClientPool::UNLIMITED)
    }

    /// An application asks its client pool for a connection.
    pub(super) fn request(&mut self, mut request: Request) {
        let settings = self.pool_settings(&request);
        while let Some(id) = self.next_available(&request, settings.order) {
            if !matches!(self.client_pools.at(id).state, State::Forgotten | State::Lost) {
                return self.serve(id, request, None);
            }
            request.stale = true;
            self.forget(id);
            if !settings.retries_stale {
                return self.request_fails(request.without_port());
            }
        }
        if self.client_pools.of(&request).open < settings.max {
            return self.open_for(request);
        }
        self.join_line(request, settings.wait_timeout);
    }

    fn next_available(&mut self, request: &Request, order: Order) -> Option<ConnectionId> {
        let available = &self.client_pools.of(request).available;
        match order {
            Order::Lifo => available.back().copied(),
            Order::Fifo => available.front().copied(),
        }
    }

    fn open_for(&mut self, request: Request) {
        self.client_pools.of(&request).open += 1;
        self.connect(&request);
    }

    /// A new connection serves the request it was opened for, and others that wait if it can.
    pub(super) fn connection_opened(&mut self, connection: Connection) {
        let request = connection.owner;
        let id = self.client_pools.insert(connection);
        let born = self.client_pools.at(id).born;
        self.client_pools.of(&request).available.push_back(id);
        self.tell_level(1, 0);
        if let Some(lifespan) = self.pool_settings(&request).max_lifetime {
            let life = self.life(&request, lifespan);
            self.queue.at(self.now + life, Happening::LifeEnds(id, born));
        }
        self.serve(id, request, Some(Fate::Succeeded));
        self.serve_line(id);
    }

    fn life(&self, request: &Request, Lifespan { most, jitter }: Lifespan) -> SimDuration {
        if jitter == SimDuration::ZERO {
            return most;
        }
        let earlier = jitter.nanos() as f64 * self.connection_stream(request).uniform();
        SimDuration::from_nanos(most.nanos().saturating_sub(earlier as u64))
    }

    /// A request takes a stream of a connection that has one to spare; `flow` is how its own flow came out.
    fn serve(&mut self, id: ConnectionId, request: Request, flow: Option<Fate>) {
        let too_late = self.gives_up_before_answer(&request);
        self.decided(&request, flow, too_late.is_none().then_some(Fate::Succeeded));
        let streams = self.pool_settings(&request).streams;
        let connection = self.client_pools.at(id);
        let serving = match connection.state {
            State::Busy(serving) => serving + 1,
            _ => 1,
        };
        let was_idle = connection.state == State::Idle;
        connection.generation += 1;
        connection.state = State::Busy(serving);
        let pool = self.client_pools.of(&request);
        pool.idle -= u32::from(was_idle);
        if serving >= streams {
            pool.drop_available(id);
        }
        match too_late {
            None => self.queue.at(self.now + request.draws.lifetime, Happening::RequestEnds(id)),
            Some(deadline) => {
                let request = if flow.is_none() { request.without_port() } else { request };
                let then = |waiting| Happening::StreamTimesOut(id, waiting);
                self.answer_is_awaited_until(deadline, request, then)
            }
        }
    }

    /// Requests in line take the streams that a connection has to spare.
    fn serve_line(&mut self, id: ConnectionId) {
        let connection = *self.client_pools.at(id);
        let streams = self.pool_settings(&connection.owner).streams;
        let State::Busy(mut serving) = connection.state else { return };
        while serving < streams
            && let Some(waiting) = self.leave_line(&connection.owner)
        {
            self.serve(id, waiting, None);
            serving += 1;
        }
    }

    /// A connection that was to be opened is not, or one was closed: its place is free for whoever waits.
    pub(super) fn place_freed(&mut self, request: &Request) {
        self.client_pools.of(request).open -= 1;
        self.next_in_line(request);
    }

    /// A place of a client pool is free. A flow that fails at once frees its place again, and so on down the line: in turns, not one
    /// within the other, since a line may be long.
    pub(super) fn next_in_line(&mut self, of: &Request) {
        self.client_pools.freed.push(*of);
        if std::mem::replace(&mut self.client_pools.serves_freed, true) {
            return;
        }
        while let Some(of) = self.client_pools.freed.pop() {
            if let Some(waiting) = self.leave_line(&of) {
                self.open_for(waiting);
            }
        }
        self.client_pools.serves_freed = false;
    }

    fn join_line(&mut self, request: Request, timeout: Option<SimDuration>) {
        let pool = self.client_pools.of(&request);
        pool.tickets = pool.tickets.wrapping_add(1);
        let ticket = pool.tickets;
        pool.line.push_back(Waiting { ticket, request });
        self.await_outcome(request.asked);
        self.observer.waits(request.asked);
        self.tell_level(0, 1);
        let left = self.deadline(&request).map(|deadline| deadline.since(self.now));
        if let Some(timeout) = timeout.into_iter().chain(left).min() {
            let pool = self.client_pools.id_of(&request);
            self.queue.after(self.now, timeout, Happening::WaitEnds { pool, ticket });
        }
    }

    /// The next in line; those whose applications give up at this very instant are passed over.
    fn leave_line(&mut self, of: &Request) -> Option<Request> {
        let order = self.pool_settings(of).line;
        loop {
            let line = &mut self.client_pools.of(of).line;
            let waiting = match order {
                Order::Fifo => line.pop_front(),
                Order::Lifo => line.pop_back(),
            };
            let request = self.left_line(waiting?);
            if self.deadline(&request).is_none_or(|deadline| self.now < deadline) {
                return Some(request);
            }
            self.observer.timed_out(request.asked, GaveUp::Line);
            self.request_fails(request.without_port());
        }
    }

    pub(super) fn left_line(&mut self, Waiting { request, .. }: Waiting) -> Request {
        self.settle(request.asked);
        self.tell_level(0, -1);
        request
    }

    /// A request has waited for too long.
    pub(super) fn wait_ends(&mut self, pool: PoolId, ticket: u32) {
        let line = &mut self.client_pools.pool(pool).line;
        let Some(place) = line.iter().position(|waiting| waiting.ticket == ticket) else { return };
        let waiting = line.remove(place);
        if let Some(request) = waiting.map(|waiting| self.left_line(waiting)) {
            let own = self.pool_settings(&request).wait_timeout;
            match own.is_some_and(|own| request.tried + own <= self.now) {
                true => self.observer.wait_timed_out(request.asked),
                false => self.observer.timed_out(request.asked, GaveUp::Line),
            }
            self.request_fails(request.without_port());
        }
    }

    pub(super) fn request_ends(&mut self, id: ConnectionId) {
        let now = self.now;
        let connection = self.client_pools.at(id);
        if let State::Cut(serving) = connection.state {
            return self.serves_in_vain(id, serving);
        }
        let State::Busy(serving) = connection.state else { return };
        connection.state = State::Busy(serving - 1);
        connection.last_used = now;
        let (owner, retires) = (connection.owner, connection.retires);
        if retires && serving == 1 {
            return self.close(id);
        }
        if retires {
            return;
        }
        let settings = self.pool_settings(&owner);
        if serving >= settings.streams {
            self.client_pools.of(&owner).available.push_back(id);
        }
        self.serve_line(id);
        if self.client_pools.at(id).state == State::Busy(0) {
            self.becomes_idle(id, &owner, settings);
        }
    }

    fn becomes_idle(&mut self, id: ConnectionId, owner: &Request, settings: &ClientPool) {
        if self.client_pools.of(owner).idle >= settings.max_idle {
            return self.close(id);
        }
        let connection = self.client_pools.at(id);
        connection.generation += 1;
        connection.state = State::Idle;
        let generation = connection.generation;
        self.client_pools.of(owner).idle += 1;
        let device = self.silence_of(owner).map(|silence| silence.timeout);
        if let Some(timeout) = settings.idle_timeout {
            self.queue.after(self.now, timeout, Happening::IdleCloses(id, generation));
        }
        if let Some(timeout) = device.filter(|timeout| settings.outlives(*timeout)) {
            self.queue.after(self.now, timeout, Happening::MappingExpires(id, generation));
        }
    }

    /// The client closes a connection that was idle for too long.
    pub(super) fn idle_closes(&mut self, id: ConnectionId, generation: u32) {
        if self.client_pools.at(id).generation == generation {
            self.close(id);
        }
    }

    /// A connection has lived as long as it may.
    pub(super) fn life_ends(&mut self, id: ConnectionId, born: u32) {
        let connection = self.client_pools.at(id);
        if connection.born != born || matches!(connection.state, State::Closed | State::Cut(_)) {
            return;
        }
        connection.retires = true;
        let (busy, owner) = (matches!(connection.state, State::Busy(_)), connection.owner);
        match busy {
            true => self.client_pools.of(&owner).drop_available(id),
            false => self.close(id),
        }
    }

    /// The client closes a connection that serves nothing, or nothing that it still waits for.
    pub(super) fn close(&mut self, id: ConnectionId) {
        let closed = *self.client_pools.at(id);
        match closed.state {
            State::Forgotten => self.close_is_seen(&closed),
            State::Lost => {}
            _ => self.end(&closed, |run, number| run.closed_in(&closed, number)),
        }
        let protocol = self.sources[closed.owner.source].protocol;
        match closed.state {
            State::Forgotten | State::Lost => self.local_ports.leave_at(&closed.owner, self.now),
            _ => self.local_ports.close_at(&closed.owner, protocol, self.now),
        }
        self.strike_out(id);
        if !self.client_pools.of(&closed.owner).line.is_empty() {
            self.next_in_line(&closed.owner);
        }
    }

    /// The client closes a connection that a device has silently forgotten: the stages before it see the close.
    fn close_is_seen(&mut self, closed: &Connection) {
        let Some(silence) = self.silence_of(&closed.owner) else { return };
        let forgotten = closed.last_used + silence.timeout;
        for number in 0..silence.stage {
            let said = self.expired_in(&closed.owner, number, silence, forgotten);
            let holding = self.closed_in(closed, number);
            let row = self.row_in(&closed.owner, number);
            // A silence that is no longer than its own timeout loses nothing.
            if said.close < self.now || !self.rows[row].keep_until(closed.slots[number], holding) {
                continue;
            }
            self.events += 1;
            self.leave_quotas_earlier(&closed.owner, number, &said);
            self.enter_quotas(&closed.owner, number);
            self.leave_quotas(&closed.owner, number, holding.close, holding.release);
        }
    }

    /// The device's idle timeout takes the mapping; its port is free at once.
    pub(super) fn mapping_expires(&mut self, id: ConnectionId, generation: u32) {
        let connection = self.client_pools.at(id);
        if connection.generation != generation || connection.state == State::Lost {
            return;
        }
        let expired = *connection;
        let Some(silence) = self.silence_of(&expired.owner) else { return };
        self.end(&expired, |run, number| run.expired_in(&expired.owner, number, silence, run.now));
        // A UDP socket whose mapping is gone gets another with its next datagram, as one that is opened for it would.
        let is_udp = self.sources[expired.owner.source].protocol == Protocol::Udp;
        if is_udp || silence.expiry == IdleExpiry::Reset {
            return self.forget(id);
        }
        self.client_pools.at(id).state = State::Forgotten;
    }

    /// The client finds that the connection is lost.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        let owner = self.client_pools.at(id).owner;
        self.local_ports.leave_at(&owner, self.now);
        self.strike_out(id);
    }

    /// The client no longer counts the connection as open.
    fn strike_out(&mut self, id: ConnectionId) {
        let connection = self.client_pools.at(id);
        // Of a silent loss the client knows nothing.
        let was_idle = matches!(connection.state, State::Idle | State::Forgotten | State::Lost);
        connection.state = State::Closed;
        connection.generation += 1;
        let owner = connection.owner;
        self.client_pools.free.push(id);
        let pool = self.client_pools.of(&owner);
        pool.drop_available(id);
        pool.idle -= u32::from(was_idle);
        pool.open -= 1;
        self.tell_level(-1, 0);
    }

    pub(super) fn tell_level(&mut self, open: i64, waiting: i64) {
        self.observer.pool_level(PoolLevel { time: self.now, open, waiting });
    }
}
