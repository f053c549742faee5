//! Numbers kept of a run, as sums that can be added in any order with the same result.

mod blocks;
mod busy;
mod by_ip;
mod grid;
mod phases;
mod recorder;
mod summary;
mod tally;
mod used;
mod watch;

pub use busy::BusySeries;
pub use by_ip::IpSummary;
pub use recorder::Recorder;
pub use summary::{Counts, FirstFailureAt, PoolTotals, RowSummary, SeriesCounts, Summary, TimeoutTotals};
pub use tally::Tally;
pub use used::UsedSummary;

use crate::time::{SimDuration, SimTime};

/// Batches that one replication is cut into, for an interval when there is only one.
pub const BATCHES: usize = 20;

/// Width of a bin of the series: the grain of the platform's metrics.
pub const SERIES_BIN: SimDuration = SimDuration::from_secs(60);

/// How measured time is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cuts {
    /// Start of the measured time.
    pub origin: SimTime,
    /// End of the measured time.
    pub end: SimTime,
    /// Width of a window.
    pub window: SimDuration,
    /// Distance of grid instants.
    pub step: SimDuration,
}

/// At most so many grid instants.
const GRID_INSTANTS: u64 = 8_192;

impl Cuts {
    /// Windows of `window`, and a grid step of the larger of one second and 1/8,192 of the measured time.
    pub fn new(origin: SimTime, end: SimTime, window: SimDuration) -> Self {
        let nanos = end.since(origin).nanos().div_ceil(GRID_INSTANTS);
        let step = SimDuration::from_nanos(nanos).max(SimDuration::from_secs(1));
        Self { origin, end, window, step }
    }

    /// Measured time, nanoseconds.
    pub fn nanos(&self) -> u64 {
        self.end.since(self.origin).nanos()
    }

    /// How many spans of `width` the measured time needs.
    pub fn count(&self, width: SimDuration) -> usize {
        self.nanos().div_ceil(width.nanos().max(1)) as usize
    }

    /// Whether `time` is measured.
    pub fn hold(&self, time: SimTime) -> bool {
        self.origin <= time && time < self.end
    }

    /// The part of a span that is measured, nanoseconds.
    pub fn measured(&self, start: SimTime, until: SimTime) -> u64 {
        until.min(self.end).since(start.max(self.origin)).nanos()
    }

    /// Grid instants: 0, step, 2 step, ... before the end.
    pub fn grid_instants(&self) -> usize {
        self.count(self.step)
    }
}
