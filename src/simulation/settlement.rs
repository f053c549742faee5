//! What is drawn about a flow when it arrives, and from that, when its port comes free.

use super::{Source, System, TrialKey};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::{HalfOpenFrom, Partition, Timers};
use crate::random::{Purpose, Stream};
use crate::snat::{Holding, Rest};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Ends, Packets, SynSchedule};

/// Everything about a flow that is drawn at its arrival, granted or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowDraws {
    /// How long it is in use once it has a port.
    pub lifetime: SimDuration,
    /// How it ends.
    pub end: EndKind,
    /// How long its port rests.
    pub hold_down: SimDuration,
    /// Which of its source's rows it meets.
    pub row: u32,
    /// Which pod of the node asks.
    pub pod: u32,
    /// The client of a closed loop that waits for it.
    pub client: Option<u32>,
}

impl FlowDraws {
    /// The same request's next flow: what belongs to the connection is drawn anew, unless it is recorded, or the flow
    /// would have been forgotten for its silence.
    pub(super) fn again(self, system: &System, source: &Source, stream: &mut Stream) -> Self {
        let workload = system.workload(source);
        let (timers, protocol) = (&system.egress.timers, system.protocol(source));
        let unanswered = matches!(self.end, EndKind::HalfOpen | EndKind::Refused);
        let (lifetime, end) = match &workload.packets {
            None if workload.arrivals.is_recorded() => (self.lifetime, self.end),
            None => (self.lifetime, pick_end(&workload.ends, stream)),
            Some(packets) if unanswered => {
                let drawn = (self.lifetime, pick_end(&workload.ends, stream));
                until_silent(packets, timers, protocol, drawn, stream.fork())
            }
            Some(_) => (self.lifetime, self.end),
        };
        let hold_down = hold_down(timers, protocol, end, stream);
        Self { lifetime, end, hold_down, row: pick_row(system, source, stream), ..self }
    }
}

/// The random streams of one source.
pub(super) struct SourceStreams {
    drawn: u64,
    lifetimes: Stream,
    ends: Stream,
    hold_downs: Stream,
    instances: Stream,
    pods: Stream,
    packets: Stream,
}

impl SourceStreams {
    pub(super) fn new(source: SourceId, key: TrialKey) -> Self {
        let stream = |purpose| key.stream(purpose, u64::from(source.0));
        Self {
            drawn: 0,
            lifetimes: stream(Purpose::Lifetime),
            ends: stream(Purpose::End),
            hold_downs: stream(Purpose::HoldDown),
            instances: stream(Purpose::Instance),
            pods: stream(Purpose::Pod),
            packets: stream(Purpose::Packets),
        }
    }

    /// How many flows were drawn.
    #[inline]
    pub(super) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Draws what the flow of `arrival` is like.
    #[inline]
    pub(super) fn draw(&mut self, system: &System, source: &Source, arrival: &super::Arrival) -> FlowDraws {
        self.drawn += 1;
        let workload = system.workload(source);
        let (lifetime, end) = match arrival.recorded {
            Some(recorded) => recorded,
            None => (workload.lifetime.sample(&mut self.lifetimes), pick_end(&workload.ends, &mut self.ends)),
        };
        let protocol = system.protocol(source);
        let (lifetime, end) = match &workload.packets {
            None => (lifetime, end),
            Some(packets) => {
                let draws = self.packets.fork();
                until_silent(packets, &system.egress.timers, protocol, (lifetime, end), draws)
            }
        };
        let hold_down = hold_down(&system.egress.timers, protocol, end, &mut self.hold_downs);
        let row = pick_row(system, source, &mut self.instances);
        let pod = match arrival.pod {
            Some(pod) => pod,
            None if workload.tells_pods_apart() || system.egress.rules.ip_choice.tells_pods_apart() => {
                self.pods.below(u64::from(source.pods)) as u32
            }
            None => 0,
        };
        FlowDraws { lifetime, end, hold_down, row, pod, client: arrival.client }
    }
}

/// The device forgets a flow that is silent for too long, as it does one that its client abandons.
fn until_silent(
    packets: &Packets,
    timers: &Timers,
    protocol: Protocol,
    (lifetime, end): (SimDuration, EndKind),
    mut draws: Stream,
) -> (SimDuration, EndKind) {
    let idle_timeout = match (protocol, end) {
        (Protocol::Udp, _) => Some(timers.udp_idle_timeout),
        (Protocol::Tcp, EndKind::HalfOpen | EndKind::Refused) => None,
        (Protocol::Tcp, _) => timers.idle_timeout,
    };
    match packets.silent_from(lifetime, idle_timeout, &mut draws) {
        Some(last) => (last, EndKind::Abandoned),
        None => (lifetime, end),
    }
}

#[inline]
fn pick_end(ends: &Ends, stream: &mut Stream) -> EndKind {
    if *ends == Ends::ALL_FIN { EndKind::Fin } else { ends.pick(stream.uniform()) }
}

/// Which instance's row the flow is hashed to.
#[inline]
fn pick_row(system: &System, source: &Source, stream: &mut Stream) -> u32 {
    match system.egress.partition {
        Partition::Instances => stream.below(source.rows.len() as u64) as u32,
        _ => 0,
    }
}

fn hold_down(timers: &Timers, protocol: Protocol, end: EndKind, stream: &mut Stream) -> SimDuration {
    match (protocol, end) {
        (Protocol::Udp, _) => timers.hold_down_udp.sample(stream),
        (Protocol::Tcp, EndKind::Fin) => timers.hold_down_fin.sample(stream),
        (Protocol::Tcp, EndKind::Rst | EndKind::Refused) => timers.hold_down_rst.sample(stream),
        (Protocol::Tcp, EndKind::Abandoned | EndKind::HalfOpen) => SimDuration::ZERO,
    }
}

/// What a port is at rest after a flow that ended like this.
pub(super) fn rest_after(protocol: Protocol, end: EndKind) -> Rest {
    match (protocol, end) {
        (Protocol::Tcp, EndKind::Fin | EndKind::Rst) => Rest::MayBeTakenOver,
        _ => Rest::Undisturbed,
    }
}

impl Holding {
    /// Of a flow granted at `now` whose end is known (not half-open).
    #[inline]
    pub(super) fn of(timers: &Timers, protocol: Protocol, flow: &FlowDraws, now: SimTime) -> Self {
        let close = match (protocol, flow.end) {
            (Protocol::Udp, _) => now + flow.lifetime + timers.udp_idle_timeout,
            (Protocol::Tcp, EndKind::Refused) => now,
            (Protocol::Tcp, EndKind::Abandoned) => match timers.idle_timeout {
                Some(idle_timeout) => now + flow.lifetime + idle_timeout,
                None => SimTime::NEVER,
            },
            (Protocol::Tcp, _) => now + flow.lifetime,
        };
        Self { close, release: close + flow.hold_down, rest: rest_after(protocol, flow.end) }
    }

    /// Of a SYN granted at `now` that is never answered: further SYNs meet the live mapping, and may keep it. Also
    /// gives the number of the first resend that finds the mapping gone.
    pub(super) fn half_open(
        timers: &Timers,
        syn: &SynSchedule,
        first: SimTime,
        now: SimTime,
        next_resend: usize,
    ) -> (Self, usize) {
        let mut gone = now + timers.half_open;
        let mut next = next_resend;
        while let Some(resend) = syn.resends.get(next).map(|resend| first + *resend)
            && resend < gone
        {
            if timers.half_open_from == HalfOpenFrom::LastSyn {
                gone = resend + timers.half_open;
            }
            next += 1;
        }
        (Self::until(gone, gone), next)
    }
}
