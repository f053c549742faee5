//! Traffic: when flows are asked for, by which pods, towards what, for how long, and how their clients react.

pub mod arrivals;
pub mod client;
pub mod destination;
pub mod law;
pub mod packets;
pub mod retry;
pub mod syn;

pub use arrivals::{Arrivals, TraceArrival};
pub use client::ClientPool;
pub use destination::{Destination, Reach, Trouble, TroubleKind};
pub use law::Law;
pub use packets::Packets;
pub use retry::Retry;
pub use syn::SynSchedule;

use crate::flow::{DestinationId, EndKind, NodeId};
use crate::time::SimDuration;

/// Shares of the kinds of end, in the order of [`EndKind::ALL`]; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ends(pub [f64; 5]);

impl Ends {
    /// Every flow closes by FIN.
    pub const ALL_FIN: Self = Self([1.0, 0.0, 0.0, 0.0, 0.0]);

    /// The kind that the uniform number `uniform` in [0, 1) selects.
    pub fn pick(&self, uniform: f64) -> EndKind {
        let mut left = uniform;
        for (kind, share) in EndKind::ALL.into_iter().zip(self.0) {
            if left < share {
                return kind;
            }
            left -= share;
        }
        self.last_possible()
    }

    fn last_possible(&self) -> EndKind {
        let possible = EndKind::ALL.into_iter().zip(self.0).filter(|(_, share)| *share > 0.0);
        possible.map(|(kind, _)| kind).next_back().unwrap_or(EndKind::Fin)
    }

    /// Share of flows that end by `kind`.
    pub fn share(&self, kind: EndKind) -> f64 {
        let position = EndKind::ALL.iter().position(|each| *each == kind);
        position.map_or(0.0, |position| self.0[position])
    }
}

/// One workload, checked: pods that open flows to destinations.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// Name in the scenario.
    pub name: String,
    /// When flows are asked for.
    pub arrivals: Arrivals,
    /// How long a flow (a request, with a client pool) is in use.
    pub lifetime: Law,
    /// When its flows send; absent: never silent.
    pub packets: Option<Packets>,
    /// How its flows end; with a client pool, how its connections end when the pool closes them.
    pub ends: Ends,
    /// When a client sends its SYN again.
    pub syn: SynSchedule,
    /// A client gives up connecting after this time.
    pub connect_timeout: Option<SimDuration>,
    /// An application gives up a try this long after it began: in line, connecting, or waiting for the answer. Absent: it
    /// waits for the answer as long as need be.
    pub request_timeout: Option<SimDuration>,
    /// Connections that its pods keep open, one client pool per (pod, destination).
    pub client_pool: Option<ClientPool>,
    /// Connections that the device of its way out keeps for it, one client pool per (instance, destination).
    pub upstream: Option<ClientPool>,
    /// What the application does after a failed request; absent: it gives up.
    pub retry: Option<Retry>,
    /// The way out that its flows take, by its number among the cluster's.
    pub way_out: usize,
    /// Ports that each of its flows takes at once, or none; absent: what the device says.
    pub ports_per_flow: Option<u32>,
    /// The node of each pod; never empty.
    pub pods: Vec<NodeId>,
    /// Whether it has a pod on each node, those included that come later.
    pub one_a_node: bool,
    /// Destinations with their shares, which sum to 1; never empty.
    pub destinations: Vec<(DestinationId, f64)>,
}

impl Workload {
    /// The client pools that serve its requests, its own and that of a device.
    pub fn pools(&self) -> impl Iterator<Item = &ClientPool> {
        self.client_pool.iter().chain(&self.upstream)
    }

    /// Whether any of its requests is served on a connection that is kept.
    pub fn is_pooled(&self) -> bool {
        self.pools().next().is_some()
    }

    /// Whether its clients act on a failure in any way: send the SYN again, try the request again, keep connections,
    /// give up waiting for an answer, ask for nothing else before it is over.
    pub fn reacts(&self) -> bool {
        !self.syn.resends.is_empty()
            || self.request_timeout.is_some()
            || self.is_pooled()
            || self.retry.is_some()
            || self.arrivals.is_closed_loop()
    }

    /// The longest time from a request to its end when no line is without a timeout; in an orbit, that of a client
    /// which persists unusually often.
    pub fn patience(&self) -> SimDuration {
        let in_line = self.pools().filter_map(|pool| pool.wait_timeout).max();
        let connecting = self.syn.patience().plus(in_line.unwrap_or(SimDuration::ZERO));
        let one_try = self.request_timeout.unwrap_or(connecting);
        match &self.retry {
            None => one_try,
            Some(retry) => {
                let tries = one_try.nanos().saturating_mul(u64::from(retry.most_tries()));
                SimDuration::from_nanos(tries).plus(retry.longest_waits())
            }
        }
    }

    /// Whether it matters which pod asks: a client pool or a retry budget belongs to a pod.
    pub fn tells_pods_apart(&self) -> bool {
        self.client_pool.is_some() || self.retry.as_ref().is_some_and(|retry| retry.budget().is_some())
    }
}
