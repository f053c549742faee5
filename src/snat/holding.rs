//! How long a port is kept, and that it was.

use super::Slot;
use crate::time::SimTime;

/// Whether a port at rest may serve a new flow before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rest {
    /// It rests to the end.
    #[default]
    Undisturbed,
    /// Its TCP flow ended by FIN or RST: a search that takes over may take it.
    MayBeTakenOver,
}

/// When a flow leaves its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// The mapping no longer serves the flow.
    pub close: SimTime,
    /// The port may serve its destination again.
    pub release: SimTime,
    /// What it is between the two.
    pub rest: Rest,
}

impl Holding {
    /// A flow that is live until `close` and whose port then rests undisturbed until `release`.
    pub fn until(close: SimTime, release: SimTime) -> Self {
        Self { close, release, rest: Rest::Undisturbed }
    }
}

/// A holding that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its port.
    pub slot: Slot,
    /// When the port was granted.
    pub start: SimTime,
    /// When the flow ended; [`SimTime::NEVER`] if nobody said.
    pub close: SimTime,
    /// When the port stopped to be its; later than the end of the run if it was planned so.
    pub release: SimTime,
}
