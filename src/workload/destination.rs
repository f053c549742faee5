//! Where flows go.

use crate::flow::{EndKind, Protocol};
use crate::random::Stream;
use crate::time::SimDuration;

/// Whether traffic to a destination needs a port of the outbound device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Through the outbound device.
    Internet,
    /// Beside it (private endpoint, service endpoint, storage of the same region, VNet, peered, on-premises): no port is needed.
    Beside,
    /// Denied before any port is taken.
    Blocked,
}

/// What is wrong with a destination for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trouble {
    /// When it begins, after the start of the measured time.
    pub from: SimDuration,
    /// When it is over.
    pub until: SimDuration,
    /// What is wrong.
    pub kind: TroubleKind,
}

/// What may be wrong with a destination.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TroubleKind {
    /// It takes so many times as long to serve what is asked for.
    Slow(f64),
    /// It answers this share of new connections with a reset.
    Refuses(f64),
}

/// A remote (protocol, address, port).
#[derive(Debug, Clone, PartialEq)]
pub struct Destination {
    /// Name in results.
    pub name: String,
    /// Which destinations have the same address: equal numbers, equal address.
    pub address: u64,
    /// Transport protocol.
    pub protocol: Protocol,
    /// How it is reached.
    pub reach: Reach,
    /// When it is slow, or refuses.
    pub troubles: Vec<Trouble>,
}

impl Destination {
    /// Without trouble.
    pub fn new(name: String, address: u64, protocol: Protocol, reach: Reach) -> Self {
        Self { name, address, protocol, reach, troubles: Vec::new() }
    }

    /// What becomes of a flow that is asked for at `time` (nothing before the measured time), which would otherwise have taken
    /// `lifetime` and ended by `end`. One number is drawn for each trouble that refuses, whenever it is.
    pub fn troubled(
        &self,
        time: Option<SimDuration>,
        (lifetime, end): (SimDuration, EndKind),
        draws: &mut Stream,
    ) -> (SimDuration, EndKind) {
        let (mut lifetime, mut end) = (lifetime, end);
        for Trouble { from, until, kind } in &self.troubles {
            let now = time.is_some_and(|time| (*from..*until).contains(&time));
            match kind {
                TroubleKind::Slow(factor) if now => {
                    lifetime = SimDuration::from_secs_f64(lifetime.as_secs_f64() * factor);
                }
                TroubleKind::Slow(_) => {}
                TroubleKind::Refuses(share) => {
                    let refused = draws.uniform() < *share;
                    end = if now && refused { EndKind::Refused } else { end };
                }
            }
        }
        (lifetime, end)
    }
}
