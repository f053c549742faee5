//! Who holds the ports of one public IP, since when, and until when.

use super::{Ended, Holding, Rest, Slot};
use crate::time::SimTime;
use foldhash::fast::FixedState;
use std::collections::HashMap;

/// From this share of held ports on they are found by position: one in so many.
const DENSE_FROM: usize = 8;

/// The grant of a port that is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// Who has it.
    pub node: u32,
    pub start: SimTime,
    pub holding: Holding,
    /// First sequence number of the flow, where ports are taken over.
    sequence: u32,
    /// Tells it from every other grant of its public IP.
    pub number: u32,
    /// Tells what was last said about its end from all that was said before, of any grant; what is due of another
    /// saying is void.
    saying: u32,
    phase: Phase,
}

/// What a port that is held is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It counts towards the cap.
    Counted,
    /// Its flow closed.
    Closed,
}

/// Grants of the ports that are held, by port.
///
/// A scenario has thousands of rows, most of them nearly idle: an entry for every port that was ever granted would be gigabytes. A
/// busy row would lose a third of its speed to hashing.
#[derive(Debug, Clone)]
enum ByPort {
    Sparse(HashMap<u32, Grant, FixedState>),
    Dense(Vec<Option<Grant>>),
}

/// The grants of one public IP.
#[derive(Debug, Clone)]
pub(super) struct Grants {
    by_port: ByPort,
    /// Where the ports are so many, held ports are found by position.
    dense_from: usize,
    granted: u32,
    sayings: u32,
    live: u32,
    last: Option<u32>,
}

impl ByPort {
    #[inline]
    fn get(&self, port: u32) -> Option<&Grant> {
        match self {
            Self::Sparse(grants) => grants.get(&port),
            Self::Dense(grants) => grants.get(port as usize)?.as_ref(),
        }
    }

    #[inline]
    fn get_mut(&mut self, port: u32) -> Option<&mut Grant> {
        match self {
            Self::Sparse(grants) => grants.get_mut(&port),
            Self::Dense(grants) => grants.get_mut(port as usize)?.as_mut(),
        }
    }

    #[inline]
    fn insert(&mut self, port: u32, grant: Grant, dense_from: usize) {
        match self {
            Self::Sparse(grants) if grants.len() < dense_from => {
                grants.insert(port, grant);
            }
            Self::Sparse(grants) => {
                let highest = grants.keys().copied().max().unwrap_or_default().max(port);
                let mut dense = vec![None; highest as usize + 1];
                grants.drain().for_each(|(port, grant)| dense[port as usize] = Some(grant));
                dense[port as usize] = Some(grant);
                *self = Self::Dense(dense);
            }
            Self::Dense(grants) => {
                let known = grants.len().max(port as usize + 1);
                grants.resize(known, None);
                grants[port as usize] = Some(grant);
            }
        }
    }

    #[inline]
    fn remove(&mut self, port: u32) -> Option<Grant> {
        match self {
            Self::Sparse(grants) => grants.remove(&port),
            Self::Dense(grants) => grants.get_mut(port as usize)?.take(),
        }
    }

    /// In no particular order.
    fn iter(&self) -> impl Iterator<Item = (u32, &Grant)> {
        let (sparse, dense) = match self {
            Self::Sparse(grants) => (Some(grants), None),
            Self::Dense(grants) => (None, Some(grants)),
        };
        let sparse = sparse.into_iter().flatten().map(|(port, grant)| (*port, grant));
        let dense = dense.into_iter().flatten().zip(0..);
        sparse.chain(dense.filter_map(|(grant, port)| Some((port, grant.as_ref()?))))
    }

    /// Ports in rising order.
    fn ports(&self) -> Vec<u32> {
        let mut ports: Vec<u32> = match self {
            Self::Sparse(grants) => grants.keys().copied().collect(),
            Self::Dense(grants) => {
                let held = grants.iter().enumerate().filter(|(_, grant)| grant.is_some());
                held.map(|(port, _)| port as u32).collect()
            }
        };
        ports.sort_unstable();
        ports
    }
}

impl Grants {
    /// None so far, of so many ports; `None` is unlimited.
    pub(super) fn of(ports: Option<u32>) -> Self {
        let dense_from = ports.map_or(usize::MAX, |ports| ports as usize / DENSE_FROM);
        let by_port = ByPort::Sparse(HashMap::default());
        Self { by_port, dense_from, granted: 0, sayings: 0, live: 0, last: None }
    }

    /// Grants that count towards the cap.
    pub(super) fn live(&self) -> u32 {
        self.live
    }

    /// The port granted last.
    pub(super) fn last(&self) -> Option<u32> {
        self.last
    }

    pub(super) fn is_held(&self, port: u32) -> bool {
        self.by_port.get(port).is_some()
    }

    /// The grant of a port, if it is held.
    pub(super) fn of_port(&self, port: u32) -> Option<&Grant> {
        self.by_port.get(port)
    }

    /// Ports that are held, in rising order.
    pub(super) fn ports(&self) -> Vec<u32> {
        self.by_port.ports()
    }

    /// Ports that are held and their grants, in no particular order.
    pub(super) fn held(&self) -> impl Iterator<Item = (u32, &Grant)> {
        self.by_port.iter()
    }

    /// Whether the flow with this first sequence number may take the port over.
    pub(super) fn yields(&self, port: u32, sequence: u32, now: SimTime) -> bool {
        self.by_port.get(port).is_some_and(|grant| {
            let Holding { close, rest, .. } = grant.holding;
            rest == Rest::MayBeTakenOver && close <= now && is_ahead(sequence, grant.sequence)
        })
    }

    /// Grants a port that nobody holds, until further notice; gives the number of the grant.
    pub(super) fn grant(&mut self, port: u32, node: u32, sequence: u32, now: SimTime) -> u32 {
        let holding = Holding::until(SimTime::NEVER, SimTime::NEVER);
        let (number, saying) = (self.granted, self.next_saying());
        let grant = Grant { node, start: now, holding, sequence, number, saying, phase: Phase::Counted };
        self.by_port.insert(port, grant, self.dense_from);
        self.granted = number.wrapping_add(1);
        self.live += 1;
        self.last = Some(port);
        number
    }

    fn next_saying(&mut self) -> u32 {
        self.sayings = self.sayings.wrapping_add(1);
        self.sayings
    }

    /// Says when grant `number` of a port leaves it, and gives the number of the saying; nothing where that grant is over.
    pub(super) fn say(&mut self, port: u32, number: u32, holding: Holding) -> Option<u32> {
        let saying = self.next_saying();
        let grant = self.by_port.get_mut(port).filter(|grant| grant.number == number)?;
        (grant.holding, grant.saying) = (holding, saying);
        Some(saying)
    }

    /// The flow no longer counts towards the cap, if that saying stands.
    pub(super) fn close(&mut self, port: u32, saying: u32) {
        let said = self.by_port.get_mut(port).filter(|grant| grant.saying == saying);
        if let Some(grant) = said.filter(|grant| grant.phase == Phase::Counted) {
            grant.phase = Phase::Closed;
            self.live -= 1;
        }
    }

    /// Whether this saying is the last of a port that is held.
    pub(super) fn stands(&self, port: u32, saying: u32) -> bool {
        self.by_port.get(port).is_some_and(|grant| grant.saying == saying)
    }

    /// Ends the holding of a port at `release`, or as was said; nothing where nobody holds it.
    pub(super) fn end(&mut self, ip: u32, port: u32, release: Option<SimTime>) -> Option<Ended> {
        let Grant { start, holding, number, phase, .. } = self.by_port.remove(port)?;
        self.live -= u32::from(phase == Phase::Counted);
        let slot = Slot { ip, port, grant: number, others: 0 };
        let release = release.unwrap_or(holding.release);
        Some(Ended { slot, start, close: holding.close.min(release), release })
    }
}

/// Whether a sequence number is ahead of another in circular order. For two flows it is as likely as not; for flows
/// that meet the same ports it is not independent.
fn is_ahead(sequence: u32, of: u32) -> bool {
    (sequence.wrapping_sub(of) as i32) > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    /// What was said of a grant that is over must not end the next one of the same port.
    #[test]
    fn no_two_grants_and_no_two_sayings_have_the_same_number() {
        for ports in [Some(1), Some(64_512)] {
            let mut grants = Grants::of(ports);
            let mut sayings = Vec::new();
            for second in 0..10 {
                let number = grants.grant(0, 0, 0, at(second));
                assert_eq!(grants.say(0, number.wrapping_sub(1), Holding::until(at(90), at(90))), None);
                let saying = grants.say(0, number, Holding::until(at(second + 1), at(second + 2))).unwrap();
                assert!(grants.stands(0, saying) && !sayings.iter().any(|each| grants.stands(0, *each)));
                sayings.push(saying);
                let ended = grants.end(3, 0, None).unwrap();
                let slot = Slot { ip: 3, port: 0, grant: number, others: 0 };
                let (close, release) = (at(second + 1), at(second + 2));
                assert_eq!(ended, Ended { slot, start: at(second), close, release });
                assert!(!grants.stands(0, saying) && grants.end(3, 0, None).is_none());
            }
        }
    }

    #[test]
    fn memory_follows_the_ports_that_are_held_and_not_those_that_ever_were() {
        let mut grants = Grants::of(Some(64_512));
        for step in 0..100_000u32 {
            grants.grant(step % 64_512, 0, 0, at(0));
            grants.end(0, step.wrapping_sub(10) % 64_512, None);
        }
        let ByPort::Sparse(sparse) = &grants.by_port else { panic!("ten of 64,512 are held") };
        assert!(sparse.capacity() < 64, "{}", sparse.capacity());
    }

    /// In order of their ports, whatever the hasher does.
    #[test]
    fn ports_are_found_by_position_when_an_eighth_is_held_and_are_told_in_order() {
        let mut grants = Grants::of(Some(8_000));
        for (held, port) in (0..2_000).map(|step| step * 2_477 % 8_000).enumerate() {
            grants.grant(port, 0, 0, at(0));
            assert_eq!(matches!(grants.by_port, ByPort::Sparse(_)), held < 1_000);
            if held % 500 == 499 {
                let ports = grants.ports();
                assert!(ports.is_sorted() && ports.len() == held + 1);
                assert!(ports.into_iter().all(|port| grants.is_held(port)));
            }
        }
        assert!(!grants.is_held(7_999_999));
        assert_eq!(grants.live(), 2_000);
    }
}
