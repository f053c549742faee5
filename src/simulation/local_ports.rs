//! Local ports of pods: what the kernel of a pod lets its sockets take towards one destination.
//!
//! A port is taken before the first SYN goes out and kept through all SYNs of the flow, so clients that nobody answers
//! take ports too. A pod that has none left learns it at once, and no stage hears of the flow.
//!
//! Leaves out: connections that need no port of any stage; workloads that share a pod (several `via` one relay, processes
//! of one node), each of which has the range for itself; UDP sockets towards other destinations, with which a kernel
//! shares the range; the proxy through which several destinations are reached.

use super::request::Request;
use super::{Source, System};
use crate::cluster::PodSockets;
use crate::flow::{EndKind, Protocol};
use crate::outbound::Connections;
use crate::snat::ReleaseQueue;
use crate::time::{SimDuration, SimTime};

impl System {
    /// Whether a pod may run out of local ports towards the destination of `source`. A client pool that opens no more
    /// connections than there are ports never does, as long as those it closed leave theirs at once.
    pub(super) fn counts_local_ports(&self, source: &Source) -> bool {
        let Some(sockets) = self.pod_sockets() else { return false };
        let workload = self.workload(source);
        let of_device = self.device_of(source).connections == Connections::Pooled;
        if source.hops.is_empty() || of_device || workload.arrivals.is_recorded() {
            return false;
        }
        let pooled = workload.client_pool.as_ref();
        sockets.time_wait > SimDuration::ZERO || pooled.is_none_or(|pool| pool.max > sockets.local_ports)
    }

    /// Whether a pod is expected to come near to running out.
    pub fn may_lack_local_ports(&self) -> bool {
        self.sources
            .iter()
            .any(|source| self.counts_local_ports(source) && self.is_near_the_last_port(source))
    }

    /// Whether, without any limit, the range would not hold ten standard deviations more than the mean of a Poisson law.
    /// Of another law only that it is not known.
    fn is_near_the_last_port(&self, source: &Source) -> bool {
        let (workload, device) = (self.workload(source), self.device_of(source));
        let (Some(rate), Some(sockets)) = (workload.arrivals.mean_rate(), self.pod_sockets()) else {
            return true;
        };
        let silence = device.timers.idle_timeout.unwrap_or(SimDuration::LONGEST).as_secs_f64();
        let abandoned = match workload.ends.share(EndKind::Abandoned) {
            share if share > 0.0 => share * silence,
            _ => 0.0,
        };
        let kept = workload.lifetime.mean() + sockets.time_wait.as_secs_f64() + abandoned;
        let expected = rate * source.share / f64::from(source.pods.max(1)) * kept;
        expected + 10.0 * expected.sqrt() >= f64::from(sockets.local_ports)
    }

    fn pod_sockets(&self) -> Option<&PodSockets> {
        self.cluster.network.as_ref().map(|network| &network.pod_sockets)
    }
}

/// The local ports of the pods of a shard.
#[derive(Clone)]
pub(super) struct LocalPorts {
    most: u32,
    time_wait: SimDuration,
    /// By source, then pod of the node; empty for sources that are not counted, and nothing at all where none is.
    of_pods: Vec<Vec<Sockets>>,
}

/// The sockets of a pod towards one destination.
#[derive(Debug, Clone, Default)]
struct Sockets {
    /// Local ports taken, those included whose `ends` are past.
    taken: u32,
    /// When those come free whose sockets are known to end.
    ends: ReleaseQueue,
}

impl LocalPorts {
    pub(super) fn new<'s>(system: &System, sources: impl Iterator<Item = &'s Source>) -> Self {
        let pods = |source: &Source| match system.counts_local_ports(source) {
            true => vec![Sockets::default(); source.pods as usize],
            false => Vec::new(),
        };
        let of_pods: Vec<Vec<Sockets>> = sources.map(pods).collect();
        let any = of_pods.iter().any(|pods| !pods.is_empty());
        let sockets = system.pod_sockets();
        Self {
            most: sockets.map_or(u32::MAX, |sockets| sockets.local_ports),
            time_wait: sockets.map_or(SimDuration::ZERO, |sockets| sockets.time_wait),
            of_pods: if any { of_pods } else { Vec::new() },
        }
    }

    #[inline]
    fn of(&mut self, request: &Request) -> Option<&mut Sockets> {
        self.of_pods.get_mut(request.source)?.get_mut(request.draws.pod as usize)
    }

    /// A socket of the request's pod takes a local port; whether there was one.
    #[inline]
    pub(super) fn take(&mut self, request: &Request, now: SimTime) -> bool {
        let most = self.most;
        let Some(sockets) = self.of(request) else { return true };
        while sockets.ends.pop_due(now).is_some() {
            sockets.taken -= 1;
        }
        let any_left = sockets.taken < most;
        sockets.taken += u32::from(any_left);
        any_left
    }

    /// The socket is gone at `end`, without anything to wait for.
    #[inline]
    pub(super) fn leave_at(&mut self, request: &Request, end: SimTime) {
        if let Some(sockets) = self.of(request) {
            sockets.ends.push(end);
        }
    }

    /// The connection closes at `end`: after FIN the socket waits.
    #[inline]
    pub(super) fn close_at(&mut self, request: &Request, protocol: Protocol, end: SimTime) {
        let waits = protocol == Protocol::Tcp && request.draws.end == EndKind::Fin;
        let wait = if waits { self.time_wait } else { SimDuration::ZERO };
        self.leave_at(request, end + wait);
    }

    /// The pods of a source are no more; others may come in their place.
    pub(super) fn pods_end(&mut self, source: usize) {
        if let Some(pods) = self.of_pods.get_mut(source) {
            pods.fill(Sockets::default());
        }
    }
}
