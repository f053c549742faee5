//! `snatsim size`.

use super::setting::{Setting, Varied};
use super::watch::watched;
use super::{Simulating, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::headroom;
use crate::experiment::size::{self, Advice, Question};
use crate::experiment::thresholds::exit_status;
use crate::report::OutputDirectory;
use crate::scenario::overrides::Override;
use crate::scenario::{Comparison, Scenario, parse_threshold, read, read_text};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim size night.toml --vary public_ips --target 'failure_ratio < 0.1%'
  snatsim size models/scenarios/default-node.toml --vary ports_per_node \\
          --target 'failure_ratio < 1%'
  snatsim size night.toml --vary idle_timeout=4m..30m:1m --target 'failure_ratio < 0.1%'";

/// Arguments of `size`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SizeArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// The setting to vary: public_ips, ports_per_node, nodes or instances (the smallest is sought), idle_timeout or
    /// pool_max (the largest). Every allowed value is tried, or those of `--vary KEY=a,b,c` or `KEY=from..to:step`.
    #[arg(long, value_name = "KEY[=VALUES]", value_parser = Varied::parse)]
    vary: Varied,
    /// What it must meet: `failure_ratio < 0.1%`.
    #[arg(long, value_name = "METRIC OP VALUE")]
    target: String,
    /// Also find the headroom (how many times the load the answer still carries, to a hundredth), and which cheaper change would save its
    /// last step: auto where the proof had at most a million attempts.
    #[arg(long, value_enum, default_value_t = Advice::WhereCheap)]
    advice: Advice,
    /// Write results, plots and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl ValueEnum for Advice {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::WhereCheap, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::WhereCheap => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }))
    }
}

/// Finds the setting that just meets the target.
pub fn size(args: &SizeArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let source = read_text(&simulating.scenario)?;
    let overrides = simulating.all_overrides();
    let base = read_feasible(&simulating.file(), &source, &overrides, args.vary.setting)?;
    let target = parse_threshold(&args.target).map_err(|why| Error::input("--target", why))?;
    if target.metric == headroom::METRIC {
        let why =
            "`headroom` is told of the answer; write what it is to meet, such as `failure_ratio < 0.1%`";
        return Err(Error::input("--target", why));
    }
    if matches!(target.comparison, Comparison::Above | Comparison::AtLeast) {
        let why = format!("\"{}\" is met by too few ports; write `<` or `<=`", args.target);
        return Err(Error::input("--target", why));
    }
    let setting = args.vary.setting;
    let key = setting.key(&base)?;
    let candidates = args.vary.candidates(&base)?;
    check_no_event_sets(key, &base)?;
    let scenario_at = |value: u64, settings: &[Override]| {
        let mut overrides = overrides.clone();
        overrides.push((key.into(), setting.written(value)));
        overrides.extend_from_slice(settings);
        read(&simulating.file(), &source, &overrides)
    };
    let (vary, sought) = (setting.name(), setting.sought());
    let question = Question {
        vary,
        sought,
        candidates: &candidates,
        target: &target,
        scenario_at: &scenario_at,
        advice: args.advice,
    };
    let directory = args.out.as_deref().map(OutputDirectory::open).transpose()?;
    let mut answer = watched(simulating.watching, "shards", |control| size::size(&question, control))?;
    if simulating.reproducible {
        for results in [&mut answer.proved_by, &mut answer.refuted_by].into_iter().flatten() {
            results.performance = None;
        }
    }
    let written = directory.map_or(Ok(()), |directory| directory.write_size(&answer));
    show(&answer, simulating.format)?;
    written?;
    Ok(exit_status(answer.verdict))
}

/// The scenario, with one port a node or the most public IPs where the platform would refuse what the file says.
fn read_feasible(
    file: &str,
    source: &str,
    overrides: &[(String, String)],
    vary: Setting,
) -> Result<Scenario, Error> {
    match (read(file, source, overrides), vary) {
        (Err(Error::PlatformRefuses(_)), Setting::PortsPerNode) => {
            let automatic = ("outbound.ports_per_node".to_string(), "auto".to_string());
            read(file, source, &[overrides, &[automatic]].concat())
        }
        (Err(Error::PlatformRefuses(_)), Setting::PublicIps) => {
            let most = ("outbound.public_ips".to_string(), "100".to_string());
            read(file, source, &[overrides, &[most]].concat())
        }
        (result, _) => result,
    }
}

/// A value that an event replaces would be judged for a part of the run only.
fn check_no_event_sets(key: &str, base: &Scenario) -> Result<(), Error> {
    let pointer = format!("/{}", key.replace('.', "/"));
    let events = base.resolved.get("event").and_then(|events| events.as_array());
    match events.into_iter().flatten().any(|event| event.pointer(&pointer).is_some()) {
        true => Err(Error::input(
            "--vary",
            format!(
                "an `[[event]]` sets `{key}`, so no value would hold for the whole run; remove the event"
            ),
        )),
        false => Ok(()),
    }
}
