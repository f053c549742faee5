//! No way to the internet: AKS outbound types none and block.
//!
//! Leaves out: what the rules of `block` let through.

use super::{Charged, Egress, HalfOpenFrom, IdleExpiry, Partition, PortPool, Refusal, Timers, WayOut};
use crate::cluster::Cluster;
use crate::time::SimDuration;
use crate::workload::Law;

/// A cluster without egress: it has no port, so nothing is ever kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NoEgress {
    name: &'static str,
    timers: Timers,
}

impl NoEgress {
    /// The outbound type of that name.
    pub fn named(name: &'static str) -> Self {
        let timers = Timers {
            hold_down_fin: Law::Constant(SimDuration::ZERO),
            hold_down_rst: Law::Constant(SimDuration::ZERO),
            hold_down_refused: Law::Constant(SimDuration::ZERO),
            hold_down_udp: Law::Constant(SimDuration::ZERO),
            half_open: SimDuration::ZERO,
            half_open_from: HalfOpenFrom::LastSyn,
            idle_timeout: Some(SimDuration::ZERO),
            udp_idle_timeout: SimDuration::ZERO,
            udp_stream_timeout: None,
            idle_expiry: IdleExpiry::Silent,
        };
        Self { name, timers }
    }
}

impl WayOut for NoEgress {
    fn egress(&self, _cluster: &Cluster) -> Result<Egress, Refusal> {
        let pools = vec![PortPool { name: "internet".into(), ports: vec![Some(0)] }];
        Ok(Egress::new(self.name, pools, Partition::Shared, &self.timers))
    }

    fn timers(&self) -> &Timers {
        &self.timers
    }

    fn charged(&self, _cluster: &Cluster) -> Option<Vec<(Charged, u64)>> {
        Some(Vec::new())
    }

    fn public_ips(&self, _cluster: &Cluster) -> u32 {
        0
    }
}
