//! Results in words and short table, the verdict first.

use super::number::{number, percent};
use super::wording::{self, ratio};
use super::{headroom, phases};
use crate::experiment::replay::Replay;
use crate::experiment::results::{AnalyticCheck, NamedFailures, Results, ThresholdResult};
use crate::experiment::size::SizeResults;
use std::fmt::Write;

/// What `run` found.
pub fn results(results: &Results) -> String {
    let mut text = format!("{}\n{}\n\n", results.title, wording::headline(results));
    results.thresholds.iter().for_each(|threshold| text.push_str(&judged(threshold)));
    results.headroom_search.iter().for_each(|found| line(&mut text, "headroom", &headroom::told(found)));
    text.push_str(&first_failure(results));
    line(&mut text, "SNAT failures", &ratio(&results.failure_ratio, "attempts"));
    line(&mut text, "connection failures", &ratio(&results.connection_failure_ratio, "flows"));
    line(&mut text, "request failures", &ratio(&results.request_failure_ratio, "requests"));
    if let Some(rare) = &results.rare {
        line(&mut text, "found by", &wording::rare(rare));
        let parts = rare.splitting.iter().flat_map(|splitting| &splitting.parts);
        parts.take(SHOWN).for_each(|part| line(&mut text, "", &wording::split(part)));
    }
    let totals = &results.totals;
    let counted = format!(
        "{} flows, {} attempts, {} SNAT failures, {} connection failures",
        totals.flows, totals.attempts, totals.snat_failures, totals.connection_failures
    );
    line(&mut text, "counted", &counted);
    if totals.requests != totals.flows {
        line(
            &mut text,
            "",
            &format!(
                "{} requests, {} failed, {} stale",
                totals.requests, totals.request_failures, totals.stale
            ),
        );
    }
    if let Some(denied) = wording::denied(totals) {
        line(&mut text, "denied", &denied);
    }
    if let Some(none) = wording::no_local_port(totals) {
        line(&mut text, "no local port", &none);
    }
    let happened = phases::lines(results);
    if !happened.is_empty() {
        let _ = writeln!(text, "\nwhat happened\n{}\n", happened.join("\n"));
    }
    phases::scaled(results).iter().for_each(|told| line(&mut text, "scales by itself", told));
    text.push_str(&fullness(results));
    text.push_str(&clients(results));
    results.probes.iter().for_each(|each| line(&mut text, "probe", &wording::probe(each)));
    text.push_str(&hottest("nodes", &results.failures_by_node));
    text.push_str(&hottest("destinations", &results.failures_by_destination));
    if results.client_pool.is_none() {
        results.analytic.iter().for_each(|check| text.push_str(&analytic(check)));
    }
    for warning in &results.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    let _ = writeln!(text, "\n{}", wording::method(results));
    text
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name:20} {value}");
}

fn judged(threshold: &ThresholdResult) -> String {
    let verdict = wording::verdict(threshold.verdict);
    let mut text = format!("  {verdict:12} {}   ({})\n", threshold.expression, wording::against(threshold));
    threshold.advice.iter().for_each(|advice| text += &format!("  {:12} {advice}\n", ""));
    text
}

fn first_failure(results: &Results) -> String {
    let Some(first) = &results.first_failure else { return String::new() };
    let mut text = String::new();
    let [place, who] = wording::first_failure(first);
    line(&mut text, "first to fail", &place);
    line(&mut text, "", &who);
    if let Some(last) = results.last_failure_s {
        line(&mut text, "last to fail", &format!("{} s after the start, in any replication", number(last)));
    }
    if let Some(recovery) = &results.recovery {
        line(&mut text, "recovery", &wording::recovery(recovery, results.duration_s));
    }
    text
}

fn fullness(results: &Results) -> String {
    let (shares, ports) = (&results.occupancy, &results.occupancy_ports);
    let mut text = String::new();
    if ports.port_pool.is_empty() {
        return text;
    }
    let of = ports.per_row.map_or("unlimited".to_string(), |ports| ports.to_string());
    let towards = ports.destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    line(&mut text, "fullest row", &format!("port pool {}{towards}: {of} ports", ports.port_pool));
    let busy = format!(
        "mean {} busy; at sampled instants {} serving, {} in hold-down, p99 {}, most {}",
        number(ports.mean),
        number(ports.in_use_mean),
        number(ports.hold_down_mean),
        ports.p99,
        ports.max
    );
    line(&mut text, "", &busy);
    if let Some(told) = wording::rests_everywhere(results) {
        line(&mut text, "", told);
    }
    if let Some(used) = wording::used_ports(results) {
        line(&mut text, "different ports", &used);
    }
    if ports.per_row.is_some() {
        line(
            &mut text,
            "",
            &format!(
                "{} full on average, no free port {} of the time",
                percent(shares.mean),
                percent(shares.full_time_ratio)
            ),
        );
    }
    let holding = &results.port_holding_s;
    line(&mut text, "port kept for", &format!("{} s on average, hold-down included", number(holding.mean)));
    text
}

fn clients(results: &Results) -> String {
    let mut text = String::new();
    let delay = &results.connect_delay_s;
    if delay.max > 0.0 {
        let delays = format!(
            "mean {} s, p99 {} s, longest {} s",
            number(delay.mean),
            number(delay.p99),
            number(delay.max)
        );
        line(&mut text, "connect delay", &delays);
    }
    if results.retry_amplification > 1.0 {
        let asked = format!("{} times as often as clients need a port", number(results.retry_amplification));
        line(&mut text, "the device is asked", &asked);
    }
    if let Some(timeouts) = &results.request_timeouts {
        line(&mut text, "tries timed out", &wording::request_timeouts(timeouts));
    }
    if let Some(retries) = &results.retries {
        line(&mut text, "retries", &wording::retries(retries));
    }
    if let Some(pool) = &results.client_pool {
        let open = format!(
            "{} connections open on average, {} opened per second, {} requests in line",
            number(pool.open_mean),
            number(pool.opened_per_s),
            number(pool.waiting_mean)
        );
        line(&mut text, "client pools", &open);
        if pool.wait_ratio > 0.0 {
            line(&mut text, "", &wording::waits(pool, results.retries.is_some()));
        }
    }
    text
}

const SHOWN: usize = 5;

fn hottest(what: &str, all: &[NamedFailures]) -> String {
    let failing: Vec<&NamedFailures> = all.iter().filter(|each| each.snat_failures > 0).collect();
    if failing.is_empty() || all.len() < 2 {
        return String::new();
    }
    let mut text = format!("\n{what} with failures ({} of {})\n", failing.len(), all.len());
    for each in failing.iter().take(SHOWN) {
        let share = each.snat_failures as f64 / each.attempts as f64;
        let _ = writeln!(
            text,
            "  {:24} {:>12} of {:>12} attempts  {:>8}",
            each.name,
            each.snat_failures,
            each.attempts,
            percent(share)
        );
    }
    if failing.len() > SHOWN {
        let _ = writeln!(text, "  ... {} more (see --format json)", failing.len() - SHOWN);
    }
    text
}

fn analytic(check: &AnalyticCheck) -> String {
    let towards = check.destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    let mut text = format!("\ncross-check, port pool {}{towards}\n", check.port_pool);
    let load = format!(
        "{} new flows/s x {} s = {} erlang on {} ports",
        number(check.rate_per_s),
        number(check.holding_s),
        number(check.offered_erlang),
        check.ports
    );
    line(&mut text, "  offered", &load);
    line(
        &mut text,
        "  sustainable",
        &format!("{} new flows/s (ports / holding time)", number(check.sustainable_rate_per_s)),
    );
    let simulated = check.simulated.map_or("not seen".to_string(), percent);
    match check.erlang_b {
        Some(expected) => line(
            &mut text,
            "  Erlang-B",
            &format!("{}; simulated {simulated} of first attempts", percent(expected)),
        ),
        None => {
            line(&mut text, "  Erlang-B", &format!("does not apply: {}; simulated {simulated}", check.remark))
        }
    }
    text
}

/// What `size` found.
pub fn size(answer: &SizeResults) -> String {
    let mut text = format!("{}\n\n", answer.headline());
    let target = |results: &Results| results.thresholds.first().map(wording::against).unwrap_or_default();
    if let (Some(value), Some(proof)) = (answer.answer, &answer.proved_by) {
        line(&mut text, &format!("at {}", answer.value(value)), &target(proof));
    }
    if let Some(refuted) = &answer.refuted_by {
        let last = format!("at the {}", answer.sought.last());
        let place = if answer.answer.is_some() { answer.sought.step() } else { &last };
        line(&mut text, place, &target(refuted));
    }
    if let Some(confirmed) = &answer.confirmed_by {
        line(&mut text, &format!("with seed {}", confirmed.seed), &wording::against(&confirmed.judged));
    }
    answer.binding.iter().for_each(|binding| line(&mut text, "what binds", &wording::binding(binding)));
    let not_sought = answer.answer.map(|_| "not sought; `--advice always` does".to_string());
    let told = answer.headroom.as_ref().map(headroom::told).or(not_sought);
    told.iter().for_each(|told| line(&mut text, "headroom", told));
    for (number, saving) in answer.savings.iter().enumerate() {
        let name = if number == 0 { answer.sought.step() } else { "" };
        line(&mut text, name, &headroom::saving(saving).join(" "));
    }
    answer.theory.iter().for_each(|theory| line(&mut text, "theory", &wording::theory(answer, theory)));
    answer.why.iter().for_each(|why| line(&mut text, "note", why));
    line(&mut text, "found by", &wording::search(answer));
    text
}

/// What `replay` found.
pub fn replay(found: &Replay) -> String {
    let headline = match (found.ports, found.failed) {
        (Some(ports), Some(0)) => format!("{ports} ports serve all {} flows", found.flows),
        (Some(ports), Some(failed)) => {
            format!("{failed} of {} flows find no port with {ports} ports", found.flows)
        }
        _ => format!("{} flows", found.flows),
    };
    let mut lines = vec![headline];
    lines.push(format!(
        "smallest pool without a failure: {} ports ({} sharing, {})",
        found.smallest_pool_without_failure,
        found.sharing,
        match found.hold_down_s {
            Some(rest) => format!("{} s of hold-down", number(rest)),
            None => "hold-down by the kind of end".into(),
        }
    ));
    if let Some(first) = found.first_failed_us {
        lines.push(format!("first failure {:.6} s after the first flow", first as f64 / 1e6));
    }
    lines.push(format!(
        "at most {} flows at once, {} towards one destination",
        found.peak_concurrent, found.peak_concurrent_destination
    ));
    lines.push(format!(
        "{} records: {} TCP and {} UDP flows to {} destinations; {} without a duration",
        found.records, found.tcp, found.udp, found.destinations, found.missing_duration
    ));
    let unused: Vec<String> =
        found.not_used.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    if !unused.is_empty() {
        lines.push(format!("not outbound: {}", unused.join(", ")));
    }
    if found.flows == 0 {
        lines.push("warning: no record is an outbound flow; check `--inside`".into());
    }
    if found.skipped_lines > 0 {
        lines.push(format!("warning: {} lines could not be read and were passed over", found.skipped_lines));
    }
    lines.join("\n") + "\n"
}
