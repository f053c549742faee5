//! What `compare` found, for people in a terminal.

use super::number::{number, percent};
use super::{compared, wording};
use crate::experiment::compare::{ComparedOption, ComparisonResults};
use crate::experiment::results::RatioEstimate;
use std::fmt::Write;

/// The recommendation, the options, their differences, what a reader must know.
pub fn text(comparison: &ComparisonResults) -> String {
    let mut text = match comparison.recommended {
        Some(_) => format!("Recommended: {}\n\n", comparison.why),
        None => format!("No recommendation: {}\n\n", comparison.why),
    };
    options(&mut text, comparison);
    what_it_takes(&mut text, comparison);
    if let Some(margin) = compared::margin(comparison) {
        let _ = writeln!(text, "\nmargin: {margin}");
    }
    for line in compared::selection(comparison) {
        let _ = writeln!(text, "selection: {line}");
    }
    text.push_str("\ndifference in connections lost, same traffic, paired by replication\n");
    for pair in comparison.connection_failure_differences() {
        let _ = writeln!(text, "  {} -> {}: {}", pair.first, pair.second, compared::difference(pair));
    }
    if let Some(option) = comparison.options.first() {
        let _ = writeln!(text, "\n{}", wording::method(&option.results));
    }
    for (warning, of) in comparison.warnings_by_option() {
        let _ =
            writeln!(text, "warning ({}): {warning}", compared::of_options(&of, comparison.options.len()));
    }
    text
}

/// One line an option.
fn options(text: &mut String, comparison: &ComparisonResults) {
    let names: Vec<String> = comparison.options.iter().map(ComparedOption::name).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let _ = writeln!(
        text,
        "     {:width$}  {:>27}  {:>27}  {:>9}",
        "option", "SNAT failures (attempts)", "connections lost", "no port"
    );
    for (index, (option, name)) in comparison.options.iter().zip(&names).enumerate() {
        let results = &option.results;
        let _ = writeln!(
            text,
            "{} {index} {name:width$}  {:>27}  {:>27}  {:>9}",
            mark(comparison, index),
            short(&results.failure_ratio),
            short(&results.connection_failure_ratio),
            percent(results.occupancy.full_time_ratio)
        );
    }
}

/// Addresses, cost and change of each option.
fn what_it_takes(text: &mut String, comparison: &ComparisonResults) {
    text.push_str(
        "\nwhat each takes: addresses that partners must allow, cost, change from the scenario as it is\n",
    );
    for (index, option) in comparison.options.iter().enumerate() {
        let addresses = compared::allow_list(&option.allow_list);
        let cost = compared::cost(option).map(|cost| format!("; {cost}")).unwrap_or_default();
        let (change, reason) = (compared::effort(&option.migration), compared::reason(&option.migration));
        let _ = writeln!(text, "  {index}: {addresses}{cost}; change: {change}: {reason}");
    }
}

/// Before the recommended option.
fn mark(comparison: &ComparisonResults, index: usize) -> &'static str {
    if comparison.recommended == Some(index) { "->" } else { "  " }
}

/// An estimate with its interval in a narrow column.
fn short(ratio: &RatioEstimate) -> String {
    match ratio.estimate {
        None => format!("none seen, at most {}", percent(ratio.high)),
        Some(estimate) => {
            format!(
                "{} % [{}, {}]",
                number(estimate * 100.0),
                number(ratio.low * 100.0),
                number(ratio.high * 100.0)
            )
        }
    }
}
