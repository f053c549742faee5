//! `snatsim report`.

use super::show;
use crate::error::{Error, ExitStatus};
use crate::report::read::{AnyResults, results};
use crate::report::{Format, OutputDirectory};
use crate::scenario::read_text;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim report review/results.json --out again
  snatsim run night.toml -o json | snatsim report - -o markdown";

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// The JSON that run, compare, size, sweep or sensitivity printed or wrote; `-` is standard input.
    results: PathBuf,
    /// How to print them.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write all files again into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Renders results again.
pub fn report(args: &ReportArgs) -> Result<ExitStatus, Error> {
    let text = read_text(&args.results)?;
    let results = results(&args.results.display().to_string(), &text)?;
    if let Some(path) = &args.out {
        let directory = OutputDirectory::open(path)?;
        match &results {
            AnyResults::Run(results) => directory.write_run(results)?,
            AnyResults::Comparison(comparison) => directory.write_comparison(comparison)?,
            AnyResults::Size(size) => directory.write_size(size)?,
            AnyResults::Sweep(sweep) => directory.write_sweep(sweep)?,
            AnyResults::Sensitivity(found) => directory.write_sensitivity(found)?,
        }
    }
    show(&results, args.format)
}
