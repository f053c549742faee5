//! The client's side of a connection: when the SYN is sent again, and connections kept open.

use crate::time::SimDuration;

/// When a client sends its SYN again, counted from the first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SynSchedule {
    /// Times of the further SYNs, rising; empty: one SYN, a refused try fails at once.
    pub resends: Vec<SimDuration>,
    /// The client gives up this long after the first SYN; absent with an empty list.
    pub give_up: Option<SimDuration>,
}

impl SynSchedule {
    /// One SYN and no more.
    pub const NONE: Self = Self { resends: Vec::new(), give_up: None };

    /// The schedule when the client stops at `connect_timeout` after the first SYN.
    ///
    /// A SYN due at the very instant of the timeout is not sent.
    pub fn ended_by(mut self, connect_timeout: Option<SimDuration>) -> Self {
        if let (Some(limit), false) = (connect_timeout, self.resends.is_empty()) {
            self.resends.retain(|resend| *resend < limit);
            self.give_up = Some(self.give_up.map_or(limit, |own| own.min(limit)));
        }
        self
    }
}

/// Which idle connection a request takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolOrder {
    /// The one used last.
    #[default]
    Lifo,
}

/// Connections a client keeps open, per (pod, destination).
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPool {
    /// At most this many open; a request beyond waits in line.
    pub max: u32,
    /// An idle connection is closed after this time; absent: kept for ever.
    pub idle_timeout: Option<SimDuration>,
    /// Which idle connection is used first.
    pub order: PoolOrder,
}
