//! The directory that `run --out` fills. It is opened before the run; each file is written aside and renamed.

use crate::error::Error;
use crate::experiment::results::Results;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A directory that could be written to when it was opened.
#[derive(Debug)]
pub struct OutputDirectory(PathBuf);

impl OutputDirectory {
    /// Makes the directory if need be, and tries that files can be made in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fail = |source| Error::Write { path: path.into(), source };
        std::fs::create_dir_all(path).map_err(fail)?;
        tempfile::NamedTempFile::new_in(path).map_err(fail)?;
        Ok(Self(path.into()))
    }

    /// Writes every file.
    pub fn write(&self, results: &Results) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(results);
        let json = json.map_err(|why| Error::Defect(format!("the result is no JSON: {why}")))?;
        self.write_file("results.json", (json + "\n").as_bytes())?;
        self.write_file("windows.csv", &windows(results).map_err(defect)?)?;
        self.write_file("series.csv", &series(results).map_err(defect)?)
    }

    fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.0.join(name);
        let fail = |source| Error::Write { path: path.clone(), source };
        let mut aside = tempfile::NamedTempFile::new_in(&self.0).map_err(fail)?;
        aside.write_all(bytes).and_then(|()| aside.flush()).map_err(fail)?;
        aside.persist(&path).map_err(|why| fail(why.error))?;
        Ok(())
    }
}

fn defect(why: csv::Error) -> Error {
    Error::Defect(format!("a table could not be made: {why}"))
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    writer.into_inner().map_err(|why| csv::Error::from(why.into_error()))
}

fn windows(results: &Results) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "replication",
        "start_s",
        "attempts",
        "snat_failures",
        "failure_ratio",
        "partial",
    ])?;
    for window in &results.windows {
        let ratio = window.snat_failures as f64 / window.attempts as f64;
        writer.write_record([
            window.replication.to_string(),
            window.start_s.to_string(),
            window.attempts.to_string(),
            window.snat_failures.to_string(),
            ratio.to_string(),
            window.partial.to_string(),
        ])?;
    }
    finish(writer)
}

fn series(results: &Results) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "replication",
        "start_s",
        "SnatConnectionCount_Successful",
        "SnatConnectionCount_Failed",
        "MappingsInUse",
        "MappingsInHoldDown",
    ])?;
    for bin in &results.series {
        writer.write_record([
            bin.replication.to_string(),
            bin.start_s.to_string(),
            bin.successful.to_string(),
            bin.failed.to_string(),
            bin.in_use.to_string(),
            bin.hold_down.to_string(),
        ])?;
    }
    finish(writer)
}
