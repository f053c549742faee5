//! What is drawn about a flow when it arrives, granted or not.

use super::{Source, System, TrialKey};
use crate::cluster::Departure;
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::{Partition, Timers};
use crate::random::{Purpose, Stream};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Ends, Packets};

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
    pub(super) fn again(
        self,
        system: &System,
        source: &Source,
        taking: &[u32],
        at: SimTime,
        stream: &mut Stream,
    ) -> Self {
        let workload = system.workload(source);
        let protocol = system.protocol(source);
        let unanswered = matches!(self.end, EndKind::HalfOpen | EndKind::Refused);
        let (lifetime, end) = match &workload.packets {
            None if workload.arrivals.is_recorded() => (self.lifetime, self.end),
            None => (self.lifetime, pick_end(&workload.ends, stream)),
            Some(packets) if unanswered => {
                let drawn = (self.lifetime, pick_end(&workload.ends, stream));
                until_silent(packets, system, source, drawn, stream.fork())
            }
            Some(_) => (self.lifetime, self.end),
        };
        // A slow answer stays slow: what a request takes was drawn when it was asked for.
        let (_, end) = troubled(system, source, at, (lifetime, end), stream);
        let hold_down = hold_down(&system.device_of(source).timers, protocol, end, stream);
        Self { lifetime, end, hold_down, row: pick_row(system, source, taking, stream), ..self }
    }
}

/// What changes of a source's surroundings.
#[derive(Clone)]
pub(super) struct Here {
    /// Pods on its node.
    pub pods: u32,
    /// Whether it matters which of them asks.
    pub tells_pods_apart: bool,
    /// The rows of its last stage that take flows.
    pub taking: Vec<u32>,
    /// When its node was last lost or made anew: what began before has ended.
    pub left: Option<SimTime>,
    /// How its node ended last.
    pub departure: Option<Departure>,
}

/// The random streams of one source.
#[derive(Clone)]
pub(super) struct SourceStreams {
    drawn: u64,
    lifetimes: Stream,
    ends: Stream,
    hold_downs: Stream,
    instances: Stream,
    pods: Stream,
    packets: Stream,
    troubles: Stream,
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
            troubles: stream(Purpose::Trouble),
        }
    }

    /// What follows is drawn from the streams of another key.
    pub(super) fn redraw(&mut self, source: SourceId, key: TrialKey) {
        *self = Self { drawn: self.drawn, ..Self::new(source, key) };
    }

    /// How many flows were drawn.
    #[inline]
    pub(super) fn drawn(&self) -> u64 {
        self.drawn
    }

    /// Draws what the flow of `arrival` is like.
    #[inline]
    pub(super) fn draw(
        &mut self,
        system: &System,
        source: &Source,
        here: &Here,
        arrival: &super::Arrival,
    ) -> FlowDraws {
        self.drawn += 1;
        let workload = system.workload(source);
        let (lifetime, end) = match arrival.recorded {
            Some(recorded) => recorded,
            None => (workload.lifetime.sample(&mut self.lifetimes), pick_end(&workload.ends, &mut self.ends)),
        };
        let (lifetime, end) = troubled(system, source, arrival.time, (lifetime, end), &mut self.troubles);
        let protocol = system.protocol(source);
        let (lifetime, end) = match &workload.packets {
            None => (lifetime, end),
            Some(packets) => {
                let draws = self.packets.fork();
                until_silent(packets, system, source, (lifetime, end), draws)
            }
        };
        let hold_down = hold_down(&system.device_of(source).timers, protocol, end, &mut self.hold_downs);
        let row = pick_row(system, source, &here.taking, &mut self.instances);
        let pod = match arrival.pod {
            Some(pod) => pod,
            None if here.tells_pods_apart => self.pods.below(u64::from(here.pods)) as u32,
            None => 0,
        };
        FlowDraws { lifetime, end, hold_down, row, pod, client: arrival.client }
    }
}

/// What a destination in trouble makes of a flow.
#[inline]
fn troubled(
    system: &System,
    source: &Source,
    time: SimTime,
    flow: (SimDuration, EndKind),
    draws: &mut Stream,
) -> (SimDuration, EndKind) {
    let destination = &system.destinations[source.destination.index()];
    if destination.troubles.is_empty() {
        return flow;
    }
    let origin = system.timing.origin;
    destination.troubled((time >= origin).then(|| time.since(origin)), flow, draws)
}

/// A device forgets a flow that is silent for too long, as it does one that its client abandons.
fn until_silent(
    packets: &Packets,
    system: &System,
    source: &Source,
    (lifetime, end): (SimDuration, EndKind),
    mut draws: Stream,
) -> (SimDuration, EndKind) {
    let protocol = system.protocol(source);
    let in_a_stage = |timers: &Timers, last: SimDuration| match (protocol, end) {
        (Protocol::Udp, _) => Some(timers.udp_silence(last)),
        (Protocol::Tcp, EndKind::HalfOpen | EndKind::Refused) => None,
        (Protocol::Tcp, _) => timers.idle_timeout,
    };
    let idle_timeout = |last: SimDuration| {
        source.hops.iter().filter_map(|hop| in_a_stage(&system.stage(hop.stage).timers, last)).min()
    };
    match packets.silent_from(lifetime, idle_timeout, &mut draws) {
        Some(last) => (last, EndKind::Abandoned),
        None => (lifetime, end),
    }
}

#[inline]
pub(super) fn pick_end(ends: &Ends, stream: &mut Stream) -> EndKind {
    if *ends == Ends::ALL_FIN { EndKind::Fin } else { ends.pick(stream.uniform()) }
}

/// Which instance's row the flow is hashed to, of those that take flows.
#[inline]
fn pick_row(system: &System, source: &Source, taking: &[u32], stream: &mut Stream) -> u32 {
    match system.device_of(source).partition {
        Partition::Instances if !source.hops.is_empty() => taking[stream.below(taking.len() as u64) as usize],
        _ => 0,
    }
}

#[inline]
pub(super) fn hold_down(
    timers: &Timers,
    protocol: Protocol,
    end: EndKind,
    stream: &mut Stream,
) -> SimDuration {
    timers.hold_down(protocol, end).map_or(SimDuration::ZERO, |law| law.sample(stream))
}
