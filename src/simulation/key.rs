//! What keys the random numbers of a trial.

use crate::flow::SourceId;
use crate::random::{Purpose, Stream};

/// What keys the random numbers of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrialKey {
    /// Seed of the run.
    pub seed: u64,
    /// Replication, from 0.
    pub replication: u32,
}

impl TrialKey {
    /// The stream of `owner` for `purpose`.
    pub fn stream(self, purpose: Purpose, owner: u64) -> Stream {
        Stream::new(self.seed, self.replication, purpose, owner)
    }

    /// The stream of one try of a request of `source`.
    pub(super) fn stream_of_try(
        self,
        purpose: Purpose,
        source: SourceId,
        request: u64,
        tries: u32,
    ) -> Stream {
        Stream::of_try(self.seed, self.replication, purpose, u64::from(source.0), request, tries)
    }
}
