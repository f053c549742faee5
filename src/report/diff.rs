//! Two results side by side.

use super::check::Check;
use super::document::{Block, Document, Tone};
use super::number::{number, percent};
use super::present::Present;
use super::table::{Table, aligned};
use super::wording;
use crate::error::Error;
use crate::experiment::diff::{Diff, Evidence, Gate, GateResult, MetricChange, Side};
use crate::experiment::results::Verdict;
use serde_json::Value;
use std::fmt::Write;

impl Present for Diff {
    fn text(&self) -> String {
        let mut text = format!("{}\n", headline(self));
        let sides = [("before", &self.before), ("after", &self.after)];
        for (name, side) in sides {
            let _ = writeln!(text, "  {name:<8}{}", told(side));
        }
        section(&mut text, "what went in differently", inputs(self).as_ref());
        section(&mut text, "what came out", Some(&metrics(self)));
        section(&mut text, "thresholds", thresholds(self).as_ref());
        for warning in &self.new_warnings {
            let _ = writeln!(text, "\nnew warning: {warning}");
        }
        for gate in &self.gates {
            let _ = writeln!(text, "\n{}", gate_told(gate));
        }
        text
    }

    fn document(&self) -> Result<Document, Error> {
        let heading = |text: &str| Block::Heading(text.into());
        let mut blocks: Vec<Block> =
            self.gates.iter().map(|gate| Block::Paragraph(gate_told(gate))).collect();
        blocks.push(Block::List(vec![
            format!("before: {}", told(&self.before)),
            format!("after: {}", told(&self.after)),
        ]));
        blocks.push(heading("What went in differently"));
        blocks.push(match inputs(self) {
            Some(table) => Block::Table(table),
            None => Block::Paragraph("Nothing.".into()),
        });
        blocks.extend([heading("What came out"), Block::Table(metrics(self))]);
        if let Some(table) = thresholds(self) {
            blocks.extend([heading("Thresholds"), Block::Table(table)]);
        }
        blocks.extend(self.new_warnings.iter().cloned().map(Block::Warning));
        let tone = match (self.gates.is_empty(), self.verdict) {
            (true, _) | (_, Verdict::Inconclusive) => Tone::Neutral,
            (false, Verdict::Pass) => Tone::Good,
            (false, Verdict::Fail) => Tone::Bad,
        };
        Ok(Document { title: "Two results side by side".into(), finding: headline(self), tone, blocks })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["metric", "before", "after", "difference", "low", "high", "evidence"]);
        let plain = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        for change in &self.metrics {
            table.push([
                change.metric.clone(),
                plain(change.before),
                plain(change.after),
                change.difference.to_string(),
                plain(change.low),
                plain(change.high),
                wording::evidence(change.evidence).replace(' ', "_"),
            ]);
        }
        table
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        if self.gates.is_empty() {
            return Err(Error::input("--format", "nothing was asked; write such as `--fail-on worse`"));
        }
        let check = |gate: &GateResult| Check {
            name: format!("not {}", name(gate.gate)),
            verdict: gate.verdict,
            message: gate_told(gate),
        };
        Ok(self.gates.iter().map(check).collect())
    }

    fn warnings(&self) -> Vec<String> {
        self.new_warnings.clone()
    }
}

fn headline(diff: &Diff) -> String {
    let changed = |evidence| diff.metrics.iter().filter(move |change| change.evidence == evidence);
    let significant: Vec<String> = changed(Evidence::Significant).map(moved).collect();
    match significant.as_slice() {
        [] if diff.metrics.iter().all(|change| change.evidence == Evidence::Same) => {
            "every metric is the same".into()
        }
        [] => "no ratio of failures differs by more than chance".into(),
        several => several.join("; "),
    }
}

fn moved(change: &MetricChange) -> String {
    let direction = if change.difference > 0.0 { "higher" } else { "lower" };
    let [before, after] =
        [change.before, change.after].map(|value| value.map_or("none seen".into(), percent));
    format!("{} is {direction}: {before} before, {after} after", change.metric)
}

fn told(side: &Side) -> String {
    let ips = if side.public_ips == 1 { "public IP" } else { "public IPs" };
    format!(
        "{}: {}, {} with {} {ips}, seed {}, {} replications; thresholds: {}",
        side.file,
        side.title,
        side.model,
        side.public_ips,
        side.seed,
        side.replications,
        wording::verdict(side.verdict)
    )
}

fn inputs(diff: &Diff) -> Option<Table> {
    let mut table = Table::new(["key", "before", "after"]);
    let plain = |value: &Option<Value>| match value {
        None => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    for change in &diff.inputs {
        table.push([change.key.clone(), plain(&change.before), plain(&change.after)]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn metrics(diff: &Diff) -> Table {
    let mut table = Table::new(["metric", "before", "after", "difference", "interval", "evidence"]);
    for change in &diff.metrics {
        let value = |value: f64| match change.metric.starts_with("connect_delay") {
            true => format!("{} s", number(value)),
            false => percent(value),
        };
        let difference = |difference: f64| match change.metric.starts_with("connect_delay") {
            true => format!("{} s", number(difference)),
            false => format!("{} points", number(difference * 100.0)),
        };
        let interval = change.low.zip(change.high);
        table.push([
            change.metric.clone(),
            change.before.map_or("none seen".into(), value),
            change.after.map_or("none seen".into(), value),
            difference(change.difference),
            interval.map_or("-".into(), |(low, high)| format!("[{}, {}]", difference(low), difference(high))),
            wording::evidence(change.evidence).into(),
        ]);
    }
    table
}

fn thresholds(diff: &Diff) -> Option<Table> {
    let mut table = Table::new(["threshold", "before", "after"]);
    let told = |verdict: Option<Verdict>| verdict.map_or("not set", wording::verdict).to_string();
    for change in &diff.thresholds {
        table.push([change.expression.clone(), told(change.before), told(change.after)]);
    }
    (!table.rows.is_empty()).then_some(table)
}

fn name(gate: Gate) -> &'static str {
    match gate {
        Gate::Worse => "worse",
        Gate::Significant => "significantly different",
        Gate::Results => "different in results",
        Gate::Inputs => "different in inputs",
    }
}

fn gate_told(gate: &GateResult) -> String {
    match gate.found.is_empty() {
        true => format!("PASS  the second is not {}", name(gate.gate)),
        false => format!("FAIL  the second is {}: {}", name(gate.gate), gate.found.join(", ")),
    }
}

/// A table with its columns in line, under a title.
fn section(text: &mut String, title: &str, table: Option<&Table>) {
    let Some(table) = table else { return };
    let _ = write!(text, "\n{title}\n{}", aligned(table));
}
