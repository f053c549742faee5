//! `snatsim check`.

use super::{key_value, show};
use crate::error::{Error, ExitStatus};
use crate::experiment::check::{Acceptance, Check, of_scenario, of_subjects};
use crate::import::config::{Deployed, is_configuration, read, read_text};
use crate::report::Format;
use crate::scenario::deployed::{Subject, outbound_types, subjects, with_type};
use crate::scenario::read_judged;
use clap::Args;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim check night.toml
  az aks show -g shop -n aks1 -o json | snatsim check -
  snatsim check aks1.json --to userAssignedNATGateway
  snatsim check nat-gateway.json public-ip-prefix.json
  terraform show -json plan.out | snatsim check - -o markdown

Exit status: 0 accepted, 3 the files do not say enough, 4 refused.";

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArgs {
    /// A scenario; or JSON of `az ... show`, an ARM template, or `terraform show -json`, in several files if need be; `-` is
    /// standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Set any key of the scenario: `--set public_ips=3`.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
    /// Check the cluster as it would be with this outbound type, and whether it may be changed to that.
    #[arg(long, value_name = "OUTBOUND TYPE")]
    to: Option<String>,
    /// How to print the result.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show each value with where it came from.
    #[arg(short, long)]
    verbose: bool,
}

/// Says what the platform would say.
pub fn check(args: &CheckArgs) -> Result<ExitStatus, Error> {
    let files = texts(&args.files)?;
    let mut check = match files.iter().find(|(_, text)| !is_configuration(text)) {
        Some((file, text)) => check_scenario(args, file, text)?,
        None => check_deployed(args, &files)?,
    };
    if args.format == Format::Text && !args.verbose {
        check.values.clear();
        check.also.iter_mut().for_each(|other| other.values.clear());
    }
    show(&check, args.format)?;
    Ok(match check.verdict {
        Acceptance::Accepted => ExitStatus::Success,
        Acceptance::NeedsInput => ExitStatus::Inconclusive,
        Acceptance::Refused => ExitStatus::PlatformRefuses,
    })
}

/// Name and text of each file.
pub(super) fn texts(files: &[PathBuf]) -> Result<Vec<(String, String)>, Error> {
    files.iter().map(|path| Ok((path.display().to_string(), read_text(path)?))).collect()
}

fn check_scenario(args: &CheckArgs, file: &str, text: &str) -> Result<Check, Error> {
    if args.files.len() > 1 {
        let message = "is a scenario, which is checked by itself; only JSON files are checked together";
        return Err(Error::input(file, message));
    }
    if args.to.is_some() {
        return Err(Error::input(
            "--to",
            "a scenario has no outbound type to change; write another `outbound.model`",
        ));
    }
    of_scenario(file, &read_judged(file, text, &args.overrides)?)
}

fn check_deployed(args: &CheckArgs, files: &[(String, String)]) -> Result<Check, Error> {
    if !args.overrides.is_empty() {
        let message = "is for scenarios; `snatsim import config` makes one of deployed configuration";
        return Err(Error::input("--set", message));
    }
    let check = of_subjects(&found(files, args.to.as_deref())?)?;
    check.ok_or_else(|| Error::Defect("nothing to check was found".into()))
}

/// The files with every cluster changed to an outbound type.
fn changed(deployed: Deployed, to: &str) -> Result<Deployed, Error> {
    let known = outbound_types();
    let Some(to) = known.iter().find(|name| name.eq_ignore_ascii_case(to)) else {
        let message = format!("\"{to}\" is no outbound type; allowed is {}", known.join(", "));
        return Err(Error::input("--to", message));
    };
    match deployed.clusters.is_empty() {
        true => {
            let message =
                "is about a cluster, and none is in the files; give its `az aks show -o json` as well";
            Err(Error::input("--to", message))
        }
        false => Ok(with_type(deployed, to)),
    }
}

/// What the files hold that can be judged, at least one; clusters as they would be with the outbound type `to`.
pub(super) fn found(files: &[(String, String)], to: Option<&str>) -> Result<Vec<Subject>, Error> {
    let deployed = read(files)?;
    let deployed = match to {
        Some(to) => changed(deployed, to)?,
        None => deployed,
    };
    let subjects = subjects(&deployed);
    if subjects.is_empty() {
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        let unsure = deployed.unsure.first().map(|unsure| format!("not known is, {unsure}"));
        let held = unsure.or(deployed.notes.first().cloned()).unwrap_or_else(|| "only public IPs".into());
        let message = format!(
            "nothing to check: {held}; give the cluster, load balancer, NAT gateway or firewall as well"
        );
        return Err(Error::input(names.join(", "), message));
    }
    Ok(subjects)
}
