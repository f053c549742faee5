//! `snatsim size`.

use super::watch::watched;
use super::{Simulating, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::size::{self, Question};
use crate::experiment::thresholds::exit_status;
use crate::report::OutputDirectory;
use crate::scenario::devices::models;
use crate::scenario::{Comparison, Outbound, Scenario, parse_threshold, read, read_text, shipped};
use clap::{Args, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim size night.toml --vary public_ips --target 'failure_ratio < 0.1%'
  snatsim size models/scenarios/default-node.toml --vary ports_per_node \\
          --target 'failure_ratio < 1%'";

/// Arguments of `size`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SizeArgs {
    #[command(flatten)]
    simulating: Simulating,
    /// The setting to vary.
    #[arg(long, value_enum)]
    vary: Setting,
    /// What it must meet: `failure_ratio < 0.1%`.
    #[arg(long, value_name = "METRIC OP VALUE")]
    target: String,
    /// Write results, plots and a report into this directory.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A setting that can be sized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Setting {
    /// Public IPs of the outbound device.
    #[value(name = "public_ips")]
    PublicIps,
    /// Ports granted to each node (load balancer), or ports of a port pool (custom).
    #[value(name = "ports_per_node")]
    PortsPerNode,
}

/// Finds the smallest setting.
pub fn size(args: &SizeArgs) -> Result<ExitStatus, Error> {
    let simulating = &args.simulating;
    let source = read_text(&simulating.scenario)?;
    let overrides = simulating.all_overrides();
    let base = read_feasible(&simulating.file(), &source, &overrides, args.vary)?;
    let target = parse_threshold(&args.target).map_err(|why| Error::input("--target", why))?;
    if matches!(target.comparison, Comparison::Above | Comparison::AtLeast) {
        let why = format!("\"{}\" is met by too few ports; write `<` or `<=`", args.target);
        return Err(Error::input("--target", why));
    }
    let (key, candidates) = candidates(args.vary, &base)?;
    check_no_event_sets(key, &base)?;
    let scenario_at = |value: u64| {
        let mut overrides = overrides.clone();
        overrides.push((key.into(), value.to_string()));
        read(&simulating.file(), &source, &overrides)
    };
    let vary = match args.vary {
        Setting::PublicIps => "public_ips",
        Setting::PortsPerNode => "ports_per_node",
    };
    let question = Question { vary, candidates: &candidates, target: &target, scenario_at: &scenario_at };
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

fn candidates(vary: Setting, base: &Scenario) -> Result<(&'static str, Vec<u64>), Error> {
    match (vary, &base.outbound) {
        (Setting::PublicIps, _) => Ok(("outbound.public_ips", (1..=most_public_ips(base)).collect())),
        (Setting::PortsPerNode, Outbound::LoadBalancer(device)) => {
            let step = u64::from(device.granularity);
            let most = device.largest_grant(base.cluster.nodes_counted());
            Ok(("outbound.ports_per_node", (1..=most / step).map(|grants| grants * step).collect()))
        }
        (Setting::PortsPerNode, Outbound::Custom(_)) => {
            Ok(("outbound.ports", (1..=MOST_CUSTOM_PORTS).collect()))
        }
        _ => Err(Error::input(
            "--vary",
            "ports_per_node belongs to azure/load-balancer and custom; write public_ips",
        )),
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

/// All ports of an address.
const MOST_CUSTOM_PORTS: u64 = 65_536;

/// The most the platform allows; for a custom device as many as the largest platform.
fn most_public_ips(base: &Scenario) -> u64 {
    let model = base.resolved.pointer("/outbound/model").and_then(|model| model.as_str());
    let most = match model.and_then(shipped::named) {
        Some(profile) => profile.most("public_ips"),
        None => models().filter_map(|profile| profile.most("public_ips")).max(),
    };
    most.unwrap_or(1)
}
