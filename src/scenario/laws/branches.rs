//! Laws made of branches: `[weight, ...]` pairs whose weights need not sum to 1.

use super::{Table, cv2, law, mean};
use crate::scenario::reader::{Reader, duration, list, number};
use crate::scenario::tree::Node;
use crate::workload::Law;

/// Reads `hyperexponential`: `mean` and `cv2`, or branches of (weight, mean).
pub fn hyperexponential<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Law> {
    if table.get("branches").is_some() {
        let example = "[[0.9, \"1s\"], [0.1, \"10s\"]]";
        let seconds = |node| Some(duration(reader, "branches", node)?.as_secs_f64());
        let branches = weighted(reader, table, example, seconds)?;
        has_length(table, branches.iter().map(|(weight, mean)| weight * mean))?;
        return Some(Law::Hyperexponential { branches });
    }
    let (mean, cv2) = (mean(table), cv2(table));
    let (mean, cv2) = (mean?, cv2?);
    if cv2 < 1.0 {
        table.wrong(&table.span, format!("`cv2` is {cv2}; a hyperexponential law has 1 or more"), None);
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

/// Reads `two_point`: two times with their weights.
pub fn two_point<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Law> {
    let time = |node| duration(reader, "branches", node).map(Law::Constant);
    let branches = weighted(reader, table, "[[0.9, \"1s\"], [0.1, \"10s\"]]", time)?;
    if branches.len() != 2 {
        let help = Some("write `mixture` for more, `constant` for one".to_string());
        table.wrong(&table.span, format!("`two_point` has {} branches, not 2", branches.len()), help);
        return None;
    }
    has_length(table, branches.iter().map(|(weight, law)| weight * law.mean()))?;
    Some(Law::Mixture(branches))
}

/// Reads `mixture`: any laws with their weights.
pub fn mixture<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Law> {
    let example = "[[0.9, { exponential = { mean = \"1s\" } }], [0.1, \"10s\"]]";
    let branches = weighted(reader, table, example, |node| law(reader, "branches", node))?;
    has_length(table, branches.iter().map(|(weight, law)| weight * law.mean()))?;
    Some(Law::Mixture(branches))
}

/// The branches of `table`, their weights scaled to sum to 1.
fn weighted<'a, T>(
    reader: &'a Reader<'a>,
    table: &Table<'a>,
    example: &str,
    read: impl Fn(&'a Node) -> Option<T>,
) -> Option<Vec<(f64, T)>> {
    let node = table.need("branches", example)?;
    let branch = |node: &'a Node| match list(reader, "branches", node) {
        [weight, value] => {
            let weight = number(reader, "branches", weight, 0.0, 1e12);
            let value = read(value);
            Some((weight?, value?))
        }
        _ => {
            let help = Some(format!("write `branches = {example}`"));
            reader.problem(&node.span, "a branch is a list of two: its weight and its time".into(), help);
            None
        }
    };
    let branches: Vec<Option<(f64, T)>> = list(reader, "branches", node).iter().map(branch).collect();
    let branches = branches.into_iter().collect::<Option<Vec<_>>>()?;
    let total: f64 = branches.iter().map(|(weight, _)| weight).sum();
    if total <= 0.0 {
        let help = Some(format!("write `branches = {example}`"));
        table.wrong(&table.span, "the weights of `branches` sum to 0".into(), help);
        return None;
    }
    Some(branches.into_iter().map(|(weight, value)| (weight / total, value)).collect())
}

/// A law of no length at all is a slip.
fn has_length(table: &Table<'_>, parts: impl Iterator<Item = f64>) -> Option<()> {
    if parts.sum::<f64>() > 0.0 {
        return Some(());
    }
    table.wrong(&table.span, "the mean of `branches` is 0; allowed is a time above 0".into(), None);
    None
}
