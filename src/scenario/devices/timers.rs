//! How long ports rest and mappings live, by the kind of end.

use crate::outbound::{HalfOpenFrom, IdleExpiry, Timers, WhenFull};
use crate::scenario::keys::Keys;
use crate::scenario::laws::law;
use crate::scenario::tree::Node;
use crate::time::SimDuration;
use crate::workload::Law;

/// Ends that ports rest after, each in its own way; `refused` as `rst` unless it is given.
const KINDS: [&str; 4] = ["fin", "rst", "refused", "udp"];

impl Keys<'_> {
    /// Hold-downs and timeouts.
    pub(super) fn timers(&self) -> Timers {
        if !self.own.get("hold_down").is_some_and(is_law) {
            self.check_kinds("hold_down", &KINDS);
        }
        let from = [("first-syn", HalfOpenFrom::FirstSyn), ("last-syn", HalfOpenFrom::LastSyn)];
        let expiries = [("silent", IdleExpiry::Silent), ("reset", IdleExpiry::Reset)];
        let refused = if self.inner("hold_down", "refused").is_some() { "refused" } else { "rst" };
        Timers {
            hold_down_fin: self.hold_down("fin"),
            hold_down_rst: self.hold_down("rst"),
            hold_down_refused: self.hold_down(refused),
            hold_down_udp: self.hold_down("udp"),
            half_open: self.duration("half_open").unwrap_or(SimDuration::ZERO),
            half_open_from: self.choice("half_open_from", &from).unwrap_or(HalfOpenFrom::LastSyn),
            idle_timeout: self.duration("idle_timeout"),
            udp_idle_timeout: self.duration("udp_idle_timeout").unwrap_or(SimDuration::ZERO),
            udp_stream_timeout: self.duration("udp_stream_timeout"),
            idle_expiry: self.choice("idle_expiry", &expiries).unwrap_or(IdleExpiry::Silent),
        }
    }

    /// What happens to a SYN that finds no port.
    pub(super) fn when_full(&self) -> WhenFull {
        let answers = [("drop", WhenFull::Drops), ("reset", WhenFull::Resets)];
        self.choice("when_full", &answers).unwrap_or(WhenFull::Drops)
    }

    fn hold_down(&self, kind: &str) -> Law {
        let reader = self.own.reader;
        let read = match self.own.get("hold_down") {
            Some(node) if is_law(node) => law(reader, "hold_down", node),
            _ => {
                self.inner("hold_down", kind).and_then(|node| law(reader, &format!("hold_down.{kind}"), node))
            }
        };
        read.unwrap_or(Law::Constant(SimDuration::ZERO))
    }
}

/// Whether it is one law for all kinds; else it is a table by kind.
fn is_law(hold_down: &Node) -> bool {
    !KINDS.iter().any(|kind| hold_down.get(kind).is_some())
}
