//! What a sweep found.

use super::figures::CellFigures;
use super::head::Head;
use super::part::Part;
use crate::scenario::grid::VariedKey;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What `sweep` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepResults {
    /// The question.
    #[serde(flatten)]
    pub head: Head,
    /// Which part of the cells this is, `I/N`; absent where it is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// Cells in the order of their numbers.
    pub cells: Vec<Cell>,
    /// What a reader must know before the numbers.
    pub warnings: Vec<String>,
    /// Speed; absent with `--reproducible` and after `merge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<SweepPerformance>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Its number, from 0.
    pub cell: usize,
    /// The value of each varied key, as for `--set`.
    pub settings: BTreeMap<String, String>,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was simulated.
    Simulated {
        /// What was found.
        figures: Box<CellFigures>,
    },
    /// The platform would refuse the configuration.
    Refused {
        /// Why.
        reason: String,
    },
}

/// How fast it ran; left out with `--reproducible`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SweepPerformance {
    /// Cells that were run.
    pub cells_run: u64,
    /// Cells that an earlier run had finished.
    pub cells_kept: u64,
    /// Arrivals and releases of the cells that were run.
    pub events: u64,
    /// Wall time.
    pub wall_s: f64,
    /// Threads used.
    pub threads: usize,
}

impl Cell {
    /// The value of a varied key.
    pub fn setting(&self, varied: &VariedKey) -> &str {
        self.settings.get(&varied.key).map(String::as_str).unwrap_or_default()
    }

    /// What was found, if it was simulated.
    pub fn figures(&self) -> Option<&CellFigures> {
        match &self.outcome {
            Outcome::Simulated { figures } => Some(figures),
            Outcome::Refused { .. } => None,
        }
    }
}

impl SweepResults {
    /// Results of the cells of a part, in the order of their numbers.
    pub fn new(head: Head, part: Part, cells: Vec<Cell>, performance: Option<SweepPerformance>) -> Self {
        let warnings = different_starts(&cells).into_iter().collect();
        let part = (!part.is_whole()).then(|| part.to_string());
        Self { head, part, cells, warnings, performance }
    }

    /// Cells that were simulated, with what was found.
    pub fn simulated(&self) -> impl Iterator<Item = (&Cell, &CellFigures)> {
        self.cells.iter().filter_map(|cell| Some((cell, cell.figures()?)))
    }
}

/// Traffic is drawn from the start of the warm-up.
fn different_starts(cells: &[Cell]) -> Option<String> {
    let mut spans: Vec<f64> =
        cells.iter().filter_map(|cell| cell.figures().map(|figures| figures.warm_up_s)).collect();
    spans.sort_by(f64::total_cmp);
    let (shortest, longest) = (spans.first()?, spans.last()?);
    (shortest < longest).then(|| {
        format!(
            "warm-ups last from {shortest} s to {longest} s, so not all cells meet the same traffic: set `run.warm_up` to one \
             time"
        )
    })
}
