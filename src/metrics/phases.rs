//! Tries between the instants at which something changes.

use crate::time::SimTime;

/// Counts by phase. A run tells tries in order of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Phases<'a> {
    /// Instants at which a phase begins, rising.
    begins: &'a [SimTime],
    present: usize,
    /// (tries, refused); one phase more than there are instants, or none at all.
    pub counts: Vec<(u64, u64)>,
}

impl<'a> Phases<'a> {
    pub(super) fn new(begins: &'a [SimTime]) -> Self {
        let counts = if begins.is_empty() { Vec::new() } else { vec![(0, 0); begins.len() + 1] };
        Self { begins, present: 0, counts }
    }

    #[inline]
    pub(super) fn note(&mut self, time: SimTime, refused: u64) {
        if self.counts.is_empty() {
            return;
        }
        while self.begins.get(self.present).is_some_and(|begin| *begin <= time) {
            self.present += 1;
        }
        let counts = &mut self.counts[self.present];
        *counts = (counts.0 + 1, counts.1 + refused);
    }
}
