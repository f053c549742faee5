//! A row that counts its ports instead of naming them.
//!
//! Where every port is alike, which one is taken changes no number. Public IPs are told apart where the device chooses
//! between them or a cap is counted per IP.

use super::full_spans::FullSpans;
use super::ip_choice::IpChooser;
use super::search::hits;
use super::{Asker, Caps, Holding, Picks, ReleaseQueue, RowStreams, Rules, Search, Slot, SnatFailure};
use crate::time::SimTime;

/// The ports of one public IP.
#[derive(Debug, Clone)]
struct Ports {
    total: u32,
    busy: u32,
    releases: ReleaseQueue,
    /// Ends of flows that still count as live; kept only under a cap, and tidied when it could bind.
    closes: ReleaseQueue,
    live: u32,
}

/// Ports by public IP, those that serve a flow or rest, and when each comes free.
///
/// Invariants: `busy <= total` on every IP; every busy port is in `releases` or is held open by its client.
#[derive(Debug, Clone)]
pub struct CountedRow {
    ips: Vec<Ports>,
    caps: Caps,
    tries: Option<(u32, Picks)>,
    chooser: IpChooser,
    full: FullSpans,
}

impl CountedRow {
    /// An empty row with `ports` on each public IP; `None` is unlimited.
    pub fn new(ports: &[Option<u32>], rules: &Rules, streams: RowStreams) -> Self {
        let empty = |total: &Option<u32>| Ports {
            total: total.unwrap_or(u32::MAX),
            busy: 0,
            releases: ReleaseQueue::default(),
            closes: ReleaseQueue::default(),
            live: 0,
        };
        let tries = match rules.search {
            Search::RandomTries { tries, picks } => Some((tries, picks)),
            _ => None,
        };
        let mut row = Self {
            ips: ports.iter().map(empty).collect(),
            caps: rules.caps,
            tries,
            chooser: IpChooser::new(&rules.ip_choice, ports.len(), streams),
            full: FullSpans::default(),
        };
        if row.is_full() {
            row.full.begin(SimTime::ZERO);
        }
        row
    }

    pub(super) fn redraw(&mut self, streams: RowStreams) {
        self.chooser.draws = streams.row;
    }

    pub(super) fn rebook(&mut self, held: impl Iterator<Item = (u32, Holding)>) {
        for ports in &mut self.ips {
            (ports.busy, ports.live) = (0, 0);
            (ports.releases, ports.closes) = Default::default();
        }
        for (ip, holding) in held {
            let ports = &mut self.ips[ip as usize];
            ports.busy += 1;
            ports.live += u32::from(self.caps.per_ip.is_some());
            self.keep_until(Slot { ip, ..Slot::default() }, holding);
        }
    }

    #[inline]
    pub(super) fn open(&mut self, now: SimTime, asker: &Asker) -> Result<Slot, SnatFailure> {
        self.free_due(now);
        let ip = match self.ips.len() {
            1 => self.only_ip(now, asker)?,
            _ => self.any_ip(now, asker)?,
        };
        if let Some((tries, picks)) = self.tries {
            let Ports { busy, total, .. } = self.ips[ip];
            if !hits(tries, picks, busy, total, &mut self.chooser.draws) {
                return Err(SnatFailure::SearchGaveUp);
            }
        }
        let ports = &mut self.ips[ip];
        ports.busy += 1 + asker.others;
        ports.live += u32::from(self.caps.per_ip.is_some());
        if ports.busy == ports.total && self.is_full() {
            self.full.begin(now);
        }
        Ok(Slot { ip: ip as u32, others: asker.others, ..Slot::default() })
    }

    #[inline]
    pub(super) fn keep_until(&mut self, slot: Slot, holding: Holding) {
        let Holding { close, release, .. } = holding;
        let ports = &mut self.ips[slot.ip as usize];
        ports.releases.push(release);
        (0..slot.others).for_each(|_| ports.releases.push(release));
        if self.caps.per_ip.is_some() {
            ports.closes.push(if self.caps.count_holds { release } else { close });
        }
    }

    pub(super) fn give_back(&mut self, slot: Slot, now: SimTime) {
        let ports = &mut self.ips[slot.ip as usize];
        ports.busy -= 1 + slot.others;
        ports.live -= u32::from(self.caps.per_ip.is_some());
        self.full.end(now);
    }

    pub(super) fn busy(&mut self, now: SimTime) -> u64 {
        self.free_due(now);
        self.ips.iter().map(|ports| u64::from(ports.busy)).sum()
    }

    pub(super) fn full_spans(mut self, end: SimTime) -> Vec<(SimTime, SimTime)> {
        self.free_due(end);
        self.full.until(end)
    }

    #[inline]
    fn free_due(&mut self, now: SimTime) {
        let mut first_release = None;
        for ports in &mut self.ips {
            while let Some(time) = ports.releases.pop_due(now) {
                ports.busy -= 1;
                first_release = Some(first_release.map_or(time, |first: SimTime| first.min(time)));
            }
        }
        if let Some(time) = first_release {
            self.full.end(time);
        }
    }

    fn is_without_ports(&self) -> bool {
        self.ips.iter().all(|ports| ports.total == 0)
    }

    fn is_full(&self) -> bool {
        self.ips.iter().all(|ports| ports.busy == ports.total)
    }

    #[inline]
    fn only_ip(&mut self, now: SimTime, asker: &Asker) -> Result<usize, SnatFailure> {
        let caps = self.caps;
        let ports = &mut self.ips[0];
        if ports.total - ports.busy <= asker.others {
            return Err(ports.none_free());
        }
        if ports.at_cap(caps, now) {
            return Err(SnatFailure::DestinationCap);
        }
        Ok(0)
    }

    pub(super) fn lacks_room(&mut self, now: SimTime, flows: u64, asker: &Asker) -> Option<SnatFailure> {
        self.free_due(now);
        let Room { free, legal } = self.room(now, asker);
        match () {
            () if free < flows && self.is_without_ports() => Some(SnatFailure::NoEgress),
            () if free < flows => Some(SnatFailure::NoFreePort),
            () if legal < flows => Some(SnatFailure::DestinationCap),
            () => None,
        }
    }

    fn room(&mut self, now: SimTime, asker: &Asker) -> Room {
        let caps = self.caps;
        let mut room = Room { free: 0, legal: 0 };
        for ports in &mut self.ips {
            let here = u64::from((ports.total - ports.busy) / (1 + asker.others));
            room.free += here;
            room.legal += here.min(ports.below_cap(caps, now));
        }
        room
    }

    fn any_ip(&mut self, now: SimTime, asker: &Asker) -> Result<usize, SnatFailure> {
        let Self { ips, caps, chooser, .. } = self;
        let legal = |ports: &mut Ports| ports.legal(*caps, now, asker);
        let chosen = chooser.choose(asker, ips.len(), |ip| legal(&mut ips[ip]));
        match chosen {
            Some(ip) if legal(&mut ips[ip]) > 0 => Ok(ip),
            _ => Err(self.why_none(chosen, asker)),
        }
    }

    /// Why the `chosen` public IP, or none at all, has no legal port.
    fn why_none(&self, chosen: Option<usize>, asker: &Asker) -> SnatFailure {
        let has_room = |ports: &Ports| ports.total - ports.busy > asker.others;
        match chosen {
            _ if self.is_without_ports() => SnatFailure::NoEgress,
            _ if !self.ips.iter().any(has_room) => SnatFailure::NoFreePort,
            Some(ip) if !has_room(&self.ips[ip]) => SnatFailure::SearchGaveUp,
            _ => SnatFailure::DestinationCap,
        }
    }
}

/// Flows that the free ports could serve, and how many of them the caps allow.
struct Room {
    free: u64,
    legal: u64,
}

impl Ports {
    /// Why there is no free port.
    fn none_free(&self) -> SnatFailure {
        if self.total == 0 { SnatFailure::NoEgress } else { SnatFailure::NoFreePort }
    }

    /// Free ports that may be taken.
    #[inline]
    fn legal(&mut self, caps: Caps, now: SimTime, asker: &Asker) -> u64 {
        let here = self.total - self.busy;
        if here <= asker.others || self.at_cap(caps, now) { 0 } else { u64::from(here) }
    }

    /// How many more live flows the cap allows.
    fn below_cap(&mut self, caps: Caps, now: SimTime) -> u64 {
        let Some(cap) = caps.per_ip else { return u64::MAX };
        self.forget_closed(now);
        u64::from(cap.saturating_sub(self.live))
    }

    fn forget_closed(&mut self, now: SimTime) {
        while self.closes.pop_due(now).is_some() {
            self.live -= 1;
        }
    }

    /// Whether no further live flow is allowed. Live flows are at most busy ports, so the ends are counted only
    /// when the cap could bind.
    #[inline]
    fn at_cap(&mut self, caps: Caps, now: SimTime) -> bool {
        let Some(cap) = caps.per_ip else { return false };
        if self.busy < cap && self.closes.len() < 2 * cap as usize {
            return false;
        }
        self.forget_closed(now);
        self.live >= cap
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    fn row(ports: &[Option<u32>], caps: Caps) -> CountedRow {
        let stream = Stream::new(1, 0, Purpose::PortChoice, 0);
        CountedRow::new(ports, &Rules::capped(caps), RowStreams::all_from(stream))
    }

    const ONE: &Asker = &Asker { node: 0, source: 0, destination: 0, others: 0 };

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn ports_come_free_before_anyone_asks() {
        let mut row = row(&[Some(1)], Caps::default());
        let slot = row.open(at(0), ONE).unwrap();
        row.keep_until(slot, Holding::until(at(2), at(5)));
        assert_eq!(row.open(at(4), ONE), Err(SnatFailure::NoFreePort));
        assert!(row.open(at(5), ONE).is_ok());
    }

    #[test]
    fn the_spans_without_a_free_port_are_exact() {
        let mut row = row(&[Some(2)], Caps::default());
        for (open, release) in [(0, 10), (3, 7), (8, 9)] {
            let slot = row.open(at(open), ONE).unwrap();
            row.keep_until(slot, Holding::until(at(release), at(release)));
        }
        assert_eq!(row.full_spans(at(20)), [(at(3), at(7)), (at(8), at(9))]);
    }

    #[test]
    fn a_cap_counts_live_flows_and_not_resting_ports() {
        let caps = Caps { per_ip: Some(2), count_holds: false };
        let mut row = row(&[Some(3)], caps);
        for _ in 0..2 {
            let slot = row.open(at(0), ONE).unwrap();
            row.keep_until(slot, Holding::until(at(5), at(100)));
        }
        assert_eq!(row.open(at(4), ONE), Err(SnatFailure::DestinationCap));
        assert!(row.open(at(5), ONE).is_ok());
        assert_eq!(row.open(at(6), ONE), Err(SnatFailure::NoFreePort));
    }

    #[test]
    fn a_batch_needs_room_below_the_ports_and_below_the_caps() {
        let mut row = row(&[Some(3), Some(3)], Caps { per_ip: Some(2), count_holds: false });
        let slot = row.open(at(0), ONE).unwrap();
        row.keep_until(slot, Holding::until(at(5), at(9)));
        assert_eq!(row.lacks_room(at(4), 3, ONE), None);
        assert_eq!(row.lacks_room(at(4), 4, ONE), Some(SnatFailure::DestinationCap));
        assert_eq!(row.lacks_room(at(4), 6, ONE), Some(SnatFailure::NoFreePort));
        assert_eq!(row.lacks_room(at(5), 4, ONE), None);
        assert_eq!(row.busy(at(5)), 1);
    }

    #[test]
    fn a_second_public_ip_serves_when_the_first_is_at_its_cap() {
        let caps = Caps { per_ip: Some(1), count_holds: true };
        let mut row = row(&[Some(5), Some(5)], caps);
        let mut used = [row.open(at(0), ONE).unwrap().ip, row.open(at(0), ONE).unwrap().ip];
        used.sort_unstable();
        assert_eq!(used, [0, 1]);
        assert_eq!(row.open(at(0), ONE), Err(SnatFailure::DestinationCap));
    }
}
