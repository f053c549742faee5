//! `snatsim import`.

use super::check::{found, texts};
use super::print;
use super::traffic::{self, TrafficArgs};
use crate::error::{Error, ExitStatus};
use crate::scenario::deployed::{Subject, scenario_text};
use clap::{Args, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  az aks show -g shop -n aks1 -o json | snatsim import config - > aks1.toml
  snatsim import config aks1.json nat-gateway.json public-ip-prefix.json > aks1.toml
  terraform show -json plan.out | snatsim import config - --only publick8s > publick8s.toml";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Deployed configuration to a scenario: each value with where it came from, and what must be filled in.
    #[command(after_help = EXAMPLES)]
    Config {
        /// JSON of `az ... show`, an ARM template, or `terraform show -json`; `-` is standard input.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Which of several clusters, rules or devices.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Recorded traffic to a scenario with a workload like it, or to a trace: Zeek, flow logs of Azure, conntrack, tcplife,
    /// tcptracer.
    #[command(after_help = traffic::EXAMPLES)]
    Traffic(TrafficArgs),
}

/// Prints a scenario.
pub fn import(args: &ImportArgs) -> Result<ExitStatus, Error> {
    match &args.what {
        What::Config { files, only } => {
            let subjects = found(&texts(files)?, None)?;
            print(&scenario_text(chosen(&subjects, only.as_deref())?))
        }
        What::Traffic(args) => traffic::import_traffic(args),
    }
}

fn chosen<'a>(subjects: &'a [Subject], only: Option<&str>) -> Result<&'a Subject, Error> {
    let names = || subjects.iter().map(|subject| subject.name.as_str()).collect::<Vec<_>>().join(", ");
    match (subjects, only) {
        (_, Some(name)) => subjects.iter().find(|subject| subject.name == name).ok_or_else(|| {
            Error::input("--only", format!("\"{name}\" is not in the files; there are {}", names()))
        }),
        ([one], None) => Ok(one),
        (_, None) => {
            let message = format!("a scenario has one way out, and there are {}; write --only NAME", names());
            Err(Error::input("import config", message))
        }
    }
}
