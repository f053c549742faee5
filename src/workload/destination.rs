//! Where flows go.

use crate::flow::Protocol;

/// Whether traffic to a destination needs a port of the outbound device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Through the outbound device.
    Internet,
    /// Beside it (private endpoint, service endpoint, storage of the same region, VNet, peered, on-premises): no port is needed.
    Beside,
    /// Denied before any port is taken.
    Blocked,
}

/// A remote (protocol, address, port).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Name in results.
    pub name: String,
    /// Which destinations have the same address: equal numbers, equal address.
    pub address: u64,
    /// Transport protocol.
    pub protocol: Protocol,
    /// How it is reached.
    pub reach: Reach,
}
