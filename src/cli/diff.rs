//! `snatsim diff`.

use super::show;
use crate::error::{Error, ExitStatus};
use crate::experiment::diff::{self, Gate};
use crate::experiment::results::Results;
use crate::experiment::thresholds::exit_status;
use crate::report::Format;
use crate::report::read::{AnyResults, results};
use crate::scenario::read_text;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  snatsim diff main/results.json branch/results.json
  snatsim diff main/results.json branch/results.json --fail-on worse --format github
  snatsim run night.toml --set public_ips=3 -o json | snatsim diff review/results.json -";

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// The JSON that run printed or wrote, before; `-` is standard input.
    before: PathBuf,
    /// The same, after.
    after: PathBuf,
    /// End with exit status 1 where this has happened; repeatable.
    #[arg(long, value_enum)]
    fail_on: Vec<Gate>,
    /// How to print the difference.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl ValueEnum for Gate {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Worse, Self::Significant, Self::Results, Self::Inputs]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (name, help) = match self {
            Self::Worse => {
                ("worse", "A ratio of failures is significantly higher, or a threshold came to less")
            }
            Self::Significant => ("significant", "A ratio of failures differs by more than chance"),
            Self::Results => ("results", "A metric differs at all"),
            Self::Inputs => ("inputs", "A key of the scenario differs"),
        };
        Some(PossibleValue::new(name).help(help))
    }
}

/// Says what differs.
pub fn diff(args: &DiffArgs) -> Result<ExitStatus, Error> {
    if args.before == args.after && args.before == Path::new("-") {
        return Err(Error::input("-", "standard input holds one result; write a file for the other"));
    }
    let (before, after) = (read(&args.before)?, read(&args.after)?);
    let [one, other] = [&args.before, &args.after].map(|path| path.display().to_string());
    let diff = diff::diff((&one, &before), (&other, &after), &args.fail_on);
    show(&diff, args.format)?;
    Ok(exit_status(diff.verdict))
}

fn read(path: &Path) -> Result<Results, Error> {
    let file = path.display().to_string();
    let of = |command: &str, write: &str| {
        Err(Error::input(&file, format!("these are results of {command}; diff reads those of run: {write}")))
    };
    match results(&file, &read_text(path)?)? {
        AnyResults::Run(results) => Ok(*results),
        AnyResults::Comparison(_) => of("compare", "run each option by itself with --out"),
        AnyResults::Sweep(_) => of("sweep", "run the cell by itself with --out"),
        AnyResults::Sensitivity(_) => of("sensitivity", "run the scenario by itself with --out"),
        AnyResults::Size(_) => of("size", "run the answer by itself with --out"),
    }
}
