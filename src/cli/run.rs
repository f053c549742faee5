//! `snatsim run`.

use super::watch::watched;
use super::{Simulating, show, thresholds};
use crate::error::{Error, ExitStatus};
use crate::experiment::headroom;
use crate::experiment::thresholds::exit_status;
use crate::report::OutputDirectory;
use crate::scenario::overrides::LOAD_FACTOR;
use crate::scenario::{read, read_text};
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
    /// Also find how many times the load still meets the thresholds, to a hundredth; a threshold such as `headroom > 1.3` asks for it too.
    #[arg(long)]
    headroom: bool,
    /// Write results, table, histograms, plots and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Simulates one scenario.
pub fn run(args: &RunArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let source = read_text(&simulating.scenario)?;
    let (file, overrides) = (simulating.file(), simulating.all_overrides());
    let mut scenario = read(&file, &source, &overrides)?;
    scenario.judge_also(&thresholds(&args.threshold)?);
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let scenario_at = |load: f64| {
        let factor = (LOAD_FACTOR.into(), (scenario.run.load_factor * load).to_string());
        read(&file, &source, &[&overrides[..], &[factor]].concat())
    };
    let asked = args.headroom || headroom::is_asked(&scenario.thresholds);
    let mut results = watched(simulating.watching, "shards", |control| match asked {
        true => headroom::run_with_headroom(&scenario, &scenario_at, control),
        false => crate::experiment::run(&scenario, control),
    })?;
    if simulating.reproducible {
        results.performance = None;
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_run(&results));
    show(&results, simulating.format)?;
    written?;
    Ok(exit_status(results.verdict))
}
