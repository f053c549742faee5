//! Connections that a client keeps open.

use crate::time::SimDuration;

/// Which of several is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// The one that came last.
    Lifo,
    /// The one that came first.
    #[default]
    Fifo,
}

/// How long connections may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifespan {
    /// None is used longer; one in use is closed when its requests end.
    pub most: SimDuration,
    /// Each connection's own limit lies uniformly within this time before `most`, so that connections that were
    /// opened together are not closed together.
    pub jitter: SimDuration,
}

/// Connections a client keeps open, per (pod, destination).
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPool {
    /// At most this many open; a request beyond waits in line.
    pub max: u32,
    /// Requests that one connection serves at a time.
    pub streams: u32,
    /// At most this many are kept idle; one that becomes idle beyond is closed at once.
    pub max_idle: u32,
    /// An idle connection is closed after this time; absent: kept for ever.
    pub idle_timeout: Option<SimDuration>,
    /// How long connections live; absent: for ever.
    pub max_lifetime: Option<Lifespan>,
    /// Which idle connection is used first, by when it became idle.
    pub order: Order,
    /// Which waiting request is served first.
    pub line: Order,
    /// A request waits in line no longer; absent: for ever.
    pub wait_timeout: Option<SimDuration>,
    /// Idle connections send something this often; absent: never.
    pub keepalive: Option<SimDuration>,
    /// A request that meets a connection whose mapping has expired is tried on another one.
    pub retries_stale: bool,
}

impl ClientPool {
    /// Opens what is asked for and keeps it.
    pub const UNLIMITED: Self = Self {
        max: u32::MAX,
        streams: 1,
        max_idle: u32::MAX,
        idle_timeout: None,
        max_lifetime: None,
        order: Order::Lifo,
        line: Order::Fifo,
        wait_timeout: None,
        keepalive: None,
        retries_stale: true,
    };

    /// Whether a device that forgets connections after `idle_timeout` forgets those that the client still keeps.
    pub fn outlives(&self, idle_timeout: SimDuration) -> bool {
        let silent = self.keepalive.is_none_or(|keepalive| keepalive >= idle_timeout);
        silent && self.idle_timeout.is_none_or(|own| idle_timeout < own)
    }
}
