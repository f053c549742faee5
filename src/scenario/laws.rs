//! Laws of times, as the file writes them.

use super::reader::{Reader, duration, list, number};
use super::tree::{Node, Value};
use crate::time::SimDuration;
use crate::workload::Law;
use std::sync::Arc;

const LAWS: [&str; 6] = ["constant", "exponential", "lognormal", "pareto", "hyperexponential", "empirical"];

/// A law: a bare time is constant, a table names its law by its one key.
pub fn law<'a>(reader: &'a Reader<'a>, key: &str, node: &'a Node) -> Option<Law> {
    if !matches!(node.value, Value::Table(_)) {
        return duration(reader, key, node).map(Law::Constant);
    }
    let table = reader.table(node, key);
    let (name, node) = table.only(&LAWS)?;
    let table_name = format!("{key}.{name}");
    let law = reader.table(node, &table_name);
    let read = match name {
        "constant" => {
            law.need("value", "\"2s\"").and_then(|node| duration(reader, "value", node)).map(Law::Constant)
        }
        "exponential" => mean(&law).map(|mean| Law::Exponential { mean }),
        "lognormal" => lognormal(&law),
        "pareto" => pareto(&law),
        "hyperexponential" => hyperexponential(reader, &law),
        _ => empirical(reader, &law),
    };
    law.finish();
    table.finish();
    read
}

type Table<'a> = super::reader::Table<'a>;

fn mean(law: &Table<'_>) -> Option<f64> {
    let node = law.need("mean", "\"240s\"")?;
    let mean = duration(law.reader, "mean", node)?.as_secs_f64();
    if mean <= 0.0 {
        law.wrong(&node.span, "`mean` is 0; allowed is a time above 0".into(), None);
        return None;
    }
    Some(mean)
}

fn cv2(law: &Table<'_>) -> Option<f64> {
    law.need("cv2", "4.0")?;
    law.number("cv2", 1e-6, 1e6)
}

fn lognormal(law: &Table<'_>) -> Option<Law> {
    let (mean, cv2) = (mean(law), cv2(law));
    let (mean, cv2) = (mean?, cv2?);
    let variance = libm::log1p(cv2);
    Some(Law::Lognormal { location: libm::log(mean) - variance / 2.0, scale: variance.sqrt() })
}

fn pareto(law: &Table<'_>) -> Option<Law> {
    let (mean, most) = (mean(law), law.duration("max").map(SimDuration::as_secs_f64));
    let alpha = law.need("alpha", "1.5").and_then(|_| law.number("alpha", 0.01, 100.0));
    let (mean, alpha) = (mean?, alpha?);
    let impossible = |why: &str| {
        law.wrong(&law.span, why.to_string(), Some("raise `alpha`, or set `max` well above `mean`".into()));
        None
    };
    match most {
        None if alpha <= 1.0 => {
            impossible("a Pareto law with `alpha` of 1 or less has no mean without `max`")
        }
        None => Some(Law::Pareto { least: mean * (alpha - 1.0) / alpha, alpha, most }),
        Some(most) if most <= mean => impossible("`max` is not above `mean`"),
        Some(most) => Some(Law::Pareto { least: least_for_mean(mean, alpha, most), alpha, most: Some(most) }),
    }
}

/// The smallest value that gives a bounded Pareto law its mean, which rises with it.
fn least_for_mean(mean: f64, alpha: f64, most: f64) -> f64 {
    let (mut low, mut high) = (mean * 1e-12, mean);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if (Law::Pareto { least: middle, alpha, most: Some(most) }).mean() < mean {
            low = middle
        } else {
            high = middle
        }
    }
    (low + high) / 2.0
}

fn hyperexponential<'a>(reader: &'a Reader<'a>, law: &Table<'a>) -> Option<Law> {
    if let Some(branches) = law.get("branches") {
        let branches: Option<Vec<(f64, f64)>> =
            list(reader, "branches", branches).iter().map(|branch| weighted_mean(reader, branch)).collect();
        let branches = branches?;
        let total: f64 = branches.iter().map(|(weight, _)| weight).sum();
        if total <= 0.0 {
            let help = Some("write `branches = [[0.9, \"1s\"], [0.1, \"10s\"]]`".to_string());
            law.wrong(&law.span, "the weights of `branches` sum to 0".into(), help);
            return None;
        }
        if branches.iter().all(|(weight, mean)| weight * mean <= 0.0) {
            law.wrong(&law.span, "the mean of `branches` is 0; allowed is a time above 0".into(), None);
            return None;
        }
        let branches = branches.into_iter().map(|(weight, mean)| (weight / total, mean)).collect();
        return Some(Law::Hyperexponential { branches });
    }
    let (mean, cv2) = (mean(law), cv2(law));
    let (mean, cv2) = (mean?, cv2?);
    if cv2 < 1.0 {
        law.wrong(&law.span, format!("`cv2` is {cv2}; a hyperexponential law has 1 or more"), None);
        return None;
    }
    Some(balanced(mean, cv2))
}

/// Two branches that carry the same share of the mean.
fn balanced(mean: f64, cv2: f64) -> Law {
    let share = 0.5 * (1.0 + ((cv2 - 1.0) / (cv2 + 1.0)).sqrt());
    let branch = |share: f64| (share, mean / (2.0 * share));
    Law::Hyperexponential { branches: vec![branch(share), branch(1.0 - share)] }
}

fn weighted_mean(reader: &Reader<'_>, branch: &Node) -> Option<(f64, f64)> {
    match list(reader, "branches", branch) {
        [weight, mean] => {
            let weight = number(reader, "branches", weight, 0.0, 1e12);
            let mean = duration(reader, "branches", mean);
            Some((weight?, mean?.as_secs_f64()))
        }
        _ => {
            reader.problem(&branch.span, "a branch is `[weight, \"mean\"]`".into(), None);
            None
        }
    }
}

fn empirical<'a>(reader: &'a Reader<'a>, law: &Table<'a>) -> Option<Law> {
    let values: Option<Vec<SimDuration>> = match (law.get("values"), law.text("file")) {
        (Some(values), None) => {
            list(reader, "values", values).iter().map(|value| duration(reader, "values", value)).collect()
        }
        (None, Some(file)) => match read_values(file) {
            Ok(values) => Some(values),
            Err(why) => {
                law.wrong(&law.span, why, None);
                None
            }
        },
        _ => {
            law.wrong(&law.span, "`empirical` needs either `values` or `file`".into(), None);
            None
        }
    };
    let values = values?;
    if values.iter().all(|value| *value == SimDuration::ZERO) {
        law.wrong(&law.span, "`empirical` needs at least one value above 0".into(), None);
        return None;
    }
    Some(Law::Empirical(Arc::new(values)))
}

/// One time a line, with its unit; empty lines and lines that begin with # are passed over.
fn read_values(file: &str) -> Result<Vec<SimDuration>, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("cannot read `{file}`: {why}"))?;
    let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            super::units::duration(line).map_err(|why| format!("{file}:{number}: the time {why}"))
        })
        .collect()
}
