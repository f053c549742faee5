//! The review of several outbound devices on the same traffic.

use super::{figures, heading, method, sign_off};
use crate::error::Error;
use crate::experiment::compare::{ComparedOption, ComparisonResults};
use crate::experiment::results::Verdict;
use crate::report::charts;
use crate::report::document::{Block, Document, Tone};
use crate::report::number::{count, number, percent};
use crate::report::table::Table;
use crate::report::{compared, wording};

/// The recommendation, every option, every pair, then each option by itself.
pub fn comparison(comparison: &ComparisonResults) -> Result<Document, Error> {
    let first = comparison.options.first().map(|option| &option.results);
    let mut blocks =
        vec![Block::Table(options(comparison)), Block::Chart(charts::options::chart(comparison))];
    if let Some(margin) = compared::margin(comparison) {
        blocks.push(Block::Paragraph(format!("Margin: {margin}.")));
    }
    if comparison.selection.is_some() {
        let told = Block::List(compared::selection(comparison));
        blocks.extend([heading("How the best was selected"), told]);
    }
    blocks.extend([heading("What it takes"), Block::Table(what_it_takes(comparison))]);
    blocks.extend(prices(comparison));
    blocks.extend([
        heading("Differences"),
        Block::Paragraph(
            "Second option minus first, in percentage points; the traffic is the same, so the difference is taken \
             replication by replication."
                .into(),
        ),
        Block::Table(differences(comparison)),
    ]);
    for (number, option) in comparison.options.iter().enumerate() {
        blocks.extend(alone(number, option)?);
    }
    blocks.extend(first.into_iter().flat_map(method));
    blocks.extend(sign_off());
    let (finding, tone) = match comparison.recommended {
        Some(_) => (format!("Recommended: {}", comparison.why), Tone::Good),
        None => {
            let tone = if comparison.verdict == Verdict::Fail { Tone::Bad } else { Tone::Neutral };
            (format!("No recommendation: {}", comparison.why), tone)
        }
    };
    let title = first.map(|results| results.title.clone()).unwrap_or_default();
    Ok(Document { title, finding, tone, blocks })
}

/// Addresses, change, cost and margin of each option.
fn what_it_takes(comparison: &ComparisonResults) -> Table {
    let mut table = Table::new([
        "option",
        "device",
        "addresses to allow",
        "migration",
        "why",
        "cost a month",
        "not counted",
        "margin to the limit",
    ]);
    for (number, option) in comparison.options.iter().enumerate() {
        let not_counted = option.cost.iter().flat_map(|cost| cost.not_counted.clone());
        table.push([
            number.to_string(),
            option.name(),
            compared::allow_list(&option.allow_list),
            compared::effort(&option.migration).into(),
            compared::reason(&option.migration).into(),
            compared::short_cost(option),
            not_counted.collect::<Vec<_>>().join("; "),
            compared::distance(comparison, number),
        ]);
    }
    table
}

/// Each price that was used, with its source; nothing where no prices were given.
fn prices(comparison: &ComparisonResults) -> Option<Block> {
    let costs = comparison.options.iter().enumerate();
    let costs: Vec<_> = costs.filter_map(|(number, option)| Some((number, option.cost.as_ref()?))).collect();
    let (_, first) = costs.first()?;
    let amount = format!("{} a month", first.currency);
    let mut table = Table::new([
        "option",
        "charged",
        "quantity",
        "price",
        "per",
        &amount,
        "source",
        "as of",
        "confidence",
    ]);
    for (number, item) in
        costs.iter().flat_map(|(number, cost)| cost.items.iter().map(move |item| (number, item)))
    {
        table.push([
            number.to_string(),
            item.of.clone(),
            item.quantity.to_string(),
            item.price.to_string(),
            item.per.clone(),
            format!("{:.2}", item.monthly),
            item.source.clone(),
            item.date.clone(),
            item.confidence.clone().unwrap_or_default(),
        ]);
    }
    Some(Block::Table(table))
}

/// One row an option.
fn options(comparison: &ComparisonResults) -> Table {
    let mut table = Table::new([
        "option",
        "device",
        "verdict",
        "SNAT failures",
        "low",
        "high",
        "connections lost",
        "fullest row",
        "no free port",
    ]);
    for (number, option) in comparison.options.iter().enumerate() {
        let results = &option.results;
        let ratio = &results.failure_ratio;
        let mark = if comparison.recommended == Some(number) { " (recommended)" } else { "" };
        let judged = !results.thresholds.is_empty();
        table.push([
            format!("{number}{mark}"),
            option.name(),
            if judged { wording::verdict(results.verdict).into() } else { "not judged".into() },
            ratio.estimate.map_or("none seen".into(), percent),
            percent(ratio.low),
            percent(ratio.high),
            results.connection_failure_ratio.estimate.map_or("none seen".into(), percent),
            percent(results.occupancy.mean),
            percent(results.occupancy.full_time_ratio),
        ]);
    }
    table
}

fn differences(comparison: &ComparisonResults) -> Table {
    let mut table = Table::new(["metric", "first", "second", "difference", "low", "high"]);
    let points = |share: f64| number(share * 100.0);
    let bound = |bound: Option<f64>| bound.map_or("needs replications".into(), points);
    let name = |index: usize| comparison.options.get(index).map(ComparedOption::name);
    for pair in &comparison.paired_differences {
        table.push([
            pair.metric.clone(),
            name(pair.first).unwrap_or_default(),
            name(pair.second).unwrap_or_default(),
            points(pair.difference),
            bound(pair.low),
            bound(pair.high),
        ]);
    }
    table
}

/// What one option did.
fn alone(number: usize, option: &ComparedOption) -> Result<Vec<Block>, Error> {
    let results = &option.results;
    let mut blocks = vec![
        Block::Heading(format!("Option {number}: {}", option.name())),
        Block::Paragraph(format!(
            "{}. {} flows, {} of them lost.",
            wording::headline(results),
            count(results.totals.flows),
            count(results.totals.connection_failures)
        )),
    ];
    blocks.extend(results.warnings.iter().cloned().map(Block::Warning));
    for mut chart in [charts::failure_ratio::chart(results), charts::timeline::chart(results)] {
        chart.name = format!("option_{number}_{}", chart.name);
        blocks.push(Block::Chart(chart));
    }
    let platform = figures::platform(&results.scenario)?;
    blocks.extend(platform.into_iter().filter(|block| !matches!(block, Block::Heading(_))));
    Ok(blocks)
}
