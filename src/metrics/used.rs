//! How many different ports the rows of a port pool use together, where that is asked for.

use super::Cuts;
use super::SERIES_BIN;
use super::grid::Grid;
use super::summary::SeriesCounts;
use crate::simulation::{PoolKey, Used};
use std::collections::BTreeMap;

/// The different ports that are used of one port pool over the measured time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedSummary {
    /// Port-nanoseconds.
    pub port_nanos: u128,
    /// How many grid instants saw each number of used ports.
    pub instants: BTreeMap<u64, u64>,
}

impl UsedSummary {
    /// Adds the same port pool of another trial.
    pub fn add(&mut self, other: &Self) {
        let Self { port_nanos, instants } = other;
        self.port_nanos += port_nanos;
        for (used, count) in instants {
            *self.instants.entry(*used).or_default() += count;
        }
    }
}

/// Counts of used ports, by port pool.
#[derive(Default)]
pub struct UsedGrids {
    by_pool: BTreeMap<PoolKey, (u128, Grid)>,
}

impl UsedGrids {
    pub fn note(&mut self, cuts: &Cuts, used: Used) {
        let Used { pool, since, until } = used;
        let (nanos, grid) = self.by_pool.entry(pool).or_insert_with(|| (0, Grid::new(cuts)));
        *nanos += u128::from(cuts.measured(since, until));
        grid.note(since, until, until);
    }

    /// The figures of each port pool; their sums are added to the series.
    pub fn sum_up(self, cuts: &Cuts, series: &mut [SeriesCounts]) -> BTreeMap<PoolKey, UsedSummary> {
        let mut summaries = BTreeMap::new();
        for (pool, (port_nanos, grid)) in self.by_pool {
            let mut instants: BTreeMap<u64, u64> = BTreeMap::new();
            for (instant, (used, _)) in grid.counts().enumerate() {
                *instants.entry(used).or_default() += 1;
                let bin = (instant as u64 * cuts.step.nanos() / SERIES_BIN.nanos()) as usize;
                if let Some(bin) = series.get_mut(bin) {
                    bin.used += used;
                }
            }
            summaries.insert(pool, UsedSummary { port_nanos, instants });
        }
        summaries
    }
}
