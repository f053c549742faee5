//! Ports that a row loses or gets while it runs. What is lost takes its flows with it.

use super::grants::Grant;
use super::named_row::{NamedPorts, NamedRow};
use super::{Holding, Slot};
use crate::random::Stream;
use crate::time::SimTime;

/// Which ports of a public IP go when it is left with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reclaim {
    /// The highest that are there.
    #[default]
    Highest,
    /// The lowest that are there.
    Lowest,
    /// Any aligned blocks of so many ports, each as likely.
    Random {
        /// Ports of a block; 1 is port by port.
        block: u32,
    },
    /// Those that nobody has, then those at rest, then any that serve a flow.
    IdleFirst,
}

/// A flow that a change of the cluster cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CutOff {
    /// Its public IP, by position in the row.
    pub ip: u32,
    /// Its port there.
    pub port: u32,
    /// Which grant of the port it had.
    pub grant: u32,
}

/// A flow, or a port at rest after it, that is over at another time than was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Which.
    pub flow: CutOff,
    /// Its node.
    pub node: u32,
    /// When it was to leave its port.
    pub said: Holding,
    /// When it does.
    pub now: Holding,
}

impl Changed {
    /// Whether its flow was live at `time`, when it changed.
    pub fn was_live(&self, time: SimTime) -> bool {
        self.said.close > time
    }
}

impl NamedRow {
    /// Changes the ports to so many on each public IP; gives what had those that went. It is told by
    /// [`super::Row::take_ended`] too. A public IP that comes stands behind the others; one that goes keeps its position.
    pub fn set_ports(&mut self, now: SimTime, ports: &[Option<u32>], reclaim: Reclaim) -> Vec<Changed> {
        self.free_due(now);
        let mut lost = Vec::new();
        while self.ips.len() < ports.len() {
            self.ips.push(NamedPorts::new(Some(0)));
        }
        for ip in 0..self.ips.len() {
            let to = ports.get(ip).copied().unwrap_or(Some(0));
            let there = self.ips[ip].map.free().saturating_add(self.ips[ip].map.busy());
            match to {
                Some(to) if to < there => lost.extend(self.take_away(now, ip, there - to, reclaim)),
                Some(to) => self.ips[ip].bring(to - there),
                None => {}
            }
        }
        self.note_full(now);
        if self.ips.iter().any(|ports| ports.map.free() > 0) {
            self.full.end(now);
        }
        lost
    }

    /// The live flows of a node end as `ending` says for it, of a flow since when it has its port and what was planned; gives those flows.
    pub fn end_flows_of(
        &mut self,
        now: SimTime,
        ending: impl Fn(u32, SimTime, Holding) -> Option<Holding>,
    ) -> Vec<Changed> {
        self.free_due(now);
        let mut cut = Vec::new();
        for ip in 0..self.ips.len() as u32 {
            let grants = &self.ips[ip as usize].grants;
            let held: Vec<(u32, Grant)> =
                grants.ports().into_iter().filter_map(|port| Some((port, *grants.of_port(port)?))).collect();
            for (port, grant) in held.into_iter().filter(|(_, grant)| grant.holding.close > now) {
                let Some(holding) = ending(grant.node, grant.start, grant.holding) else { continue };
                let flow = CutOff { ip, port, grant: grant.number };
                cut.push(Changed { flow, node: grant.node, said: grant.holding, now: holding });
                if grant.holding != holding {
                    self.keep_until(Slot { ip, port, grant: grant.number, others: 0 }, holding);
                }
            }
        }
        cut
    }

    pub(super) fn live(&mut self, now: SimTime) -> u64 {
        self.free_due(now);
        let live = |ports: &NamedPorts| {
            let held = ports.grants.ports().into_iter().filter_map(|port| ports.grants.of_port(port));
            held.filter(|grant| grant.holding.close > now).count() as u64
        };
        self.ips.iter().map(live).sum()
    }

    fn take_away(&mut self, now: SimTime, ip: usize, count: u32, reclaim: Reclaim) -> Vec<Changed> {
        let draws = &mut self.reclaims;
        let here = &mut self.ips[ip];
        let mut there: Vec<u32> = (0..here.map.total()).filter(|port| here.has(*port)).collect();
        let count = (count as usize).min(there.len());
        match reclaim {
            Reclaim::Highest => there.reverse(),
            Reclaim::Lowest => {}
            Reclaim::Random { block } => {
                let blocks = there.chunk_by(|one, other| one / block == other / block);
                let mut blocks: Vec<Vec<u32>> = blocks.map(<[u32]>::to_vec).collect();
                shuffle(&mut blocks, draws);
                there = blocks.concat();
            }
            Reclaim::IdleFirst => {
                shuffle(&mut there, draws);
                let live = |grant: &Grant| grant.holding.close > now;
                there.sort_by_key(|port| here.grants.of_port(*port).map(live));
            }
        }
        let mut lost = Vec::new();
        for port in there.into_iter().take(count) {
            if here.map.is_free(port) {
                here.map.remove(port);
                continue;
            }
            if let Some(Grant { number, node, holding: said, .. }) = here.grants.of_port(port).copied() {
                let flow = CutOff { ip: ip as u32, port, grant: number };
                lost.push(Changed { flow, node, said, now: Holding::until(said.close.min(now), now) });
            }
            self.ended.extend(here.grants.end(ip as u32, port, Some(now)));
            here.map.forget();
        }
        lost.sort_unstable_by_key(|lost| lost.flow);
        lost
    }
}

/// Every order as likely.
fn shuffle<T>(them: &mut [T], draws: &mut Stream) {
    for place in 0..them.len() {
        let other = place + draws.below((them.len() - place) as u64) as usize;
        them.swap(place, other);
    }
}

impl NamedPorts {
    /// Whether a port is there, free or not.
    fn has(&self, port: u32) -> bool {
        self.map.is_free(port) || self.grants.is_held(port)
    }

    /// `count` ports come or come back, lowest numbers first; those that are there stay as they are.
    fn bring(&mut self, count: u32) {
        let mut left = count;
        let mut port = 0;
        while left > 0 {
            self.map.reach(port + 1);
            if !self.has(port) {
                self.map.add(port);
                left -= 1;
            }
            port += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Asker, Ended, FirstIp, Identity, IpChoice, RowStreams, Rules, SnatFailure};
    use super::*;
    use crate::random::Purpose;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    const ANYONE: &Asker = &Asker { node: 0, source: 0, destination: 0, others: 0 };

    fn named(ports: &[Option<u32>], rules: &Rules) -> NamedRow {
        NamedRow::new(ports, rules, RowStreams::all_from(Stream::new(1, 0, Purpose::PortChoice, 0)))
    }

    fn lost(row: &mut NamedRow, now: u64, ports: &[Option<u32>], reclaim: Reclaim) -> Vec<(u32, u32)> {
        let live = |lost: &Changed| lost.was_live(at(now));
        let lost = row.set_ports(at(now), ports, reclaim).into_iter().filter(live);
        lost.map(|cut| (cut.flow.ip, cut.flow.port)).collect()
    }

    #[test]
    fn ports_that_go_away_take_their_flows_along_and_stay_away() {
        let mut row = named(&[Some(4)], &Rules::default());
        let slots = [0, 1, 2].map(|_| row.open(at(0), ANYONE).unwrap());
        for slot in slots {
            row.keep_until(slot, Holding::until(at(10), at(20)));
        }
        assert_eq!(lost(&mut row, 5, &[Some(2)], Reclaim::Highest), [(0, 2)]);
        let ended: Vec<Ended> = row.take_ended().collect();
        assert_eq!(ended, [Ended { slot: slots[2], start: at(0), close: at(5), release: at(5) }]);
        assert_eq!(row.busy(at(5)), 2);
        assert_eq!(row.open(at(6), ANYONE), Err(SnatFailure::NoFreePort));
        assert_eq!(lost(&mut row, 15, &[Some(1)], Reclaim::Lowest), [], "it only rested");
        assert_eq!(row.busy(at(20)), 0);
        assert_eq!(row.take_ended().count(), 2);
        assert_eq!(row.open(at(20), ANYONE).unwrap().port, 1);
        assert!(row.open(at(21), ANYONE).is_err());
        assert_eq!(lost(&mut row, 22, &[Some(5)], Reclaim::Highest), []);
        assert_eq!([0; 4].map(|_| row.open(at(22), ANYONE).unwrap().port), [0, 2, 3, 4]);
        assert_eq!(row.full_spans(at(30)), [(at(5), at(20)), (at(20), at(22)), (at(22), at(30))]);
    }

    #[test]
    fn public_ips_come_and_go() {
        let ip_choice = IpChoice::Sticky(FirstIp::First);
        let mut row = named(&[Some(1)], &Rules { ip_choice, ..Rules::default() });
        row.open(at(0), ANYONE).unwrap();
        assert!(row.open(at(0), ANYONE).is_err());
        assert_eq!(lost(&mut row, 1, &[Some(1), Some(2)], Reclaim::Highest), []);
        assert_eq!(row.open(at(1), ANYONE).unwrap().ip, 1);
        assert_eq!(lost(&mut row, 2, &[Some(0), Some(2)], Reclaim::Highest), [(0, 0)]);
        assert_eq!(row.open(at(2), ANYONE).unwrap().ip, 1);
        assert_eq!(row.open(at(2), ANYONE), Err(SnatFailure::NoFreePort));
    }

    #[test]
    fn random_ports_go_each_as_likely() {
        let mut of_port = [0; 4];
        for seed in 0..4_000 {
            let streams = RowStreams::all_from(Stream::new(seed, 0, Purpose::PortChoice, 0));
            let rules = Rules { identity: Identity::Always, ..Rules::default() };
            let mut row = NamedRow::new(&[Some(4)], &rules, streams);
            assert!((0..4).all(|_| row.open(at(0), ANYONE).is_ok()));
            for (_, port) in lost(&mut row, 1, &[Some(3)], Reclaim::Random { block: 1 }) {
                of_port[port as usize] += 1;
            }
        }
        assert!(of_port.iter().all(|lost| (900..1_100).contains(lost)), "{of_port:?}");
    }

    #[test]
    fn whole_blocks_go_where_ports_go_by_blocks() {
        let rules = Rules { identity: Identity::Always, ..Rules::default() };
        let mut of_block = [0; 4];
        for seed in 0..400 {
            let streams = RowStreams::all_from(Stream::new(seed, 0, Purpose::PortChoice, 0));
            let mut row = NamedRow::new(&[Some(32)], &rules, streams);
            assert!((0..32).all(|_| row.open(at(0), ANYONE).is_ok()));
            let mut ports: Vec<u32> = lost(&mut row, 1, &[Some(16)], Reclaim::Random { block: 8 })
                .into_iter()
                .map(|(_, port)| port)
                .collect();
            ports.sort_unstable();
            let blocks: Vec<u32> = ports.iter().step_by(8).map(|port| port / 8).collect();
            let whole = blocks.iter().flat_map(|block| 8 * block..8 * block + 8);
            assert_eq!(ports, whole.collect::<Vec<u32>>());
            blocks.iter().for_each(|block| of_block[*block as usize] += 1);
        }
        assert!(of_block.iter().all(|lost| (150..250).contains(lost)), "{of_block:?} of 400 times a half");
    }

    #[test]
    fn ports_that_nobody_has_go_first_and_those_that_serve_last() {
        let mut row = named(&[Some(6)], &Rules::default());
        let slots = [0, 1, 2, 3].map(|_| row.open(at(0), ANYONE).unwrap());
        for (slot, close) in slots.iter().zip([9, 2, 9, 2]) {
            row.keep_until(*slot, Holding::until(at(close), at(20)));
        }
        assert_eq!(lost(&mut row, 5, &[Some(4)], Reclaim::IdleFirst), [], "the two that are free");
        assert_eq!(lost(&mut row, 5, &[Some(2)], Reclaim::IdleFirst), [], "the two at rest");
        assert_eq!(lost(&mut row, 5, &[Some(1)], Reclaim::IdleFirst).len(), 1);
        assert_eq!(row.busy(at(5)), 1);
    }

    #[test]
    fn what_a_silent_node_held_comes_free_by_silence() {
        let mut row = named(&[Some(3)], &Rules::default());
        let here = &Asker { node: 7, ..*ANYONE };
        let slots =
            [row.open(at(0), here), row.open(at(0), here), row.open(at(0), ANYONE)].map(Result::unwrap);
        for (slot, close) in slots.iter().zip([3, 90, 90]) {
            row.keep_until(*slot, Holding::until(at(close), at(100)));
        }
        let silent =
            row.end_flows_of(at(5), |node, _, _| (node == 7).then_some(Holding::silent_until(at(15))));
        assert_eq!(silent.iter().map(|cut| cut.flow.port).collect::<Vec<_>>(), [1], "the first only rests");
        assert_eq!(row.busy(at(14)), 3);
        assert_eq!(row.busy(at(15)), 2);
        assert_eq!(row.busy(at(99)), 2);
    }
}
