//! `snatsim sweep`.

use super::watch::watched;
use super::{Simulating, show, thresholds};
use crate::error::{Error, ExitStatus};
use crate::experiment::sweep::{self, Beginning, Part, Question, Store, SweepResults};
use crate::report::OutputDirectory;
use crate::scenario::grid::{Grid, VariedKey, parse_varied};
use crate::scenario::read_text;
use clap::Args;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  snatsim sweep night.toml --vary public_ips=1..8
  snatsim sweep models/scenarios/nat-gateway.toml --vary public_ips=1..20 \\
          --vary outbound.model=azure/nat-gateway,azure/firewall --replications 100 --out grid
  snatsim sweep night.toml --vary idle_timeout=4m..30m:2m --out part-1 --shard 1/2

A cell that the platform would refuse is a row with its reason. A sweep explores: thresholds that fail in some cells do not
fail the command (exit status 0); it ends with 4 only where the platform would refuse every cell.";

/// Arguments of `sweep`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SweepArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// A key and its values, repeatable: `public_ips=1,2,4`, `nodes=10..50:10`, `idle_timeout=4m..30m:2m`,
    /// `outbound.model=azure/nat-gateway,azure/firewall` (a model other than the scenario's own begins with its shipped
    /// figures). The cells are all combinations, 10,000 at most.
    #[arg(long, value_name = "KEY=VALUES", required = true, value_parser = parse_varied)]
    vary: Vec<VariedKey>,
    /// Also judge this in every cell; repeatable: `--threshold 'failure_ratio < 0.1%'`.
    #[arg(long, value_name = "METRIC OP VALUE")]
    threshold: Vec<String>,
    /// Write results, a table, plots and a report into this directory, and each cell as soon as it is finished.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Keep the finished cells that DIR holds, and run the others.
    #[arg(long, requires = "out")]
    resume: bool,
    /// Run every N-th cell, beginning with the I-th, into DIR; `merge` joins the parts.
    #[arg(long, value_name = "I/N", requires = "out")]
    shard: Option<Part>,
}

/// Runs every cell of a grid.
pub fn sweep(args: &SweepArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let text = read_text(&simulating.scenario)?;
    let set = simulating.all_overrides();
    let grid = Grid::new(args.vary.clone(), &set).map_err(|why| Error::input("--vary", why))?;
    let thresholds = thresholds(&args.threshold)?;
    let file = simulating.file();
    let question = Question { file: &file, text: &text, set: &set, thresholds: &thresholds, grid: &grid };
    let part = args.shard.unwrap_or(Part::WHOLE);
    let directory = match &args.out {
        Some(path) if part.is_whole() => Some(OutputDirectory::open(path)?),
        _ => None,
    };
    let mut results = watched(simulating.watching, "cells", |control| {
        let prepared = sweep::prepare(&question, control)?;
        let (kept, store) = opened(args, &prepared, part)?;
        let result = sweep::sweep(&question, &prepared, part, (kept, store.as_ref()), control);
        result.inspect_err(|error| tell_what_is_kept(error, args))
    })?;
    directory.iter().for_each(OutputDirectory::clear);
    if simulating.reproducible {
        results.performance = None;
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_sweep(&results));
    show(&results, simulating.format)?;
    written?;
    Ok(status(&results))
}

/// Refusals everywhere leave nothing to explore; a part does not know of the others.
pub(super) fn status(results: &SweepResults) -> ExitStatus {
    match results.part.is_none() && results.simulated().next().is_none() {
        true => ExitStatus::PlatformRefuses,
        false => ExitStatus::Success,
    }
}

type Kept = BTreeMap<usize, sweep::Cell>;

fn opened(args: &SweepArgs, prepared: &sweep::Prepared, part: Part) -> Result<(Kept, Option<Store>), Error> {
    let Some(path) = &args.out else { return Ok((Kept::new(), None)) };
    let beginning = if args.resume { Beginning::Resumed } else { Beginning::Anew };
    let (store, found) = Store::open(path, &prepared.head, part, beginning)?;
    for damaged in &found.damaged {
        tell(&format!("warning: {} is damaged; its cell is run again", damaged.display()));
    }
    Ok((found.cells, Some(store)))
}

fn tell_what_is_kept(error: &Error, args: &SweepArgs) {
    match (&args.out, error) {
        (Some(path), Error::Stopped(_)) => tell(&format!(
            "finished cells are kept in {}; the same command with `--resume` goes on",
            Path::new(path).join("cells").display()
        )),
        (None, Error::Stopped(_)) => tell("nothing is kept: with `--out DIR` finished cells would be"),
        _ => {}
    }
}

/// A closed standard error leaves nobody to tell.
fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}
