//! Which public IP a flow gets, where a row tells its public IPs apart.

use super::{Asker, RowStreams};
use crate::random::Stream;
use std::sync::Arc;

/// Where a sticky choice begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstIp {
    /// At the first public IP.
    First,
    /// At one at random, the same for all rows of a port pool.
    RandomPerPool,
}

/// How a public IP is chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum IpChoice {
    /// Every legal (public IP, port) pair is as likely.
    #[default]
    Uniform,
    /// One is filled until it has no legal port, then the next; back to the first when it has room.
    Sticky(FirstIp),
    /// One after the other; no second try on another.
    InTurns,
    /// Any, each as likely; no second try on another.
    Random,
    /// By a hash of source and destination address; no second try on another.
    HashSourceDestination,
    /// By a hash of the source address; no second try on another.
    HashSource,
    /// Node i uses the public IP `of[i]`; no second try on another.
    Of(Arc<[u32]>),
}

impl IpChoice {
    /// Whether every public IP with a legal port is met before a flow is refused.
    pub fn tries_all(&self) -> bool {
        matches!(self, Self::Uniform | Self::Sticky(_))
    }

    /// Whether the pod that asks makes a difference.
    pub fn tells_pods_apart(&self) -> bool {
        matches!(self, Self::HashSourceDestination | Self::HashSource)
    }
}

/// A choice at work in one row.
#[derive(Debug, Clone)]
pub(super) struct IpChooser {
    choice: IpChoice,
    next: usize,
    pub draws: Stream,
}

impl IpChooser {
    pub(super) fn new(choice: &IpChoice, ips: usize, streams: RowStreams) -> Self {
        let RowStreams { row: draws, mut pool } = streams;
        let next = match choice {
            IpChoice::Sticky(FirstIp::RandomPerPool) => pool.below(ips as u64) as usize,
            _ => 0,
        };
        Self { choice: choice.clone(), next, draws }
    }

    /// The public IP that serves `asker`; nothing where a choice that tries all finds none with a legal port.
    pub(super) fn choose(
        &mut self,
        asker: &Asker,
        ips: usize,
        mut legal: impl FnMut(usize) -> u64,
    ) -> Option<usize> {
        match &self.choice {
            IpChoice::Uniform => uniform(&mut self.draws, ips, legal),
            IpChoice::Sticky(_) => (0..ips).map(|turn| (self.next + turn) % ips).find(|ip| legal(*ip) > 0),
            IpChoice::InTurns => {
                let ip = self.next % ips;
                self.next = ip + 1;
                Some(ip)
            }
            IpChoice::Random => Some(self.draws.below(ips as u64) as usize),
            IpChoice::HashSourceDestination => Some(spread(hash(asker.source, asker.destination), ips)),
            IpChoice::HashSource => Some(spread(hash(asker.source, 0), ips)),
            IpChoice::Of(of) => Some(of.get(asker.node as usize).map_or(0, |ip| *ip as usize) % ips),
        }
    }
}

fn uniform(draws: &mut Stream, ips: usize, mut legal: impl FnMut(usize) -> u64) -> Option<usize> {
    let all: u64 = (0..ips).map(&mut legal).sum();
    if all == 0 {
        return None;
    }
    let mut left = draws.below(all);
    (0..ips).find(|ip| {
        let here = legal(*ip);
        let is_here = left < here;
        left = left.saturating_sub(here);
        is_here
    })
}

fn spread(hash: u64, ips: usize) -> usize {
    ((u128::from(hash) * ips as u128) >> 64) as usize
}

/// Two rounds of the finaliser of SplitMix64.
fn hash(source: u64, destination: u64) -> u64 {
    [source, destination].into_iter().fold(0x9E37_79B9_7F4A_7C15, |state, word| {
        let word: u64 = state ^ word.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    })
}
