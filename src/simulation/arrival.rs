//! What arrives, and what every arrival process knows.

use super::{Shard, System, TrialKey};
use crate::flow::{DestinationId, EndKind, SourceId, WorkloadId};
use crate::random::{Purpose, Stream};
use crate::time::{SimDuration, SimTime};
use crate::workload::Workload;

/// A flow that is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    /// When.
    pub time: SimTime,
    /// By whom and towards what.
    pub source: SourceId,
    /// The pod, where the process names it, counted over the pods of the source's node.
    pub pod: Option<u32>,
    /// Lifetime and end, where they are recorded.
    pub recorded: Option<(SimDuration, EndKind)>,
    /// How many of its batch follow, where the batch is granted or refused together.
    pub batch_left: Option<u64>,
    /// The client of a closed loop that waits for it, by its number in the feed.
    pub client: Option<u32>,
}

impl Arrival {
    #[inline]
    pub(super) fn of(source: SourceId, time: SimTime) -> Self {
        Self { time, source, pod: None, recorded: None, batch_left: None, client: None }
    }
}

/// A workload in a shard in a trial.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub system: &'a System,
    pub shard: &'a Shard,
    pub id: WorkloadId,
    pub key: TrialKey,
}

/// What a process has next.
#[derive(Clone)]
pub(super) struct Head {
    pub time: SimTime,
    /// Place among flows of one instant.
    pub order: u64,
    /// Nothing, where the shard has no part in it.
    pub arrival: Option<Arrival>,
}

impl Head {
    #[inline]
    pub(super) fn of_source(arrival: Arrival) -> Self {
        Self { time: arrival.time, order: 0, arrival: Some(arrival) }
    }
}

/// Owners of streams that belong to a workload are told from sources by this bit.
const WORKLOAD_OWNER: u64 = 1 << 63;

/// A workload's own stream.
pub(super) fn stream_of(workload: WorkloadId, purpose: Purpose, key: TrialKey) -> Stream {
    key.stream(purpose, u64::from(workload.0) | WORKLOAD_OWNER)
}

/// The destination of a flow that may have any.
pub(super) fn pick(workload: &Workload, stream: &mut Stream) -> DestinationId {
    let destinations = &workload.destinations;
    if destinations.len() == 1 {
        return destinations[0].0;
    }
    let mut left = stream.uniform();
    for (id, weight) in destinations {
        if left < *weight {
            return *id;
        }
        left -= weight;
    }
    destinations[destinations.len() - 1].0
}
