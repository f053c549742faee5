//! `snatsim merge`.

use super::{show, sweep};
use crate::error::{Error, ExitStatus};
use crate::experiment::sweep::{Beginning, Part, Store, merge};
use crate::report::{Format, OutputDirectory};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim merge part-1 part-2 part-3 --out grid
  snatsim merge part-* -o csv > sweep.csv";

/// Arguments of `merge`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct MergeArgs {
    /// Directories that `sweep --shard I/N --out PART` filled, in any order.
    #[arg(required = true, value_name = "PART")]
    parts: Vec<PathBuf>,
    /// How to print the result.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write what one run of the whole sweep would have written into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Joins the parts of a sweep.
pub fn merge_parts(args: &MergeArgs) -> Result<ExitStatus, Error> {
    let results = merge(&args.parts)?;
    if let Some(path) = &args.out {
        let directory = OutputDirectory::open(path)?;
        let (store, _) = Store::open(path, &results.head, Part::WHOLE, Beginning::Resumed)?;
        results.cells.iter().try_for_each(|cell| store.keep(cell))?;
        directory.write_sweep(&results)?;
    }
    show(&results, args.format)?;
    Ok(sweep::status(&results))
}
