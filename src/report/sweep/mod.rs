//! A sweep as people and programs read it.

mod columns;
mod review;
mod text;
mod wording;

pub use columns::table;

use super::check::Check;
use super::document::Document;
use super::number::number;
use super::present::Present;
use super::table::Table;
use crate::error::Error;
use crate::experiment::results::ThresholdResult;
use crate::experiment::sweep::{Cell, SweepResults};

impl Present for SweepResults {
    fn text(&self) -> String {
        text::sweep(self)
    }

    fn document(&self) -> Result<Document, Error> {
        review::sweep(self)
    }

    fn table(&self) -> Table {
        columns::table(self)
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        let of_cell = |cell: &Cell| match cell.figures() {
            Some(figures) => {
                let name = wording::settings(&self.head, cell);
                figures.thresholds.iter().map(|threshold| check(threshold, &name)).collect()
            }
            None => Vec::new(),
        };
        Ok(self.cells.iter().flat_map(of_cell).collect())
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        warnings.extend(wording::warnings(self));
        warnings
    }
}

fn check(threshold: &ThresholdResult, of: &str) -> Check {
    let estimate = threshold.estimate.map_or("none seen".into(), number);
    Check {
        name: format!("{} at {of}", threshold.expression),
        verdict: threshold.verdict,
        message: format!("{of}: {estimate} [{}, {}]", number(threshold.low), number(threshold.high)),
    }
}
