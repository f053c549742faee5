//! What a report says, before it takes a format: headings, sentences, tables and charts.

use super::chart::Chart;
use super::table::Table;

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The question.
    pub title: String,
    /// The answer, in one sentence.
    pub finding: String,
    /// How to mark the answer.
    pub tone: Tone,
    /// What follows, in order.
    pub blocks: Vec<Block>,
}

/// Good news, bad news, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The thresholds hold.
    Good,
    /// A threshold failed.
    Bad,
    /// Undecided, or nothing was asked.
    Neutral,
}

/// A part of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Starts a section.
    Heading(String),
    /// A sentence or more.
    Paragraph(String),
    /// Sentences that belong together.
    List(Vec<String>),
    /// Why the numbers might mislead.
    Warning(String),
    /// Rows of cells.
    Table(Table),
    /// A chart with its numbers.
    Chart(Chart),
    /// Text to be kept as it is, folded away under a title.
    Source {
        /// What it is.
        title: String,
        /// The text.
        text: String,
    },
}

impl Document {
    /// Every chart, in order.
    pub fn charts(&self) -> impl Iterator<Item = &Chart> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Chart(chart) => Some(chart),
            _ => None,
        })
    }
}
