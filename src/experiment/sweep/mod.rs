//! A grid of settings, simulated cell by cell.
//!
//! Every cell is checked before the first one runs, and runs from the same seed, so that all meet the same traffic. A
//! cell is a pure function of the sweep and its number: parts of a sweep may run anywhere, and be done again.

mod figures;
mod head;
mod merge;
mod part;
mod prepare;
mod results;
mod store;
mod workers;

pub use figures::CellFigures;
pub use head::Head;
pub use merge::merge;
pub use part::Part;
pub use prepare::{Prepared, prepare};
pub use results::{Cell, Outcome, SweepPerformance, SweepResults};
pub use store::{Beginning, Found, Store};

use super::Control;
use crate::error::Error;
use crate::scenario::grid::{Grid, read_cell};
use crate::scenario::{Override, Scenario, Threshold};
use std::collections::BTreeMap;
use std::time::Instant;

/// What is asked.
pub struct Question<'a> {
    /// Name of the scenario file.
    pub file: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Keys set in every cell.
    pub set: &'a [Override],
    /// Thresholds beside those of the scenario.
    pub thresholds: &'a [Threshold],
    /// Keys that vary.
    pub grid: &'a Grid,
}

impl Question<'_> {
    /// The scenario of a cell.
    pub fn scenario(&self, cell: usize) -> Result<Scenario, Error> {
        let mut scenario = read_cell(self.file, self.text, self.set, &self.grid.settings(cell))?;
        scenario.judge_also(self.thresholds);
        Ok(scenario)
    }
}

/// Runs the cells of `part` that `kept` does not hold; each is put into `store` as soon as it is finished.
pub fn sweep(
    question: &Question<'_>,
    prepared: &Prepared,
    part: Part,
    (kept, store): (BTreeMap<usize, Cell>, Option<&Store>),
    control: &Control<'_>,
) -> Result<SweepResults, Error> {
    let began = Instant::now();
    let mut cells: BTreeMap<usize, Cell> =
        kept.into_iter().filter(|(number, _)| part.holds(*number)).collect();
    let cells_kept = cells.len() as u64;
    let all = question.grid.cells();
    let missing = (0..all).filter(|number| part.holds(*number) && !cells.contains_key(number)).collect();
    let found = workers::run(question, prepared, missing, store, control)?;
    let performance = SweepPerformance {
        cells_run: found.cells.len() as u64,
        cells_kept,
        events: found.events,
        wall_s: began.elapsed().as_secs_f64(),
        threads: found.threads,
    };
    cells.extend(found.cells);
    let cells = cells.into_values().collect();
    Ok(SweepResults::new(prepared.head.clone(), part, cells, Some(performance)))
}
