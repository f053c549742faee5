//! What is drawn about a flow when it arrives, and from that, when its port comes free.

use super::connections::{Connection, State};
use super::observer::Observer;
use super::request::{Request, Syns};
use super::run::Run;
use super::{Source, System, TrialKey};
use crate::cluster::Departure;
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::{HalfOpenFrom, IdleExpiry, Partition, Timers};
use crate::random::{Purpose, Stream};
use crate::snat::{EndsBy, Holding, Rest};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Ends, Law, Packets, SynSchedule};

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

/// What a port is at rest after a flow that ended like this.
fn rest_after(protocol: Protocol, end: EndKind) -> Rest {
    match (protocol, end) {
        (Protocol::Tcp, EndKind::Fin | EndKind::Rst) => Rest::MayBeTakenOver,
        _ => Rest::Undisturbed,
    }
}

/// What a flow that is answered ends by.
fn ends_by(protocol: Protocol, end: EndKind) -> EndsBy {
    match (protocol, end) {
        (Protocol::Udp, _) => EndsBy::UdpSilence,
        (Protocol::Tcp, EndKind::Abandoned) => EndsBy::Silence,
        (Protocol::Tcp, _) => EndsBy::Close,
    }
}

/// The idle timeout that takes a mapping first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Silence {
    /// The stage that has it, by its place in the path.
    pub stage: usize,
    pub timeout: SimDuration,
    pub expiry: IdleExpiry,
}

impl Holding {
    /// Of a flow granted at `now` whose end is known (not half-open), in a stage that is the only one, or where no
    /// other ends the flow.
    #[inline]
    pub(super) fn of(
        timers: &Timers,
        protocol: Protocol,
        (lifetime, end): (SimDuration, EndKind),
        hold_down: SimDuration,
        now: SimTime,
    ) -> Self {
        let close = match (protocol, end) {
            (Protocol::Udp, _) => now + lifetime + timers.udp_silence(lifetime),
            (Protocol::Tcp, EndKind::Refused) => now,
            (Protocol::Tcp, EndKind::Abandoned) => match timers.idle_timeout {
                Some(idle_timeout) => now + lifetime + idle_timeout,
                None => SimTime::NEVER,
            },
            (Protocol::Tcp, _) => now + lifetime,
        };
        let rest = rest_after(protocol, end);
        Self { close, release: close + hold_down, rest, by: ends_by(protocol, end) }
    }

    /// Of a SYN granted at `now` that is never answered: further SYNs meet the live mapping, and may keep it, as this one may
    /// keep one that would be gone at `until`; from `nearer` on they come by another port of a nearer stage. Also gives the number of
    /// the first resend that does not meet the mapping.
    pub(super) fn half_open(
        timers: &Timers,
        (schedule, phase): (&SynSchedule, SimDuration),
        syns: Syns,
        now: SimTime,
        (until, nearer): (Option<SimTime>, SimTime),
    ) -> (Self, usize) {
        let until = until.filter(|_| timers.half_open_from == HalfOpenFrom::FirstSyn);
        let mut gone = until.unwrap_or(now + timers.half_open);
        let mut next = syns.next_resend;
        while let Some(resend) = schedule.resend(syns.first, next, phase)
            && resend < gone.min(nearer)
        {
            if timers.half_open_from == HalfOpenFrom::LastSyn {
                gone = resend + timers.half_open;
            }
            next += 1;
        }
        (Self::unanswered_until(gone), next)
    }
}

impl<O: Observer> Run<'_, O> {
    /// When a flow granted at `now` leaves its port in a stage of its path.
    #[inline]
    pub(super) fn holding(&self, request: &Request, number: usize, now: SimTime) -> Holding {
        let local = &self.sources[request.source];
        let flow = &request.draws;
        let forgotten = local.protocol == Protocol::Tcp && flow.end == EndKind::Abandoned;
        if forgotten
            && local.hops.len() > 1
            && let Some(silence) = self.silence_of(request)
        {
            return self.expired_in(request, number, silence, now + flow.lifetime + silence.timeout);
        }
        let hold_down = self.hold_down_in(request, number, flow.end);
        Holding::of(
            &local.hops[number].stage.timers,
            local.protocol,
            (flow.lifetime, flow.end),
            hold_down,
            now,
        )
    }

    /// How long the flow's port rests in a stage of its path. The outbound device's is drawn with the flow.
    #[inline]
    pub(super) fn hold_down_in(&self, request: &Request, number: usize, end: EndKind) -> SimDuration {
        let local = &self.sources[request.source];
        if number + 1 == local.hops.len() && end == request.draws.end {
            return request.draws.hold_down;
        }
        match local.hops[number].stage.timers.hold_down(local.protocol, end) {
            None => SimDuration::ZERO,
            Some(Law::Constant(span)) => *span,
            Some(law) => {
                let id = self.shard.sources[request.source];
                let number = request.number << 2 | number as u64;
                law.sample(&mut self.key.stream_of_try(Purpose::HoldDown, id, number, request.failed_tries))
            }
        }
    }

    /// A datagram that a later stage refuses: nothing tells this one.
    pub(super) fn datagram_in(&self, request: &Request, number: usize) -> Holding {
        let local = &self.sources[request.source];
        let close = self.now + local.hops[number].stage.timers.udp_silence(SimDuration::ZERO);
        let hold_down = self.hold_down_in(request, number, request.draws.end);
        Holding { by: EndsBy::UdpSilence, ..Holding::until(close, close + hold_down) }
    }

    /// The client closes a kept-open connection now: how long its port rests in a stage of its path. Nothing tells a
    /// device that a UDP socket was closed: it waits for the silence after the last datagram.
    pub(super) fn closed_in(&self, connection: &Connection, number: usize) -> Holding {
        let local = &self.sources[connection.owner.source];
        let last = connection.last_used;
        let silence = local.hops[number].stage.timers.udp_silence(last.since(connection.opened));
        let close = match local.protocol {
            Protocol::Tcp => self.now,
            Protocol::Udp => self.now.max(last + silence),
        };
        let end = connection.owner.draws.end;
        let release = close + self.hold_down_in(&connection.owner, number, end);
        Holding { close, release, rest: rest_after(local.protocol, end), by: ends_by(local.protocol, end) }
    }

    /// The node of a kept-open connection ends now: how long its port rests in a stage of its path. A lost node closes nothing.
    pub(super) fn ended_in(&self, connection: &Connection, number: usize, how: Departure) -> Holding {
        let local = &self.sources[connection.owner.source];
        let timers = &local.hops[number].stage.timers;
        let holding = match (local.protocol, how) {
            (Protocol::Udp, _) => self.closed_in(connection, number),
            (Protocol::Tcp, Departure::Closes) => {
                let rest = timers.hold_down(Protocol::Tcp, EndKind::Fin).map_or(0.0, Law::longest_or_mean);
                Holding::until(self.now, self.now + SimDuration::from_secs_f64(rest))
            }
            (Protocol::Tcp, Departure::FallsSilent) => {
                let last = if connection.state == State::Idle { connection.last_used } else { self.now };
                Holding::silent_until(timers.idle_timeout.map_or(SimTime::NEVER, |silence| last + silence))
            }
        };
        Holding { by: EndsBy::NodeEnded, ..holding }
    }

    /// The idle timeout that takes the request's mapping first, if one ever does.
    pub(super) fn silence_of(&self, request: &Request) -> Option<Silence> {
        let local = &self.sources[request.source];
        let silences = local.hops.iter().enumerate().filter_map(|(stage, hop)| {
            let timers = &hop.stage.timers;
            let timeout = timers.idle_timeout(local.protocol)?;
            Some(Silence { stage, timeout, expiry: timers.idle_expiry })
        });
        silences.min_by_key(|silence| silence.timeout)
    }

    /// When the port of a stage comes free after `silence` took a mapping at `now`: a reset reaches every stage; of a
    /// silent loss the others know nothing.
    pub(super) fn expired_in(
        &self,
        request: &Request,
        number: usize,
        silence: Silence,
        now: SimTime,
    ) -> Holding {
        if number == silence.stage {
            return Holding::silent_until(now);
        }
        if silence.expiry == IdleExpiry::Reset {
            let hold_down = self.hold_down_in(request, number, EndKind::Rst);
            return Holding {
                close: now,
                release: now + hold_down,
                rest: rest_after(Protocol::Tcp, EndKind::Rst),
                by: EndsBy::Silence,
            };
        }
        let local = &self.sources[request.source];
        let close = match local.hops[number].stage.timers.idle_timeout(local.protocol) {
            Some(own) => now + own.less(silence.timeout),
            None => SimTime::NEVER,
        };
        Holding::silent_until(close)
    }
}
