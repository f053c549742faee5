//! What every SNAT device has: rows of ports that fill up, rest and come free, and reasons to refuse.

mod calendar;
mod counted_row;
mod departures;
mod full_spans;
mod grants;
mod holding;
mod in_common;
mod indexed_row;
mod ip_choice;
mod lowest_free;
mod named_row;
mod port_map;
mod reclaim;
#[cfg(test)]
mod reference;
mod release_queue;
mod row;
mod rules;
mod search;

pub use departures::Departures;
pub use holding::{Ended, EndsBy, Holding, Rest};
pub use in_common::{HoldScope, InCommon, OtherRows, Reuse};
pub use indexed_row::IndexedRow;
pub use ip_choice::{FirstIp, IpChoice};
pub use named_row::NamedRow;
pub use reclaim::{Changed, CutOff, Reclaim};
pub use release_queue::ReleaseQueue;
pub use row::{Row, RowStreams};
pub use rules::{Caps, Identity, PortNumbers, Rules, TakeOver};
pub use search::{Picks, Search};

/// A port that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Slot {
    /// Its public IP, by position in the row.
    pub ip: u32,
    /// Its number there, counted from the first port; 0 where a row counts ports instead of naming them.
    pub port: u32,
    /// Tells the grant from every other of its public IP; 0 where a row counts ports.
    pub grant: u32,
    /// Ports that the flow took with it.
    pub others: u32,
}

/// Who asks for a port, as far as a choice may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asker {
    /// The node.
    pub node: u32,
    /// The inside address: node and pod.
    pub source: u64,
    /// The destination's address.
    pub destination: u64,
    /// Ports that its flow needs beside the one, all at once or none. Of rows alone that count their ports.
    pub others: u32,
}

impl Asker {
    /// A pod of a node that asks for a port towards an address.
    pub fn new(node: u32, pod: u32, destination: u64) -> Self {
        Self { node, destination, ..Self::default() }.of_pod(pod)
    }

    /// Another pod of the same node.
    #[inline]
    pub fn of_pod(self, pod: u32) -> Self {
        Self { source: u64::from(self.node) << 32 | u64::from(pod), ..self }
    }
}

/// Why an attempt found no legal port. An outcome, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnatFailure {
    /// Every port is taken or rests.
    NoFreePort,
    /// Ports are free, but no public IP may have another flow to this destination.
    DestinationCap,
    /// Ports are free, but the device may have no more flows at all.
    TotalCap,
    /// There is no port, nor ever will be.
    NoEgress,
    /// Ports are free, but the search gave up before it found one.
    SearchGaveUp,
    /// Ports are free, but the node may have no more flows.
    NodeCap,
    /// The connection-tracking table of the node is full.
    TrackingTableFull,
}

impl SnatFailure {
    /// All reasons, in the order that summaries count them.
    pub const ALL: [Self; 7] = [
        Self::NoFreePort,
        Self::DestinationCap,
        Self::TotalCap,
        Self::NoEgress,
        Self::SearchGaveUp,
        Self::NodeCap,
        Self::TrackingTableFull,
    ];

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoFreePort => "no_free_port",
            Self::DestinationCap => "destination_cap",
            Self::TotalCap => "total_cap",
            Self::NoEgress => "no_egress",
            Self::SearchGaveUp => "search_gave_up",
            Self::NodeCap => "node_cap",
            Self::TrackingTableFull => "tracking_table_full",
        }
    }
}
