//! What is uncertain, and how far each of it moves a metric: the widest on top.

use crate::experiment::sensitivity::{Flips, KnobResults, SensitivityResults};
use crate::report::chart::{Axis, Bar, Chart, Ink, Mark, Panel, Shape};
use crate::report::number::number;
use crate::report::sensitivity::wording;

/// More bars would be too thin to tell apart.
const MOST_BARS: usize = 12;

/// Longer names leave no room for bars.
const MOST_LETTERS: usize = 44;

/// The tornado.
pub fn chart(found: &SensitivityResults) -> Chart {
    let moving = found.knobs.iter().filter(|knob| wording::moves(knob));
    let shown: Vec<&KnobResults> = moving.take(MOST_BARS).collect();
    let left_out = found.knobs.len() - shown.len();
    let more = match left_out {
        0 => String::new(),
        _ => format!(" {left_out} that move it less, or not at all, are in the table only."),
    };
    Chart {
        name: "tornado".into(),
        finding: wording::finding(found),
        explanation: format!(
            "Each bar reaches from the lowest to the highest {} that one uncertain thing leads to by itself, on the same traffic; the \
             broken line is the scenario as it is.{more}",
            found.metric
        ),
        panels: vec![panel(found, &shown)],
        table: wording::knobs(found, found.knobs.iter()),
    }
}

fn panel(found: &SensitivityResults, shown: &[&KnobResults]) -> Panel {
    let in_percent = !found.metric.starts_with("connect_delay_s");
    let scaled = |value: f64| if in_percent { value * 100.0 } else { value };
    let place = |row: usize| -(row as f64);
    let bars = |wanted: &dyn Fn(&KnobResults) -> bool| {
        let bar = |(row, knob): (usize, &&KnobResults)| {
            wanted(knob).then(|| Bar {
                from: (scaled(knob.swing.lowest), place(row) - 0.3),
                to: (scaled(knob.swing.highest), place(row) + 0.3),
                label: String::new(),
            })
        };
        Shape::Bars(shown.iter().enumerate().filter_map(bar).collect())
    };
    let flips = |knob: &KnobResults| knob.flips == Some(Flips::Yes);
    let (low, high) = (place(shown.len().max(3)) + 0.4, 0.6);
    let upright = |at: f64| Shape::Dashes(vec![(scaled(at), low), (scaled(at), high)]);
    let mut marks = Vec::new();
    if shown.iter().any(|knob| flips(knob)) {
        marks.push(Mark::named("flips the decision", Ink::Failure, bars(&flips)));
    }
    if shown.iter().any(|knob| !flips(knob)) {
        marks.push(Mark::named("does not, or not for sure", Ink::InUse, bars(&|knob| !flips(knob))));
    }
    marks.push(Mark::named("the scenario", Ink::Moment, upright(found.base.estimate.unwrap_or(0.0))));
    let limit = wording::limit(found);
    limit.iter().for_each(|limit| marks.push(Mark::named("limit", Ink::Limit, upright(*limit))));
    let widest = shown.iter().map(|knob| knob.swing.highest).chain(limit).chain(found.base.estimate);
    let unit = if in_percent { "%" } else { "s" };
    let ticks = shown.iter().enumerate().map(|(row, knob)| (place(row), shortened(&wording::knob(knob))));
    Panel {
        height: 1.0,
        x: Axis::from_zero(&format!("{} ({unit})", found.metric), scaled(widest.fold(0.0, f64::max)), number),
        y: Axis::places("", (low, high), ticks.collect()),
        marks,
    }
}

/// The end of a long name tells more than its beginning.
fn shortened(name: &str) -> String {
    let letters = name.chars().count();
    match letters > MOST_LETTERS {
        true => format!("..{}", name.chars().skip(letters - MOST_LETTERS + 2).collect::<String>()),
        false => name.into(),
    }
}
