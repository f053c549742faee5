//! The options of a comparison side by side.

use crate::experiment::compare::{ComparedOption, ComparisonResults};
use crate::experiment::results::RatioEstimate;
use crate::report::chart::{Axis, Bar, Chart, Ink, Mark, Panel, Shape};
use crate::report::number::{number, percent};
use crate::report::table::Table;

/// SNAT failures of each option with their intervals.
pub fn chart(comparison: &ComparisonResults) -> Chart {
    let options: Vec<(f64, String, &RatioEstimate)> = comparison
        .options
        .iter()
        .enumerate()
        .map(|(place, option)| (-(place as f64), option.name(), &option.results.failure_ratio))
        .collect();
    Chart {
        name: "options".into(),
        finding: finding(comparison),
        explanation: "Attempts that found no SNAT port, on the same traffic. Bars are estimates, dots the ends of their \
                      intervals; where no failure was seen, a single dot is the upper bound."
            .into(),
        panels: vec![panel(&options)],
        table: table(&options),
    }
}

/// The worst option beside the recommended one.
fn finding(comparison: &ComparisonResults) -> String {
    let ratio = |option: &ComparedOption| option.results.failure_ratio.estimate.unwrap_or(0.0);
    let worst = comparison.options.iter().max_by(|one, other| ratio(one).total_cmp(&ratio(other)));
    let Some(worst) = worst.filter(|worst| ratio(worst) > 0.0) else {
        return "No attempt fails behind any of the options".into();
    };
    let said = format!("{} of attempts fail behind {}", percent(ratio(worst)), worst.phrase());
    match comparison.recommended.and_then(|index| comparison.options.get(index)) {
        Some(option) if ratio(option) < ratio(worst) => {
            let share = option.results.failure_ratio.estimate.map_or("none".into(), percent);
            format!("{said}, {share} behind {}", option.phrase())
        }
        _ => said,
    }
}

fn panel(options: &[(f64, String, &RatioEstimate)]) -> Panel {
    let percents = |ratio: f64| ratio * 100.0;
    let bars = options.iter().map(|(y, _, ratio)| Bar {
        from: (0.0, y - 0.28),
        to: (percents(ratio.estimate.unwrap_or(0.0)), y + 0.28),
        label: String::new(),
    });
    let ends = options.iter().flat_map(|(y, _, ratio)| {
        let low = ratio.estimate.map(|_| (percents(ratio.low), *y));
        low.into_iter().chain([(percents(ratio.high), *y)])
    });
    let widest = options.iter().map(|(.., ratio)| percents(ratio.high)).fold(0.0, f64::max);
    Panel {
        height: 1.0,
        x: Axis::from_zero("attempts that found no SNAT port (%)", widest, number),
        y: Axis::places(
            "",
            (-(options.len().max(3) as f64) + 0.4, 0.6),
            options.iter().map(|(y, name, _)| (*y, name.clone())).collect(),
        ),
        marks: vec![
            Mark::named("estimate", Ink::Failure, Shape::Bars(bars.collect())),
            Mark::named("ends of the interval", Ink::Limit, Shape::Dots(ends.collect())),
        ],
    }
}

fn table(options: &[(f64, String, &RatioEstimate)]) -> Table {
    let mut table = Table::new(["option", "SNAT failures", "low", "high"]);
    for (_, name, ratio) in options {
        let estimate = ratio.estimate.map_or("none seen".into(), percent);
        table.push([name.clone(), estimate, percent(ratio.low), percent(ratio.high)]);
    }
    table
}
