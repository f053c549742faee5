//! `snatsim compare`.

use super::watch::watched;
use super::{Simulating, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::compare;
use crate::experiment::thresholds::exit_status;
use crate::profile::Profile;
use crate::report::OutputDirectory;
use crate::scenario::devices::models;
use crate::scenario::{read, read_as, read_text};
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim compare models/scenarios/recorded-office.toml --out review
  snatsim compare night.toml --option model=azure/nat-gateway,public_ips=1 \\
          --option model=azure/load-balancer,public_ips=4,ports_per_node=3200";

/// Arguments of `compare`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// An option to compare, repeatable: `model=azure/nat-gateway,public_ips=2`. Without any: the scenario's own
    /// device and the other shipped models that have public IPs to choose, with its number of them or the most that
    /// they may have.
    #[arg(long = "option", value_name = "KEY=VALUE,...")]
    options: Vec<String>,
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
            Some(keys) => read_as(&simulating.file(), &source, &overrides, &keys)?,
        });
    }
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let mut comparison =
        watched(simulating.watching, "shards", |control| compare::compare(&scenarios, control))?;
    if simulating.reproducible {
        comparison.options.iter_mut().for_each(|option| option.results.performance = None);
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_comparison(&comparison));
    show(&comparison, simulating.format)?;
    written?;
    Ok(exit_status(comparison.verdict))
}

type Keys = Vec<(String, String)>;

/// The keys of each option; none for the scenario as it is.
fn options(args: &CompareArgs, base: &crate::scenario::Scenario) -> Result<Vec<Option<Keys>>, Error> {
    if args.options.is_empty() {
        let own =
            base.resolved.pointer("/outbound/model").and_then(|model| model.as_str()).unwrap_or_default();
        let others = models().filter(|profile| profile.name != own && profile.gives("public_ips"));
        let ips = u64::from(base.outbound.public_ips(&base.cluster)).max(1);
        let keys = |profile: Profile| {
            let ips = profile.most("public_ips").map_or(ips, |most| most.min(ips));
            vec![("model".into(), profile.name.into()), ("public_ips".into(), ips.to_string())]
        };
        return Ok(std::iter::once(None).chain(others.map(|profile| Some(keys(profile)))).collect());
    }
    args.options.iter().map(|option| parse(option).map(Some)).collect()
}

fn parse(option: &str) -> Result<Keys, Error> {
    let pairs = option.split(',').map(super::key_value).collect::<Result<Keys, String>>();
    let keys = pairs.map_err(|why| Error::input("--option", format!("\"{option}\": {why}")))?;
    if keys.iter().any(|(key, _)| key == "model") {
        return Ok(keys);
    }
    Err(Error::input("--option", format!("\"{option}\" names no model; write `model=azure/nat-gateway,...`")))
}
