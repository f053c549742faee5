//! Which sources can ever compete: union-find over sources and the rows they touch.

use super::quota::Enforcement;
use super::{Hop, PoolKey, RowId, System, loss};
use crate::flow::{QuotaId, SourceId};
use std::collections::BTreeMap;

/// How a system is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharding {
    /// As small as exactness allows, while no quota binds that spans shards.
    Smallest,
    /// Sources that draw on one quota together: needed where such a quota may bind.
    ByQuota,
    /// Everything in one shard, and nothing simplified: what the others must give too.
    Coupled,
}

/// Sources that run together, and the rows they touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Rising.
    pub sources: Vec<SourceId>,
    /// Rising.
    pub rows: Vec<RowId>,
    /// Rising; a quota is enforced by a shard that holds all who draw on it.
    pub quotas: Vec<(QuotaId, Enforcement)>,
    /// Whether it is a pure loss system, and may run as one.
    pub pure_loss: bool,
}

/// A process that is regenerated in each shard that it feeds is worth so many shards, and no more.
const MOST_REGENERATING_SHARDS: usize = 64;

/// Cuts `system` into shards, in the order of their first source.
pub fn shards(system: &System, sharding: Sharding) -> Vec<Shard> {
    let first_member_of_quotas = system.sources.len() + system.rows.len();
    let mut sets = DisjointSets::new(first_member_of_quotas + system.quotas.len());
    let row_member = |row: &RowId| system.sources.len() + row.index();
    let mut in_common: BTreeMap<PoolKey, RowId> = BTreeMap::new();
    for row in (0..system.rows.len() as u32).map(RowId) {
        if let Some((pool, _)) = system.pool_in_common(row) {
            sets.join(row_member(in_common.entry(pool).or_insert(row)), row_member(&row));
        }
    }
    for (number, source) in system.sources.iter().enumerate() {
        for row in source.all_rows() {
            sets.join(number, row_member(&row));
        }
        if sharding == Sharding::ByQuota {
            for quota in source.hops.iter().flat_map(Hop::all_quotas) {
                sets.join(number, first_member_of_quotas + quota.index());
            }
        }
        if sharding == Sharding::Coupled || system.scales() {
            sets.join(0, number);
        }
        if number > 0 && system.workload(source).arrivals.is_closed_loop() && same_clients(system, number) {
            sets.join(number - 1, number);
        }
        if system.workload(source).arrivals.couples_batches() {
            sets.join(system.first_source(source.workload).index(), number);
        }
    }
    let mut groups: Vec<Vec<SourceId>> = Vec::new();
    let mut group_of = std::collections::HashMap::new();
    for number in 0..system.sources.len() {
        let group = *group_of.entry(sets.root(number)).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[group].push(SourceId(number as u32));
    }
    let drawn_by = draws(system, (0..system.sources.len() as u32).map(SourceId));
    let mut shards: Vec<Shard> =
        regroup(system, groups).into_iter().map(|sources| shard(system, sources, &drawn_by)).collect();
    if sharding != Sharding::Coupled {
        for shard in &mut shards {
            shard.pure_loss = loss::is_pure_loss(system, shard);
        }
    }
    shards
}

/// Whether a source belongs to the clients of the one before it: those of one workload and node, or of one workload whose pods
/// move.
fn same_clients(system: &System, number: usize) -> bool {
    let [one, other] = [&system.sources[number - 1], &system.sources[number]];
    one.workload == other.workload && (one.node == other.node || !system.pods_stay(one.workload))
}

/// Merging is always exact; it saves regenerating a workload's process once per shard.
fn regroup(system: &System, groups: Vec<Vec<SourceId>>) -> Vec<Vec<SourceId>> {
    let regenerates = |workload: &crate::workload::Workload| !workload.arrivals.splits_over_sources();
    if groups.len() <= MOST_REGENERATING_SHARDS || !system.workloads.iter().any(regenerates) {
        return groups;
    }
    let size = groups.len().div_ceil(MOST_REGENERATING_SHARDS);
    let merge = |groups: &[Vec<SourceId>]| {
        let mut merged = groups.concat();
        merged.sort_unstable();
        merged
    };
    groups.chunks(size).map(merge).collect()
}

fn shard(system: &System, sources: Vec<SourceId>, drawn_by: &BTreeMap<QuotaId, usize>) -> Shard {
    let mut rows: Vec<RowId> =
        sources.iter().flat_map(|source| system.sources[source.index()].all_rows()).collect();
    rows.sort_unstable();
    rows.dedup();
    let here = draws(system, sources.iter().copied());
    let enforcement = |(quota, sources): (QuotaId, usize)| match drawn_by.get(&quota) {
        Some(all) if *all == sources => (quota, Enforcement::Refuses),
        _ => (quota, Enforcement::Watches),
    };
    let quotas = here.into_iter().map(enforcement).collect();
    Shard { sources, rows, quotas, pure_loss: false }
}

/// How many of `sources` draw on each quota.
fn draws(system: &System, sources: impl Iterator<Item = SourceId>) -> BTreeMap<QuotaId, usize> {
    let mut draws = BTreeMap::new();
    for source in sources {
        let mut quotas: Vec<QuotaId> =
            system.sources[source.index()].hops.iter().flat_map(Hop::all_quotas).collect();
        quotas.sort_unstable();
        quotas.dedup();
        quotas.into_iter().for_each(|quota| *draws.entry(quota).or_default() += 1);
    }
    draws
}

struct DisjointSets {
    parents: Vec<usize>,
}

impl DisjointSets {
    fn new(members: usize) -> Self {
        Self { parents: (0..members).collect() }
    }

    fn root(&mut self, mut member: usize) -> usize {
        while self.parents[member] != member {
            self.parents[member] = self.parents[self.parents[member]];
            member = self.parents[member];
        }
        member
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }
}
