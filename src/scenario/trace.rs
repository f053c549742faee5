//! Recorded traffic as a workload.

use super::reader::{Reader, Table};
use super::traffic::Surroundings;
use crate::cluster::NodePool;
use crate::flow::DestinationId;
use crate::workload::{Arrivals, TraceArrival};

/// Reads the files of `arrivals.trace`.
pub fn arrivals<'a>(
    _reader: &'a Reader<'a>,
    kind: &Table<'a>,
    _around: &mut Surroundings<'_>,
    _pool: &NodePool,
) -> Option<Arrivals> {
    for key in ["files", "format", "inside", "faster", "loop"] {
        kind.get(key);
    }
    let help = "use `snatsim replay` on the files".to_string();
    kind.wrong(&kind.span, "recorded arrivals cannot be simulated from a scenario yet".into(), Some(help));
    None
}

/// The destinations that a trace reaches; their weights do not matter, since the trace says which flow goes where.
pub fn destinations_of(records: &[TraceArrival]) -> Vec<(DestinationId, f64)> {
    let mut ids: Vec<DestinationId> = records.iter().map(|record| record.destination).collect();
    ids.sort_unstable();
    ids.dedup();
    let share = 1.0 / ids.len().max(1) as f64;
    ids.into_iter().map(|id| (id, share)).collect()
}
