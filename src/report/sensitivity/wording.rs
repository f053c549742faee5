//! Sentences and tables about what is uncertain.

use crate::experiment::diff::Evidence;
use crate::experiment::results::Verdict;
use crate::experiment::sensitivity::{Flips, KnobResults, MeasureReason, SensitivityResults, ValueResults};
use crate::report::number::{counted, number, percent};
use crate::report::table::Table;
use crate::report::wording;
use crate::scenario::parse_threshold;

/// The answer in one sentence.
pub fn headline(found: &SensitivityResults) -> String {
    let all = counted(found.knobs.len() as u64, "uncertain thing");
    if found.base_results.thresholds.is_empty() {
        return format!("Nothing is decided, for there is no threshold: {}", finding(found));
    }
    let keys = |wanted: Flips| {
        let those = found.knobs.iter().filter(move |knob| knob.flips == Some(wanted));
        those.map(|knob| knob.keys.join(" with ")).collect::<Vec<_>>()
    };
    let (flipping, unsure) = (keys(Flips::Yes), keys(Flips::CannotTell));
    let told = match (flipping.is_empty(), unsure.is_empty()) {
        (false, _) => format!("{} of {all} would change that: {}", flipping.len(), flipping.join(", ")),
        (true, false) => format!(
            "whether {} of {all} would change that cannot be told: {}",
            unsure.len(),
            unsure.join(", ")
        ),
        (true, true) => format!("none of {all} changes that"),
    };
    match found.base_results.verdict {
        Verdict::Pass => format!(
            "{}: the thresholds hold, and {told}",
            if found.verdict == Verdict::Pass { "HOLDS" } else { "INCONCLUSIVE" }
        ),
        Verdict::Fail => format!("FAILS: a threshold fails as it is, and {told}"),
        Verdict::Inconclusive => {
            format!("INCONCLUSIVE: whether the thresholds hold is not known as it is, and {told}")
        }
    }
}

/// What moves the metric most.
pub fn finding(found: &SensitivityResults) -> String {
    match found.knobs.first().filter(|knob| knob.swing.difference.evidence != Evidence::Same) {
        None => format!("{} does not depend on anything that was varied", found.metric),
        Some(widest) => {
            format!("{} moves {} most: {}", widest.keys.join(" with "), found.metric, swing(found, widest))
        }
    }
}

/// A value of the metric in its unit.
fn shown(found: &SensitivityResults, value: f64) -> String {
    match found.metric.starts_with("connect_delay_s") {
        true => format!("{} s", number(value)),
        false => percent(value),
    }
}

/// The metric in the scenario, with its interval.
pub fn base(found: &SensitivityResults) -> String {
    figure(found, found.base.estimate, found.base.low, found.base.high)
}

fn figure(found: &SensitivityResults, estimate: Option<f64>, low: f64, high: f64) -> String {
    let metric = &found.metric;
    match estimate {
        None => format!("{metric}: none seen, at most {}", shown(found, high)),
        Some(exact) if low >= high => format!("{metric} {}", shown(found, exact)),
        Some(estimate) => {
            format!("{metric} {} [{}, {}]", shown(found, estimate), shown(found, low), shown(found, high))
        }
    }
}

/// `0.1 % to 3 %, difference 2.9 points [2.7, 3.1]`.
pub fn swing(found: &SensitivityResults, knob: &KnobResults) -> String {
    let swing = &knob.swing;
    let difference = &swing.difference;
    if difference.evidence == Evidence::Same {
        return "no difference at all".into();
    }
    let (scale, unit) =
        if found.metric.starts_with("connect_delay_s") { (1.0, "s") } else { (100.0, "points") };
    let told = |value: f64| number(value * scale);
    let interval = difference.low.zip(difference.high);
    let interval =
        interval.map(|(low, high)| format!(" [{}, {}]", told(low), told(high))).unwrap_or_default();
    format!(
        "{} to {}, difference {} {unit}{interval}",
        shown(found, swing.lowest),
        shown(found, swing.highest),
        told(difference.difference)
    )
}

/// `outbound.hold_down.fin (240s; 0s)`: the keys, the value of the scenario, the others.
pub fn knob(knob: &KnobResults) -> String {
    let values: Vec<String> = knob.values.iter().map(|value| settings(knob, value)).collect();
    let base = if knob.base.is_empty() { "unset" } else { &knob.base };
    format!("{} ({base}; {})", knob.keys.join(", "), values.join(", "))
}

/// The values of a choice; with their keys where it sets some of several.
pub fn settings(knob: &KnobResults, value: &ValueResults) -> String {
    let alone = value.settings.len() == knob.keys.len();
    let told = value.settings.iter().map(|setting| match alone {
        true => setting.value.trim_matches('"').to_string(),
        false => format!("{} = {}", setting.key, setting.value.trim_matches('"')),
    });
    told.collect::<Vec<_>>().join(" + ")
}

/// Whether it moves the metric at all.
pub fn moves(knob: &KnobResults) -> bool {
    knob.swing.difference.evidence != Evidence::Same
        || knob.values.iter().any(|value| value.refused.is_some())
}

/// What makes no difference at all, one line each.
pub fn idle(found: &SensitivityResults) -> Vec<String> {
    found.knobs.iter().filter(|each| !moves(each)).map(|each| shortened(&knob(each))).collect()
}

/// On a terminal and beside a bar, the end of a long text tells less than its beginning.
pub fn shortened(text: &str) -> String {
    match text.chars().count() > MOST_LETTERS {
        true => format!("{}..", text.chars().take(MOST_LETTERS - 2).collect::<String>().trim_end()),
        false => text.into(),
    }
}

/// Longer texts leave no room for what stands beside them.
const MOST_LETTERS: usize = 72;

/// One row a knob.
pub fn knobs<'a>(found: &SensitivityResults, shown: impl Iterator<Item = &'a KnobResults>) -> Table {
    let mut table = Table::new(["varied", "as it is", "tried", "swing", "flips the decision"]);
    for knob in shown {
        let tried = knob.values.iter().map(|value| match (&value.refused, value.verdict) {
            (Some(_), _) => format!("{} refused", settings(knob, value)),
            (None, Some(verdict)) => format!("{} {}", settings(knob, value), wording::verdict(verdict)),
            (None, None) => settings(knob, value),
        });
        table.push([
            knob.keys.join(", "),
            if knob.base.is_empty() { "unset".into() } else { knob.base.clone() },
            tried.collect::<Vec<_>>().join("; "),
            swing(found, knob),
            flips(knob.flips).into(),
        ]);
    }
    table
}

/// One row a value.
pub fn values(found: &SensitivityResults) -> Table {
    let mut table = Table::new(["varied", "value", "result", "evidence of a difference", "verdict"]);
    for (knob, value) in
        found.knobs.iter().flat_map(|knob| knob.values.iter().map(move |value| (knob, value)))
    {
        let result = match (&value.refused, &value.figure) {
            (Some(why), _) => format!("refused: {why}"),
            (None, Some(seen)) => figure(found, seen.estimate, seen.low, seen.high),
            (None, None) => String::new(),
        };
        table.push([
            knob.keys.join(", "),
            settings(knob, value),
            result,
            value
                .difference
                .map(|difference| wording::evidence(difference.evidence))
                .unwrap_or_default()
                .into(),
            value.verdict.map(wording::verdict).unwrap_or_default().into(),
        ]);
    }
    table
}

/// What to measure first, why and how.
pub fn next(found: &SensitivityResults) -> Vec<String> {
    let Some(next) = &found.measure_next else {
        return vec!["Measure this next: nothing that was varied makes a difference.".into()];
    };
    let Some(knob) = found.knobs.get(next.knob) else { return Vec::new() };
    let why = match next.why {
        MeasureReason::FlipsTheDecision => "it flips the decision",
        MeasureReason::MayFlipTheDecision => "it may flip the decision; more replications would tell",
        MeasureReason::WidestSwing => "nothing moves the metric more",
    };
    vec![format!("Measure this next: {}, for {why}. How: {}.", knob.keys.join(" with "), knob.measure)]
}

/// Why something is in doubt, where a model says so.
pub fn doubt(knob: &KnobResults) -> Option<String> {
    let (model, why) = (knob.model.as_ref()?, knob.why.as_ref()?);
    Some(format!("{} ({model}): {why}", knob.keys.join(", ")))
}

/// What was not varied, one sentence each.
pub fn not_varied(found: &SensitivityResults) -> Vec<String> {
    let told = found.not_varied.iter();
    told.map(|each| format!("{} ({}): {}", each.keys.join(", "), each.model, each.why)).collect()
}

/// The limit of the first threshold on the metric.
pub fn limit(found: &SensitivityResults) -> Option<f64> {
    let thresholds = found.base_results.thresholds.iter();
    let mut read = thresholds.filter_map(|threshold| parse_threshold(&threshold.expression).ok());
    read.find(|threshold| threshold.metric == found.metric).map(|threshold| threshold.limit)
}

/// In a table.
pub fn flips(flips: Option<Flips>) -> &'static str {
    match flips {
        Some(Flips::Yes) => "yes",
        Some(Flips::CannotTell) => "cannot tell",
        Some(Flips::No) => "no",
        None => "nothing decided",
    }
}
