//! `azure/nva`.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::nva::Nva;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    let (instances, public_ips) = (keys.count("instances", 1, 1), keys.count("public_ips", 1, 1));
    let settings = keys.masquerade();
    Some(Outbound::Nva(Nva { instances: instances?, public_ips: public_ips?, settings: settings? }))
}
