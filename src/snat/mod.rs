//! What every SNAT device has: rows of ports that fill up, rest and come free, and reasons to refuse.

mod indexed_row;
mod release_queue;
mod row;

pub use indexed_row::IndexedRow;
pub use release_queue::ReleaseQueue;
pub use row::{Caps, Row};

/// A port that was granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Slot {
    /// Its public IP, by position in the row.
    pub ip: u32,
    /// Its number there, counted from the first port; 0 where a row counts ports instead of naming them.
    pub port: u32,
}

/// Who asks for a port, as far as a choice may depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asker {
    /// The inside address: node and pod.
    pub source: u64,
    /// The destination's address.
    pub destination: u64,
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
    /// Ports are free, but the node may have no more flows.
    NodeCap,
    /// The connection-tracking table of the node is full.
    TrackingTableFull,
}

impl SnatFailure {
    /// All reasons, in the order that summaries count them.
    pub const ALL: [Self; 6] = [
        Self::NoFreePort,
        Self::DestinationCap,
        Self::TotalCap,
        Self::NoEgress,
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
            Self::NodeCap => "node_cap",
            Self::TrackingTableFull => "tracking_table_full",
        }
    }
}
