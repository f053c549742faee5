//! What a machine that masquerades is told, on a node or on its own.

use super::search::rules;
use crate::outbound::masquerade::Masquerade;
use crate::scenario::keys::Keys;
use crate::snat::{Caps, IpChoice};

impl Keys<'_> {
    /// Ports, search, connection tracking and timers of a machine that masquerades.
    pub(in crate::scenario) fn masquerade(&self) -> Option<Masquerade> {
        let timers = self.timers();
        let (sharing_tcp, sharing_udp) = (self.sharing("tcp"), self.sharing("udp"));
        let rules = rules(self, Caps::default(), IpChoice::HashSourceDestination);
        let (first, last) = (self.count("first_port", 1, 65_535), self.count("last_port", 1, 65_535));
        let tracking_table = self.count("tracking_table", 1, u64::from(u32::MAX));
        let (first, last) = (first?, last?);
        if last < first {
            let span = self.own.get("last_port").or(self.own.get("first_port")).map(|node| node.span.clone());
            let message = format!("the ports run from {first} down to {last}");
            self.own.wrong(
                &span.unwrap_or(0..0),
                message,
                Some(format!("write `last_port = {first}` or more")),
            );
            return None;
        }
        Some(Masquerade {
            ports: last - first + 1,
            rules,
            tracking_table: tracking_table?,
            sharing_tcp,
            sharing_udp,
            timers,
        })
    }
}
