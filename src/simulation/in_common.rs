//! Rows of a port pool that have their ports in common, and how many different ports they use.

use super::observer::{Observer, PoolKey, Used};
use super::run::Run;
use super::{RowId, Shard, System};
use crate::snat::{Asker, Ended, InCommon, OtherRows, Slot, SnatFailure};
use crate::time::SimTime;
use std::collections::BTreeMap;

impl System {
    /// The port pool of a row whose ports are the same towards every destination.
    pub(super) fn pool_in_common(&self, row: RowId) -> Option<(PoolKey, InCommon)> {
        let common = self.stage_of(row).rules.in_common?;
        let spec = &self.rows[row.index()];
        let protocol = self.destinations[spec.destination.index()].protocol;
        Some((PoolKey { stage: spec.stage, pool: spec.pool, protocol }, common))
    }
}

/// A port pool whose rows look at each other.
#[derive(Clone)]
struct Pool {
    key: PoolKey,
    rules: InCommon,
    /// Its rows, by position in the shard.
    rows: Vec<usize>,
    /// Ports that some row holds, by public IP and number: how many do, and since when one does.
    holders: BTreeMap<(u32, u32), (u32, SimTime)>,
    /// Holdings that ended, and are not taken off yet.
    ended: Vec<(SimTime, (u32, u32))>,
}

/// The port pools of a shard whose rows look at each other.
#[derive(Clone)]
pub(super) struct PoolsInCommon {
    /// By row; empty where no row looks at another.
    of_row: Vec<Option<usize>>,
    pools: Vec<Pool>,
    seen: OtherRows,
}

impl PoolsInCommon {
    pub(super) fn new(system: &System, shard: &Shard) -> Self {
        let mut pools: Vec<Pool> = Vec::new();
        let mut numbers: BTreeMap<PoolKey, usize> = BTreeMap::new();
        let mut of_row = Vec::new();
        for (row, id) in shard.rows.iter().enumerate() {
            let number = system.pool_in_common(*id).map(|(key, rules)| {
                let number = *numbers.entry(key).or_insert_with(|| {
                    let (rows, holders, ended) = Default::default();
                    pools.push(Pool { key, rules, rows, holders, ended });
                    pools.len() - 1
                });
                pools[number].rows.push(row);
                number
            });
            of_row.push(number);
        }
        if pools.is_empty() {
            of_row.clear();
        }
        Self { of_row, pools, seen: OtherRows::default() }
    }

    #[inline]
    fn of(&self, row: usize) -> Option<usize> {
        self.of_row.get(row).copied().flatten()
    }

    /// A row found a holding to be over.
    pub(super) fn note_ended(&mut self, row: usize, ended: &Ended) {
        if let Some(pool) = self.of(row) {
            self.pools[pool].ended.push((ended.release, (ended.slot.ip, ended.slot.port)));
        }
    }

    /// A port was granted and given back at once.
    pub(super) fn note_given_back(&mut self, row: usize, slot: Slot, now: SimTime) {
        if let Some(pool) = self.of(row) {
            self.pools[pool].ended.push((now, (slot.ip, slot.port)));
        }
    }
}

impl Pool {
    /// Takes off what ended, and tells of the ports that nobody holds any more.
    fn take_off(&mut self, observer: &mut impl Observer) {
        self.ended.sort_unstable();
        for (until, port) in self.ended.drain(..) {
            let Some((holders, since)) = self.holders.get_mut(&port) else { continue };
            *holders -= 1;
            if *holders == 0 {
                observer.used(Used { pool: self.key, since: *since, until });
                self.holders.remove(&port);
            }
        }
    }
}

impl<O: Observer> Run<'_, O> {
    /// Takes a port of a row.
    #[inline]
    pub(super) fn open_row(&mut self, row: usize, asker: &Asker) -> Result<Slot, SnatFailure> {
        match self.in_common.of(row) {
            None => self.rows[row].open(self.now, asker),
            Some(pool) => self.open_beside(row, pool, asker),
        }
    }

    fn open_beside(&mut self, row: usize, pool: usize, asker: &Asker) -> Result<Slot, SnatFailure> {
        let now = self.now;
        self.look_around_in(row, pool);
        let PoolsInCommon { pools, seen, .. } = &mut self.in_common;
        let pool = &mut pools[pool];
        pool.take_off(&mut self.observer);
        let slot = self.rows[row].open_beside(now, asker, seen, pool.rules)?;
        pool.holders.entry((slot.ip, slot.port)).or_insert((0, now)).0 += 1;
        Ok(slot)
    }

    /// Why `flows` more flows would not all get a port of a row, if they would not.
    pub(super) fn row_lacks_room(&mut self, row: usize, flows: u64, asker: &Asker) -> Option<SnatFailure> {
        let Some(pool) = self.in_common.of(row) else {
            return self.rows[row].lacks_room(self.now, flows, asker);
        };
        self.look_around_in(row, pool);
        let PoolsInCommon { pools, seen, .. } = &self.in_common;
        self.rows[row].lacks_room_beside(self.now, flows, seen, pools[pool].rules)
    }

    /// Sees what the other rows of a port pool do with its ports now.
    fn look_around_in(&mut self, row: usize, pool: usize) {
        self.in_common.seen.clear();
        for number in 0..self.in_common.pools[pool].rows.len() {
            let other = self.in_common.pools[pool].rows[number];
            self.rows[other].busy(self.now);
            self.tell_ended(other);
            if other != row {
                self.in_common.seen.look_at(&self.rows[other], self.now);
            }
        }
    }

    /// The run is over.
    pub(super) fn tell_used(&mut self) {
        for pool in &mut self.in_common.pools {
            pool.take_off(&mut self.observer);
        }
    }
}
