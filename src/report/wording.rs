//! Sentences that every format shares.

use super::document::Tone;
use super::number::{count, counted, number, percent};
pub use crate::experiment::compare::device;
use crate::experiment::diff::Evidence;
use crate::experiment::results::{
    ClientPoolFigures, EstimateKind, FirstFailure, ProbeFigures, RareFigures, RatioEstimate, RatioMethod,
    Recovery, Results, RetryFigures, SplitLevel, SplitPart, StopReason, ThresholdResult, TimeoutFigures,
    Totals, UsedPorts, Verdict, WarmUpReason,
};
use crate::experiment::size::{Binding, SizeResults, TheoryAnswer};

/// The answer in one sentence, the verdict first where something was judged.
pub fn headline(results: &Results) -> String {
    let found = match results.failure_ratio.estimate {
        None => "no SNAT failure was seen".to_string(),
        Some(ratio) => {
            let by = by_method(&results.failure_ratio);
            format!("{} of all attempts find no SNAT port{by}", percent(ratio))
        }
    };
    let verdict = match (results.verdict, results.thresholds.is_empty()) {
        (_, true) => "",
        (Verdict::Pass, _) => "PASSES: ",
        (Verdict::Fail, _) => "FAILS: ",
        (Verdict::Inconclusive, _) => "INCONCLUSIVE: ",
    };
    format!("{verdict}{found} ({}{})", device(results), elsewhere(results))
}

/// The stages that fail, where they are not the outbound device's own.
fn elsewhere(results: &Results) -> String {
    let own = results.model.rsplit('/').next().unwrap_or_default();
    let mut stages: Vec<&str> =
        results.snat_failures_by.iter().map(|failures| failures.stage.as_str()).collect();
    stages.dedup();
    match stages.iter().all(|stage| *stage == own) {
        true => String::new(),
        false => format!("; the failures are in {}", stages.join(" and ")),
    }
}

/// How to mark the headline.
pub fn tone(results: &Results) -> Tone {
    match (results.verdict, results.thresholds.is_empty()) {
        (_, true) | (Verdict::Inconclusive, _) => Tone::Neutral,
        (Verdict::Pass, _) => Tone::Good,
        (Verdict::Fail, _) => Tone::Bad,
    }
}

/// A verdict in a table.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "FAIL",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// What a difference says, in a table.
pub fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Same => "same",
        Evidence::Significant => "significant",
        Evidence::NotSignificant => "not significant",
        Evidence::Unknown => "unknown",
    }
}

/// An estimate with its interval, or its upper bound, and the method where it is not counting.
pub fn ratio(ratio: &RatioEstimate, of: &str) -> String {
    let by = by_method(ratio);
    match (ratio.estimate, ratio.kind) {
        (None, _) => format!("none seen; at most {} of {of}{by}", percent(ratio.high)),
        (Some(exact), EstimateKind::Exact) => format!("{} of {of}{by}", percent(exact)),
        (Some(estimate), _) => {
            format!("{} [{}, {}] of {of}{by}", percent(estimate), percent(ratio.low), percent(ratio.high))
        }
    }
}

/// How a ratio was found, in brackets; nothing where failures were counted.
fn by_method(ratio: &RatioEstimate) -> &'static str {
    match ratio.method {
        Some(RatioMethod::ErlangB) => " (Erlang-B, exact)",
        Some(RatioMethod::Splitting) => " (by splitting)",
        Some(RatioMethod::Plain) | None => "",
    }
}

/// Which method gave the ratios, why, and what plain simulation saw.
pub fn rare(rare: &RareFigures) -> String {
    let by = match rare.method {
        RatioMethod::ErlangB => "Erlang-B",
        RatioMethod::Splitting => "splitting",
        RatioMethod::Plain => return format!("plain simulation ({})", rare.why),
    };
    format!("{by} ({}); plain simulation: {}", rare.why, ratio(&rare.simulated, "attempts"))
}

/// How one part of the system was split: `64 ports, from 31 in use (33 %): 35 (22 %), .., 63 (24 %)`.
pub fn split(part: &SplitPart) -> String {
    let towards = part.destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    let alike = if part.alike > 1 { format!(" and {} alike", part.alike - 1) } else { String::new() };
    let level = |level: &SplitLevel| format!("{} ({})", count(level.ports), percent(level.probability));
    let levels = part.levels.iter().map(level).collect::<Vec<_>>().join(", ");
    let levels = if levels.is_empty() { "no level".into() } else { format!("levels {levels}") };
    format!(
        "port pool {}{towards}{alike}, {} ports, at rest up to {}; {levels}; then {} failures on average",
        part.port_pool,
        count(part.ports),
        count(part.base),
        number(part.failures_beyond)
    )
}

/// A judged metric with its interval, in its own unit.
pub fn against(threshold: &ThresholdResult) -> String {
    let metric = threshold.expression.split(['<', '>']).next().unwrap_or_default().trim();
    let shown = |value: f64| match metric {
        "headroom" => format!("{} times the load", number(value)),
        _ if metric.starts_with("connect_delay_s") => format!("{} s", number(value)),
        _ => percent(value),
    };
    let (low, high) = (shown(threshold.low), shown(threshold.high));
    match threshold.estimate {
        None if metric == "headroom" => format!("{metric}: proved at no load that was tried"),
        None => format!("{metric}: none seen, at most {high}"),
        Some(exact) if threshold.low >= threshold.high => format!("{metric} {}", shown(exact)),
        Some(estimate) => format!("{metric} {} [{low}, {high}]", shown(estimate)),
    }
}

/// Where the first failure was, and whose.
pub fn first_failure(first: &FirstFailure) -> [String; 2] {
    [
        format!("{} ({}) of port pool {}", first.stage, first.reason, first.port_pool),
        format!(
            "node {}, towards {}, {} s after the start",
            first.node,
            first.destination,
            number(first.time_s)
        ),
    ]
}

/// Why the warm-up is as long as it is, in brackets; nothing where the scenario says it.
fn reason(results: &Results) -> String {
    let Some(choice) = results.warm_up_choice else { return String::new() };
    let settling = "the longest hold-down and five mean lifetimes";
    match (choice.reason, choice.mser5_s) {
        (WarmUpReason::SettlingTime, Some(point)) => {
            format!(" ({settling}; MSER-5 asks for {} s)", number(point))
        }
        (WarmUpReason::Mser5, _) => {
            format!(" (the MSER-5 point; {settling} are {} s)", number(choice.settling_s))
        }
        (WarmUpReason::CommonStart, _) => " (the longest of the options)".into(),
        (WarmUpReason::Unsettled, _) => format!(" ({settling}; MSER-5 finds no point)"),
        (WarmUpReason::SettlingTime | WarmUpReason::Unasked, _) => format!(" ({settling})"),
    }
}

/// Ports busy at an instant: `at 207.2 s, 1,950 ports busy on average (variance 1,948), above 1,800 in 99.97 % [99.9 %, 100 %] of
/// runs`.
pub fn probe(probe: &ProbeFigures) -> String {
    let spread = probe.variance.map(|variance| format!(" (variance {})", number(variance)));
    let share = probe.above.zip(probe.share_above);
    let bounds = probe.share_above_low.zip(probe.share_above_high);
    let bounds = bounds.map(|(low, high)| format!(" [{}, {}]", percent(low), percent(high)));
    let share = share.map(|(above, share)| {
        format!(", above {} in {}{} of runs", count(above), percent(share), bounds.unwrap_or_default())
    });
    format!(
        "at {} s, {} ports busy on average{}{}",
        probe.at_s,
        number(probe.mean),
        spread.unwrap_or_default(),
        share.unwrap_or_default()
    )
}

/// Why so many replications, in brackets; nothing where the scenario says how many.
fn stop(results: &Results) -> String {
    let Some(found) = results.precision else { return String::new() };
    let (asked, most) = (percent(found.asked), found.max_replications);
    let reached = found.reached.map_or("nothing to compare it with".into(), percent);
    match found.reason {
        StopReason::Precision => {
            format!(" (until the half-width is at most {asked} of the failure ratio; it is {reached})")
        }
        StopReason::MaxReplications => {
            format!(" (the most allowed; the half-width is {reached} of the failure ratio, not {asked})")
        }
        StopReason::NoFailure => format!(" (the most allowed: {most}; nothing failed)"),
        StopReason::OtherOptions => " (as many as the other options needed; nothing failed)".into(),
    }
}

/// How the runs were made.
pub fn method(results: &Results) -> String {
    let start = match results.start.as_str() {
        "warm-up" => format!("after a warm-up of {} s{}", results.warm_up_s, reason(results)),
        name => name.to_string(),
    };
    format!(
        "{}{} of {} s, start {start}, seed {}; intervals at {:.0} % confidence",
        counted(u64::from(results.replications), "replication"),
        stop(results),
        results.duration_s,
        results.seed,
        results.failure_ratio.confidence * 100.0
    )
}

/// Flows that never asked for a port because they were denied, where there are any.
pub fn denied(totals: &Totals) -> Option<String> {
    let Totals { denied, connection_failures, .. } = totals;
    (*denied > 0).then(|| {
        format!(
            "{} of the {} connection failures, by a network policy or a route table, before they asked for a port",
            count(*denied),
            count(*connection_failures)
        )
    })
}

/// Flows whose pods had no local port left, where there are any.
pub fn no_local_port(totals: &Totals) -> Option<String> {
    let Totals { no_local_port, connection_failures, .. } = totals;
    (*no_local_port > 0).then(|| {
        format!(
            "{} of the {} connection failures, in the pod: no local port was left towards the destination, and no SYN was sent",
            count(*no_local_port),
            count(*connection_failures)
        )
    })
}

/// What applications did after failed requests.
pub fn retries(retries: &RetryFigures) -> String {
    let RetryFigures { begun, waiting_mean, refused_by_budget } = retries;
    let mut text = format!("{begun} begun, {} requests waiting on average", number(*waiting_mean));
    if *refused_by_budget > 0 {
        text += &format!(", {refused_by_budget} refused by a budget");
    }
    text
}

/// The port pool that uses the most different ports; nothing where that is not asked for.
pub fn used_ports(results: &Results) -> Option<String> {
    let most = results.used_ports.iter().max_by(|one, other| one.mean.total_cmp(&other.mean))?;
    let UsedPorts { port_pool, protocol, ports, mean, p99, max, .. } = most;
    let of = ports.map_or("unlimited".into(), count);
    let (mean, p99, max) = (number(*mean), count(*p99), count(*max));
    Some(format!("{port_pool} ({}): {mean} of {of} used on average, p99 {p99}, most {max}", protocol.name()))
}

/// What the busy ports of one row leave out where a port that rests serves no destination at all.
pub fn rests_everywhere(results: &Results) -> Option<&'static str> {
    let scope = results.scenario.pointer("/outbound/hold_scope").and_then(|scope| scope.as_str());
    (scope == Some("port")).then_some(
        "ports that rest after other destinations are free for this one neither (hold_scope = \"port\"): its port pool is fuller than this \
         row; `used_ports = true` counts them",
    )
}

/// How often requests wait in line for a connection; with retries, one may wait several times.
pub fn waits(pool: &ClientPoolFigures, with_retries: bool) -> String {
    let ClientPoolFigures { wait_ratio, wait_timeout_ratio, .. } = pool;
    if with_retries {
        let (waits, gave_up) = (number(*wait_ratio), number(*wait_timeout_ratio));
        return format!("{waits} waits for a connection per request, {gave_up} of them in vain");
    }
    let (waited, gave_up) = (percent(*wait_ratio), percent(*wait_timeout_ratio));
    format!("{waited} of requests wait for a connection, {gave_up} give up waiting")
}

/// How often applications gave up a try, and what they were waiting for.
pub fn request_timeouts(timeouts: &TimeoutFigures) -> String {
    let TimeoutFigures { in_line, connecting, awaiting_answer } = timeouts;
    let all = in_line + connecting + awaiting_answer;
    if all == 0 {
        return "none".into();
    }
    let mut text = format!("{}: {} connecting", count(all), count(*connecting));
    if *in_line > 0 {
        text += &format!(", {} in line for a connection", count(*in_line));
    }
    text + &format!(", {} waiting for the answer, connected for nothing", count(*awaiting_answer))
}

/// What became of failures after the trigger, in a run of `duration_s`.
pub fn recovery(recovery: &Recovery, duration_s: f64) -> String {
    let all = recovery.replications.len();
    let failed = recovery.replications.iter().any(|each| each.last_failing_window_s.is_some());
    if !failed {
        return "no window fails more often than before the trigger".into();
    }
    let recovered = recovery.replications.iter().filter(|each| each.recovered).count();
    let whole = recovery.mean_time_to_recover_s.map(number).unwrap_or_default();
    let ran_on = number(duration_s - recovery.last_trigger_s);
    let average = if recovered > 1 { " on average" } else { "" };
    match recovered {
        0 => format!("had not recovered when the run ended, {ran_on} s after the trigger"),
        _ if recovered == all => format!("recovered {whole} s after the trigger{average}"),
        _ => format!(
            "{recovered} of {all} replications recovered, {whole} s after the trigger{average}; the others had not when the \
             run ended, {ran_on} s after it"
        ),
    }
}

/// How `size` searched.
pub fn search(answer: &SizeResults) -> String {
    let SizeResults { method, evaluations, probe_confidence, .. } = answer;
    let judged = probe_confidence
        .map(|each| format!(", each judged at {} % so that all together err in 5 %", number(each * 100.0)));
    format!("{method}, {evaluations} simulations{}", judged.unwrap_or_default())
}

/// What refuses where there are too few.
pub fn binding(binding: &Binding) -> String {
    let Binding { stage, reason, port_pool, destination } = binding;
    let towards = destination.as_ref().map(|name| format!(" towards {name}")).unwrap_or_default();
    format!("{stage}: {}, port pool {port_pool}{towards}", reason.replace('_', " "))
}

/// What theory answers to a question of `size`.
pub fn theory(answer: &SizeResults, theory: &TheoryAnswer) -> String {
    let TheoryAnswer { answer: value, ports, offered_erlang, erlang_b } = theory;
    let value = value.map_or("no allowed value".into(), |value| answer.value(value));
    let (offered, ports) = (number(*offered_erlang), count(*ports));
    format!("{value} (Erlang-B {} with {offered} erlang on {ports} ports)", percent(*erlang_b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::results::ReplicationRecovery;

    fn told(recovered: &[bool]) -> String {
        let each = |recovered: &bool| ReplicationRecovery {
            replication: 0,
            first_failing_window_s: Some(60.0),
            last_failing_window_s: Some(120.0),
            recovered: *recovered,
            time_to_recover_s: recovered.then_some(90.0),
        };
        let found = Recovery {
            first_trigger_s: 60.0,
            last_trigger_s: 90.0,
            failing_above: 0.0,
            quiet_s: 60.0,
            share_recovered: 0.0,
            mean_time_to_recover_s: recovered.contains(&true).then_some(90.0),
            replications: recovered.iter().map(each).collect(),
        };
        recovery(&found, 600.0)
    }

    #[test]
    fn recovery_is_told_with_its_time_and_its_absence_with_the_time_waited() {
        assert_eq!(told(&[true, true]), "recovered 90 s after the trigger on average");
        assert_eq!(told(&[true]), "recovered 90 s after the trigger");
        assert_eq!(told(&[false, false]), "had not recovered when the run ended, 510 s after the trigger");
        let mixed = "1 of 2 replications recovered, 90 s after the trigger; the others had not when the run ended, \
                     510 s after it";
        assert_eq!(told(&[true, false]), mixed);
    }
}
