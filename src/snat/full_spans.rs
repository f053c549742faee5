//! Spans of time in which a row has no free port.

use crate::time::SimTime;

/// The spans so far, and the one that lasts.
#[derive(Debug, Clone, Default)]
pub(super) struct FullSpans {
    since: Option<SimTime>,
    spans: Vec<(SimTime, SimTime)>,
}

impl FullSpans {
    /// The last free port was taken.
    #[inline]
    pub(super) fn begin(&mut self, now: SimTime) {
        self.since.get_or_insert(now);
    }

    /// A port came free.
    #[inline]
    pub(super) fn end(&mut self, time: SimTime) {
        if let Some(since) = self.since.take()
            && since < time
        {
            self.spans.push((since, time));
        }
    }

    /// All of them up to `end`.
    pub(super) fn until(mut self, end: SimTime) -> Vec<(SimTime, SimTime)> {
        if let Some(since) = self.since {
            self.spans.push((since, end));
        }
        self.spans
    }
}
