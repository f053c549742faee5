//! The `[outbound]` table: a shipped model with its own keys laid over it, or a custom device.

mod by_node;
mod custom;
mod firewall;
mod http_proxy;
mod in_common;
mod load_balancer;
mod masquerade;
mod nat_gateway;
mod no_egress;
mod node_public_ip;
mod nva;
mod public_ips;
mod search;
mod sharing;
mod static_egress_gateway;
mod timers;

pub(super) use search::port_range;

use super::keys::Keys;
use super::reader::{Origin, Reader, Table};
use super::tree::Node;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::outbound::Outbound;
use crate::profile::Profile;

/// A way out as a scenario names it: its shipped model, if it has one, and who reads its settings.
struct Way {
    name: &'static str,
    model: Option<&'static str>,
    read: fn(&Keys<'_>, &Cluster) -> Option<Outbound>,
}

/// Every way out. All lists of names follow from this one. What is made of two stands after both: of equals, `compare` recommends
/// the first.
const WAYS: [Way; 11] = [
    Way {
        name: "azure/firewall",
        model: Some(include_str!("../../../models/azure/firewall.toml")),
        read: firewall::read,
    },
    Way {
        name: "azure/load-balancer",
        model: Some(include_str!("../../../models/azure/load-balancer.toml")),
        read: load_balancer::read,
    },
    Way {
        name: "azure/nat-gateway",
        model: Some(include_str!("../../../models/azure/nat-gateway.toml")),
        read: nat_gateway::read,
    },
    Way {
        name: "azure/firewall-nat-gateway",
        model: Some(include_str!("../../../models/azure/firewall-nat-gateway.toml")),
        read: nat_gateway::behind_firewall,
    },
    Way {
        name: "azure/node-public-ip",
        model: Some(include_str!("../../../models/azure/node-public-ip.toml")),
        read: node_public_ip::read,
    },
    Way {
        name: "azure/static-egress-gateway",
        model: Some(include_str!("../../../models/azure/static-egress-gateway.toml")),
        read: static_egress_gateway::read,
    },
    Way { name: "azure/nva", model: Some(include_str!("../../../models/azure/nva.toml")), read: nva::read },
    Way {
        name: "azure/http-proxy",
        model: Some(include_str!("../../../models/azure/http-proxy.toml")),
        read: http_proxy::read,
    },
    Way { name: "block", model: Some(include_str!("../../../models/block.toml")), read: no_egress::block },
    Way { name: "none", model: Some(include_str!("../../../models/none.toml")), read: no_egress::none },
    Way { name: "custom", model: None, read: custom::read },
];

/// What `outbound.model` may be.
pub fn names() -> impl Iterator<Item = &'static str> {
    WAYS.iter().map(|way| way.name)
}

/// The shipped models.
pub fn models() -> impl Iterator<Item = Profile> {
    WAYS.iter().filter_map(|way| Some(Profile { name: way.name, text: way.model? }))
}

/// Reads the outbound device. Keys of `own` are laid over those of the shipped model.
pub fn outbound<'a>(
    reader: &'a Reader<'a>,
    own: &'a Node,
    shipped: Option<&'a Node>,
    cluster: &Cluster,
) -> Option<Outbound> {
    device(Keys { own: reader.table(own, "outbound"), shipped }, cluster)
}

/// Reads a device from a table of its own, without a scenario around it; `file` names it in errors.
pub fn of_table(
    file: &str,
    table: &Node,
    shipped: Option<&Node>,
    cluster: &Cluster,
) -> Result<Outbound, Error> {
    let reader = Reader::new(Origin { file, text: "", flags: file, trace: None });
    let device = outbound(&reader, table, shipped, cluster);
    reader.finish()?;
    device.ok_or_else(|| Error::Defect("a device without a problem could not be read".into()))
}

/// Reads the device that `model` names, from a table of which everything else was read.
pub fn device(keys: Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let way = way(&keys.own)?;
    let device = (way.read)(&keys, cluster);
    keys.own.finish();
    device
}

fn way(own: &Table<'_>) -> Option<&'static Way> {
    own.need("model", "\"azure/load-balancer\"")?;
    let ways: Vec<(&str, &'static Way)> = WAYS.iter().map(|way| (way.name, way)).collect();
    own.choice("model", &ways)
}
