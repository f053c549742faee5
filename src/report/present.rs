//! Every result in every format.

use super::check::Check;
use super::document::{Block, Document, Tone};
use super::table::Table;
use super::{comparison, headroom, junit, markdown, review, table, text, wording};
use crate::error::Error;
use crate::experiment::compare::{ComparedOption, ComparisonResults};
use crate::experiment::replay::Replay;
use crate::experiment::results::{RatioEstimate, Results, ThresholdResult, Verdict};
use crate::experiment::size::{Confirmation, SizeResults};

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For a wiki or a pull request.
    Markdown,
    /// For a spreadsheet.
    Csv,
    /// For a test report.
    Junit,
    /// For GitHub Actions: annotations.
    Github,
}

/// A result that has every format.
pub trait Present: serde::Serialize {
    /// In words.
    fn text(&self) -> String;
    /// As a report.
    fn document(&self) -> Result<Document, Error>;
    /// As plain numbers, ratios between 0 and 1.
    fn table(&self) -> Table;
    /// What was asked of it, or why that is nothing.
    fn checks(&self) -> Result<Vec<Check>, Error>;
    /// What a reader must know before the numbers.
    fn warnings(&self) -> Vec<String>;
}

/// `result` in `format`.
pub fn render(result: &impl Present, format: Format) -> Result<String, Error> {
    match format {
        Format::Text => Ok(result.text()),
        Format::Json => json(result),
        Format::Markdown => Ok(markdown::render(&result.document()?, markdown::Pictures::None)),
        Format::Csv => Ok(String::from_utf8_lossy(&table::csv(&result.table())?).into_owned()),
        Format::Junit => junit::report(&result.checks()?),
        Format::Github => Ok(annotations(result.checks()?, result.warnings())),
    }
}

/// A result as JSON, ending in a line break.
pub fn json(value: &impl serde::Serialize) -> Result<String, Error> {
    let text = serde_json::to_string_pretty(value);
    text.map(|text| text + "\n").map_err(|why| Error::Defect(format!("the result is no JSON: {why}")))
}

/// Workflow commands, one a line.
fn annotations(checks: Vec<Check>, warnings: Vec<String>) -> String {
    let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let line = |kind: &str, name: &str, message: &str| {
        let name = escape(name).replace(':', "%3A").replace(',', "%2C");
        format!("::{kind} title={name}::{}\n", escape(message))
    };
    let kind = |verdict| match verdict {
        Verdict::Pass => "notice",
        Verdict::Fail => "error",
        Verdict::Inconclusive => "warning",
    };
    let checked = checks.iter().map(|check| line(kind(check.verdict), &check.name, &check.message));
    let warned = warnings.iter().map(|warning| line("warning", "snatsim", warning));
    checked.chain(warned).collect()
}

fn check(threshold: &ThresholdResult, of: &str) -> Check {
    let advice = threshold.advice.iter().map(|advice| format!("; inconclusive: {advice}"));
    Check {
        name: threshold.expression.clone(),
        verdict: threshold.verdict,
        message: format!("{of}: {}{}", wording::against(threshold), advice.collect::<String>()),
    }
}

fn ratio_row(table: &mut Table, name: &str, ratio: &RatioEstimate) {
    let estimate = ratio.estimate.map(|value| value.to_string()).unwrap_or_default();
    table.push([name.into(), estimate, ratio.low.to_string(), ratio.high.to_string()]);
}

impl Present for Results {
    fn text(&self) -> String {
        text::results(self)
    }

    fn document(&self) -> Result<Document, Error> {
        review::run(self)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["metric", "estimate", "low", "high"]);
        ratio_row(&mut table, "failure_ratio", &self.failure_ratio);
        ratio_row(&mut table, "first_attempt_failure_ratio", &self.first_attempt_failure_ratio);
        ratio_row(&mut table, "connection_failure_ratio", &self.connection_failure_ratio);
        ratio_row(&mut table, "request_failure_ratio", &self.request_failure_ratio);
        for (name, value) in [
            ("occupancy.mean", self.occupancy.mean),
            ("occupancy.p99", self.occupancy.p99),
            ("occupancy.max", self.occupancy.max),
            ("occupancy.full_time_ratio", self.occupancy.full_time_ratio),
            ("occupancy_ports.mean", self.occupancy_ports.mean),
            ("occupancy_ports.p99", self.occupancy_ports.p99 as f64),
            ("connect_delay_s.p99", self.connect_delay_s.p99),
        ] {
            table.push([name.into(), value.to_string(), String::new(), String::new()]);
        }
        table
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        let device = wording::device(self);
        Ok(self.thresholds.iter().map(|threshold| check(threshold, &device)).collect())
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

impl Present for ComparisonResults {
    fn text(&self) -> String {
        comparison::text(self)
    }

    fn document(&self) -> Result<Document, Error> {
        review::comparison(self)
    }

    fn table(&self) -> Table {
        let head = ["option", "model", "public_ips", "metric", "estimate", "low", "high", "name"];
        let mut table = Table::new(head);
        for (number, option) in self.options.iter().enumerate() {
            let results = &option.results;
            let mut rows = results.table();
            let value = |name: &str, value: String| [name.into(), value, String::new(), String::new()];
            rows.push(value("allow_list.addresses", option.allow_list.addresses.to_string()));
            let cost = option.monthly_cost.map(|cost| cost.to_string());
            rows.push(value("monthly_cost", cost.unwrap_or_default()));
            for mut row in rows.rows {
                let mut cells =
                    vec![number.to_string(), results.model.clone(), results.public_ips.to_string()];
                cells.append(&mut row);
                cells.push(option.name());
                table.rows.push(cells);
            }
        }
        table
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        let of_option = |option: &ComparedOption| {
            let name = option.name();
            option.results.thresholds.iter().map(|threshold| check(threshold, &name)).collect::<Vec<_>>()
        };
        Ok(self.options.iter().flat_map(of_option).collect())
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings_by_option().into_iter().map(|(warning, _)| warning).collect()
    }
}

impl Present for SizeResults {
    fn text(&self) -> String {
        text::size(self)
    }

    fn document(&self) -> Result<Document, Error> {
        let results = self.proved_by.as_ref().or(self.refuted_by.as_ref());
        let mut document = match results {
            Some(results) => review::run(results)?,
            None => Document {
                title: String::new(),
                finding: String::new(),
                tone: Tone::Neutral,
                blocks: Vec::new(),
            },
        };
        document.finding = self.headline();
        document.tone = match self.verdict {
            Verdict::Pass => Tone::Good,
            Verdict::Fail => Tone::Bad,
            Verdict::Inconclusive => Tone::Neutral,
        };
        let mut table = Table::new([self.vary.as_str(), "against the target", "verdict"]);
        let value = self.answer.map_or("none".into(), |value| self.value(value));
        let last = format!("{} allowed", self.sought.last());
        let other = if self.answer.is_some() { self.sought.step().to_string() } else { last };
        let sides = [(value, &self.proved_by), (other, &self.refuted_by)];
        for (name, results) in sides.into_iter().filter_map(|(name, results)| Some((name, results.as_ref()?)))
        {
            let found = results.thresholds.first().map(wording::against).unwrap_or_default();
            table.push([name, found, wording::verdict(results.verdict).into()]);
        }
        if let Some(Confirmation { seed, judged }) = &self.confirmed_by {
            let verdict = wording::verdict(judged.verdict).into();
            table.push([format!("confirmed with seed {seed}"), wording::against(judged), verdict]);
        }
        let binding =
            self.binding.iter().map(|binding| format!("What binds: {}.", wording::binding(binding)));
        let theory =
            self.theory.iter().map(|theory| format!("Theory answers: {}.", wording::theory(self, theory)));
        let room = self.headroom.iter().map(|found| format!("Headroom: {}.", headroom::told(found)));
        document.blocks.extend(binding.chain(theory).chain(room).map(Block::Paragraph));
        if !self.savings.is_empty() {
            let mut savings = Table::new(["cheaper change", self.sought.step()]);
            self.savings.iter().for_each(|saving| savings.push(headroom::saving(saving)));
            document.blocks.push(Block::Table(savings));
        }
        document.blocks.insert(0, Block::Table(table));
        document.blocks.extend(self.why.iter().cloned().map(Block::Paragraph));
        Ok(document)
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["vary", "target", "answer", "evaluations"]);
        let answer = self.answer.map(|value| value.to_string()).unwrap_or_default();
        table.push([self.vary.clone(), self.target.clone(), answer, self.evaluations.to_string()]);
        table
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        Ok(vec![Check { name: self.target.clone(), verdict: self.verdict, message: self.headline() }])
    }

    fn warnings(&self) -> Vec<String> {
        self.proved_by.iter().flat_map(|results| results.warnings.clone()).collect()
    }
}

impl Present for Replay {
    fn text(&self) -> String {
        text::replay(self)
    }

    fn document(&self) -> Result<Document, Error> {
        let finding = self.text().lines().next().unwrap_or_default().to_string();
        let tone = match self.failed {
            Some(0) => Tone::Good,
            Some(_) => Tone::Bad,
            None => Tone::Neutral,
        };
        Ok(Document {
            title: "Recorded traffic against a port pool".into(),
            finding,
            tone,
            blocks: vec![Block::Table(self.table())],
        })
    }

    /// One row a field that has one value.
    fn table(&self) -> Table {
        let mut table = Table::new(["field", "value"]);
        let fields = serde_json::to_value(self).unwrap_or_default();
        for (name, value) in fields.as_object().into_iter().flatten() {
            match value {
                serde_json::Value::Object(inner) => {
                    inner.iter().for_each(|(key, value)| table.push([format!("{name}.{key}"), plain(value)]));
                }
                _ => table.push([name.clone(), plain(value)]),
            }
        }
        table
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        Err(Error::input(
            "--format",
            "a replay judges nothing; write text, json, markdown or csv".to_string(),
        ))
    }

    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        _ => value.to_string(),
    }
}
