//! How long flows waited for their port, by percentile.

use crate::experiment::results::Results;
use crate::report::chart::{Axis, Chart, Ink, Mark, Panel, Shape};
use crate::report::histogram;
use crate::report::number::{number, span};
use crate::report::table::Table;

/// Percentiles named on the axis and in the table.
const LEVELS: [(f64, &str); 7] = [
    (0.0, "0"),
    (0.5, "50"),
    (0.9, "90"),
    (0.99, "99"),
    (0.999, "99.9"),
    (0.9999, "99.99"),
    (0.99999, "99.999"),
];

/// The percentile curve, ever finer towards the slowest flows.
pub fn chart(results: &Results) -> Chart {
    let delays = histogram::connect_delays(results);
    let flows = delays.len();
    let shown: Vec<(f64, &str)> =
        LEVELS.into_iter().filter(|(level, _)| (1.0 - level) * flows.max(1) as f64 >= 0.999).collect();
    let seconds = |level: f64| delays.value_at_quantile(level) as f64 / 1e6;
    Chart {
        name: "connect_delay".into(),
        finding: finding(results, flows),
        explanation: "Flows that got a port, by the time from their first SYN to the grant. A port at the first SYN is a \
                      delay of 0; flows that never got one are not in this chart."
            .into(),
        panels: vec![panel(&delays, &shown)],
        table: table(&shown, seconds),
    }
}

fn finding(results: &Results, flows: u64) -> String {
    let delay = &results.connect_delay_s;
    match (flows, delay.max > 0.0) {
        (0, _) => "No flow got a port".into(),
        (_, false) => "Every flow that got a port got it at its first SYN".into(),
        _ => format!(
            "Half of the flows get their port within {}; one in a hundred waits longer than {}, the slowest {}",
            delay_text(delay.p50),
            delay_text(delay.p99),
            delay_text(delay.max)
        ),
    }
}

fn delay_text(seconds: f64) -> String {
    format!("{} s", number(seconds))
}

/// Nines: 0 for all flows, 1 at the 90th percentile, 2 at the 99th.
fn nines(level: f64) -> f64 {
    -libm::log10(1.0 - level)
}

fn panel(delays: &hdrhistogram::Histogram<u64>, shown: &[(f64, &str)]) -> Panel {
    let end = nines(1.0 - 1.0 / delays.len().max(10) as f64);
    let mut points = vec![];
    let mut below = 0.0;
    for value in delays.iter_recorded() {
        let seconds = value.value_iterated_to() as f64 / 1e6;
        points.push((below, seconds));
        below = nines(value.quantile()).min(end);
        points.push((below, seconds));
    }
    let shape =
        if points.is_empty() { Shape::Note("no flow got a port".into()) } else { Shape::Line(points) };
    Panel {
        height: 1.0,
        x: Axis::places(
            "flows that got a port by then (%)",
            (0.0, end),
            shown.iter().map(|(level, name)| (nines(*level), name.to_string())).collect(),
        ),
        y: Axis::from_zero("time from the first SYN to the grant", delays.max() as f64 / 1e6, span),
        marks: vec![Mark::bare(Ink::InUse, shape)],
    }
}

fn table(shown: &[(f64, &str)], seconds: impl Fn(f64) -> f64) -> Table {
    let mut table = Table::new(["flows (%)", "port within (s)"]);
    for (level, name) in shown.iter().chain(&[(1.0, "100")]).skip(1) {
        table.push([name.to_string(), number(seconds(*level))]);
    }
    table
}
