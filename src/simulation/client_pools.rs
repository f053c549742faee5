//! Connections kept open by clients: one client pool per (pod, destination).
//!
//! A request takes the idle connection used last, opens one if the client pool is not full, or waits in line. An
//! idle connection is closed by the client after its idle timeout, or forgotten by the device after the device's,
//! whichever comes first.
//!
//! Leaves out: a limit on idle connections, maximum lifetimes, FIFO use, bounded waiting.

use super::observer::{Fate, Observer, PoolLevel};
use super::requests::Request;
use super::settlement::FlowDraws;
use super::trial::{Happening, Run, Try};
use crate::outbound::IdleExpiry;
use crate::time::SimTime;
use crate::workload::ClientPool;
use std::collections::VecDeque;

/// A connection in the shard's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(u32);

/// A connection that holds its port until someone closes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    pub row: usize,
    pub ip: usize,
    pub opened: SimTime,
    /// The request that it serves, or served last.
    request: Request,
    /// How it will end, drawn when it was opened.
    draws: FlowDraws,
    /// Counts changes of state; an event of another generation is void.
    generation: u32,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Busy,
    Idle,
    /// Idle, and the device has forgotten it without telling.
    Expired,
    Closed,
}

/// The client pool of one pod.
#[derive(Debug, Clone, Default)]
struct PodPool {
    idle: Vec<ConnectionId>,
    open: u32,
    line: VecDeque<Request>,
}

/// All client pools of a shard.
pub(super) struct ClientPools {
    /// By source, then pod of the node.
    pods: Vec<Vec<PodPool>>,
    connections: Vec<Connection>,
    free: Vec<ConnectionId>,
}

impl Connection {
    pub(super) fn new(request: Request, row: usize, ip: usize, opened: SimTime) -> Self {
        Self { row, ip, opened, request, draws: request.draws, generation: 0, state: State::Busy }
    }
}

impl ClientPools {
    pub(super) fn new(pods: impl Iterator<Item = u32>) -> Self {
        let pods = pods.map(|pods| vec![PodPool::default(); pods as usize]).collect();
        Self { pods, connections: Vec::new(), free: Vec::new() }
    }

    /// Connections that hold a port.
    pub(super) fn still_open(&self) -> Vec<Connection> {
        let holds = |connection: &&Connection| matches!(connection.state, State::Busy | State::Idle);
        self.connections.iter().filter(holds).copied().collect()
    }

    fn of(&mut self, request: &Request) -> &mut PodPool {
        &mut self.pods[request.source][request.draws.pod as usize]
    }

    fn at(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.connections[id.0 as usize]
    }

    /// The connection, if nothing happened to it since `generation`.
    fn unchanged(&mut self, id: ConnectionId, generation: u32) -> Option<&mut Connection> {
        Some(self.at(id)).filter(|connection| connection.generation == generation)
    }

    fn insert(&mut self, mut connection: Connection) -> ConnectionId {
        match self.free.pop() {
            Some(id) => {
                connection.generation = self.at(id).generation + 1;
                *self.at(id) = connection;
                id
            }
            None => {
                self.connections.push(connection);
                ConnectionId(self.connections.len() as u32 - 1)
            }
        }
    }
}

impl<O: Observer> Run<'_, O> {
    fn settings(&self, request: &Request) -> ClientPool {
        self.sources[request.source].workload.client_pool.clone().unwrap_or(ClientPool {
            max: u32::MAX,
            idle_timeout: None,
            order: Default::default(),
        })
    }

    /// An application asks its client pool for a connection.
    pub(super) fn request(&mut self, mut request: Request) {
        while let Some(id) = self.client_pools.of(&request).idle.pop() {
            if self.client_pools.at(id).state == State::Idle {
                return self.serve(id, request);
            }
            request.stale = true;
            self.forget(id);
        }
        let most = self.settings(&request).max;
        if self.client_pools.of(&request).open < most {
            return self.open_for(request);
        }
        self.client_pools.of(&request).line.push_back(request);
        self.await_outcome(request.asked);
        self.tell_level(0, 1);
    }

    fn open_for(&mut self, request: Request) {
        self.client_pools.of(&request).open += 1;
        self.attempt(&Try::new(request, self.now));
    }

    /// A new connection serves the request it was opened for.
    pub(super) fn connection_opened(&mut self, connection: Connection) {
        let request = connection.request;
        let id = self.client_pools.insert(connection);
        self.tell_level(1, 0);
        self.decided(&request, Some(Fate::Succeeded), Some(Fate::Succeeded));
        self.start(id, request);
    }

    /// A request takes an idle connection.
    fn serve(&mut self, id: ConnectionId, request: Request) {
        self.decided(&request, None, Some(Fate::Succeeded));
        self.start(id, request);
    }

    fn start(&mut self, id: ConnectionId, request: Request) {
        let connection = self.client_pools.at(id);
        connection.generation += 1;
        connection.state = State::Busy;
        connection.request = request;
        self.queue.at(self.now + request.draws.lifetime, Happening::RequestEnds(id));
    }

    /// A connection that was to be opened is not: its place is free for whoever waits.
    pub(super) fn place_freed(&mut self, request: &Request) {
        self.client_pools.of(request).open -= 1;
        self.next_in_line(request);
    }

    /// A place came free in the client pool: whoever waits longest opens a connection.
    fn next_in_line(&mut self, of: &Request) {
        if let Some(waiting) = self.leave_line(of) {
            self.open_for(waiting);
        }
    }

    fn leave_line(&mut self, of: &Request) -> Option<Request> {
        let waiting = self.client_pools.of(of).line.pop_front()?;
        self.settle(waiting.asked);
        self.tell_level(0, -1);
        Some(waiting)
    }

    pub(super) fn request_ends(&mut self, id: ConnectionId) {
        let request = self.client_pools.at(id).request;
        match self.leave_line(&request) {
            Some(waiting) => self.serve(id, waiting),
            None => self.becomes_idle(id, &request),
        }
    }

    fn becomes_idle(&mut self, id: ConnectionId, request: &Request) {
        let settings = self.settings(request);
        let connection = self.client_pools.at(id);
        connection.generation += 1;
        connection.state = State::Idle;
        let generation = connection.generation;
        self.client_pools.of(request).idle.push(id);
        let device = self.system.egress.timers.idle_timeout;
        if let Some(timeout) = settings.idle_timeout {
            self.queue.after(self.now, timeout, Happening::IdleCloses(id, generation));
        }
        if let Some(timeout) = device
            && settings.idle_timeout.is_none_or(|own| timeout < own)
        {
            self.queue.after(self.now, timeout, Happening::MappingExpires(id, generation));
        }
    }

    /// The client closes a connection that was idle for too long.
    pub(super) fn idle_closes(&mut self, id: ConnectionId, generation: u32) {
        let Some(connection) = self.client_pools.unchanged(id, generation) else { return };
        let closed = *connection;
        self.client_pools.of(&closed.request).idle.retain(|idle| *idle != id);
        if closed.state == State::Idle {
            let release = self.now + closed.draws.hold_down;
            self.mark_end(closed.row, closed.ip, self.now, release);
            self.tell_kept(&closed, self.now, release);
        }
        self.forget(id);
    }

    /// The device's idle timeout takes the mapping; its port is free at once.
    pub(super) fn mapping_expires(&mut self, id: ConnectionId, generation: u32) {
        let Some(connection) = self.client_pools.unchanged(id, generation) else { return };
        let expired = *connection;
        connection.state = State::Expired;
        self.mark_end(expired.row, expired.ip, self.now, self.now);
        self.tell_kept(&expired, self.now, self.now);
        if self.system.egress.timers.idle_expiry == IdleExpiry::Reset {
            self.client_pools.of(&expired.request).idle.retain(|idle| *idle != id);
            self.forget(id);
        }
    }

    /// The client no longer counts the connection as open.
    fn forget(&mut self, id: ConnectionId) {
        let connection = self.client_pools.at(id);
        connection.state = State::Closed;
        connection.generation += 1;
        let request = connection.request;
        self.client_pools.free.push(id);
        self.client_pools.of(&request).open -= 1;
        self.tell_level(-1, 0);
    }

    fn tell_level(&mut self, open: i64, waiting: i64) {
        self.observer.pool_level(PoolLevel { time: self.now, open, waiting });
    }
}
