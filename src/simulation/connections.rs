//! Connections that clients keep open, and the client pools that hold them.

use super::request::Request;
use super::run::Slots;
use super::{RowId, Source, System};
use crate::outbound::Connections;
use crate::time::SimTime;
use std::collections::HashMap;
use std::collections::VecDeque;

/// A connection in the shard's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ConnectionId(pub u32);

/// A connection that holds its port until someone closes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    pub slots: Slots,
    pub opened: SimTime,
    /// The last request on it ended then.
    pub last_used: SimTime,
    /// The request that it was opened for: its source and pod own the connection, and its draws say how it ends.
    pub owner: Request,
    /// Counts changes of state; an idle timer of another generation is void.
    pub generation: u32,
    /// Generation at which it was opened; the end of an earlier life in the same place is void.
    pub born: u32,
    /// Its life is over: it is closed once it serves nothing.
    pub retires: bool,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// So many requests are served.
    Busy(u32),
    Idle,
    /// A device forgot it for its silence, and its client does not know.
    Forgotten,
    /// It lost its port to a change of the cluster, and its client does not know.
    Lost,
    /// Its port or its client is gone; so many requests on it would still be served.
    Cut(u32),
    Closed,
}

/// A request in line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub ticket: u32,
    pub request: Request,
}

/// The client pool of one pod, or of one instance of a device that keeps connections.
#[derive(Debug, Clone, Default)]
pub(super) struct PodPool {
    /// Connections with a stream to spare, in the order in which they got it.
    pub available: VecDeque<ConnectionId>,
    pub idle: u32,
    pub open: u32,
    pub line: VecDeque<Waiting>,
    pub tickets: u32,
}

/// A client pool in the shard's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PoolId(pub u32);

/// The client pools that the requests of a source use.
#[derive(Debug, Clone, Copy)]
enum Pools {
    /// None.
    None,
    /// One a pod of the node, from this one on.
    OfPods(u32),
    /// One an instance of the device that keeps connections, from this one on.
    OfInstances(u32),
}

/// All client pools of a shard.
#[derive(Clone)]
pub(super) struct ClientPools {
    pools: Vec<PodPool>,
    of_source: Vec<Pools>,
    pub connections: Vec<Connection>,
    pub free: Vec<ConnectionId>,
    /// Whose client pools have a place free that nobody was offered yet, and whether someone offers them.
    pub freed: Vec<Request>,
    pub serves_freed: bool,
}

impl Connection {
    pub(super) fn new(request: Request, slots: Slots, opened: SimTime) -> Self {
        let (generation, born, retires) = (0, 0, false);
        let last_used = opened;
        Self { slots, opened, last_used, owner: request, generation, born, retires, state: State::Busy(0) }
    }
}

impl PodPool {
    pub(super) fn drop_available(&mut self, id: ConnectionId) {
        self.available.retain(|each| *each != id);
    }
}

impl ClientPools {
    /// Empty pools for `sources`; those of a device are shared by all who reach a destination through it.
    pub(super) fn new<'s>(system: &System, sources: impl Iterator<Item = &'s Source>) -> Self {
        let mut pools = Vec::new();
        let mut of_device: HashMap<RowId, u32> = HashMap::new();
        let mut add = |count: usize| {
            let first = pools.len() as u32;
            pools.resize(pools.len() + count, PodPool::default());
            first
        };
        let of_source = |source: &Source| {
            let pooled = system.device_of(source).connections == Connections::Pooled;
            match (system.client_pool_of(source), source.rows()) {
                (None, _) | (_, []) => Pools::None,
                (Some(_), rows) if pooled => {
                    Pools::OfInstances(*of_device.entry(rows[0]).or_insert_with(|| add(rows.len())))
                }
                (Some(_), _) => Pools::OfPods(add(source.pods as usize)),
            }
        };
        let of_source = sources.map(of_source).collect();
        Self {
            pools,
            of_source,
            connections: Vec::new(),
            free: Vec::new(),
            freed: Vec::new(),
            serves_freed: false,
        }
    }

    /// The client pool that a request uses; its workload has one.
    #[inline]
    pub(super) fn id_of(&self, request: &Request) -> PoolId {
        match self.of_source[request.source] {
            Pools::OfPods(first) => PoolId(first + request.draws.pod),
            Pools::OfInstances(first) => PoolId(first + request.draws.row),
            Pools::None => PoolId(0),
        }
    }

    /// The client pools of a source's pods; none where a device keeps the connections.
    pub(super) fn of_pods(&self, source: usize, pods: u32) -> std::ops::Range<u32> {
        match self.of_source[source] {
            Pools::OfPods(first) => first..first + pods,
            Pools::OfInstances(_) | Pools::None => 0..0,
        }
    }

    pub(super) fn pool(&mut self, id: PoolId) -> &mut PodPool {
        &mut self.pools[id.0 as usize]
    }

    /// Connections that hold a port.
    pub(super) fn still_open(&self) -> Vec<Connection> {
        let holds = |connection: &&Connection| matches!(connection.state, State::Busy(_) | State::Idle);
        self.connections.iter().filter(holds).copied().collect()
    }

    pub(super) fn of(&mut self, request: &Request) -> &mut PodPool {
        let id = self.id_of(request);
        self.pool(id)
    }

    pub(super) fn at(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.connections[id.0 as usize]
    }

    pub(super) fn insert(&mut self, mut connection: Connection) -> ConnectionId {
        match self.free.pop() {
            Some(id) => {
                connection.generation = self.at(id).generation + 1;
                connection.born = connection.generation;
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
