//! Source NAT by a machine's own kernel: a range of ports, a connection-tracking table, timers of its own.
//!
//! Leaves out: entries of connections that are not translated, and retransmissions of the close.

use super::{Cap, CapOver, Egress, Partition, PortPool, Sharing, Timers, Translates, WhenRefused};
use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::snat::{Identity, Rules, SnatFailure};

/// The settings of a machine that masquerades.
#[derive(Debug, Clone, PartialEq)]
pub struct Masquerade {
    /// Ports of each address, one after another from the first port of `rules`.
    pub ports: u32,
    /// How a port is found.
    pub rules: Rules,
    /// Entries of the connection-tracking table, at most.
    pub tracking_table: u32,
    /// Sharing of TCP ports.
    pub sharing_tcp: Sharing,
    /// Sharing of UDP ports.
    pub sharing_udp: Sharing,
    /// Timers.
    pub timers: Timers,
}

/// A stage on every node, before the outbound device.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeStage {
    /// Its model, such as `linux/masquerade`.
    pub model: String,
    /// Which flows it translates.
    pub translates: Translates,
    /// What each node does.
    pub settings: Masquerade,
}

impl Masquerade {
    /// Machines that masquerade, one a port pool.
    pub fn egress(&self, model: &str, pools: Vec<PortPool>, partition: Partition) -> Egress {
        let table = Cap {
            over: CapOver::EachPool(self.tracking_table),
            counts_holds: true,
            reason: SnatFailure::TrackingTableFull,
        };
        Egress {
            sharing_tcp: self.sharing_tcp,
            sharing_udp: self.sharing_udp,
            // What was said of a mapping's end may change: it was half-open, or its client closes what a device forgot.
            rules: Rules { identity: Identity::Always, ..self.rules.clone() },
            caps: vec![table],
            when_refused: WhenRefused::StaysHalfOpen,
            ..Egress::new(model, pools, partition, &self.timers)
        }
    }
}

impl NodeStage {
    /// The stage on the nodes of `cluster`.
    pub fn egress(&self, cluster: &Cluster) -> Egress {
        let Self { model, translates, settings } = self;
        let ports = vec![Some(settings.ports)];
        let pool = |node| PortPool { name: cluster.node_name(NodeId(node)), ports: ports.clone() };
        let pools = (0..cluster.nodes()).map(pool).collect();
        Egress { translates: *translates, ..settings.egress(model, pools, Partition::Node) }
    }
}
