//! Rates that vary: phases, on and off, a swing, points, and a series that multiplies any of them.

use super::laws::law_above_0;
use super::reader::{Reader, Table, duration, list, number, positive, rate};
use super::tree::{Node, Value};
use crate::time::SimDuration;
use crate::workload::arrivals::{Between, Phase, Series, Sinusoid};
use crate::workload::{Arrivals, Law};

/// Reads `arrivals.mmpp`.
pub fn mmpp<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let rates = kind.need("rates", "[\"30 per s\", \"10 per s\"]");
    let stays = kind.need("mean_stay", "[\"120s\", \"300s\"]");
    let (rates, stays) = (rates?, stays?);
    let read = |node| rate(reader, "rates", node);
    let found: Option<Vec<f64>> = list(reader, "rates", rates).iter().map(read).collect();
    let read = |node| positive(reader, "mean_stay", node);
    let means: Option<Vec<SimDuration>> = list(reader, "mean_stay", stays).iter().map(read).collect();
    let (found, means) = (found?, means?);
    if found.len() != means.len() {
        let (rated, stayed) = (found.len(), means.len());
        let message = format!("`rates` has {rated} phases and `mean_stay` {stayed}; each needs both");
        reader.problem(&rates.span, message, None);
        return None;
    }
    some_above_0(reader, "rates", rates, found.iter().copied())?;
    let phases = found.into_iter().zip(means);
    let phase = |(rate, mean): (f64, SimDuration)| Phase { rate, stay: exponential(mean) };
    Some(Arrivals::Phased(phases.map(phase).collect()))
}

fn exponential(mean: SimDuration) -> Law {
    Law::Exponential { mean: mean.as_secs_f64() }
}

/// Reads `arrivals.on_off`.
pub fn on_off<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let rate = kind.rate("rate");
    let [on, off] = ["on", "off"].map(|key| {
        let node = kind.need(key, "{ exponential = { mean = \"10s\" } }")?;
        law_above_0(reader, key, node)
    });
    let (rate, on, off) = (rate?, on?, off?);
    Some(Arrivals::Phased(vec![Phase { rate, stay: on }, Phase { rate: 0.0, stay: off }]))
}

/// Reads `arrivals.sinusoid`.
pub fn sinusoid<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let mean = kind.rate("mean");
    let node = kind.need("amplitude", "\"12 per s\"");
    let amplitude = node.and_then(|node| rate(reader, "amplitude", node));
    let period = kind.need("period", "\"24h\"").and_then(|node| positive(reader, "period", node));
    let (mean, amplitude) = (mean?, amplitude?);
    if amplitude > mean {
        let message =
            format!("`amplitude` is above `mean` ({amplitude} and {mean} per s): no rate is below 0");
        reader.problem(&kind.span, message, None);
        return None;
    }
    Some(Arrivals::Sinusoid(Sinusoid { mean, amplitude, period: period? }))
}

/// Reads `arrivals.piecewise`.
pub fn piecewise<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let before = kind.get("before").map(|node| rate(reader, "before", node));
    let example = "[[\"0s\", \"40 per s\"], [\"30s\", \"5 per s\"]]";
    let series = series(reader, kind, example, |node| rate(reader, "points", node))?;
    let before = before.unwrap_or(Some(series.before))?;
    Some(Arrivals::Piecewise(Series { before, ..series }))
}

/// Reads `rate_over_time` of a workload with `arrivals`.
pub fn scaled<'a>(reader: &'a Reader<'a>, node: &'a Node, arrivals: Option<&Arrivals>) -> Option<Series> {
    let table = reader.table(node, "rate_over_time");
    let factor = |key, node| number(reader, key, node, 0.0, MOST_FOLD);
    let before = table.get("before").map(|node| factor("before", node));
    let series = series(reader, &table, "[[\"0s\", 1.0], [\"1h\", 3.0]]", |node| factor("points", node));
    table.finish();
    if arrivals.is_some_and(|arrivals| !arrivals.follow_a_rate()) {
        let message = "`rate_over_time` is for arrivals that follow a rate: poisson, batch, mmpp, on_off, sinusoid, \
                       piecewise";
        reader.problem(&node.span, message.into(), None);
    }
    let series = series?;
    Some(Series { before: before.unwrap_or(Some(series.before))?, ..series })
}

/// More than this many times a rate is a slip.
const MOST_FOLD: f64 = 1e6;

/// Reads `points` and `between`; what holds before the first point is its own value.
fn series<'a>(
    reader: &'a Reader<'a>,
    table: &Table<'a>,
    example: &str,
    value: impl Fn(&'a Node) -> Option<f64>,
) -> Option<Series> {
    let choices = [("steps", Between::Steps), ("linear", Between::Linear)];
    let between = table.choice("between", &choices).unwrap_or_default();
    let node = table.need("points", example)?;
    let point = |node: &'a Node| match &node.value {
        Value::List(pair) if pair.len() == 2 => {
            Some((duration(reader, "points", &pair[0])?, value(&pair[1])?))
        }
        _ => {
            let message = format!("`points` has {}; each is a time and a value", node.kind());
            reader.problem(&node.span, message, Some(format!("write such as {example}")));
            None
        }
    };
    let points: Option<Vec<(SimDuration, f64)>> = list(reader, "points", node).iter().map(point).collect();
    let points = points?;
    if points.is_sorted_by(|one, next| one.0 < next.0) {
        some_above_0(reader, "points", node, points.iter().map(|point| point.1))?;
        return Some(Series { before: points[0].1, points, between });
    }
    reader.problem(&node.span, "the times of `points` do not rise".into(), None);
    None
}

fn some_above_0(
    reader: &Reader<'_>,
    key: &str,
    node: &Node,
    mut values: impl Iterator<Item = f64>,
) -> Option<()> {
    if values.any(|value| value > 0.0) {
        return Some(());
    }
    reader.problem(&node.span, format!("`{key}` has no value above 0"), None);
    None
}
