//! `[[threshold]]`: what a result is judged by.

use super::reader::Reader;
use super::tree::Node;
use super::{Comparison, Threshold};

/// Metrics that a threshold may name.
pub const METRICS: [&str; 15] = [
    "failure_ratio",
    "first_attempt_failure_ratio",
    "connection_failure_ratio",
    "request_failure_ratio",
    "occupancy.mean",
    "occupancy.p50",
    "occupancy.p95",
    "occupancy.p99",
    "occupancy.max",
    "occupancy.full_time_ratio",
    "connect_delay_s.mean",
    "connect_delay_s.p50",
    "connect_delay_s.p99",
    "connect_delay_s.max",
    HEADROOM,
];

/// How many times the load still meets the other thresholds.
const HEADROOM: &str = "headroom";

/// Limits of it that a search can tell from what lies beyond.
const HEADROOM_LIMITS: (f64, f64) = (0.2, 9.0);

/// Reads one threshold.
pub fn threshold<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Threshold> {
    let table = reader.table(node, "threshold");
    let node = table.need("expr", "\"failure_ratio < 0.001\"");
    let text = table.text("expr");
    table.finish();
    let (node, text) = (node?, text?);
    parse_threshold(text).map_err(|why| reader.problem(&node.span, why, None)).ok()
}

/// The limit, if the metric can be on either side of it: a forgotten % would pass anything.
fn within_range(metric: &str, limit: f64, in_percent: bool) -> Result<f64, String> {
    let shown = |value: f64| if in_percent { format!("{} %", value * 100.0) } else { value.to_string() };
    if metric.starts_with("connect_delay_s") {
        return match limit >= 0.0 && !in_percent {
            true => Ok(limit),
            false => Err(format!("the limit of `{metric}` is {}; write seconds, such as 5", shown(limit))),
        };
    }
    if metric == HEADROOM {
        let (least, most) = HEADROOM_LIMITS;
        return match (least..=most).contains(&limit) && !in_percent {
            true => Ok(limit),
            false => Err(format!(
                "the limit of `{metric}` is {}; write how many times the load, from {least} to {most}, such as 1.3",
                shown(limit)
            )),
        };
    }
    // A ratio of failures is always below 1; a row may be full.
    let (most, bound) =
        if metric.starts_with("occupancy") { (1.0, "at most") } else { (1.0 - 1e-12, "below") };
    match (0.0..=most).contains(&limit) {
        true => Ok(limit),
        false => Err(format!(
            "the limit of `{metric}` is {}; allowed is 0 or more and {bound} 1 (100 %); is a % missing?",
            shown(limit)
        )),
    }
}

/// Reads `failure_ratio < 0.1%`.
pub fn parse_threshold(text: &str) -> Result<Threshold, String> {
    let comparisons = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    let found = comparisons.iter().find_map(|(sign, comparison)| Some((text.split_once(sign)?, *comparison)));
    let Some(((metric, limit), comparison)) = found else {
        return Err(format!("\"{text}\" is no threshold; write such as \"failure_ratio < 0.001\""));
    };
    let metric = metric.trim();
    if !METRICS.contains(&metric) {
        let near = METRICS.iter().max_by(|one, other| {
            strsim::jaro_winkler(one, metric).total_cmp(&strsim::jaro_winkler(other, metric))
        });
        let near = near.copied().unwrap_or_default();
        return Err(format!(
            "\"{metric}\" is no metric; did you mean `{near}`? there are {}",
            METRICS.join(", ")
        ));
    }
    let limit = limit.trim();
    let (digits, scale) = limit.strip_suffix('%').map_or((limit, 1.0), |digits| (digits.trim(), 0.01));
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => {
            let limit = within_range(metric, value * scale, scale < 1.0)?;
            Ok(Threshold { expression: text.into(), metric: metric.into(), comparison, limit })
        }
        _ => Err(format!("\"{limit}\" is no number; write such as 0.001 or 0.1%")),
    }
}
