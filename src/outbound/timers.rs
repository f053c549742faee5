//! How long a device keeps mappings: hold-downs, idle timeouts, half-open.

use crate::flow::{EndKind, Protocol};
use crate::time::SimDuration;
use crate::workload::Law;

/// A UDP flow is a stream once it still talks so long after its first packet. Linux:
/// net/netfilter/nf_conntrack_proto_udp.c, `ts + 2 * HZ`.
pub const UDP_STREAM_AFTER: SimDuration = SimDuration::from_secs(2);

/// What happens on the wire when the idle timeout takes a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdleExpiry {
    /// Nothing: the client learns at its next packet.
    Silent,
    /// Both sides get a reset.
    Reset,
}

/// Which SYN of an unanswered flow its half-open mapping is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfOpenFrom {
    /// The one that made it: those sent again do not prolong it.
    FirstSyn,
    /// The last one.
    LastSyn,
}

/// How long a port rests, and when silence frees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Timers {
    /// Hold-down after FIN.
    pub hold_down_fin: Law,
    /// Hold-down after RST.
    pub hold_down_rst: Law,
    /// Hold-down after an RST to the SYN.
    pub hold_down_refused: Law,
    /// Hold-down after a UDP flow fell silent.
    pub hold_down_udp: Law,
    /// A SYN that is never answered holds its port this long.
    pub half_open: SimDuration,
    /// From which SYN on.
    pub half_open_from: HalfOpenFrom,
    /// TCP idle timeout; absent: never.
    pub idle_timeout: Option<SimDuration>,
    /// UDP idle timeout.
    pub udp_idle_timeout: SimDuration,
    /// UDP idle timeout of a flow that talks for longer than two seconds; absent: the same.
    pub udp_stream_timeout: Option<SimDuration>,
    /// What the idle timeout does on the wire.
    pub idle_expiry: IdleExpiry,
}

impl Timers {
    /// How long a port rests after a flow that ended by `end`; none where it never rests.
    pub fn hold_down(&self, protocol: Protocol, end: EndKind) -> Option<&Law> {
        match (protocol, end) {
            (Protocol::Udp, _) => Some(&self.hold_down_udp),
            (Protocol::Tcp, EndKind::Fin) => Some(&self.hold_down_fin),
            (Protocol::Tcp, EndKind::Rst) => Some(&self.hold_down_rst),
            (Protocol::Tcp, EndKind::Refused) => Some(&self.hold_down_refused),
            (Protocol::Tcp, EndKind::Abandoned | EndKind::HalfOpen) => None,
        }
    }

    /// A silence of this length loses the mapping; none: never.
    pub fn idle_timeout(&self, protocol: Protocol) -> Option<SimDuration> {
        match protocol {
            Protocol::Tcp => self.idle_timeout,
            Protocol::Udp => Some(self.udp_idle_timeout),
        }
    }

    /// How long the port of a UDP flow is kept beyond its last datagram, `lifetime` after its first.
    pub fn udp_silence(&self, lifetime: SimDuration) -> SimDuration {
        match self.udp_stream_timeout {
            Some(timeout) if lifetime > UDP_STREAM_AFTER => timeout,
            _ => self.udp_idle_timeout,
        }
    }
}
