//! What a row's device allows, and how it looks for a port.

use super::{HoldScope, InCommon, IpChoice, Reclaim, Search};

/// Limits on live flows, below the number of ports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Live flows per public IP of the row.
    pub per_ip: Option<u32>,
    /// Whether resting ports count as live.
    pub count_holds: bool,
}

/// Whether a search may take a port at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TakeOver {
    /// A port rests until it comes free.
    #[default]
    Never,
    /// As Linux 6.5 and later: among the last 32 ports of a window, one whose TCP flow ended by FIN or RST, if the
    /// new flow's first sequence number is ahead of the old one's.
    AfterClose,
}

/// Whether ports are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Identity {
    /// Only where the search depends on which ports are busy.
    #[default]
    WhereNeeded,
    /// Always: ports may be taken away one by one.
    Always,
}

/// Real numbers of ports, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortNumbers {
    /// Lowest.
    pub first: u32,
    /// Highest.
    pub last: u32,
}

/// How the rows of a device behave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Limits.
    pub caps: Caps,
    /// How a free port is searched on a public IP.
    pub search: Search,
    /// How the public IP is chosen.
    pub ip_choice: IpChoice,
    /// Whether ports at rest are taken.
    pub take_over: TakeOver,
    /// A flow asks with an own source port, uniform over these, and keeps it where it can; absent: it has none. Of
    /// searches alone that begin with it.
    pub local_ports: Option<PortNumbers>,
    /// The number of the first port of each public IP.
    pub first_port: u32,
    /// Whether ports are told apart.
    pub identity: Identity,
    /// Which ports go when a public IP is left with fewer.
    pub reclaim: Reclaim,
    /// Where rows of a port pool look at each other: what they have in common. Of full searches without take-over alone.
    pub in_common: Option<InCommon>,
}

impl Rules {
    /// Rules that a full search and these caps make.
    pub fn capped(caps: Caps) -> Self {
        Self { caps, ..Self::default() }
    }

    /// Whether a row must know which of its ports are busy.
    pub fn name_ports(&self) -> bool {
        let looks_at_neighbours = matches!(self.search, Search::SequentialTries { .. } | Search::Linux);
        let alone = self.take_over == TakeOver::Never && self.in_common.is_none();
        looks_at_neighbours || !alone || self.identity == Identity::Always
    }

    /// Whether a row fails only when no port is legal, whatever was taken before.
    pub fn always_find(&self) -> bool {
        let bars_others = self.in_common.is_some_and(|common| common.hold_scope == HoldScope::Port);
        let finds = self.search.is_full() && self.ip_choice.tries_all();
        finds && self.take_over == TakeOver::Never && !bars_others
    }
}
