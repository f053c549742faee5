//! `azure/http-proxy`.

use crate::cluster::Cluster;
use crate::outbound::Outbound;
use crate::outbound::http_proxy::HttpProxy;
use crate::scenario::client_pool::client_pool;
use crate::scenario::keys::Keys;

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (proxies, ports_per_proxy) = (keys.count("proxies", 1, 1), keys.count("ports_per_proxy", 1, 65_536));
    let upstream = match keys.own.get("upstream") {
        Some(node) => Some(client_pool(keys.own.reader, node, None)?),
        None => None,
    };
    Some(Outbound::HttpProxy(HttpProxy {
        proxies: proxies?,
        ports_per_proxy: ports_per_proxy?,
        upstream,
        sharing_udp: keys.sharing("udp"),
        timers,
    }))
}
