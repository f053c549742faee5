//! Ports that are one and the same towards every destination, so that rows of a port pool look at each other.
//!
//! Where a port rests for its own destination only, that changes no count: it decides which ports are used, and so how many
//! different ones. Where a port at rest serves nobody, a row may be without a port that has free ones.

use super::named_row::{NamedPorts, NamedRow};
use super::{Asker, Row, Search, Slot, SnatFailure};
use crate::time::SimTime;

/// Whom a port at rest does not serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HoldScope {
    /// The destination of the flow that ended.
    #[default]
    Destination,
    /// Anybody.
    Port,
}

/// Which ports are tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// Those in use towards other destinations.
    #[default]
    InUseFirst,
    /// Those that nobody uses.
    FreshFirst,
}

/// What the rows of a port pool do with its ports together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InCommon {
    /// Whom a port at rest does not serve.
    pub hold_scope: HoldScope,
    /// Which ports are tried first.
    pub reuse: Reuse,
}

/// What other rows do with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Elsewhere {
    #[default]
    Nothing,
    Serves,
    Rests,
}

/// What the other rows of a port pool do with its ports, by public IP and port.
#[derive(Debug, Clone, Default)]
pub struct OtherRows {
    by_ip: Vec<Vec<Elsewhere>>,
}

impl OtherRows {
    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.by_ip.iter_mut().for_each(Vec::clear);
    }

    /// Looks at another row, whose ports must have come free up to `now`.
    pub fn look_at(&mut self, row: &Row, now: SimTime) {
        let Row::Named(row) = row else { return };
        self.by_ip.resize_with(row.ips.len().max(self.by_ip.len()), Vec::new);
        for (ports, here) in row.ips.iter().zip(&mut self.by_ip) {
            for (port, grant) in ports.grants.held() {
                here.resize(here.len().max(port as usize + 1), Elsewhere::Nothing);
                let does = if grant.holding.close > now { Elsewhere::Serves } else { Elsewhere::Rests };
                here[port as usize] = here[port as usize].max(does);
            }
        }
    }

    fn does(&self, ip: usize, port: u32) -> Elsewhere {
        let of_ip = self.by_ip.get(ip).and_then(|ports| ports.get(port as usize));
        of_ip.copied().unwrap_or_default()
    }
}

impl NamedRow {
    /// As [`Row::open`], of a row that has its ports in common with others.
    pub fn open_beside(
        &mut self,
        now: SimTime,
        asker: &Asker,
        others: &OtherRows,
        rules: InCommon,
    ) -> Result<Slot, SnatFailure> {
        self.free_due(now);
        let legal: Vec<Vec<u32>> = (0..self.ips.len()).map(|ip| self.legal(ip, others, rules)).collect();
        let room = |(ip, ports): (usize, &Vec<u32>)| if self.is_at_cap(ip) { 0 } else { ports.len() as u64 };
        let room: Vec<u64> = legal.iter().enumerate().map(room).collect();
        let chosen = match room.len() {
            0 => None,
            1 => Some(0),
            several => self.chooser.choose(asker, several, |ip| room[ip]),
        };
        let Some(ip) = chosen.filter(|ip| room[*ip] > 0) else {
            return Err(match legal.iter().all(Vec::is_empty) {
                true => self.why_none(),
                false => SnatFailure::DestinationCap,
            });
        };
        let wanted = rules.reuse == Reuse::InUseFirst;
        let is_wanted = |port: &u32| (others.does(ip, *port) != Elsewhere::Nothing) == wanted;
        let first: Vec<u32> = legal[ip].iter().copied().filter(is_wanted).collect();
        let port = self.pick(ip, if first.is_empty() { &legal[ip] } else { &first });
        Ok(self.grant(ip, port, asker, 0, now))
    }

    /// Why `flows` more flows would not all get a port, if they would not.
    pub fn lacks_room_beside(
        &mut self,
        now: SimTime,
        flows: u64,
        others: &OtherRows,
        rules: InCommon,
    ) -> Option<SnatFailure> {
        self.free_due(now);
        let legal: u64 = (0..self.ips.len()).map(|ip| self.legal(ip, others, rules).len() as u64).sum();
        if legal < flows { Some(self.why_none()) } else { self.lacks_room(now, flows) }
    }

    /// Ports that a new flow may take, rising.
    fn legal(&self, ip: usize, others: &OtherRows, rules: InCommon) -> Vec<u32> {
        let NamedPorts { map, .. } = &self.ips[ip];
        let barred =
            |port: u32| rules.hold_scope == HoldScope::Port && others.does(ip, port) == Elsewhere::Rests;
        (0..map.total()).filter(|port| map.is_free(*port) && !barred(*port)).collect()
    }

    /// One of `ports`, which rise, by a search that looks at all of them.
    fn pick(&mut self, ip: usize, ports: &[u32]) -> u32 {
        match (self.search(), self.ips[ip].grants.last()) {
            (Search::Random, _) => ports[self.chooser.draws.below(ports.len() as u64) as usize],
            (Search::RoundRobin, Some(last)) => {
                ports[ports.partition_point(|port| *port <= last) % ports.len()]
            }
            _ => ports[0],
        }
    }
}
