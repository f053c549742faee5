//! The report of a sweep: every cell, its charts, how it was done.

use super::wording;
use crate::error::Error;
use crate::experiment::sweep::{Cell, Outcome, SweepResults};
use crate::report::charts::{self, sweep::Charts};
use crate::report::document::{Block, Document};
use crate::report::number::{counted, percent};
use crate::report::table::Table;

/// Cells that a report lists.
const LISTED: usize = 500;

/// The headline, a table of all cells, charts, and the scenario.
pub fn sweep(sweep: &SweepResults) -> Result<Document, Error> {
    let mut blocks: Vec<Block> =
        sweep.part.iter().map(|part| Block::Paragraph(wording::how_to_merge(part))).collect();
    let warnings = sweep.warnings.iter().cloned().chain(wording::warnings(sweep));
    blocks.extend(warnings.map(Block::Warning));
    let Charts { shown, left_out } = charts::sweep::charts(sweep);
    blocks.extend(shown.into_iter().map(Block::Chart));
    if left_out > 0 {
        let told = format!(
            "{} left out; the table below and sweep.csv have their numbers.",
            counted(left_out as u64, "chart")
        );
        blocks.push(Block::Paragraph(told));
    }
    blocks.extend([Block::Heading("Cells".into()), Block::Table(cells(sweep).cut(LISTED))]);
    blocks.extend(method(sweep));
    Ok(Document {
        title: sweep.head.title.clone(),
        finding: wording::headline(sweep),
        tone: wording::tone(sweep),
        blocks,
    })
}

/// One row a cell.
fn cells(sweep: &SweepResults) -> Table {
    let mut head: Vec<String> = sweep.head.vary.iter().map(|varied| varied.key.clone()).collect();
    let figures = ["verdict", "SNAT failures", "connections lost", "fullest row", "no free port", "note"];
    head.extend(figures.map(String::from));
    let row = |cell: &Cell| {
        let mut row: Vec<String> =
            sweep.head.vary.iter().map(|varied| cell.setting(varied).to_string()).collect();
        row.push(wording::verdict(cell).into());
        match &cell.outcome {
            Outcome::Refused { reason } => {
                row.extend([String::new(), String::new(), String::new(), String::new(), reason.clone()]);
            }
            Outcome::Simulated { figures } => row.extend([
                wording::short(&figures.failure_ratio),
                wording::short(&figures.connection_failure_ratio),
                percent(figures.occupancy.mean),
                percent(figures.occupancy.full_time_ratio),
                String::new(),
            ]),
        }
        row
    };
    Table { head, rows: sweep.cells.iter().map(row).collect(), left_out: 0 }
}

fn method(sweep: &SweepResults) -> Vec<Block> {
    let scenario = &sweep.head.scenario;
    let text = toml::to_string_pretty(scenario).unwrap_or_else(|_| scenario.to_string());
    vec![
        Block::Heading("Method".into()),
        Block::Paragraph(format!("{}.", wording::method(sweep))),
        Block::Paragraph(format!(
            "snatsim {}; the same scenario and seed give the same numbers on any machine, in one run or in parts.",
            sweep.head.version
        )),
        Block::Source { title: "Scenario before anything was varied".into(), text },
    ]
}
