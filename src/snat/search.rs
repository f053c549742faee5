//! How a free port is searched among those of one public IP.

use super::port_map::PortMap;
use crate::random::Stream;

/// Whether a port that was looked at may be drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picks {
    /// It may.
    WithReplacement,
    /// It may not.
    WithoutReplacement,
}

/// How a free port is searched. A full search fails only when no port is legal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Search {
    /// The lowest free port.
    #[default]
    Lowest,
    /// One at random among the free ones.
    Random,
    /// The next free one after that granted last.
    RoundRobin,
    /// So many ports at random, until one is free.
    RandomTries {
        /// Ports looked at, at most.
        tries: u32,
        /// Whether one may be looked at twice.
        picks: Picks,
    },
    /// So many consecutive ports from a random start, wrapping around, until one is free (Cilium).
    SequentialTries {
        /// Ports looked at, at most.
        tries: u32,
    },
    /// Windows of 128, 64, 32, 16 and 8 consecutive ports, each from a random start; one pass where that is all
    /// (Linux 5.0 and later).
    Linux,
}

/// First window of the Linux search.
const FIRST_WINDOW: u32 = 128;

/// A window below this is the last one.
const LEAST_WINDOW_HALVED: u32 = 16;

/// Take-over is tried among so many ports at the end of each window.
const HARDER: u32 = 32;

/// Linux draws its starts from 16 bits.
const STARTS: u64 = 1 << 16;

impl Search {
    /// Whether it fails only when no port is free.
    pub fn is_full(self) -> bool {
        match self {
            Self::Lowest | Self::Random | Self::RoundRobin => true,
            Self::RandomTries { .. } | Self::SequentialTries { .. } | Self::Linux => false,
        }
    }

    /// The port that it finds; `last` is the port granted last, and `may_take` whether a busy port may be taken over.
    pub(super) fn find(
        self,
        ports: &PortMap,
        last: Option<u32>,
        draws: &mut Stream,
        may_take: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        match self {
            _ if ports.is_unlimited() => ports.first_free_from(0),
            Self::Lowest => ports.first_free_from(0),
            Self::Random => ports.any_free(draws),
            Self::RoundRobin => ports.first_free_from(last.map_or(0, |last| last + 1)),
            Self::RandomTries { tries, picks } => {
                hits(tries, picks, ports.total() - ports.free(), ports.total(), draws)
                    .then(|| ports.any_free(draws))?
            }
            Self::SequentialTries { tries } => {
                let start = draws.below(u64::from(ports.total())) as u32;
                ports.first_free_within(start, tries)
            }
            Self::Linux => linux(ports, draws, may_take),
        }
    }
}

/// Whether one of `tries` random ports is free, when `busy` of `total` are not.
pub(super) fn hits(tries: u32, picks: Picks, busy: u32, total: u32, draws: &mut Stream) -> bool {
    (0..tries).any(|look| {
        let seen = if picks == Picks::WithoutReplacement { look } else { 0 };
        let (busy, left) = (busy.saturating_sub(seen), total.saturating_sub(seen));
        left > 0 && draws.below(u64::from(left)) >= u64::from(busy)
    })
}

fn linux(ports: &PortMap, draws: &mut Stream, may_take: impl Fn(u32) -> bool) -> Option<u32> {
    let range = ports.total();
    let mut window = range.min(FIRST_WINDOW);
    loop {
        let start = (draws.below(STARTS) % u64::from(range.max(1))) as u32;
        if let Some(port) = in_window(ports, start, window, &may_take) {
            return Some(port);
        }
        if window == range || window < LEAST_WINDOW_HALVED {
            return None;
        }
        window /= 2;
    }
}

/// The first port of a window that is free, or may be taken over and lies among the last.
fn in_window(ports: &PortMap, start: u32, window: u32, may_take: impl Fn(u32) -> bool) -> Option<u32> {
    let free = ports.first_free_within(start, window);
    let before_free = free.map_or(window, |port| ports.distance(start, port));
    let taken = (window.saturating_sub(HARDER)..before_free)
        .map(|offset| ports.after(start, offset))
        .find(|port| may_take(*port));
    taken.or(free)
}
