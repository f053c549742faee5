//! Batches that are carried whole or not at all.
//!
//! A batch is judged when its last flow has come, all at one instant: it is granted if every row that it meets has
//! room for its part. SYNs sent again later stand for themselves.

use super::observer::Observer;
use super::request::{Request, Try};
use super::run::Run;
use crate::flow::WorkloadId;
use crate::snat::{Asker, SnatFailure};
use std::collections::BTreeMap;

impl<O: Observer> Run<'_, O> {
    /// A flow of a batch comes; `left` more follow at the same instant.
    pub(super) fn join_batch(&mut self, workload: WorkloadId, request: Request, left: u64) {
        let batch = &mut self.batches.by_workload[workload.index()];
        batch.push(request);
        if left == 0 {
            let batch = std::mem::take(batch);
            self.judge(&batch);
        }
    }

    fn judge(&mut self, batch: &[Request]) {
        let refused = self.lacks_room(batch);
        for request in batch.iter().copied() {
            match refused {
                Some(reason) if !self.sources[request.source].rows.is_empty() => {
                    self.answered(&Try::new(request, self.now), Err(reason));
                }
                _ => self.ask(&request),
            }
        }
    }

    /// Why the batch does not fit, if it does not.
    fn lacks_room(&mut self, batch: &[Request]) -> Option<SnatFailure> {
        let mut by_row: BTreeMap<usize, (u64, Asker)> = BTreeMap::new();
        for request in batch.iter().filter(|request| !self.sources[request.source].rows.is_empty()) {
            by_row.entry(self.row_of(request)).or_insert((0, self.asker_of(request))).0 += 1;
        }
        if !self.below_total_cap(by_row.values().map(|(flows, _)| flows).sum()) {
            return Some(SnatFailure::TotalCap);
        }
        by_row
            .into_iter()
            .find_map(|(row, (flows, asker))| self.rows[row].lacks_room(self.now, flows, &asker))
    }
}
