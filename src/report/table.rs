//! Tables, and how they are written as comma-separated values.

use crate::error::Error;
use crate::experiment::results::Results;

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

/// A table on a terminal, its columns in line.
pub fn aligned(table: &Table) -> String {
    let rows = || std::iter::once(&table.head).chain(&table.rows);
    let width = |column: usize| rows().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows().map(line).collect()
}

/// A table as CSV.
pub fn csv(table: &Table) -> Result<Vec<u8>, Error> {
    let head = table.head.iter().map(String::as_str);
    written(head, table.rows.iter().map(|row| row.iter().map(String::as_str)))
}

fn written<'a>(
    head: impl Iterator<Item = &'a str>,
    rows: impl Iterator<Item: Iterator<Item = impl AsRef<[u8]>>>,
) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let defect = |why: &dyn std::fmt::Display| Error::Defect(format!("a table could not be made: {why}"));
    writer.write_record(head.map(str::as_bytes)).map_err(|why| defect(&why))?;
    for row in rows {
        writer.write_record(row).map_err(|why| defect(&why))?;
    }
    writer.into_inner().map_err(|why| defect(&why))
}

/// One row a window and replication.
pub fn windows(results: &Results) -> Result<Vec<u8>, Error> {
    let head = ["replication", "start_s", "attempts", "snat_failures", "failure_ratio", "partial"];
    let rows = results.windows.iter().map(|window| {
        let ratio = window.snat_failures as f64 / window.attempts as f64;
        [
            window.replication.to_string(),
            window.start_s.to_string(),
            window.attempts.to_string(),
            window.snat_failures.to_string(),
            ratio.to_string(),
            window.partial.to_string(),
        ]
        .into_iter()
    });
    written(head.into_iter(), rows)
}

/// One row a bin and replication, named like the platform's metrics.
pub fn series(results: &Results) -> Result<Vec<u8>, Error> {
    let head = [
        "replication",
        "start_s",
        "SnatConnectionCount_Successful",
        "SnatConnectionCount_Failed",
        "MappingsInUse",
        "MappingsInHoldDown",
        "AllocatedSnatPorts",
        "UsedSnatPorts",
    ];
    let rows = results.series.iter().map(|bin| {
        [
            bin.replication.to_string(),
            bin.start_s.to_string(),
            bin.successful.to_string(),
            bin.failed.to_string(),
            bin.in_use.to_string(),
            bin.hold_down.to_string(),
            bin.allocated.map_or_else(String::new, |ports| ports.to_string()),
            bin.used.map_or_else(String::new, |ports| ports.to_string()),
        ]
        .into_iter()
    });
    written(head.into_iter(), rows)
}
