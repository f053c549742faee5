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

/// What a mapping that is live will end by, if nothing else does before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndsBy {
    /// The flow closes.
    #[default]
    Close,
    /// Nobody sends any more, and it is forgotten.
    Silence,
    /// The same of a UDP flow, which has no other end.
    UdpSilence,
    /// No answer comes to its SYNs.
    NoAnswer,
    /// Its node ended, and nothing more comes of it.
    NodeEnded,
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
    /// What ends it.
    pub by: EndsBy,
}

impl Holding {
    /// A flow that is live until `close` and whose port then rests undisturbed until `release`.
    pub fn until(close: SimTime, release: SimTime) -> Self {
        Self { close, release, rest: Rest::Undisturbed, by: EndsBy::Close }
    }

    /// A flow that is forgotten at `time`.
    pub fn silent_until(time: SimTime) -> Self {
        Self { by: EndsBy::Silence, ..Self::until(time, time) }
    }

    /// A flow whose SYNs nobody answers until `time`.
    pub fn unanswered_until(time: SimTime) -> Self {
        Self { by: EndsBy::NoAnswer, ..Self::until(time, time) }
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
