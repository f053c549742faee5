//! Limits on flows that span rows: a device's flows in all, a node's flows, a node's connection-tracking table.

use super::{RowId, RowSpec, Source, System};
use crate::cluster::Cluster;
use crate::flow::{QuotaId, StageId};
use crate::outbound::{CapOver, Paths};
use crate::snat::{Holding, ReleaseQueue, SnatFailure};
use crate::time::SimTime;
use std::collections::{BTreeMap, HashMap};

/// A limit on the flows of the sources that draw on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSpec {
    /// The stage that counts the flows.
    pub stage: StageId,
    /// Most flows at a time.
    pub most: u32,
    /// Whether ports in hold-down count.
    pub counts_holds: bool,
    /// Why a flow beyond it is refused.
    pub reason: SnatFailure,
}

/// The caps of all stages as quotas, which the hops of `sources` are told.
pub(super) fn lay_out_quotas(
    paths: &Paths,
    cluster: &Cluster,
    rows: &[RowSpec],
    sources: &mut [Source],
) -> Vec<QuotaSpec> {
    let mut quotas = Vec::new();
    let mut drawn_on: HashMap<(StageId, DrawnOnBy), Vec<QuotaId>> = HashMap::new();
    for (number, egress) in paths.stages.iter().enumerate() {
        let stage = StageId(number as u32);
        for cap in &egress.caps {
            let mut add = |by, most| {
                let (counts_holds, reason) = (cap.counts_holds, cap.reason);
                drawn_on.entry((stage, by)).or_default().push(QuotaId(quotas.len() as u32));
                quotas.push(QuotaSpec { stage, most, counts_holds, reason });
            };
            match &cap.over {
                CapOver::Stage(most) => add(DrawnOnBy::All, *most),
                CapOver::EachNode(most) => {
                    (0..cluster.nodes()).zip(most).for_each(|(node, most)| add(DrawnOnBy::Node(node), *most));
                }
                CapOver::EachPool(most) => {
                    (0..egress.pools.len() as u32).for_each(|pool| add(DrawnOnBy::Pool(pool), *most));
                }
            }
        }
    }
    if quotas.is_empty() {
        return quotas;
    }
    for source in sources {
        for hop in &mut source.hops {
            let of = |by| drawn_on.get(&(hop.stage, by)).into_iter().flatten().copied();
            let common: Vec<QuotaId> = of(DrawnOnBy::All).chain(of(DrawnOnBy::Node(source.node.0))).collect();
            let all = |row: &RowId| {
                let pool = rows[row.index()].pool.0;
                common.iter().copied().chain(of(DrawnOnBy::Pool(pool))).collect()
            };
            hop.quotas = hop.rows.iter().map(all).collect();
        }
    }
    quotas
}

impl System {
    /// Nobody draws on a quota that cannot bind: live flows are at most the ports they have.
    pub(super) fn drop_idle_quotas(&mut self) {
        let mut rows: Vec<Vec<RowId>> = vec![Vec::new(); self.quotas.len()];
        for hop in self.sources.iter().flat_map(|source| &source.hops) {
            for (row, quotas) in hop.rows.iter().zip(&hop.quotas) {
                quotas.iter().for_each(|quota| rows[quota.index()].push(*row));
            }
        }
        let may_bind: Vec<bool> = rows
            .into_iter()
            .zip(&self.quotas)
            .map(|(mut rows, quota)| {
                rows.sort_unstable();
                rows.dedup();
                let ports: Option<u64> = rows.into_iter().map(|row| self.most_ports_in_row(row)).sum();
                ports.is_none_or(|ports| ports > u64::from(quota.most))
            })
            .collect();
        for hop in self.sources.iter_mut().flat_map(|source| &mut source.hops) {
            hop.quotas.iter_mut().for_each(|of_row| of_row.retain(|quota| may_bind[quota.index()]));
        }
    }
}

/// Who draws on a quota of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum DrawnOnBy {
    All,
    Node(u32),
    Pool(u32),
}

/// Flows that count towards a quota within a shard.
#[derive(Debug, Clone)]
pub(super) struct Quota {
    /// Most at a time; none where it is watched only, because other shards draw on it too.
    most: Option<u32>,
    counts_holds: bool,
    reason: SnatFailure,
    ends: ReleaseQueue,
    /// Ends that were booked and no longer are, by instant.
    void: BTreeMap<SimTime, u32>,
    /// Ends up to here were taken off.
    seen: Option<SimTime>,
    live: u64,
    most_live: u64,
}

impl Quota {
    pub(super) fn new(spec: &QuotaSpec, enforcement: Enforcement) -> Self {
        Self {
            most: (enforcement == Enforcement::Refuses).then_some(spec.most),
            counts_holds: spec.counts_holds,
            reason: spec.reason,
            ends: ReleaseQueue::default(),
            void: BTreeMap::new(),
            seen: None,
            live: 0,
            most_live: 0,
        }
    }

    /// Why `more` flows would be too many at `now`, if they would be.
    #[inline]
    pub(super) fn lacks_room(&mut self, now: SimTime, more: u64) -> Option<SnatFailure> {
        while let Some(end) = self.ends.pop_due(now) {
            match self.void.get_mut(&end) {
                None => self.live -= 1,
                Some(1) => drop(self.void.remove(&end)),
                Some(times) => *times -= 1,
            }
        }
        self.seen = Some(now);
        let most = u64::from(self.most?);
        (self.live + more > most).then_some(self.reason)
    }

    /// One flow more.
    #[inline]
    pub(super) fn enter(&mut self) {
        self.live += 1;
        self.most_live = self.most_live.max(self.live);
    }

    /// A flow that entered counts until its close, or until its port comes free.
    #[inline]
    pub(super) fn leave_at(&mut self, close: SimTime, release: SimTime) {
        self.ends.push(if self.counts_holds { release } else { close });
    }

    /// A flow whose end was booked leaves now, unless it has left already.
    pub(super) fn leave_before(&mut self, close: SimTime, release: SimTime) {
        let end = if self.counts_holds { release } else { close };
        if self.seen.is_none_or(|seen| end > seen) {
            *self.void.entry(end).or_default() += 1;
            self.live -= 1;
        }
    }

    /// A flow that was to leave as `said` leaves as `to` says, unless it has left already.
    pub(super) fn leaves_otherwise(&mut self, said: &Holding, to: &Holding) {
        let end = |holding: &Holding| if self.counts_holds { holding.release } else { holding.close };
        let (end, instead) = (end(said), end(to));
        if self.seen.is_none_or(|seen| end > seen) {
            *self.void.entry(end).or_default() += 1;
            self.ends.push(instead);
        }
    }

    /// Most flows at one instant.
    pub(super) fn most_live(&self) -> u64 {
        self.most_live
    }
}

/// What a shard does about a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforcement {
    /// It refuses flows beyond it: all who draw on it are in the shard.
    Refuses,
    /// It counts them.
    Watches,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn an_end_that_was_voided_frees_nothing_twice() {
        let reason = SnatFailure::NodeCap;
        let spec = QuotaSpec { stage: StageId(0), most: 2, counts_holds: true, reason };
        let mut quota = Quota::new(&spec, Enforcement::Refuses);
        for _ in 0..2 {
            assert_eq!(quota.lacks_room(at(0), 1), None);
            quota.enter();
            quota.leave_at(at(3), at(5));
        }
        assert_eq!(quota.lacks_room(at(4), 1), Some(reason));
        quota.leave_before(at(3), at(5));
        assert_eq!(quota.lacks_room(at(4), 1), None);
        quota.enter();
        quota.leave_at(at(6), at(9));
        assert_eq!(quota.lacks_room(at(4), 1), Some(reason));
        assert_eq!(quota.lacks_room(at(5), 1), None);
        assert_eq!(quota.lacks_room(at(5), 2), Some(reason));
        assert_eq!((quota.lacks_room(at(9), 2), quota.most_live()), (None, 2));
    }
}
