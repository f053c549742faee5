//! What the sources of a pure loss system ask for, in blocks.

use super::super::draws::{hold_down, pick_end};
use super::super::observer::Flows;
use super::super::{Shard, Source, System, TrialKey};
use crate::flow::{EndKind, Protocol, SourceId};
use crate::outbound::Timers;
use crate::random::{Purpose, Stream};
use crate::snat::Holding;
use crate::time::{SimDuration, SimTime};
use crate::workload::arrivals::Poisson;
use crate::workload::{Ends, Law};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Flows that are drawn and told together: their times fit into the nearest cache.
const BLOCK: usize = 256;

/// What the sources ask for.
pub(super) struct Traffic<'a> {
    sources: Vec<LossSource<'a>>,
    /// The next flow of each source, where there are several.
    next: BinaryHeap<Reverse<(SimTime, u32)>>,
    scratch: Scratch,
}

/// Flows per second.
pub(super) fn rate_of(system: &System, source: &Source) -> f64 {
    system.workload(source).arrivals.mean_rate().unwrap_or(0.0) * source.share
}

struct LossSource<'a> {
    /// Its position in the shard.
    position: u32,
    times: Poisson,
    lifetime: &'a Law,
    lifetimes: Stream,
    ends: &'a Ends,
    end_draws: Stream,
    hold_downs: Stream,
    protocol: Protocol,
    timers: &'a Timers,
    /// What follows every lifetime, where that is always the same: silence, then hold-down.
    always: Option<(SimDuration, SimDuration)>,
}

impl<'a> LossSource<'a> {
    /// Nothing where nobody asks.
    fn new(system: &'a System, position: usize, id: SourceId, key: TrialKey) -> Option<Self> {
        let source = &system.sources[id.index()];
        let workload = system.workload(source);
        let stream = |purpose| key.stream(purpose, u64::from(id.0));
        let timers = &system.device_of(source).timers;
        Some(Self {
            position: position as u32,
            times: Poisson::new(rate_of(system, source), stream(Purpose::Arrivals))?,
            lifetime: &workload.lifetime,
            lifetimes: stream(Purpose::Lifetime),
            ends: &workload.ends,
            end_draws: stream(Purpose::End),
            hold_downs: stream(Purpose::HoldDown),
            protocol: system.protocol(source),
            timers,
            always: always(timers, system.protocol(source), &workload.ends),
        })
    }

    /// What a flow that asks at `time` would keep its port for.
    fn holding(&mut self, time: SimTime, lifetime: SimDuration) -> Holding {
        let end = pick_end(self.ends, &mut self.end_draws);
        let hold_down = hold_down(self.timers, self.protocol, end, &mut self.hold_downs);
        Holding::of(self.timers, self.protocol, (lifetime, end), hold_down, time)
    }

    /// The next flows, as far as they ask before `end`.
    fn draw(&mut self, flows: &mut Flows, scratch: &mut Scratch, end: SimTime) {
        let Scratch { draws, lifetimes } = scratch;
        flows.clear();
        flows.sources.push(self.position);
        flows.times.resize(BLOCK, SimTime::ZERO);
        self.times.next_times(draws, &mut flows.times);
        flows.times.truncate(flows.times.partition_point(|time| *time < end));
        let lifetimes = &mut lifetimes[..flows.times.len()];
        self.lifetime.sample_all(&mut self.lifetimes, &mut draws[..lifetimes.len()], lifetimes);
        let asked = flows.times.iter().zip(lifetimes);
        if let Some((silence, hold_down)) = self.always {
            flows.closes.extend(asked.map(|(time, lifetime)| *time + *lifetime + silence));
            flows.releases.extend(flows.closes.iter().map(|close| *close + hold_down));
            return;
        }
        for (time, lifetime) in asked {
            let holding = self.holding(*time, *lifetime);
            flows.closes.push(holding.close);
            flows.releases.push(holding.release);
        }
    }
}

/// What follows every lifetime, where that is always the same.
fn always(timers: &Timers, protocol: Protocol, ends: &Ends) -> Option<(SimDuration, SimDuration)> {
    let only = EndKind::ALL.into_iter().find(|end| ends.share(*end) == 1.0);
    let (silence, end) = match (protocol, only) {
        (Protocol::Udp, _) if timers.udp_stream_timeout.is_none() => (timers.udp_idle_timeout, EndKind::Fin),
        (Protocol::Tcp, Some(end @ (EndKind::Fin | EndKind::Rst))) => (SimDuration::ZERO, end),
        (Protocol::Tcp, Some(EndKind::Abandoned)) => (timers.idle_timeout?, EndKind::Abandoned),
        _ => return None,
    };
    match timers.hold_down(protocol, end) {
        None => Some((silence, SimDuration::ZERO)),
        Some(Law::Constant(hold_down)) => Some((silence, *hold_down)),
        Some(_) => None,
    }
}

/// Room for the numbers of a block.
struct Scratch {
    draws: Vec<f64>,
    lifetimes: Vec<SimDuration>,
}

impl<'a> Traffic<'a> {
    pub(super) fn new(system: &'a System, shard: &Shard, key: TrialKey) -> Self {
        let sources = shard.sources.iter().enumerate();
        let mut sources: Vec<LossSource<'a>> =
            sources.filter_map(|(position, id)| LossSource::new(system, position, *id, key)).collect();
        let next = match sources.len() {
            0 | 1 => BinaryHeap::new(),
            _ => (0..)
                .zip(&mut sources)
                .map(|(number, source)| Reverse((source.times.next_time(), number)))
                .collect(),
        };
        let scratch = Scratch { draws: vec![0.0; BLOCK], lifetimes: vec![SimDuration::ZERO; BLOCK] };
        Self { sources, next, scratch }
    }

    /// Whether every flow would keep its port for the same time.
    pub(super) fn all_keep_alike(&self) -> bool {
        let kept = |source: &LossSource<'_>| match (source.lifetime, source.always) {
            (Law::Constant(lifetime), Some((silence, hold_down))) => {
                Some(lifetime.plus(silence).plus(hold_down))
            }
            _ => None,
        };
        let first = self.sources.first().and_then(kept);
        first.is_some() && self.sources.iter().all(|source| kept(source) == first)
    }

    /// Draws the next block of flows that ask before `end`; whether there was one.
    pub(super) fn draw(&mut self, flows: &mut Flows, end: SimTime) -> bool {
        match self.sources.as_mut_slice() {
            [] => {}
            [source] => source.draw(flows, &mut self.scratch, end),
            _ => self.draw_from_several(flows, end),
        }
        !flows.is_empty()
    }

    fn draw_from_several(&mut self, flows: &mut Flows, end: SimTime) {
        flows.clear();
        while flows.len() < BLOCK
            && let Some(mut head) = self.next.peek_mut()
            && let Reverse((time, number)) = *head
            && time < end
        {
            let source = &mut self.sources[number as usize];
            *head = Reverse((source.times.next_time(), number));
            let lifetime = source.lifetime.sample(&mut source.lifetimes);
            flows.push(source.position, time, source.holding(time, lifetime));
        }
    }
}
