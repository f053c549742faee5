//! Ports that are the same towards every destination: `hold_scope`, `reuse`, `used_ports`.

use crate::scenario::keys::Keys;
use crate::snat::{HoldScope, InCommon, Reuse};

/// What the rows of a port pool have in common, where it makes a difference, or is asked for.
pub(super) fn in_common(keys: &Keys<'_>) -> Option<InCommon> {
    let scopes = [("destination", HoldScope::Destination), ("port", HoldScope::Port)];
    let hold_scope = keys.choice("hold_scope", &scopes).unwrap_or_default();
    let orders = [("in-use-first", Reuse::InUseFirst), ("fresh-first", Reuse::FreshFirst)];
    let reuse = keys.choice("reuse", &orders).unwrap_or_default();
    let asked = keys.flag("used_ports") == Some(true);
    (asked || hold_scope == HoldScope::Port).then_some(InCommon { hold_scope, reuse })
}
