//! A row that knows which of its ports are busy, and by whom: for a search that looks at some of them only, and for
//! ports that are taken over or taken away.

use super::full_spans::FullSpans;
use super::grants::Grants;
use super::ip_choice::IpChooser;
use super::port_map::PortMap;
use super::{Asker, Ended, Holding, RowStreams, Rules, Search, Slot, SnatFailure, TakeOver};
use crate::random::Stream;
use crate::time::SimTime;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The flow no longer counts towards the cap.
    Close,
    /// The port comes free.
    Release,
}

type DueEntry = (SimTime, Due, u32, u32, u32);

/// The ports of one public IP.
#[derive(Debug, Clone)]
pub(super) struct NamedPorts {
    pub map: PortMap,
    pub grants: Grants,
}

/// Named ports by public IP.
///
/// Invariant: a port is busy in its map from its grant until its holding is told to be over.
#[derive(Debug, Clone)]
pub struct NamedRow {
    pub(super) ips: Vec<NamedPorts>,
    rules: Rules,
    pub(super) chooser: IpChooser,
    /// For ports that are taken away: the same for all rows of a port pool.
    pub(super) reclaims: Stream,
    /// By time; then what, public IP, port, saying.
    due: BinaryHeap<Reverse<DueEntry>>,
    pub(super) ended: Vec<Ended>,
    pub(super) full: FullSpans,
}

impl NamedPorts {
    pub(super) fn new(ports: Option<u32>) -> Self {
        Self { map: PortMap::new(ports), grants: Grants::of(ports) }
    }

    fn is_at(&self, cap: Option<u32>) -> bool {
        cap.is_some_and(|cap| self.grants.live() >= cap)
    }

    /// Free ports that the cap allows to be taken.
    fn legal(&self, cap: Option<u32>) -> u64 {
        if self.is_at(cap) { 0 } else { u64::from(self.map.free()) }
    }
}

impl NamedRow {
    /// An empty row with `ports` on each public IP; `None` is unlimited.
    pub fn new(ports: &[Option<u32>], rules: &Rules, streams: RowStreams) -> Self {
        let reclaims = streams.pool.clone().fork();
        let mut row = Self {
            reclaims,
            ips: ports.iter().map(|ports| NamedPorts::new(*ports)).collect(),
            rules: rules.clone(),
            chooser: IpChooser::new(&rules.ip_choice, ports.len(), streams),
            due: BinaryHeap::new(),
            ended: Vec::new(),
            full: FullSpans::default(),
        };
        row.note_full(SimTime::ZERO);
        row
    }

    pub(super) fn open(&mut self, now: SimTime, asker: &Asker) -> Result<Slot, SnatFailure> {
        self.free_due(now);
        let ip = self.choose_ip(asker)?;
        let sequence = self.sequence();
        let port = self.find(ip, sequence, now).ok_or_else(|| self.why_none())?;
        Ok(self.grant(ip, port, asker, sequence, now))
    }

    /// Grants a port, which whoever holds it loses.
    pub(super) fn grant(&mut self, ip: usize, port: u32, asker: &Asker, sequence: u32, now: SimTime) -> Slot {
        let ports = &mut self.ips[ip];
        if ports.map.is_free(port) {
            ports.map.take(port);
        } else {
            self.ended.extend(ports.grants.end(ip as u32, port, Some(now)));
        }
        let grant = ports.grants.grant(port, asker.node, sequence, now);
        self.note_full(now);
        Slot { ip: ip as u32, port, grant, others: 0 }
    }

    /// Whether a public IP may have no more flows.
    pub(super) fn is_at_cap(&self, ip: usize) -> bool {
        self.ips[ip].is_at(self.rules.caps.per_ip)
    }

    pub(super) fn search(&self) -> Search {
        self.rules.search
    }

    fn choose_ip(&mut self, asker: &Asker) -> Result<usize, SnatFailure> {
        let (ips, cap) = (&self.ips, self.rules.caps.per_ip);
        let chosen = match ips.len() {
            0 => None,
            1 => Some(0),
            several => self.chooser.choose(asker, several, |ip| ips[ip].legal(cap)),
        };
        let below_cap = || ips.iter().position(|ports| !ports.is_at(cap));
        let ip = match (chosen, self.rules.take_over) {
            (None, TakeOver::AfterClose) => below_cap(),
            _ => chosen,
        };
        match ip {
            Some(ip) if !self.ips[ip].is_at(cap) => Ok(ip),
            Some(ip) if self.ips[ip].map.free() > 0 => Err(SnatFailure::DestinationCap),
            None if self.free() > 0 => Err(SnatFailure::DestinationCap),
            _ => Err(self.why_none()),
        }
    }

    /// The first sequence number of a flow that asks.
    fn sequence(&mut self) -> u32 {
        match self.rules.take_over {
            TakeOver::AfterClose => self.chooser.draws.below(1 << u32::BITS) as u32,
            TakeOver::Never => 0,
        }
    }

    fn find(&mut self, ip: usize, sequence: u32, now: SimTime) -> Option<u32> {
        let Self { ips, rules, chooser, .. } = self;
        let NamedPorts { map, grants } = &ips[ip];
        if let Some(own) = own_port(rules, chooser).filter(|port| map.is_free(*port)) {
            return Some(own);
        }
        let takes_over = rules.take_over == TakeOver::AfterClose;
        if map.free() == 0 && !takes_over {
            return None;
        }
        let may_take = |port: u32| takes_over && grants.yields(port, sequence, now);
        rules.search.find(map, grants.last(), &mut chooser.draws, may_take)
    }

    pub(super) fn why_none(&self) -> SnatFailure {
        match self.free() {
            0 if self.ips.iter().all(|ports| ports.map.total() == 0) => SnatFailure::NoEgress,
            0 => SnatFailure::NoFreePort,
            // Those that are free rest towards another destination.
            _ if self.rules.in_common.is_some() => SnatFailure::NoFreePort,
            _ => SnatFailure::SearchGaveUp,
        }
    }

    /// Whether the slot is still the flow's; what is said of another is void.
    pub(super) fn keep_until(&mut self, slot: Slot, holding: Holding) -> bool {
        let Slot { ip, port, grant, .. } = slot;
        let Some(saying) = self.ips[ip as usize].grants.say(port, grant, holding) else { return false };
        let caps = self.rules.caps;
        if caps.per_ip.is_some() && !caps.count_holds {
            self.due.push(Reverse((holding.close, Due::Close, ip, port, saying)));
        }
        self.due.push(Reverse((holding.release, Due::Release, ip, port, saying)));
        true
    }

    pub(super) fn give_back(&mut self, slot: Slot, now: SimTime) {
        let ports = &mut self.ips[slot.ip as usize];
        ports.grants.end(slot.ip, slot.port, Some(now));
        ports.map.give(slot.port);
        self.full.end(now);
    }

    pub(super) fn busy(&mut self, now: SimTime) -> u64 {
        self.free_due(now);
        self.ips.iter().map(|ports| u64::from(ports.map.busy())).sum()
    }

    pub(super) fn lacks_room(&mut self, now: SimTime, flows: u64) -> Option<SnatFailure> {
        self.free_due(now);
        let cap = self.rules.caps.per_ip;
        let below_cap = |live: u32| cap.map_or(u64::MAX, |cap| u64::from(cap.saturating_sub(live)));
        let legal =
            self.ips.iter().map(|ports| u64::from(ports.map.free()).min(below_cap(ports.grants.live())));
        match () {
            () if self.free() < flows && self.ips.iter().all(|ports| ports.map.total() == 0) => {
                Some(SnatFailure::NoEgress)
            }
            () if self.free() < flows => Some(SnatFailure::NoFreePort),
            () if legal.sum::<u64>() < flows => Some(SnatFailure::DestinationCap),
            () => None,
        }
    }

    pub(super) fn take_ended(&mut self) -> impl Iterator<Item = Ended> + '_ {
        self.ended.drain(..)
    }

    pub(super) fn end_all(&mut self) {
        self.due.clear();
        for (ip, ports) in self.ips.iter_mut().enumerate() {
            let ends =
                ports.grants.ports().into_iter().filter_map(|port| ports.grants.end(ip as u32, port, None));
            self.ended.extend(ends);
        }
    }

    pub(super) fn full_spans(self, end: SimTime) -> Vec<(SimTime, SimTime)> {
        self.full.until(end)
    }

    /// Ports that nobody has.
    fn free(&self) -> u64 {
        self.ips.iter().map(|ports| u64::from(ports.map.free())).sum()
    }

    pub(super) fn note_full(&mut self, now: SimTime) {
        if self.ips.iter().all(|ports| ports.map.free() == 0) {
            self.full.begin(now);
        }
    }

    pub(super) fn free_due(&mut self, now: SimTime) {
        while let Some(Reverse((time, due, ip, port, saying))) = self.due.peek().copied()
            && time <= now
        {
            self.due.pop();
            let ports = &mut self.ips[ip as usize];
            match due {
                Due::Close => ports.grants.close(port, saying),
                Due::Release if ports.grants.stands(port, saying) => {
                    self.ended.extend(ports.grants.end(ip, port, Some(time)));
                    ports.map.give(port);
                    self.full.end(time);
                }
                Due::Release => {}
            }
        }
    }
}

/// The flow's own source port, where it has one that this device has too.
fn own_port(rules: &Rules, chooser: &mut IpChooser) -> Option<u32> {
    let local = rules.local_ports.filter(|_| rules.search.begins_with_own_port())?;
    let own = local.first + chooser.draws.below(u64::from(local.last - local.first) + 1) as u32;
    own.checked_sub(rules.first_port)
}

#[cfg(test)]
mod tests {
    use super::super::{Identity, PortNumbers, Rest, Row};
    use super::*;
    use crate::random::Purpose;

    fn row(ports: &[Option<u32>], rules: &Rules) -> Row {
        let rules = Rules { identity: Identity::Always, ..rules.clone() };
        Row::new(ports, &rules, RowStreams::all_from(Stream::new(1, 0, Purpose::PortChoice, 0)))
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    const ANYONE: &Asker = &Asker { node: 0, source: 0, destination: 0, others: 0 };

    fn linux(take_over: TakeOver) -> Rules {
        Rules { search: Search::Linux, take_over, ..Rules::default() }
    }

    #[test]
    fn an_end_is_told_when_it_comes_and_not_before() {
        let mut row = row(&[Some(2)], &Rules::default());
        let slot = row.open(at(0), ANYONE).unwrap();
        row.keep_until(slot, Holding::until(at(3), at(5)));
        assert_eq!(row.busy(at(4)), 1);
        assert_eq!(row.take_ended().count(), 0);
        assert_eq!(row.busy(at(5)), 0);
        let ended: Vec<Ended> = row.take_ended().collect();
        assert_eq!(ended, [Ended { slot, start: at(0), close: at(3), release: at(5) }]);
        assert_eq!(row.take_ended().count(), 0);
    }

    #[test]
    fn what_is_said_last_of_an_end_counts() {
        let mut row = row(&[Some(1)], &Rules::default());
        let slot = row.open(at(0), ANYONE).unwrap();
        row.keep_until(slot, Holding::until(at(3), at(3)));
        row.keep_until(slot, Holding::until(at(8), at(9)));
        assert_eq!(row.open(at(4), ANYONE), Err(SnatFailure::NoFreePort));
        let next = row.open(at(9), ANYONE).unwrap();
        assert_eq!((next.port, next.grant), (0, slot.grant + 1));
        row.keep_until(slot, Holding::until(at(10), at(10)));
        assert_eq!(row.open(at(11), ANYONE), Err(SnatFailure::NoFreePort), "the first flow no longer has it");
    }

    #[test]
    fn what_is_held_at_the_end_is_told_as_planned() {
        let mut row = row(&[Some(2)], &Rules::default());
        let planned = row.open(at(0), ANYONE).unwrap();
        row.keep_until(planned, Holding::until(at(30), at(50)));
        row.open(at(1), ANYONE).unwrap();
        row.end_all();
        let releases: Vec<SimTime> = row.take_ended().map(|ended| ended.release).collect();
        assert_eq!(releases, [at(50), SimTime::NEVER]);
    }

    /// In order of public IP and port.
    #[test]
    fn what_is_held_at_the_end_is_told_in_order() {
        let rules = Rules { search: Search::Random, ..Rules::default() };
        let mut row = row(&[Some(5_000), Some(5_000)], &rules);
        (0..300).for_each(|second| assert!(row.open(at(second), ANYONE).is_ok()));
        row.end_all();
        let told: Vec<(u32, u32)> = row.take_ended().map(|ended| (ended.slot.ip, ended.slot.port)).collect();
        assert_eq!(told.len(), 300);
        assert!(told.is_sorted() && told[0].0 == 0 && told[299].0 == 1);
    }

    #[test]
    fn a_port_given_back_was_never_taken() {
        let caps = super::super::Caps { per_ip: Some(1), count_holds: false };
        let mut row = row(&[Some(1)], &Rules::capped(caps));
        let slot = row.open(at(2), ANYONE).unwrap();
        row.give_back(slot, at(2));
        assert_eq!(row.take_ended().count(), 0);
        assert_eq!(row.busy(at(2)), 0);
        assert!(row.open(at(2), ANYONE).is_ok());
        assert_eq!(row.full_spans(at(5)), [(at(2), at(5))]);
    }

    #[test]
    fn only_a_closed_port_is_taken_over() {
        let mut row = row(&[Some(1)], &linux(TakeOver::AfterClose));
        let slot = row.open(at(0), ANYONE).unwrap();
        row.keep_until(slot, Holding { rest: Rest::MayBeTakenOver, ..Holding::until(at(5), at(1_000)) });
        let refused = (0..5).filter(|second| row.open(at(*second), ANYONE).is_err()).count();
        assert_eq!(refused, 5, "it still serves its flow");
        let taken = (5..100).find_map(|second| row.open(at(second), ANYONE).ok()).unwrap();
        assert_eq!((taken.port, taken.grant), (slot.port, slot.grant + 1));
        let ended: Vec<Ended> = row.take_ended().collect();
        assert_eq!((ended.len(), ended[0].close), (1, at(5)));
        assert!(ended[0].release < at(100));
        row.keep_until(taken, Holding::until(at(200), at(900)));
        assert!((200..300).all(|second| row.open(at(second), ANYONE).is_err()), "it rests undisturbed");
    }

    /// The sequence numbers allow it for half of the pairs.
    #[test]
    fn take_over_is_a_fair_coin() {
        let mut taken = 0;
        for seed in 0..2_000 {
            let streams = RowStreams::all_from(Stream::new(seed, 0, Purpose::PortChoice, 0));
            let mut row = Row::new(&[Some(1)], &linux(TakeOver::AfterClose), streams);
            let slot = row.open(at(0), ANYONE).unwrap();
            row.keep_until(slot, Holding { rest: Rest::MayBeTakenOver, ..Holding::until(at(1), at(9)) });
            taken += u32::from(row.open(at(2), ANYONE).is_ok());
        }
        assert!((900..1_100).contains(&taken), "{taken} of 2000");
    }

    #[test]
    fn a_flow_keeps_its_own_source_port_where_it_is_free() {
        let local_ports = Some(PortNumbers { first: 5_000, last: 5_000 });
        let mut row = row(&[Some(64)], &Rules { local_ports, first_port: 4_990, ..linux(TakeOver::Never) });
        assert_eq!(row.open(at(0), ANYONE).unwrap().port, 10);
        assert_ne!(row.open(at(0), ANYONE).unwrap().port, 10);
    }

    #[test]
    fn a_search_that_gives_up_is_told_from_a_full_row() {
        let rules = Rules { search: Search::SequentialTries { tries: 1 }, ..Rules::default() };
        let mut row = row(&[Some(100)], &rules);
        let mut outcomes: Vec<_> = (0..10_000).map(|_| row.open(at(0), ANYONE).err()).collect();
        outcomes.dedup();
        assert!(outcomes.contains(&Some(SnatFailure::SearchGaveUp)));
        assert_eq!(outcomes.last(), Some(&Some(SnatFailure::NoFreePort)));
        assert_eq!(row.busy(at(0)), 100);
    }
}
