//! How full rows and port pools were.

use super::{Sums, quantile};
use crate::experiment::plan::Plan;
use crate::experiment::results::{IpOccupancy, Occupancy, OccupancyPorts, PoolOccupancy, UsedPorts};
use crate::flow::{PortPoolId, StageId};
use crate::metrics::{IpSummary, RowSummary, UsedSummary};
use crate::simulation::{PoolKey, RowId};
use std::collections::BTreeMap;

impl Sums<'_> {
    /// Mean share of the row's ports that is busy; ports, when unlimited.
    fn fullness(&self, plan: &Plan, row: RowId, figures: &RowSummary) -> f64 {
        let ports = plan.system.most_ports_in_row(row).unwrap_or(1).max(1) as f64;
        figures.busy_nanos as f64 / self.measured_nanos / ports
    }

    pub fn busiest_row(&self, plan: &Plan) -> (Occupancy, OccupancyPorts) {
        let busiest = self.busiest_of(plan, |_| true);
        busiest.map_or_else(Default::default, |(row, figures)| self.occupancy(plan, row, figures))
    }

    fn busiest_of(&self, plan: &Plan, of: impl Fn(RowId) -> bool) -> Option<(RowId, &RowSummary)> {
        let mut busiest: Option<(RowId, &RowSummary, f64)> = None;
        for (row, figures) in self.rows.iter().filter(|(row, _)| of(**row)) {
            let fullness = self.fullness(plan, *row, figures);
            if busiest.is_none_or(|(.., most)| fullness > most) {
                busiest = Some((*row, figures, fullness));
            }
        }
        busiest.map(|(row, figures, _)| (row, figures))
    }

    fn occupancy(&self, plan: &Plan, row: RowId, figures: &RowSummary) -> (Occupancy, OccupancyPorts) {
        let system = &plan.system;
        let spec = &system.rows[row.index()];
        let per_row = system.most_ports_in_row(row);
        let instants = plan.cuts.grid_instants() as f64 * f64::from(plan.replications);
        let counts = RowCounts::of(figures, instants as u64);
        let mean = figures.busy_nanos as f64 / self.measured_nanos;
        let share = |ports: f64| ports / per_row.unwrap_or(1).max(1) as f64;
        let ports = OccupancyPorts {
            stage: system.stage_of(row).stage().into(),
            port_pool: system.pool_name(row).to_string(),
            destination: spec
                .one_destination
                .then(|| system.destinations[spec.destination.index()].name.clone()),
            per_row,
            mean,
            variance: counts.variance(),
            in_use_mean: figures.in_use as f64 / instants,
            hold_down_mean: figures.resting as f64 / instants,
            p50: counts.quantile(0.5),
            p95: counts.quantile(0.95),
            p99: counts.quantile(0.99),
            max: counts.max(),
        };
        let occupancy = Occupancy {
            mean: share(mean),
            p50: share(ports.p50 as f64),
            p95: share(ports.p95 as f64),
            p99: share(ports.p99 as f64),
            max: share(ports.max as f64),
            full_time_ratio: figures.full_nanos as f64 / self.measured_nanos,
        };
        (occupancy, ports)
    }

    pub fn by_pool(&self, plan: &Plan) -> Vec<PoolOccupancy> {
        let rows_by_pool = self.rows_by_pool(plan);
        rows_by_pool.values().filter_map(|rows| self.pool(plan, rows)).collect()
    }

    /// Public IPs of the busiest row of each port pool, where they are told apart.
    pub fn by_ip(&self, plan: &Plan) -> Vec<IpOccupancy> {
        let rows_by_pool = self.rows_by_pool(plan);
        let busiest = rows_by_pool
            .values()
            .filter_map(|rows| self.busiest_of(plan, |row| rows.binary_search(&row).is_ok()));
        busiest.flat_map(|(row, figures)| self.ips_of(plan, row, figures)).collect()
    }

    fn ips_of(&self, plan: &Plan, row: RowId, figures: &RowSummary) -> Vec<IpOccupancy> {
        let system = &plan.system;
        let port_pool = system.pool_name(row);
        let all = plan.cuts.grid_instants() as f64 * f64::from(plan.replications);
        let ips = figures.by_ip.iter().zip(system.ports(row)).zip(0..);
        let one = |((figures, ports), public_ip): ((&IpSummary, &Option<u32>), u32)| {
            let seen = figures.busy as f64 / all;
            IpOccupancy {
                port_pool: port_pool.to_string(),
                public_ip,
                ports: ports.map(u64::from),
                mean: figures.busy_nanos as f64 / self.measured_nanos,
                variance: (figures.busy_squares as f64 / all - seen * seen).max(0.0),
            }
        };
        ips.map(one).collect()
    }

    /// Different ports used, of each port pool that is asked.
    pub fn used_ports(&self, plan: &Plan) -> Vec<UsedPorts> {
        let all = plan.cuts.grid_instants() as u64 * u64::from(plan.replications);
        let mut by_pool: BTreeMap<PoolKey, UsedSummary> = BTreeMap::new();
        for (pool, figures) in self.trials.iter().flat_map(|trial| &trial.used) {
            by_pool.entry(*pool).or_default().add(figures);
        }
        let used = |(key, figures): (PoolKey, UsedSummary)| {
            let stage = plan.system.stage(key.stage);
            let pool = &stage.pools[key.pool.index()];
            let counts = RowCounts::with_idle(figures.instants, all);
            UsedPorts {
                stage: stage.stage().into(),
                port_pool: pool.name.clone(),
                protocol: key.protocol,
                ports: plan.system.most_ports_in_pool(key.stage, key.pool),
                mean: figures.port_nanos as f64 / self.measured_nanos,
                p99: counts.quantile(0.99),
                max: counts.max(),
            }
        };
        by_pool.into_iter().map(used).collect()
    }

    fn rows_by_pool(&self, plan: &Plan) -> BTreeMap<(StageId, PortPoolId), Vec<RowId>> {
        let mut rows_by_pool: BTreeMap<(StageId, PortPoolId), Vec<RowId>> = BTreeMap::new();
        for row in self.rows.keys() {
            let spec = &plan.system.rows[row.index()];
            rows_by_pool.entry((spec.stage, spec.pool)).or_default().push(*row);
        }
        rows_by_pool
    }

    fn pool(&self, plan: &Plan, rows: &[RowId]) -> Option<PoolOccupancy> {
        let (busiest, figures) = self.busiest_of(plan, |row| rows.binary_search(&row).is_ok())?;
        let (occupancy, ports) = self.occupancy(plan, busiest, figures);
        let sum =
            |pick: fn(&RowSummary) -> u64| rows.iter().filter_map(|row| self.rows.get(row)).map(pick).sum();
        Some(PoolOccupancy {
            stage: ports.stage,
            port_pool: ports.port_pool,
            ports: ports.per_row,
            mean: occupancy.mean,
            p99: occupancy.p99,
            max: occupancy.max,
            attempts: sum(|row| row.attempts),
            snat_failures: sum(|row| row.snat_failures),
        })
    }
}

/// How often a row had each number of busy ports, idle instants of trials without traffic included.
struct RowCounts {
    instants: BTreeMap<u64, u64>,
}

impl RowCounts {
    fn of(figures: &RowSummary, all: u64) -> Self {
        Self::with_idle(figures.instants.clone(), all)
    }

    /// What was not seen of `all` instants was idle.
    fn with_idle(mut instants: BTreeMap<u64, u64>, all: u64) -> Self {
        let seen: u64 = instants.values().sum();
        if seen < all {
            *instants.entry(0).or_default() += all - seen;
        }
        Self { instants }
    }

    fn quantile(&self, level: f64) -> u64 {
        quantile(&self.instants, level)
    }

    fn max(&self) -> u64 {
        self.instants.keys().last().copied().unwrap_or(0)
    }

    fn variance(&self) -> f64 {
        let count: u64 = self.instants.values().sum();
        let moment = |power: i32| {
            let sum: f64 =
                self.instants.iter().map(|(busy, times)| (*busy as f64).powi(power) * *times as f64).sum();
            sum / count.max(1) as f64
        };
        (moment(2) - moment(1).powi(2)).max(0.0)
    }
}
