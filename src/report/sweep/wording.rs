//! Sentences about a sweep that every format shares.

use crate::experiment::results::{RatioEstimate, Verdict};
use crate::experiment::sweep::{Cell, CellFigures, Head, SweepResults};
use crate::report::document::Tone;
use crate::report::number::{counted, number, percent};
use crate::report::wording;
use std::collections::BTreeMap;

/// What a cell has: `public_ips=1, idle_timeout=4m`.
pub fn settings(head: &Head, cell: &Cell) -> String {
    let settings: Vec<String> =
        head.vary.iter().map(|varied| format!("{}={}", varied.key, cell.setting(varied))).collect();
    settings.join(", ")
}

/// What became of a cell's thresholds.
pub fn verdict(cell: &Cell) -> &'static str {
    match cell.figures() {
        None => "refused",
        Some(figures) if figures.thresholds.is_empty() => "not judged",
        Some(figures) => wording::verdict(figures.verdict),
    }
}

/// The answer in one sentence.
pub fn headline(sweep: &SweepResults) -> String {
    let all = sweep.cells.len() as u64;
    let simulated: Vec<(&Cell, &CellFigures)> = sweep.simulated().collect();
    let refused = all - simulated.len() as u64;
    let refused = match refused {
        0 => String::new(),
        _ => format!("; the platform would refuse {refused}"),
    };
    let judged = simulated.iter().any(|(_, figures)| !figures.thresholds.is_empty());
    let ratio = |figures: &CellFigures| figures.failure_ratio.estimate.unwrap_or(0.0);
    let by_ratio = |one: &&(&Cell, &CellFigures), other: &&(&Cell, &CellFigures)| {
        ratio(one.1).total_cmp(&ratio(other.1))
    };
    let found = match (simulated.iter().min_by(by_ratio), simulated.iter().rev().max_by(by_ratio)) {
        _ if judged => {
            let count = |verdict| simulated.iter().filter(|(_, figures)| figures.verdict == verdict).count();
            let undecided = match count(Verdict::Inconclusive) {
                0 => String::new(),
                undecided => format!(", of {undecided} it is not known"),
            };
            format!("{} of {} meet every threshold{undecided}", count(Verdict::Pass), counted(all, "cell"))
        }
        (Some(best), Some(worst)) if ratio(worst.1) > 0.0 => format!(
            "{}: attempts that find no SNAT port, from {} ({}) to {} ({})",
            counted(all, "cell"),
            best.1.failure_ratio.estimate.map_or("none seen".into(), percent),
            settings(&sweep.head, best.0),
            percent(ratio(worst.1)),
            settings(&sweep.head, worst.0)
        ),
        (Some(_), _) => format!("{}: no SNAT failure was seen", counted(all, "cell")),
        _ => counted(all, "cell"),
    };
    let part = sweep.part.as_ref().map(|part| format!("Part {part}: ")).unwrap_or_default();
    format!("{part}{found}{refused}")
}

/// How to mark the headline: a sweep explores, and only one in which every cell passes is good news.
pub fn tone(sweep: &SweepResults) -> Tone {
    let passes = |figures: &CellFigures| !figures.thresholds.is_empty() && figures.verdict == Verdict::Pass;
    let all = !sweep.cells.is_empty() && sweep.cells.iter().all(|cell| cell.figures().is_some_and(passes));
    if all { Tone::Good } else { Tone::Neutral }
}

/// Warnings of cells, each with how many have it.
pub fn warnings(sweep: &SweepResults) -> Vec<String> {
    let mut cells: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for (cell, figures) in sweep.simulated() {
        for warning in &figures.warnings {
            cells.entry(kind(warning)).or_insert((cell.cell, 0)).1 += 1;
        }
    }
    let mut found: Vec<(usize, &str, u64)> =
        cells.into_iter().map(|(warning, (first, count))| (first, warning, count)).collect();
    found.sort_unstable();
    let told = |(_, warning, count): (usize, &str, u64)| format!("{}: {warning}", counted(count, "cell"));
    found.into_iter().map(told).collect()
}

/// What a warning is about: cells differ in its figures.
fn kind(warning: &str) -> &str {
    warning.trim_start_matches(|letter: char| letter.is_ascii_digit() || " ,.%".contains(letter))
}

/// How all of it was simulated.
pub fn method(sweep: &SweepResults) -> String {
    let mut seeds: Vec<u64> = sweep.simulated().map(|(_, figures)| figures.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let replications: Vec<u32> = sweep.simulated().map(|(_, figures)| figures.replications).collect();
    let range = |least: Option<&u32>, most: Option<&u32>| match (least, most) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most} replications"),
        (least, _) => counted(least.copied().unwrap_or_default().into(), "replication"),
    };
    if seeds.is_empty() {
        return "nothing was simulated".into();
    }
    let seeds: Vec<String> = seeds.iter().map(u64::to_string).collect();
    format!(
        "{} a cell, seed {}; with one seed all cells meet the same traffic; intervals are of {} % for each cell by itself",
        range(replications.iter().min(), replications.iter().max()),
        seeds.join(", "),
        number(
            sweep.simulated().next().map_or(0.95, |(_, figures)| figures.failure_ratio.confidence) * 100.0
        ),
    )
}

/// A ratio in a narrow column.
pub fn short(ratio: &RatioEstimate) -> String {
    match ratio.estimate {
        None => format!("none seen, at most {}", percent(ratio.high)),
        Some(estimate) => {
            let [estimate, low, high] = [estimate, ratio.low, ratio.high].map(|share| number(share * 100.0));
            format!("{estimate} % [{low}, {high}]")
        }
    }
}

/// How the parts of a sweep are put together.
pub fn how_to_merge(part: &str) -> String {
    format!(
        "part {part} of the sweep; when all parts are finished, join them: snatsim merge PART... --out DIR"
    )
}
