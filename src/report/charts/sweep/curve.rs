//! One varied key: a line over its values where they are quantities, bars where they are names.

use super::metric::{Metric, Value};
use crate::experiment::sweep::{Cell, SweepResults};
use crate::report::chart::{Axis, Bar, Chart, Ink, Mark, Panel, Shape};
use crate::report::number::number;
use crate::report::table::Table;
use crate::scenario::grid::VariedKey;

/// Labels below an axis.
const LABELS: usize = 12;

/// The chart of one metric.
pub fn chart(name: String, metric: &Metric, sweep: &SweepResults, varied: &VariedKey) -> Chart {
    let cells: Vec<&Cell> = sweep.cells.iter().collect();
    let values: Vec<(f64, Option<Value>)> =
        cells.iter().enumerate().map(|(place, cell)| (place as f64, metric.of(cell))).collect();
    let limits = metric.limits(sweep);
    let highest = values.iter().filter_map(|(_, value)| Some(value.as_ref()?.high)).fold(0.0, f64::max);
    let highest = limits.iter().copied().fold(highest, f64::max);
    let end = cells.len() as f64 - 0.5;
    let mut marks = if are_quantities(varied) { line(&values) } else { bars(&values) };
    marks.extend(limits.iter().map(|limit| {
        Mark::named("threshold", Ink::Limit, Shape::Dashes(vec![(-0.5, *limit), (end, *limit)]))
    }));
    if values.iter().all(|(_, value)| value.is_none()) {
        marks.push(Mark::bare(Ink::Moment, Shape::Note("the platform would refuse every cell".into())));
    }
    let panel = Panel {
        height: 1.0,
        x: Axis::places(&varied.key, (-0.5, end.max(0.5)), labels(&cells, varied)),
        y: Axis::from_zero(metric.label, highest, number),
        marks,
    };
    Chart {
        name,
        finding: metric.finding(sweep, &cells),
        explanation: "Values stand side by side, whatever their distance. Where nothing was seen a dot is the upper bound; \
                      nothing is drawn where the platform would refuse."
            .into(),
        panels: vec![panel],
        table: table(metric, &cells, varied),
    }
}

fn are_quantities(varied: &VariedKey) -> bool {
    varied.values.iter().all(|value| value.starts_with(|first: char| first.is_ascii_digit()))
}

fn labels(cells: &[&Cell], varied: &VariedKey) -> Vec<(f64, String)> {
    let step = cells.len().div_ceil(LABELS).max(1);
    let places = cells.iter().enumerate().step_by(step);
    places.map(|(place, cell)| (place as f64, cell.setting(varied).to_string())).collect()
}

/// Estimates joined where neighbours have one, over their intervals.
fn line(values: &[(f64, Option<Value>)]) -> Vec<Mark> {
    let mut marks = Vec::new();
    let seen = |(x, value): &(f64, Option<Value>)| {
        let value = value.as_ref()?;
        Some((*x, value.low, value.estimate?, value.high))
    };
    for run in values.split(|each| seen(each).is_none()).filter(|run| !run.is_empty()) {
        let points: Vec<(f64, f64, f64, f64)> = run.iter().filter_map(seen).collect();
        let band = points.iter().map(|(x, low, _, high)| (*x, *low, *high)).collect();
        let curve: Vec<(f64, f64)> = points.iter().map(|(x, _, estimate, _)| (*x, *estimate)).collect();
        let named = |name: &str, ink, shape| match marks.is_empty() {
            true => Mark::named(name, ink, shape),
            false => Mark::bare(ink, shape),
        };
        let drawn = [
            named("interval", Ink::FailureRange, Shape::Band(band)),
            named("estimate", Ink::Failure, Shape::Line(curve.clone())),
            Mark::bare(Ink::Failure, Shape::Dots(curve)),
        ];
        marks.extend(drawn);
    }
    marks.extend(bounds(values));
    marks
}

fn bars(values: &[(f64, Option<Value>)]) -> Vec<Mark> {
    let bar = |(x, value): &(f64, Option<Value>)| {
        let estimate = value.as_ref()?.estimate?;
        Some(Bar { from: (x - 0.3, 0.0), to: (x + 0.3, estimate), label: number(estimate) })
    };
    let bars = values.iter().filter_map(bar).collect();
    [Mark::named("estimate", Ink::Failure, Shape::Bars(bars))].into_iter().chain(bounds(values)).collect()
}

/// Upper bounds, where nothing was seen.
fn bounds(values: &[(f64, Option<Value>)]) -> Option<Mark> {
    let bound = |(x, value): &(f64, Option<Value>)| {
        let value = value.as_ref().filter(|value| value.estimate.is_none())?;
        Some((*x, value.high))
    };
    let bounds: Vec<(f64, f64)> = values.iter().filter_map(bound).collect();
    let some = !bounds.is_empty();
    some.then(|| Mark::named("upper bound, none seen", Ink::Limit, Shape::Dots(bounds)))
}

fn table(metric: &Metric, cells: &[&Cell], varied: &VariedKey) -> Table {
    let mut table = Table::new([varied.key.as_str(), metric.label, "low", "high"]);
    for cell in cells {
        let row = match metric.of(cell) {
            None => ["refused".to_string(), String::new(), String::new()],
            Some(value) => [metric.told(&value), number(value.low), number(value.high)],
        };
        let [estimate, low, high] = row;
        table.push([cell.setting(varied).to_string(), estimate, low, high]);
    }
    table
}
