//! Charts of a sweep: a curve over one varied key, a heat map over two.
//!
//! With more keys there is a heat map of the first two for each combination of the others, as many as fit in a report.

mod curve;
mod heat_map;
mod metric;

use crate::experiment::sweep::{Cell, SweepResults};
use crate::report::chart::Chart;
use metric::{METRICS, Metric};

/// More charts than this hide what they show.
const MOST_CHARTS: usize = 24;

/// Charts of a sweep, and how many are left out.
pub struct Charts {
    /// By metric, then by the keys that are not on an axis.
    pub shown: Vec<Chart>,
    /// Charts for which there was no room.
    pub left_out: usize,
}

/// A part of the cells that one chart shows.
struct Slice<'a> {
    /// What its cells have in common: `nodes=3, idle_timeout=4m`; empty where everything is shown.
    name: String,
    cells: Vec<&'a Cell>,
}

/// A chart per metric that has something to show.
pub fn charts(sweep: &SweepResults) -> Charts {
    let slices = slices(sweep);
    let metrics: Vec<&Metric> = METRICS.iter().filter(|metric| metric.is_shown(sweep)).collect();
    // No metric is shown for some of the slices only.
    let room = (MOST_CHARTS / metrics.len().max(1)).clamp(1, slices.len().max(1));
    let mut shown = Vec::new();
    for metric in &metrics {
        for (number, slice) in slices.iter().take(room).enumerate() {
            let name = match slices.len() {
                1 => metric.stem(),
                _ => format!("{}_{}", metric.stem(), number + 1),
            };
            shown.push(match &sweep.head.vary[..] {
                [varied] => curve::chart(name, metric, sweep, varied),
                [rows, columns, ..] => heat_map::chart(name, metric, sweep, (rows, columns), slice),
                [] => continue,
            });
        }
    }
    Charts { shown, left_out: metrics.len() * slices.len().saturating_sub(room) }
}

/// Cells that are alike but for the first two keys.
fn slices(sweep: &SweepResults) -> Vec<Slice<'_>> {
    let mut slices: Vec<Slice<'_>> = Vec::new();
    for cell in &sweep.cells {
        let others = sweep.head.vary.iter().skip(2);
        let settings: Vec<String> =
            others.map(|varied| format!("{}={}", varied.key, cell.setting(varied))).collect();
        let name = settings.join(", ");
        match slices.iter_mut().find(|slice| slice.name == name) {
            Some(slice) => slice.cells.push(cell),
            None => slices.push(Slice { name, cells: vec![cell] }),
        }
    }
    slices
}
