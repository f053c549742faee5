//! What is uncertain and what it changes, as people and programs read it.

pub mod wording;

use super::charts::tornado;
use super::check::Check;
use super::document::{Block, Document, Tone};
use super::present::Present;
use super::table::{self, Table};
use super::{review, wording as shared};
use crate::error::Error;
use crate::experiment::results::Verdict;
use crate::experiment::sensitivity::{Flips, KnobResults, SensitivityResults};
use std::fmt::Write;

impl Present for SensitivityResults {
    fn text(&self) -> String {
        let mut text = format!("{}\n{}\n\n", self.base_results.title, wording::headline(self));
        if self.base_results.thresholds.is_empty() {
            text += &format!("{:20} {}\n", "as it is", wording::base(self));
        }
        for threshold in &self.base_results.thresholds {
            let _ =
                writeln!(text, "{:20} {}", shared::verdict(threshold.verdict), shared::against(threshold));
        }
        let mut moving = wording::knobs(self, self.knobs.iter().filter(|knob| wording::moves(knob)));
        for cell in moving.rows.iter_mut().flatten() {
            *cell = wording::shortened(cell);
        }
        if !moving.rows.is_empty() {
            text += &format!("\none at a time, the widest swing first\n{}", table::aligned(&moving));
        }
        list(&mut text, "no difference at all", &wording::idle(self));
        for line in wording::next(self) {
            let _ = writeln!(text, "\n{line}");
        }
        list(&mut text, "not varied", &wording::not_varied(self));
        for warning in self.warnings() {
            let _ = writeln!(text, "\nwarning: {warning}");
        }
        let _ = writeln!(text, "\n{}", shared::method(&self.base_results));
        text
    }

    fn document(&self) -> Result<Document, Error> {
        let mut blocks: Vec<Block> = wording::next(self).into_iter().map(Block::Paragraph).collect();
        blocks.push(Block::Paragraph(format!("As it is: {}.", wording::base(self))));
        blocks.extend(self.warnings().into_iter().map(Block::Warning));
        blocks.push(Block::Chart(tornado::chart(self)));
        blocks.extend([Block::Heading("Every value".into()), Block::Table(wording::values(self))]);
        let doubts: Vec<String> = self.knobs.iter().filter_map(wording::doubt).collect();
        if !doubts.is_empty() {
            blocks.extend([Block::Heading("Why in doubt".into()), Block::List(doubts)]);
        }
        let left_out = wording::not_varied(self);
        if !left_out.is_empty() {
            blocks.extend([Block::Heading("Not varied".into()), Block::List(left_out)]);
        }
        blocks.extend(review::method(&self.base_results));
        let tone = match (self.base_results.thresholds.is_empty(), self.verdict) {
            (true, _) | (_, Verdict::Inconclusive) => Tone::Neutral,
            (false, Verdict::Pass) => Tone::Good,
            (false, Verdict::Fail) => Tone::Bad,
        };
        Ok(Document {
            title: self.base_results.title.clone(),
            finding: wording::headline(self),
            tone,
            blocks,
        })
    }

    /// One row a value, the scenario itself first.
    fn table(&self) -> Table {
        let mut table = Table::new([
            "keys",
            "base",
            "value",
            "estimate",
            "low",
            "high",
            "difference",
            "difference_low",
            "difference_high",
            "evidence",
            "verdict",
            "flips",
            "refused",
        ]);
        let plain = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
        let empty = String::new;
        let judged =
            |verdict: Option<Verdict>| verdict.map(shared::verdict).unwrap_or_default().to_lowercase();
        let verdict = Some(self.base_results.verdict).filter(|_| !self.base_results.thresholds.is_empty());
        let base = [plain(self.base.estimate), self.base.low.to_string(), self.base.high.to_string()];
        let [estimate, low, high] = base;
        table.push([
            empty(),
            empty(),
            empty(),
            estimate,
            low,
            high,
            empty(),
            empty(),
            empty(),
            empty(),
            judged(verdict),
            empty(),
            empty(),
        ]);
        for (knob, value) in
            self.knobs.iter().flat_map(|knob| knob.values.iter().map(move |value| (knob, value)))
        {
            let (figure, difference) = (value.figure, value.difference);
            table.push([
                knob.keys.join(" "),
                knob.base.clone(),
                wording::settings(knob, value),
                plain(figure.and_then(|figure| figure.estimate)),
                plain(figure.map(|figure| figure.low)),
                plain(figure.map(|figure| figure.high)),
                plain(difference.map(|difference| difference.difference)),
                plain(difference.and_then(|difference| difference.low)),
                plain(difference.and_then(|difference| difference.high)),
                difference
                    .map(|difference| shared::evidence(difference.evidence).replace(' ', "_"))
                    .unwrap_or_default(),
                judged(value.verdict),
                wording::flips(knob.flips).replace(' ', "_"),
                value.refused.clone().unwrap_or_default(),
            ]);
        }
        table
    }

    /// The thresholds of the scenario as it is, then a case for each uncertain thing.
    fn checks(&self) -> Result<Vec<Check>, Error> {
        if self.base_results.thresholds.is_empty() {
            return Err(Error::input(
                "--format",
                "nothing is decided; write such as `--threshold 'failure_ratio < 0.1%'`",
            ));
        }
        let case = |knob: &KnobResults| Check {
            name: format!("holds for any {}", wording::knob(knob)),
            verdict: match knob.flips {
                Some(Flips::Yes) => Verdict::Fail,
                Some(Flips::CannotTell) => Verdict::Inconclusive,
                Some(Flips::No) | None => Verdict::Pass,
            },
            message: format!("{}; {}", wording::swing(self, knob), knob.measure),
        };
        let of_base = self.base_results.checks()?;
        Ok(of_base.into_iter().chain(self.knobs.iter().map(case)).collect())
    }

    fn warnings(&self) -> Vec<String> {
        self.base_results.warnings.clone()
    }
}

/// Lines under a title, where there are any.
fn list(text: &mut String, title: &str, lines: &[String]) {
    if !lines.is_empty() {
        let _ = writeln!(text, "\n{title}");
        lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
}
