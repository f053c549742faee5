//! A sweep as a table on a terminal.

use super::wording;
use crate::experiment::sweep::{Cell, Outcome, SweepResults};
use crate::report::number::{counted, percent};
use std::fmt::Write;

/// Rows of a table on a terminal.
const MOST_ROWS: usize = 200;

/// What `sweep` found.
pub fn sweep(sweep: &SweepResults) -> String {
    let mut text = format!("{}\n{}\n\n", sweep.head.title, wording::headline(sweep));
    let mut rows = vec![head(sweep)];
    rows.extend(sweep.cells.iter().take(MOST_ROWS).map(|cell| row(sweep, cell)));
    aligned(&mut text, &rows, sweep.head.vary.len());
    let left_out = sweep.cells.len().saturating_sub(MOST_ROWS);
    if left_out > 0 {
        let _ = writeln!(text, "{} more; --format csv has them all", counted(left_out as u64, "cell"));
    }
    for warning in sweep.warnings.iter().cloned().chain(wording::warnings(sweep)) {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    let _ = writeln!(text, "\n{}", wording::method(sweep));
    sweep.part.iter().for_each(|part| {
        let _ = writeln!(text, "{}", wording::how_to_merge(part));
    });
    text
}

fn head(sweep: &SweepResults) -> Vec<String> {
    let keys = sweep.head.vary.iter().map(|varied| varied.key.clone());
    let figures = ["verdict", "SNAT failures (attempts)", "connections lost", "fullest row", "no port"];
    keys.chain(figures.map(String::from)).collect()
}

fn row(sweep: &SweepResults, cell: &Cell) -> Vec<String> {
    let mut row: Vec<String> =
        sweep.head.vary.iter().map(|varied| cell.setting(varied).to_string()).collect();
    row.push(wording::verdict(cell).into());
    match &cell.outcome {
        Outcome::Refused { reason } => row.push(reason.clone()),
        Outcome::Simulated { figures } => row.extend([
            wording::short(&figures.failure_ratio),
            wording::short(&figures.connection_failure_ratio),
            percent(figures.occupancy.mean),
            percent(figures.occupancy.full_time_ratio),
        ]),
    }
    row
}

/// Columns as wide as need be: settings to the left, figures to the right; a reason runs on.
fn aligned(text: &mut String, rows: &[Vec<String>], settings: usize) {
    let columns = rows.first().map_or(0, Vec::len);
    let whole = |row: &&Vec<String>| row.len() == columns;
    let widest = |column: usize| {
        let cells = rows.iter().filter(|row| column <= settings || whole(row));
        cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = if row.len() < columns && column > settings { 0 } else { widths[column] };
            let _ = match column <= settings || row.len() < columns {
                true => write!(line, "{cell:width$}  "),
                false => write!(line, "{cell:>width$}  "),
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
