//! `snatsim sensitivity`.

use super::watch::watched;
use super::{Simulating, show, thresholds};
use crate::error::{Error, ExitStatus};
use crate::experiment::headroom;
use crate::experiment::sensitivity::{self, Question};
use crate::experiment::thresholds::exit_status;
use crate::report::OutputDirectory;
use crate::scenario::grid::{VariedKey, given, read_cell};
use crate::scenario::knobs::{asked, assumed, parse_asked};
use crate::scenario::overrides::Override;
use crate::scenario::{THRESHOLD_METRICS, read, read_text};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim sensitivity night.toml --threshold 'failure_ratio < 1%'
  snatsim sensitivity night.toml --vary nodes=10..30 \\
          --vary 'workload.checkout.arrivals.poisson.rate=20 per s..60 per s' --out doubt
  snatsim sensitivity night.toml --no-assumptions --vary workload.checkout.destinations.payments-api=0.2..0.8

Exit status 0: the thresholds hold in the scenario and over every range, or there is none; 1: one fails in the scenario as it is; 3: that
cannot be told, or something uncertain changes it.";

/// Arguments of `sensitivity`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SensitivityArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// An uncertain input and its range, repeatable: `nodes=10..30`, `idle_timeout=4m..30m`, or values `a,b,c`. Of a range both ends are
    /// tried.
    #[arg(long, value_name = "KEY=LOW..HIGH", value_parser = parse_asked)]
    vary: Vec<VariedKey>,
    /// Vary only what `--vary` names, and nothing that models assume.
    #[arg(long, requires = "vary")]
    no_assumptions: bool,
    /// What is looked at; by default the metric of the first threshold, or failure_ratio.
    #[arg(long, value_name = "METRIC", value_parser = PossibleValuesParser::new(THRESHOLD_METRICS.into_iter().filter(|name| *name != headroom::METRIC)))]
    metric: Option<String>,
    /// Also judge this; repeatable: `--threshold 'failure_ratio < 0.1%'`.
    #[arg(long, value_name = "METRIC OP VALUE")]
    threshold: Vec<String>,
    /// Write results, a table, the tornado and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Varies what is uncertain.
pub fn sensitivity(args: &SensitivityArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let text = read_text(&simulating.scenario)?;
    let (file, set) = (simulating.file(), simulating.all_overrides());
    let thresholds = thresholds(&args.threshold)?;
    let mut base = read(&file, &text, &set)?;
    base.judge_also(&thresholds);
    let scenario_at = |settings: &[Override]| {
        let mut scenario = read_cell(&file, &text, &set, settings)?;
        scenario.judge_also(&thresholds);
        Ok(scenario)
    };
    let mut knobs = args.vary.iter().map(|varied| asked(&base, varied)).collect::<Result<Vec<_>, _>>()?;
    let mut left_out = Vec::new();
    if !args.no_assumptions {
        let (of_models, others) = assumed(&base, &given(&file, &text, &set)?, &knobs)?;
        knobs.extend(of_models);
        left_out = others;
    }
    let first = base.thresholds.first().map(|threshold| threshold.metric.clone());
    let metric = args.metric.clone().or(first).unwrap_or_else(|| "failure_ratio".into());
    let question = Question { base: &base, scenario_at: &scenario_at, knobs, left_out, metric: &metric };
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let mut found =
        watched(simulating.watching, "runs", |control| sensitivity::sensitivity(question, control))?;
    if simulating.reproducible {
        found.base_results.performance = None;
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_sensitivity(&found));
    show(&found, simulating.format)?;
    written?;
    Ok(exit_status(found.verdict))
}
