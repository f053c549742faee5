//! Laws of times, as the file writes them.

mod branches;
mod empirical;

use super::reader::{Reader, duration};
use super::tree::{Node, Value};
use crate::time::SimDuration;
use crate::workload::Law;

const LAWS: [&str; 10] = [
    "constant",
    "exponential",
    "erlang",
    "hyperexponential",
    "lognormal",
    "pareto",
    "weibull",
    "two_point",
    "empirical",
    "mixture",
];

/// More stages than this are a constant.
const MOST_STAGES: u64 = 10_000;

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
        "erlang" => erlang(&law),
        "weibull" => weibull(&law),
        "hyperexponential" => branches::hyperexponential(reader, &law),
        "two_point" => branches::two_point(reader, &law),
        "mixture" => branches::mixture(reader, &law),
        _ => empirical::empirical(reader, &law),
    };
    law.finish();
    table.finish();
    read
}

/// A law whose mean is above 0.
pub fn law_above_0<'a>(reader: &'a Reader<'a>, key: &str, node: &'a Node) -> Option<Law> {
    let law = law(reader, key, node)?;
    if law.mean() > 0.0 {
        return Some(law);
    }
    reader.problem(&node.span, format!("`{key}` is 0; allowed is a time above 0"), None);
    None
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

fn erlang(law: &Table<'_>) -> Option<Law> {
    let mean = mean(law);
    let stages = law.need("stages", "4").and_then(|_| law.count("stages", 1, MOST_STAGES));
    Some(Law::Erlang { mean: mean?, stages: stages? as u32 })
}

fn weibull(law: &Table<'_>) -> Option<Law> {
    let mean = mean(law);
    let shape = law.need("shape", "0.7").and_then(|_| law.number("shape", 0.05, 100.0));
    let (mean, shape) = (mean?, shape?);
    Some(Law::Weibull { scale: mean / libm::tgamma(1.0 + 1.0 / shape), shape })
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
