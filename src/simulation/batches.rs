//! Batches that are carried whole or not at all.
//!
//! A batch is judged when its last flow has come, all at one instant: it is granted if every row that it meets has
//! room for its part. SYNs sent again later stand for themselves, and so do the local ports that its flows take.

use super::observer::Observer;
use super::passage::Refused;
use super::request::{NO_SEATS, Request, Syns};
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
        for request in batch {
            match refused {
                Some(reason) if !self.sources[request.source].hops.is_empty() => {
                    if self.takes_local_port(request) {
                        let refused = Refused { row: self.row_in(request, 0), reason, seats: NO_SEATS };
                        self.answered(request, Syns::from(self.now), &NO_SEATS, Err(refused));
                    }
                }
                _ => self.ask(request),
            }
        }
    }

    /// Why the batch does not fit, if it does not.
    fn lacks_room(&mut self, batch: &[Request]) -> Option<SnatFailure> {
        let mut by_row: BTreeMap<usize, (u64, Asker)> = BTreeMap::new();
        let mut by_quota: BTreeMap<usize, u64> = BTreeMap::new();
        for request in batch {
            for (number, hop) in self.sources[request.source].hops.iter().enumerate() {
                let row = by_row.entry(self.row_in(request, number)).or_insert((0, self.asker_of(request)));
                row.0 += 1;
                hop.quotas_of(request).iter().for_each(|quota| *by_quota.entry(*quota).or_default() += 1);
            }
        }
        let mut quotas = by_quota.into_iter();
        let now = self.now;
        quotas.find_map(|(quota, flows)| self.quotas[quota].lacks_room(now, flows)).or_else(|| {
            by_row.into_iter().find_map(|(row, (flows, asker))| self.row_lacks_room(row, flows, &asker))
        })
    }
}
