//! The directory that `--out` fills. It is opened before the run; all files are written aside, and only when the last
//! of them is whole do they take their names: a full disk leaves what was there before.

use super::document::Document;
use super::present::Present;
use super::{histogram, html, markdown, plot, present, review, table};
use crate::error::Error;
use crate::experiment::compare::ComparisonResults;
use crate::experiment::results::Results;
use crate::experiment::sensitivity::SensitivityResults;
use crate::experiment::size::SizeResults;
use crate::experiment::sweep::SweepResults;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A directory that could be written to when it was opened. What was made for it goes again if nothing is written.
#[derive(Debug)]
pub struct OutputDirectory {
    path: PathBuf,
    /// Outermost first.
    made: Vec<PathBuf>,
}

/// A file to be written: path inside the directory, and contents.
type Artefact = (String, Vec<u8>);

impl OutputDirectory {
    /// Makes the directory if need be, and tries that files can be made in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let plots = path.join("plots");
        let mut made: Vec<PathBuf> =
            plots.ancestors().take_while(|folder| !folder.exists()).map(PathBuf::from).collect();
        made.reverse();
        let directory = Self { path: path.into(), made };
        for folder in [path, &plots] {
            let fail = |source| Error::Write { path: folder.into(), source };
            std::fs::create_dir_all(folder).map_err(fail)?;
            aside().tempfile_in(folder).map_err(fail)?;
        }
        Ok(directory)
    }

    /// Removes files that were never renamed because a run was killed; not while another one writes here.
    pub fn clear(&self) {
        for folder in [self.path.clone(), self.path.join("plots")] {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(ASIDE)) {
                // What stays is never read.
                drop(std::fs::remove_file(file.path()));
            }
        }
    }

    /// Writes what `run` found.
    pub fn write_run(&self, results: &Results) -> Result<(), Error> {
        let mut files = vec![
            json(results)?,
            ("windows.csv".into(), table::windows(results)?),
            ("series.csv".into(), table::series(results)?),
        ];
        files.extend(histograms(results)?);
        files.extend(report(&review::run(results)?)?);
        self.write(&files)
    }

    /// Writes what `compare` found.
    pub fn write_comparison(&self, comparison: &ComparisonResults) -> Result<(), Error> {
        let options = table::csv(&comparison.table())?;
        let mut files = vec![json(comparison)?, ("options.csv".into(), options)];
        files.extend(report(&review::comparison(comparison)?)?);
        self.write(&files)
    }

    /// Writes what `size` found.
    pub fn write_size(&self, size: &SizeResults) -> Result<(), Error> {
        let mut files = vec![json(size)?];
        files.extend(report(&size.document()?)?);
        self.write(&files)
    }

    /// Writes what `sweep` found.
    pub fn write_sweep(&self, sweep: &SweepResults) -> Result<(), Error> {
        let mut files = vec![json(sweep)?, ("sweep.csv".into(), table::csv(&sweep.table())?)];
        files.extend(report(&sweep.document()?)?);
        self.write(&files)
    }

    /// Writes what `sensitivity` found.
    pub fn write_sensitivity(&self, found: &SensitivityResults) -> Result<(), Error> {
        let mut files = vec![json(found)?, ("sensitivity.csv".into(), table::csv(&found.table())?)];
        files.extend(report(&found.document()?)?);
        self.write(&files)
    }

    fn write(&self, files: &[Artefact]) -> Result<(), Error> {
        let written = files.iter().map(|(name, bytes)| {
            let path = self.path.join(name);
            let fail = |source| Error::Write { path: path.clone(), source };
            let folder = path.parent().unwrap_or(&self.path);
            let mut aside = aside().tempfile_in(folder).map_err(fail)?;
            aside.write_all(bytes).and_then(|()| aside.flush()).map_err(fail)?;
            Ok((aside.into_temp_path(), path))
        });
        let written: Vec<_> = written.collect::<Result<_, _>>()?;
        written.into_iter().try_for_each(|(aside, path)| match aside.persist(&path) {
            Ok(_) => Ok(()),
            Err(why) => Err(Error::Write { path, source: why.error }),
        })
    }
}

impl Drop for OutputDirectory {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // What is not empty stays.
            drop(std::fs::remove_dir(folder));
        }
    }
}

/// How the names of files begin that are not whole yet.
const ASIDE: &str = ".snatsim-";

/// A file that others may read, as far as the user's mask allows.
#[cfg(unix)]
fn aside() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt;
    let mut builder = tempfile::Builder::new();
    builder.prefix(ASIDE);
    builder.permissions(std::fs::Permissions::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn aside() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(ASIDE);
    builder
}

fn json(value: &impl serde::Serialize) -> Result<Artefact, Error> {
    Ok(("results.json".into(), present::json(value)?.into()))
}

/// Percentile text and interval log of each quantity.
fn histograms(results: &Results) -> Result<Vec<Artefact>, Error> {
    let ratios = histogram::failure_ratios_by_replication(results);
    let delays = histogram::connect_delays_by_replication(results);
    let seconds = results.duration_s;
    let percentiles =
        |all: &[_], scale, unit| histogram::percentiles(&histogram::sum(all), scale, unit).into_bytes();
    Ok(vec![
        ("failure_ratio.hgrm".into(), percentiles(&ratios, 1e6, "share of a window's attempts that failed")),
        (
            "failure_ratio.hlog".into(),
            histogram::interval_log(&ratios, seconds, "failed attempts per million")?,
        ),
        ("connect_delay.hgrm".into(), percentiles(&delays, 1e3, "milliseconds")),
        ("connect_delay.hlog".into(), histogram::interval_log(&delays, seconds, "microseconds")?),
    ])
}

/// The report in both formats, with its pictures.
fn report(document: &Document) -> Result<Vec<Artefact>, Error> {
    let mut files = vec![
        ("report.md".into(), markdown::render(document, markdown::Pictures::Beside).into_bytes()),
        ("report.html".into(), html::render(document)?.into_bytes()),
    ];
    for chart in document.charts() {
        files.push((format!("plots/{}.svg", chart.name), plot::svg(chart)?.into_bytes()));
        files.push((format!("plots/{}.png", chart.name), plot::png(chart)?));
    }
    Ok(files)
}
