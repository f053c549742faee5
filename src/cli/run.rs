//! `snatsim run`.

use super::watch::watched;
use super::{Simulating, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::thresholds::exit_status;
use crate::report::OutputDirectory;
use crate::scenario::{parse_threshold, read, read_text};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim run models/scenarios/default-node.toml --out review
  snatsim run night.toml --set public_ips=3 --threshold 'failure_ratio < 0.1%'
  snatsim run night.toml --set workload.checkout.arrivals.poisson.rate='80 per s' -o json";

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct RunArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// Also judge this; repeatable: `--threshold 'failure_ratio < 0.1%'`.
    #[arg(long, value_name = "METRIC OP VALUE")]
    threshold: Vec<String>,
    /// Write results, table, histograms, plots and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Simulates one scenario.
pub fn run(args: &RunArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let source = read_text(&simulating.scenario)?;
    let mut scenario = read(&simulating.file(), &source, &simulating.all_overrides())?;
    for expression in &args.threshold {
        let threshold = parse_threshold(expression).map_err(|why| Error::input("--threshold", why))?;
        scenario.thresholds.push(threshold);
    }
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let mut results =
        watched(simulating.watching, "shards", |control| crate::experiment::run(&scenario, control))?;
    if simulating.reproducible {
        results.performance = None;
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_run(&results));
    show(&results, simulating.format)?;
    written?;
    Ok(exit_status(results.verdict))
}
