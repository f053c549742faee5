//! Results in words and short tables, the verdict first.

use crate::experiment::compare::ComparisonResults;
use crate::experiment::results::{
    AnalyticCheck, NamedFailures, RatioEstimate, Results, ThresholdResult, Verdict,
};
use crate::experiment::size::SizeResults;
use std::fmt::Write;

/// What `run` found.
pub fn results(results: &Results) -> String {
    let mut text = format!("{}\n{}\n\n", results.title, headline(results));
    results.thresholds.iter().for_each(|threshold| text.push_str(&judged(threshold)));
    text.push_str(&first_failure(results));
    line(&mut text, "SNAT failures", &ratio(&results.failure_ratio, "attempts"));
    line(&mut text, "connection failures", &ratio(&results.connection_failure_ratio, "flows"));
    line(&mut text, "request failures", &ratio(&results.request_failure_ratio, "requests"));
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
    text.push_str(&fullness(results));
    text.push_str(&clients(results));
    text.push_str(&hottest("nodes", &results.failures_by_node));
    text.push_str(&hottest("destinations", &results.failures_by_destination));
    results.analytic.iter().for_each(|check| text.push_str(&analytic(check)));
    for warning in &results.warnings {
        let _ = writeln!(text, "\nwarning: {warning}");
    }
    let _ = writeln!(
        text,
        "\n{} replication(s) of {} s, start {}, seed {}; intervals at {:.0} % confidence",
        results.replications,
        results.duration_s,
        start(results),
        results.seed,
        results.failure_ratio.confidence * 100.0
    );
    text
}

fn start(results: &Results) -> String {
    match results.start.as_str() {
        "warm-up" => format!("after a warm-up of {} s", results.warm_up_s),
        name => name.to_string(),
    }
}

fn line(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name:20} {value}");
}

fn headline(results: &Results) -> String {
    let device = format!("{}, {} public IP(s)", results.model, results.public_ips);
    let found = match results.totals.snat_failures {
        0 => "no SNAT failure was seen".to_string(),
        _ => format!(
            "{} of all attempts find no SNAT port",
            percent(results.failure_ratio.estimate.unwrap_or(0.0))
        ),
    };
    let verdict = match (results.verdict, results.thresholds.is_empty()) {
        (_, true) => "",
        (Verdict::Pass, _) => "PASSES: ",
        (Verdict::Fail, _) => "FAILS: ",
        (Verdict::Inconclusive, _) => "INCONCLUSIVE: ",
    };
    format!("{verdict}{found} ({device})")
}

fn judged(threshold: &ThresholdResult) -> String {
    let verdict = match threshold.verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "inconclusive",
    };
    format!(
        "  {verdict:12} {}   [{}, {}]\n",
        threshold.expression,
        number(threshold.low),
        number(threshold.high)
    )
}

fn first_failure(results: &Results) -> String {
    let Some(first) = &results.first_failure else { return String::new() };
    let mut text = String::new();
    let place = format!("{} ({}) of port pool {}", first.stage, first.reason, first.port_pool);
    line(&mut text, "first to fail", &place);
    let who = format!(
        "node {}, towards {}, {} s after the start",
        first.node,
        first.destination,
        number(first.time_s)
    );
    line(&mut text, "", &who);
    text
}

/// An estimate with its interval, or its upper bound.
pub fn ratio(ratio: &RatioEstimate, of: &str) -> String {
    match ratio.estimate {
        None => format!("none seen; at most {} of {of}", percent(ratio.high)),
        Some(estimate) => {
            format!("{} [{}, {}] of {of}", percent(estimate), percent(ratio.low), percent(ratio.high))
        }
    }
}

fn percent(share: f64) -> String {
    format!("{} %", number(share * 100.0))
}

/// Four significant digits, without trailing zeros.
fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{value}");
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-5..=12).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.*}", (3 - magnitude).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
}

fn fullness(results: &Results) -> String {
    let (shares, ports) = (&results.occupancy, &results.occupancy_ports);
    let mut text = String::new();
    let of = ports.per_row.map_or("unlimited".to_string(), |ports| ports.to_string());
    let towards = ports.destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    line(&mut text, "fullest row", &format!("port pool {}{towards}: {of} ports", ports.port_pool));
    let busy = format!(
        "mean {} busy ({} serving, {} in hold-down), p99 {}, most {}",
        number(ports.mean),
        number(ports.in_use_mean),
        number(ports.hold_down_mean),
        ports.p99,
        ports.max
    );
    line(&mut text, "", &busy);
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
        line(&mut text, "attempts per flow", &number(results.retry_amplification));
    }
    if let Some(pool) = &results.client_pool {
        let open = format!(
            "{} connections open on average, {} opened per second, {} requests in line",
            number(pool.open_mean),
            number(pool.opened_per_s),
            number(pool.waiting_mean)
        );
        line(&mut text, "client pools", &open);
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

/// What `compare` found.
pub fn comparison(comparison: &ComparisonResults) -> String {
    let mut text = match comparison.recommended {
        Some(_) => format!("Recommended: {}\n\n", comparison.why),
        None => format!("No recommendation: {}\n\n", comparison.why),
    };
    let _ = writeln!(
        text,
        "     {:22} {:>4}  {:>34}  {:>10}  {:>9}",
        "model", "IPs", "connection failures", "fullest", "no port"
    );
    for (index, option) in comparison.options.iter().enumerate() {
        let results = &option.results;
        let mark = if comparison.recommended == Some(index) { "->" } else { "  " };
        let failures = match results.connection_failure_ratio.estimate {
            None => format!("none seen, at most {}", percent(results.connection_failure_ratio.high)),
            Some(estimate) => format!(
                "{} [{}, {}]",
                percent(estimate),
                percent(results.connection_failure_ratio.low),
                percent(results.connection_failure_ratio.high)
            ),
        };
        let _ = writeln!(
            text,
            "{mark} {index} {:22} {:>4}  {failures:>34}  {:>10}  {:>9}",
            results.model,
            results.public_ips,
            percent(results.occupancy.mean),
            percent(results.occupancy.full_time_ratio)
        );
    }
    text.push_str("\ndifference in connection failures, same traffic, paired by replication\n");
    for pair in &comparison.paired_differences {
        let points = |share: f64| number(share * 100.0);
        let interval = match (pair.low, pair.high) {
            (Some(low), Some(high)) => format!(" [{}, {}]", points(low), points(high)),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  {} -> {}: {}{interval} percentage points",
            pair.first,
            pair.second,
            points(pair.difference)
        );
    }
    text
}

/// What `size` found.
pub fn size(answer: &SizeResults) -> String {
    let mut text = match answer.answer {
        Some(value) => format!("{} = {value} is the smallest that meets {}\n\n", answer.vary, answer.target),
        None => format!("no {} meets {}\n\n", answer.vary, answer.target),
    };
    if let (Some(value), Some(proof)) = (answer.answer, &answer.proved_by) {
        line(&mut text, &format!("at {value}"), &ratio(&proof.failure_ratio, "attempts fail"));
    }
    if let Some(refuted) = &answer.refuted_by {
        let place = if answer.answer.is_some() { "one step smaller" } else { "at the largest" };
        line(&mut text, place, &ratio(&refuted.failure_ratio, "attempts fail"));
    }
    answer.why.iter().for_each(|why| line(&mut text, "note", why));
    line(&mut text, "found by", &format!("{}, {} simulations", answer.method, answer.evaluations));
    text
}
