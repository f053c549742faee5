//! Two varied keys: a field per cell, the darker the more.

use super::Slice;
use super::metric::Metric;
use crate::experiment::sweep::{Cell, SweepResults};
use crate::report::chart::{Axis, Chart, Field, Ink, Mark, Panel, Shape};
use crate::report::number::number;
use crate::report::table::Table;
use crate::scenario::grid::VariedKey;

/// Labels below an axis, and beside one.
const LABELS: (usize, usize) = (10, 20);

/// The shade of the largest value, so that text on it can be read.
const DARKEST: f64 = 0.75;

/// The chart of one metric: a row for each value of one key, a column for each of the other.
pub fn chart(
    name: String,
    metric: &Metric,
    sweep: &SweepResults,
    (rows, columns): (&VariedKey, &VariedKey),
    slice: &Slice<'_>,
) -> Chart {
    let (height, width) = (rows.values.len(), columns.values.len());
    let place = |varied: &VariedKey, cell: &Cell| {
        varied.values.iter().position(|value| value == cell.setting(varied)).unwrap_or(0) as f64
    };
    // One scale for all slices, or they could not be compared.
    let values = sweep.cells.iter().filter_map(|cell| metric.of(cell)?.estimate);
    let most = values.fold(0.0, f64::max);
    let written = width <= LABELS.0 && height <= LABELS.1;
    let field = |cell: &&Cell| {
        let (x, y) = (place(columns, cell), -place(rows, cell));
        let (shade, label) = match metric.of(cell) {
            None => (0.35, "refused".to_string()),
            Some(value) => {
                let estimate = value.estimate.unwrap_or(0.0);
                let share = if most > 0.0 { estimate / most } else { 0.0 };
                (share * DARKEST, value.estimate.map_or("none".into(), number))
            }
        };
        let label = if written { label } else { String::new() };
        Field { from: (x - 0.5, y - 0.5), to: (x + 0.5, y + 0.5), shade, label }
    };
    let (simulated, refused): (Vec<&Cell>, Vec<&Cell>) =
        slice.cells.iter().copied().partition(|cell| cell.figures().is_some());
    let fields = |cells: &[&Cell]| Shape::Fields(cells.iter().map(field).collect());
    let mut marks = vec![Mark::named(metric.label, Ink::Failure, fields(&simulated))];
    if !refused.is_empty() {
        marks.push(Mark::named("the platform would refuse", Ink::Moment, fields(&refused)));
    }
    let panel = Panel {
        height: 1.0,
        x: Axis::places(&columns.key, (-0.5, width as f64 - 0.5), labels(columns, LABELS.0, 1.0)),
        y: Axis::places(&rows.key, (0.5 - height as f64, 0.5), labels(rows, LABELS.1, -1.0)),
        marks,
    };
    let within = if slice.name.is_empty() { String::new() } else { format!(" ({})", slice.name) };
    Chart {
        name,
        finding: format!("{}{within}", metric.finding(sweep, &slice.cells)),
        explanation: format!(
            "The darker the more; the darkest is {} {}, the most of all cells. \"none\": none was seen.",
            number(most),
            metric.unit
        ),
        panels: vec![panel],
        table: table(metric, (rows, columns), slice),
    }
}

fn labels(varied: &VariedKey, most: usize, direction: f64) -> Vec<(f64, String)> {
    let step = varied.values.len().div_ceil(most).max(1);
    let places = varied.values.iter().enumerate().step_by(step);
    places.map(|(place, value)| (direction * place as f64, value.clone())).collect()
}

/// A row for each value of one key, a column for each of the other.
fn table(metric: &Metric, (rows, columns): (&VariedKey, &VariedKey), slice: &Slice<'_>) -> Table {
    let mut head = vec![format!("{} \\ {}", rows.key, columns.key)];
    head.extend(columns.values.iter().cloned());
    let value = |cell: Option<&&Cell>| match cell.map(|cell| metric.of(cell)) {
        None => String::new(),
        Some(None) => "refused".into(),
        Some(Some(value)) => metric.told(&value),
    };
    let row = |row: &String| {
        let of = |column: &String| {
            let here = |cell: &&&Cell| cell.setting(rows) == row && cell.setting(columns) == column;
            value(slice.cells.iter().find(here))
        };
        std::iter::once(row.clone()).chain(columns.values.iter().map(of)).collect()
    };
    Table { head, rows: rows.values.iter().map(row).collect(), left_out: 0 }
}
