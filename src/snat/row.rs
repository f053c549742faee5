//! A row: a port pool seen towards one destination. The unit that fills up.
//!
//! Every search here is full and every port alike, so a row counts ports instead of naming them; the choice
//! policy would change no number. Only public IPs are told apart, where a cap is counted per IP.

use super::{ReleaseQueue, Slot, SnatFailure};
use crate::random::Stream;
use crate::time::SimTime;

/// Limits on live flows, below the number of ports.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caps {
    /// Live flows per public IP of the row.
    pub per_ip: Option<u32>,
    /// Whether resting ports count as live.
    pub count_holds: bool,
}

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
pub struct Row {
    ips: Vec<Ports>,
    caps: Caps,
    choice: Stream,
    full_since: Option<SimTime>,
    full_spans: Vec<(SimTime, SimTime)>,
}

impl Row {
    /// An empty row with `ports` on each public IP; `None` is unlimited.
    pub fn new(ports: &[Option<u32>], caps: Caps, choice: Stream) -> Self {
        let ips = ports
            .iter()
            .map(|total| Ports {
                total: total.unwrap_or(u32::MAX),
                busy: 0,
                releases: ReleaseQueue::default(),
                closes: ReleaseQueue::default(),
                live: 0,
            })
            .collect();
        let mut row = Self { ips, caps, choice, full_since: None, full_spans: Vec::new() };
        row.full_since = row.is_without_ports().then_some(SimTime::ZERO);
        row
    }

    /// Takes a port for a flow that asks at `now`.
    #[inline]
    pub fn open(&mut self, now: SimTime) -> Result<Slot, SnatFailure> {
        self.free_due(now);
        let ip = match self.ips.len() {
            1 => self.only_ip(now)?,
            _ => self.any_ip(now)?,
        };
        let ports = &mut self.ips[ip];
        ports.busy += 1;
        ports.live += u32::from(self.caps.per_ip.is_some());
        if ports.busy == ports.total && self.is_full() {
            self.full_since = Some(now);
        }
        Ok(Slot { ip: ip as u32, port: 0 })
    }

    /// The flow on `slot` is live until `close`; its port comes free at `release`.
    #[inline]
    pub fn keep_until(&mut self, slot: Slot, close: SimTime, release: SimTime) {
        let ports = &mut self.ips[slot.ip as usize];
        ports.releases.push(release);
        if self.caps.per_ip.is_some() {
            ports.closes.push(if self.caps.count_holds { release } else { close });
        }
    }

    /// Undoes a grant of this instant.
    pub fn give_back(&mut self, slot: Slot, now: SimTime) {
        let ports = &mut self.ips[slot.ip as usize];
        ports.busy -= 1;
        ports.live -= u32::from(self.caps.per_ip.is_some());
        self.full_since = self.full_since.filter(|since| *since != now);
    }

    /// Ports that serve a flow or rest at `now`.
    pub fn busy(&mut self, now: SimTime) -> u64 {
        self.free_due(now);
        self.ips.iter().map(|ports| u64::from(ports.busy)).sum()
    }

    /// Spans of time in which no port was free, up to `end`.
    pub fn full_spans(mut self, end: SimTime) -> Vec<(SimTime, SimTime)> {
        self.free_due(end);
        if let Some(since) = self.full_since {
            self.full_spans.push((since, end));
        }
        self.full_spans
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
        if let (Some(time), Some(_)) = (first_release, self.full_since) {
            self.no_longer_full(time);
        }
    }

    fn no_longer_full(&mut self, time: SimTime) {
        if let Some(since) = self.full_since.take() {
            self.full_spans.push((since, time));
        }
    }

    fn is_without_ports(&self) -> bool {
        self.ips.iter().all(|ports| ports.total == 0)
    }

    fn is_full(&self) -> bool {
        self.ips.iter().all(|ports| ports.busy == ports.total)
    }

    #[inline]
    fn only_ip(&mut self, now: SimTime) -> Result<usize, SnatFailure> {
        let caps = self.caps;
        let ports = &mut self.ips[0];
        if ports.busy == ports.total {
            return Err(ports.none_free());
        }
        if ports.at_cap(caps, now) {
            return Err(SnatFailure::DestinationCap);
        }
        Ok(0)
    }

    /// Why `flows` more flows would not all get a port at `now`, if they would not.
    pub fn lacks_room(&mut self, now: SimTime, flows: u64) -> Option<SnatFailure> {
        self.free_due(now);
        let Room { free, legal } = self.room(now);
        match () {
            () if free < flows && self.is_without_ports() => Some(SnatFailure::NoEgress),
            () if free < flows => Some(SnatFailure::NoFreePort),
            () if legal < flows => Some(SnatFailure::DestinationCap),
            () => None,
        }
    }

    fn room(&mut self, now: SimTime) -> Room {
        let caps = self.caps;
        let mut room = Room { free: 0, legal: 0 };
        for ports in &mut self.ips {
            let here = u64::from(ports.total - ports.busy);
            room.free += here;
            room.legal += here.min(ports.below_cap(caps, now));
        }
        room
    }

    /// Uniform over all legal (public IP, port) pairs.
    fn any_ip(&mut self, now: SimTime) -> Result<usize, SnatFailure> {
        let caps = self.caps;
        let mut legal = 0;
        let mut free = 0;
        for ports in &mut self.ips {
            let here = u64::from(ports.total - ports.busy);
            free += here;
            legal += if ports.at_cap(caps, now) { 0 } else { here };
        }
        if legal == 0 {
            return Err(if free == 0 { SnatFailure::NoFreePort } else { SnatFailure::DestinationCap });
        }
        let mut left = self.choice.below(legal);
        for (ip, ports) in self.ips.iter_mut().enumerate() {
            let here = u64::from(ports.total - ports.busy);
            let here = if ports.at_cap(caps, now) { 0 } else { here };
            if left < here {
                return Ok(ip);
            }
            left -= here;
        }
        Err(SnatFailure::NoFreePort)
    }
}

/// Ports that nobody has, and how many of them the caps allow to be taken.
struct Room {
    free: u64,
    legal: u64,
}

impl Ports {
    /// Why there is no free port.
    fn none_free(&self) -> SnatFailure {
        if self.total == 0 { SnatFailure::NoEgress } else { SnatFailure::NoFreePort }
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
    use crate::random::Purpose;

    fn row(ports: &[Option<u32>], caps: Caps) -> Row {
        Row::new(ports, caps, Stream::new(1, 0, Purpose::PortChoice, 0))
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn ports_come_free_before_anyone_asks() {
        let mut row = row(&[Some(1)], Caps::default());
        let slot = row.open(at(0)).unwrap();
        row.keep_until(slot, at(2), at(5));
        assert_eq!(row.open(at(4)), Err(SnatFailure::NoFreePort));
        assert!(row.open(at(5)).is_ok());
    }

    #[test]
    fn the_spans_without_a_free_port_are_exact() {
        let mut row = row(&[Some(2)], Caps::default());
        for (open, release) in [(0, 10), (3, 7), (8, 9)] {
            let slot = row.open(at(open)).unwrap();
            row.keep_until(slot, at(release), at(release));
        }
        assert_eq!(row.full_spans(at(20)), [(at(3), at(7)), (at(8), at(9))]);
    }

    #[test]
    fn a_cap_counts_live_flows_and_not_resting_ports() {
        let caps = Caps { per_ip: Some(2), count_holds: false };
        let mut row = row(&[Some(3)], caps);
        for _ in 0..2 {
            let slot = row.open(at(0)).unwrap();
            row.keep_until(slot, at(5), at(100));
        }
        assert_eq!(row.open(at(4)), Err(SnatFailure::DestinationCap));
        assert!(row.open(at(5)).is_ok());
        assert_eq!(row.open(at(6)), Err(SnatFailure::NoFreePort));
    }

    #[test]
    fn a_batch_needs_room_below_the_ports_and_below_the_caps() {
        let mut row = row(&[Some(3), Some(3)], Caps { per_ip: Some(2), count_holds: false });
        let slot = row.open(at(0)).unwrap();
        row.keep_until(slot, at(5), at(9));
        assert_eq!(row.lacks_room(at(4), 3), None);
        assert_eq!(row.lacks_room(at(4), 4), Some(SnatFailure::DestinationCap));
        assert_eq!(row.lacks_room(at(4), 6), Some(SnatFailure::NoFreePort));
        assert_eq!(row.lacks_room(at(5), 4), None);
        assert_eq!(row.busy(at(5)), 1);
    }

    #[test]
    fn a_second_public_ip_serves_when_the_first_is_at_its_cap() {
        let caps = Caps { per_ip: Some(1), count_holds: true };
        let mut row = row(&[Some(5), Some(5)], caps);
        let mut used = [row.open(at(0)).unwrap().ip, row.open(at(0)).unwrap().ip];
        used.sort_unstable();
        assert_eq!(used, [0, 1]);
        assert_eq!(row.open(at(0)), Err(SnatFailure::DestinationCap));
    }
}
