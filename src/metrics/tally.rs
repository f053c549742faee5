//! Counts of all that a trajectory tells, whenever it happens.

use super::Counts;
use crate::simulation::{Attempt, Fate, Observer, Outcome};

/// Counts of everything that is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// So far.
    pub counts: Counts,
}

impl Observer for Tally {
    #[inline]
    fn attempt(&mut self, attempt: Attempt) {
        let (refused, first) = (u64::from(attempt.refused.is_some()), u64::from(attempt.is_first));
        self.counts.attempts += 1;
        self.counts.snat_failures += refused;
        self.counts.first_attempts += first;
        self.counts.first_failures += first * refused;
    }

    #[inline]
    fn outcome(&mut self, outcome: Outcome) {
        let Outcome { flow, request, stale, .. } = outcome;
        self.counts.flows += u64::from(flow.is_some());
        self.counts.connection_failures += u64::from(flow == Some(Fate::Failed));
        self.counts.requests += u64::from(request.is_some());
        self.counts.request_failures += u64::from(request == Some(Fate::Failed));
        self.counts.stale += u64::from(stale);
    }
}
