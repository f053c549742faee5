//! `none` and `block`, which have no settings.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::no_egress::NoEgress;
use crate::scenario::keys::Keys;

/// The outbound type none.
pub(super) fn none(_keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    Some(Outbound::NoEgress(NoEgress::named("none")))
}

/// The outbound type block.
pub(super) fn block(_keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    Some(Outbound::NoEgress(NoEgress::named("block")))
}
