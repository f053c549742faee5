//! Half-open mappings that each SYN keeps: the end that was said of them counts SYNs that are still to come, and a node that ends sends no more.

use super::events::Cut;
use super::observer::Observer;
use super::request::{Request, Syns};
use super::run::Run;
use crate::cluster::Departure;
use crate::flow::NodeId;
use crate::outbound::HalfOpenFrom;
use crate::snat::{CutOff, EndsBy, Holding, Slot};
use crate::time::SimTime;
use std::collections::BTreeMap;

/// A mapping, and the SYNs that its end was reckoned from.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptBySyns {
    row: usize,
    slot: Slot,
    source: usize,
    /// Its stage, by place in the path.
    number: usize,
    syns: Syns,
    granted: SimTime,
    /// When later SYNs come by another port of a nearer stage.
    nearer: SimTime,
    close: SimTime,
}

impl<O: Observer> Run<'_, O> {
    /// Notes a mapping granted now whose SYNs keep it up to the end of `holding`.
    pub(super) fn note_kept_by_syns(
        &mut self,
        request: &Request,
        (number, slot): (usize, Slot),
        syns: Syns,
        (nearer, holding): (SimTime, Holding),
    ) {
        let timers = &self.sources[request.source].hops[number].stage.timers;
        if self.system.epochs.is_empty() || timers.half_open_from == HalfOpenFrom::FirstSyn {
            return;
        }
        let now = self.now;
        if self.kept_by_syns.len() == self.kept_by_syns.capacity() {
            self.kept_by_syns.retain(|kept| kept.close > now);
        }
        let (row, source) = (self.row_in(request, number), request.source);
        let kept = KeptBySyns { row, slot, source, number, syns, granted: now, nearer, close: holding.close };
        self.kept_by_syns.push(kept);
    }

    /// Nodes that end now send no SYN any more: `cut` says how long that keeps what they have half-open.
    pub(super) fn syns_end(&mut self, left: &BTreeMap<NodeId, Departure>, cut: &mut Cut) {
        let now = self.now;
        for number in 0..self.kept_by_syns.len() {
            let kept = self.kept_by_syns[number];
            let local = &self.sources[kept.source];
            if kept.close <= now || !left.contains_key(&local.spec.node) {
                continue;
            }
            let timers = &local.hops[kept.number].stage.timers;
            let schedule = (&local.workload.syn, local.timer_phase);
            let sent_before = (None, kept.nearer.min(now));
            let (sent, _) = Holding::half_open(timers, schedule, kept.syns, kept.granted, sent_before);
            let sooner = Holding { by: EndsBy::NodeEnded, ..sent };
            let Slot { ip, port, grant, .. } = kept.slot;
            let flow = CutOff { ip, port, grant };
            let ended = cut.iter_mut().find(|(row, changed)| *row == kept.row && changed.flow == flow);
            if let Some((row, changed)) = ended
                && self.rows[*row].keep_until(kept.slot, sooner)
            {
                changed.now = sooner;
                self.kept_by_syns[number].close = sooner.close;
            }
        }
    }
}
