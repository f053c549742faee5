//! What a report says, before it takes a format: headings, sentences, tables and charts.

use super::chart::Chart;

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

/// Rows under a head.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// One cell a column.
    pub head: Vec<String>,
    /// As many cells as the head.
    pub rows: Vec<Vec<String>>,
    /// How many rows were left out.
    pub left_out: usize,
}

impl Table {
    /// An empty table with these columns.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { head: head.map(str::to_string).to_vec(), ..Self::default() }
    }

    /// Adds a row.
    pub fn push<const N: usize>(&mut self, row: [String; N]) {
        debug_assert_eq!(N, self.head.len());
        self.rows.push(row.to_vec());
    }

    /// The same with at most `most` rows.
    pub fn cut(mut self, most: usize) -> Self {
        self.left_out += self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        self
    }
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
