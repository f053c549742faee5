//! When the port of a flow comes free.

use super::connections::{Connection, State};
use super::observer::Observer;
use super::request::{Request, Syns};
use super::run::Run;
use crate::cluster::Departure;
use crate::flow::{EndKind, Protocol};
use crate::outbound::{HalfOpenFrom, IdleExpiry, Timers};
use crate::random::Purpose;
use crate::snat::{EndsBy, Holding, Rest};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Law, SynSchedule};

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
