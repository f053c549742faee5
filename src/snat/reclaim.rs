//! Ports that a row loses or gets while it runs. What is lost takes its flows with it.

use super::grants::Grant;
use super::named_row::{NamedPorts, NamedRow};
use super::{Holding, Slot};
use crate::time::SimTime;

/// Which ports of a public IP go when it is left with fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reclaim {
    /// The highest that are there.
    #[default]
    Highest,
    /// The lowest that are there.
    Lowest,
    /// Any, each as likely.
    Random,
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

impl NamedRow {
    /// Changes the ports to so many on each public IP; gives the live flows that are cut off by it. Those and the ports at rest that went
    /// are told by [`super::Row::take_ended`] too. A public IP that comes stands behind the others; one that goes keeps its position.
    pub fn set_ports(&mut self, now: SimTime, ports: &[Option<u32>], reclaim: Reclaim) -> Vec<CutOff> {
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

    /// The live flows of a node end as `holding` says, if they would not have left their ports before; gives those flows.
    pub fn end_flows_of(&mut self, now: SimTime, node: u32, holding: Holding) -> Vec<CutOff> {
        self.free_due(now);
        let mut cut = Vec::new();
        for ip in 0..self.ips.len() as u32 {
            let grants = &self.ips[ip as usize].grants;
            let held: Vec<(u32, Grant)> =
                grants.ports().into_iter().filter_map(|port| Some((port, *grants.of_port(port)?))).collect();
            for (port, grant) in held {
                if grant.node != node || grant.holding.close <= now {
                    continue;
                }
                cut.push(CutOff { ip, port, grant: grant.number });
                if grant.holding.release > holding.release {
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

    fn take_away(&mut self, now: SimTime, ip: usize, count: u32, reclaim: Reclaim) -> Vec<CutOff> {
        let draws = &mut self.chooser.draws;
        let here = &mut self.ips[ip];
        let mut there: Vec<u32> = (0..here.map.total()).filter(|port| here.has(*port)).collect();
        let count = (count as usize).min(there.len());
        match reclaim {
            Reclaim::Highest => there.reverse(),
            Reclaim::Lowest => {}
            Reclaim::Random => {
                for place in 0..count {
                    let other = place + draws.below((there.len() - place) as u64) as usize;
                    there.swap(place, other);
                }
            }
        }
        let mut lost = Vec::new();
        for port in there.into_iter().take(count) {
            if here.map.is_free(port) {
                here.map.remove(port);
                continue;
            }
            if let Some(grant) = here.grants.of_port(port).filter(|grant| grant.holding.close > now) {
                lost.push(CutOff { ip: ip as u32, port, grant: grant.number });
            }
            self.ended.extend(here.grants.end(ip as u32, port, Some(now)));
            here.map.forget();
        }
        lost.sort_unstable();
        lost
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
