//! Independent gaps of one law.

use crate::random::Stream;
use crate::time::SimTime;
use crate::workload::Law;

/// A renewal process that a random instant found running: the first gap is the rest of one weighted by its length.
#[derive(Clone)]
pub struct Renewal<'a> {
    gap: &'a Law,
    time: Option<SimTime>,
    gaps: Stream,
}

impl<'a> Renewal<'a> {
    /// Gaps of law `gap`.
    pub fn new(gap: &'a Law, gaps: Stream) -> Self {
        Self { gap, time: None, gaps }
    }

    /// The gaps that follow are drawn from another stream.
    pub fn redraw(&mut self, gaps: Stream) {
        self.gaps = gaps;
    }

    /// When the next flow is asked for.
    pub fn next_time(&mut self) -> SimTime {
        let time = match self.time {
            Some(time) => time + self.gap.sample(&mut self.gaps),
            None => SimTime::ZERO + self.gap.sample_rest(&mut self.gaps),
        };
        self.time = Some(time);
        time
    }
}
