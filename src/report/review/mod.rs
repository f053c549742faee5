//! Capacity reviews: what a reviewer needs to approve, in the order in which it is asked.

mod comparison;
mod figures;

pub use comparison::comparison;

use super::charts;
use super::document::{Block, Document};
use super::number::{count, number, percent};
use super::table::Table;
use super::wording;
use super::{headroom, phases};
use crate::error::Error;
use crate::experiment::results::{AnalyticCheck, NamedFailures, RareFigures, RatioEstimate, Results};

/// Nodes and destinations that are listed, the worst first.
const LISTED: usize = 10;

/// The review of one configuration.
pub fn run(results: &Results) -> Result<Document, Error> {
    let mut blocks = judged(results);
    blocks.extend(results.warnings.iter().cloned().map(Block::Warning));
    blocks.extend(failures(results));
    blocks.extend(occupancy(results));
    blocks.extend(places(results));
    if results.client_pool.is_none() {
        blocks.extend(results.analytic.iter().flat_map(theory));
    }
    blocks.extend(figures::platform(&results.scenario)?);
    blocks.extend(method(results));
    blocks.extend(sign_off());
    Ok(Document {
        title: results.title.clone(),
        finding: wording::headline(results),
        tone: wording::tone(results),
        blocks,
    })
}

fn heading(text: &str) -> Block {
    Block::Heading(text.into())
}

/// The thresholds, each with its verdict.
fn judged(results: &Results) -> Vec<Block> {
    if results.thresholds.is_empty() {
        return vec![Block::Paragraph("No threshold was set, so nothing is judged.".into())];
    }
    let mut table = Table::new(["threshold", "verdict", "estimate", "low", "high"]);
    for threshold in &results.thresholds {
        table.push([
            threshold.expression.clone(),
            wording::verdict(threshold.verdict).into(),
            threshold.estimate.map_or("none seen".into(), number),
            number(threshold.low),
            number(threshold.high),
        ]);
    }
    let advice = results.thresholds.iter().filter_map(|threshold| threshold.advice.clone());
    let room = results.headroom_search.iter();
    let room = room.map(|found| Block::Paragraph(format!("Headroom: {}.", headroom::told(found))));
    std::iter::once(Block::Table(table)).chain(room).chain(advice.map(Block::Warning)).collect()
}

fn failures(results: &Results) -> Vec<Block> {
    let first = match &results.first_failure {
        None => Block::Paragraph("Nothing failed in any replication.".into()),
        Some(first) => {
            let last = results.last_failure_s.map(|last| {
                format!("the last failure of all replications comes {} s after the start", number(last))
            });
            Block::List(wording::first_failure(first).into_iter().chain(last).collect())
        }
    };
    let mut blocks = vec![heading("What fails first"), first];
    if let Some(recovery) = &results.recovery {
        let told = wording::recovery(recovery, results.duration_s);
        blocks.push(Block::Paragraph(format!("After the trigger: {told}.")));
    }
    if !results.snat_failures_by.is_empty() {
        let mut reasons = Table::new(["stage", "reason", "SNAT failures"]);
        for each in &results.snat_failures_by {
            reasons.push([each.stage.clone(), each.reason.clone(), count(each.count)]);
        }
        blocks.push(Block::Table(reasons));
    }
    blocks.extend([heading("How often"), Block::Table(ratios(results))]);
    blocks.extend(results.rare.iter().flat_map(rare));
    blocks.extend(
        wording::denied(&results.totals).map(|denied| Block::Paragraph(format!("Denied: {denied}."))),
    );
    blocks.extend(
        wording::no_local_port(&results.totals)
            .map(|none| Block::Paragraph(format!("Without a local port: {none}."))),
    );
    blocks.push(Block::Chart(charts::failure_ratio::chart(results)));
    blocks
}

/// Which method gave the ratios, and how splitting went.
fn rare(rare: &RareFigures) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(format!("The ratios were found by {}.", wording::rare(rare)))];
    let Some(splitting) = &rare.splitting else { return blocks };
    blocks.push(Block::Paragraph(format!(
        "Splitting: {} trajectories from each level, {} independent replications of it all. The failed flows of the table are \
         those that plain simulation saw.",
        count(u64::from(splitting.trajectories)),
        count(u64::from(splitting.replications))
    )));
    blocks.push(Block::List(splitting.parts.iter().take(LISTED).map(wording::split).collect()));
    blocks
}

/// Every ratio with its interval and what it is a share of.
pub fn ratios(results: &Results) -> Table {
    let mut table = Table::new(["ratio", "estimate", "low", "high", "failed", "of"]);
    let totals = &results.totals;
    let mut push = |name: &str, ratio: &RatioEstimate, failed: u64, of: String| {
        let estimate = ratio.estimate.map_or("none seen".into(), percent);
        table.push([name.into(), estimate, percent(ratio.low), percent(ratio.high), count(failed), of]);
    };
    let of = |all: u64, what: &str| format!("{} {what}", count(all));
    push("SNAT failures", &results.failure_ratio, totals.snat_failures, of(totals.attempts, "attempts"));
    push(
        "connection failures",
        &results.connection_failure_ratio,
        totals.connection_failures,
        of(totals.flows, "flows"),
    );
    push(
        "request failures",
        &results.request_failure_ratio,
        totals.request_failures,
        of(totals.requests, "requests"),
    );
    table
}

fn occupancy(results: &Results) -> Vec<Block> {
    let ports = &results.occupancy_ports;
    let towards = ports.destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    let of = ports.per_row.map_or("an unlimited number of".to_string(), count);
    let fullest = format!(
        "The fullest row (a port pool seen towards one destination, the unit that fills up) is port pool {}{towards}: of {of} \
         ports {} are busy on average (at sampled instants {} serve a flow and {} rest), {} at most.",
        ports.port_pool,
        number(ports.mean),
        number(ports.in_use_mean),
        number(ports.hold_down_mean),
        count(ports.max)
    );
    let kept = format!(
        "A port is kept for {} s on average, hold-down included; no port is free {} of the time.",
        number(results.port_holding_s.mean),
        percent(results.occupancy.full_time_ratio)
    );
    let used = wording::used_ports(results)
        .map(|used| format!("Different ports, of the port pool with the most: {used}."));
    let rests = wording::rests_everywhere(results).map(|told| format!("Mind that {told}."));
    let probes = results.probes.iter().map(|probe| format!("Probe: {}.", wording::probe(probe)));
    let mut blocks = vec![heading("When, and how full"), Block::Chart(charts::timeline::chart(results))];
    blocks.extend(phases::table(results).map(Block::Table));
    let scaled = phases::scaled(results).map(|told| format!("The device scales by itself: {told}."));
    blocks.extend(scaled.map(Block::Paragraph));
    blocks.extend([
        Block::List([fullest, kept].into_iter().chain(rests).chain(used).chain(probes).collect()),
        Block::Chart(charts::port_pools::chart(results)),
        heading("How long clients wait"),
        Block::Chart(charts::connect_delay::chart(results)),
    ]);
    if let Some(timeouts) = &results.request_timeouts {
        let given_up = wording::request_timeouts(timeouts);
        blocks.push(Block::Paragraph(format!("Tries given up by a request timeout: {given_up}.")));
    }
    if let Some(retries) = &results.retries {
        let tried = wording::retries(retries);
        let asked = number(results.retry_amplification);
        blocks.push(Block::Paragraph(format!(
            "Retries: {tried}; the device is asked {asked} times as often as clients need a port."
        )));
    }
    if let Some(pool) = &results.client_pool {
        blocks.push(Block::Paragraph(format!(
            "Client pools keep {} connections open on average and open {} a second.",
            number(pool.open_mean),
            number(pool.opened_per_s)
        )));
    }
    blocks
}

fn places(results: &Results) -> Vec<Block> {
    let both = [("node", &results.failures_by_node), ("destination", &results.failures_by_destination)];
    let several = both.into_iter().filter(|(_, all)| all.len() > 1);
    let mut blocks: Vec<Block> = several.map(|(what, all)| Block::Table(named(what, all))).collect();
    if !blocks.is_empty() {
        blocks.insert(0, heading("Where"));
    }
    blocks
}

fn named(what: &str, all: &[NamedFailures]) -> Table {
    let mut table = Table::new([what, "attempts", "SNAT failures", "share"]);
    for each in all {
        let share = percent(each.snat_failures as f64 / each.attempts.max(1) as f64);
        table.push([each.name.clone(), count(each.attempts), count(each.snat_failures), share]);
    }
    table.cut(LISTED)
}

fn theory(check: &AnalyticCheck) -> Vec<Block> {
    let mut table = Table::new(["quantity", "value"]);
    let mut push = |name: &str, value: String| table.push([name.into(), value]);
    push("port pool", check.port_pool.clone());
    push("new flows", format!("{} per s", number(check.rate_per_s)));
    push("a port is kept for", format!("{} s, hold-down included", number(check.holding_s)));
    push("offered load", format!("{} erlang on {} ports", number(check.offered_erlang), count(check.ports)));
    push("sustainable rate", format!("{} new flows per s", number(check.sustainable_rate_per_s)));
    let erlang = check.erlang_b.map_or(format!("does not apply: {}", check.remark), percent);
    push("Erlang-B", erlang);
    push("simulated, first attempts", check.simulated.map_or("not seen".into(), percent));
    vec![heading("What theory says"), Block::Table(table)]
}

pub(super) fn method(results: &Results) -> Vec<Block> {
    let text = toml::to_string_pretty(&results.scenario).unwrap_or_else(|_| results.scenario.to_string());
    vec![
        heading("Method"),
        Block::Paragraph(format!("{}.", wording::method(results))),
        Block::Paragraph(format!(
            "snatsim {}; the same scenario and seed give the same numbers on any machine.",
            env!("CARGO_PKG_VERSION")
        )),
        Block::Source { title: "Scenario as run, every default filled in".into(), text },
    ]
}

fn sign_off() -> Vec<Block> {
    let mut table = Table::new(["reviewer", "decision", "conditions", "date"]);
    table.push(["".into(), "approve / with conditions / block".into(), "".into(), "".into()]);
    vec![heading("Sign-off"), Block::Table(table)]
}
