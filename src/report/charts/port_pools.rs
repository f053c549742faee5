//! How full each port pool was.

use crate::experiment::results::{PoolOccupancy, Results};
use crate::report::chart::{Axis, Bar, Chart, Ink, Mark, Panel, Shape};
use crate::report::number::{count, counted, number, percent};
use crate::report::table::Table;

/// Port pools that are drawn, the fullest first.
const DRAWN: usize = 16;

/// Rows of the table beside the chart.
const ROWS: usize = 100;

/// One bar a port pool.
pub fn chart(results: &Results) -> Chart {
    let mut pools: Vec<&PoolOccupancy> = results.occupancy_by_pool.iter().collect();
    pools.sort_by(|one, other| other.mean.total_cmp(&one.mean));
    let limited = pools.iter().all(|pool| pool.ports.is_some());
    let rest = match pools.len().saturating_sub(DRAWN) {
        0 => String::new(),
        rest => format!(" {} less full left out.", counted(rest as u64, "port pool")),
    };
    Chart {
        name: "port_pools".into(),
        finding: finding(&pools, limited),
        explanation: format!(
            "The fullest row (the port pool seen towards one destination) of each port pool: ports busy or at rest, \
             mean over time, 99th percentile and most.{rest}"
        ),
        panels: vec![panel(&pools, limited)],
        table: table(&pools),
    }
}

fn finding(pools: &[&PoolOccupancy], limited: bool) -> String {
    let (Some(fullest), Some(emptiest)) = (pools.first(), pools.last()) else {
        return "No port pool was used".into();
    };
    let value = |pool: &PoolOccupancy| {
        if limited { percent(pool.mean) } else { format!("{} ports", number(pool.mean)) }
    };
    let name = &fullest.port_pool;
    match pools.len() {
        1 => {
            format!("Of port pool {name}, {} are busy on average, {} at most", value(fullest), most(fullest))
        }
        pools => format!(
            "Of the fullest of {pools} port pools, {name}, {} are busy on average, of the emptiest {}",
            value(fullest),
            value(emptiest)
        ),
    }
}

fn most(pool: &PoolOccupancy) -> String {
    if pool.ports.is_some() { percent(pool.max) } else { format!("{} ports", number(pool.max)) }
}

fn panel(pools: &[&PoolOccupancy], limited: bool) -> Panel {
    let scale = if limited { 100.0 } else { 1.0 };
    let drawn: Vec<(f64, &PoolOccupancy)> =
        pools.iter().take(DRAWN).enumerate().map(|(place, pool)| (-(place as f64), *pool)).collect();
    let bars = |height: f64, value: fn(&PoolOccupancy) -> f64| {
        let bar = |(y, pool): &(f64, &PoolOccupancy)| Bar {
            from: (0.0, y - height),
            to: (value(pool) * scale, y + height),
            label: String::new(),
        };
        Shape::Bars(drawn.iter().map(bar).collect())
    };
    let dots = drawn.iter().map(|(y, pool)| (pool.max * scale, *y)).collect();
    let widest = drawn.iter().map(|(_, pool)| pool.max * scale).fold(0.0, f64::max);
    let label =
        if limited { "ports of the row that are busy or at rest (%)" } else { "ports busy or at rest" };
    let names = drawn.iter().map(|(y, pool)| (*y, pool.port_pool.clone())).collect();
    Panel {
        height: 1.0,
        x: Axis::from_zero(label, if limited { widest.max(100.0) } else { widest }, number),
        y: Axis::places("", (-(drawn.len().max(3) as f64) + 0.4, 0.6), names),
        marks: vec![
            Mark::named("99th percentile", Ink::HoldDown, bars(0.12, |pool| pool.p99)),
            Mark::named("mean", Ink::InUse, bars(0.3, |pool| pool.mean)),
            Mark::named("most", Ink::Failure, Shape::Dots(dots)),
        ],
    }
}

fn table(pools: &[&PoolOccupancy]) -> Table {
    let mut table = Table::new(["port pool", "ports", "mean", "p99", "most", "attempts", "SNAT failures"]);
    for pool in pools {
        let value = |value: f64| if pool.ports.is_some() { percent(value) } else { number(value) };
        table.push([
            pool.port_pool.clone(),
            pool.ports.map_or("unlimited".into(), count),
            value(pool.mean),
            value(pool.p99),
            value(pool.max),
            count(pool.attempts),
            count(pool.snat_failures),
        ]);
    }
    table.cut(ROWS)
}
