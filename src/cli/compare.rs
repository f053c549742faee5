//! `snatsim compare`.

use super::watch::watched;
use super::{Simulating, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::compare::{self, Elimination, Question};
use crate::experiment::thresholds::exit_status;
use crate::profile::Profile;
use crate::report::OutputDirectory;
use crate::scenario::devices::models;
use crate::scenario::{Prices, Scenario, ScenarioOption, read, read_prices, read_text};
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  snatsim compare models/scenarios/recorded-office.toml --out review
  snatsim compare night.toml --option model=azure/nat-gateway,public_ips=1 \\
          --option model=azure/load-balancer,public_ips=4,ports_per_node=3200
  snatsim compare night.toml --option ports_per_node=1024 --option ports_per_node=2048,public_ips=2";

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// An option to compare, repeatable: `model=azure/nat-gateway,public_ips=2`, `ports_per_node=3200`,
    /// `workload.checkout.client_pool.max=50`. Keys as of `--set`, or of `[outbound]`; with a model its shipped figures and these
    /// keys, without one the scenario's own device with these keys changed. Without any option: the scenario's own device and
    /// the other shipped models that have public IPs to choose, with its number of them or the most that they may have.
    #[arg(long = "option", value_name = "KEY=VALUE,...")]
    options: Vec<String>,
    /// What things cost: a TOML file of your own (`snatsim schema prices`, example `models/prices/azure-example.toml`). What it does
    /// not say is named and not counted.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Eliminate options that are clearly worse (Kim and Nelson's procedure), until the best is known with 95 % confidence or
    /// is within this much of the best: `0.001` or `0.1%`, of the first threshold's ratio, or else of the connections lost.
    /// `--replications` are then the first stage of all options; the others follow one by one.
    #[arg(long, value_name = "DIFFERENCE", value_parser = indifference)]
    indifference: Option<f64>,
    /// No more replications of an option than this, with `--indifference`.
    #[arg(long, value_name = "N", default_value_t = 1_000, requires = "indifference", value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    max_replications: u32,
    /// Write results, a table, plots and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs every option on the same traffic.
pub fn compare(args: &CompareArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let source = read_text(&simulating.scenario)?;
    let overrides = simulating.all_overrides();
    let base = read(&simulating.file(), &source, &overrides)?;
    let mut scenarios = Vec::new();
    for option in options(args, &base)? {
        scenarios.push(match option {
            None => base.clone(),
            Some(option) => option.read(&simulating.file(), &source, &overrides)?,
        });
    }
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let prices = args.prices.as_deref().map(prices).transpose()?;
    let elimination = args.indifference.map(|indifference| {
        let most_replications = args.max_replications;
        Elimination { indifference, most_replications }
    });
    let question = Question { own: Some(&base), options: &scenarios, prices: prices.as_ref(), elimination };
    let mut comparison =
        watched(simulating.watching, "shards", |control| compare::compare(&question, control))?;
    if simulating.reproducible {
        comparison.options.iter_mut().for_each(|option| option.results.performance = None);
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_comparison(&comparison));
    show(&comparison, simulating.format)?;
    written?;
    Ok(exit_status(comparison.verdict))
}

/// The options; none for the scenario as it is.
fn options(args: &CompareArgs, base: &Scenario) -> Result<Vec<Option<ScenarioOption>>, Error> {
    if !args.options.is_empty() {
        return args.options.iter().map(|option| ScenarioOption::parse(option).map(Some)).collect();
    }
    let own = base.resolved.pointer("/outbound/model").and_then(|model| model.as_str()).unwrap_or_default();
    let others = models().filter(|profile| profile.name != own && profile.gives("public_ips"));
    let ips = u64::from(base.outbound.public_ips(&base.cluster)).max(1);
    let option = |profile: Profile| {
        let ips = profile.most("public_ips").map_or(ips, |most| most.min(ips));
        Some(ScenarioOption::of_model(profile.name, ips))
    };
    Ok(std::iter::once(None).chain(others.map(option)).collect())
}

fn prices(path: &Path) -> Result<Prices, Error> {
    read_prices(&path.display().to_string(), &read_text(path)?)
}

/// A share above 0 and below 1: `0.001` or `0.1%`.
fn indifference(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.trim().strip_suffix('%') {
        Some(number) => (number, 0.01),
        None => (text, 1.0),
    };
    let share = number.trim().parse().map(|number: f64| number * scale).ok();
    let allowed = share.filter(|share| *share > 0.0 && *share < 1.0);
    allowed.ok_or_else(|| "allowed is a share above 0 and below 1; write such as 0.001 or 0.1%".into())
}
