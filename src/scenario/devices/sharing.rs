//! Which flows may have the same port at a time.

use crate::outbound::Sharing;
use crate::scenario::keys::Keys;
use crate::scenario::reader::choice;

impl Keys<'_> {
    /// Platforms share TCP ports by endpoint; only a custom device may do otherwise.
    pub(super) fn check_platform_sharing(&self) {
        let node = self.inner("sharing", "tcp");
        if let (Some(node), true) = (node, self.sharing("tcp") != Sharing::Endpoint) {
            let message =
                format!("`sharing` of TCP is {}; this model shares TCP ports by endpoint", node.kind());
            let help =
                "write `sharing = { udp = \"..\" }` for UDP alone, or use `model = \"custom\"`".to_string();
            self.own.wrong(&node.span, message, Some(help));
        }
    }

    /// Which destinations exclude one another from a port.
    pub(super) fn sharing(&self, protocol: &str) -> Sharing {
        let rules = [
            ("endpoint", Sharing::Endpoint),
            ("address", Sharing::Address),
            ("exclusive", Sharing::Exclusive),
            ("exclusive-any-protocol", Sharing::ExclusiveAnyProtocol),
        ];
        let node = self.inner("sharing", protocol);
        self.check_kinds("sharing", &["tcp", "udp"]);
        node.and_then(|node| choice(self.own.reader, "sharing", node, &rules)).unwrap_or(Sharing::Endpoint)
    }
}
