//! The command line: arguments in, one exit status out.

mod check;
mod compare;
mod diff;
mod formats;
mod import;
mod merge;
mod models;
mod replay;
mod report;
mod run;
mod sensitivity;
mod setting;
mod size;
mod step_summary;
mod sweep;
mod traffic;
mod watch;

use crate::error::{Error, ExitStatus};
use crate::experiment;
use crate::report::{self as rendering, Format};
use crate::scenario::{Threshold, overrides, parse_threshold};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use schemars::schema_for;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Simulates how clusters run out of SNAT ports: which outbound type, how many public IPs, and what happens on the
/// bad day.
#[derive(Debug, Parser)]
#[command(name = "snatsim", version, max_term_width = 100, after_help = after_help())]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

fn after_help() -> String {
    let line = |status: &ExitStatus| format!("  {:>3}  {}", status.code(), status.meaning());
    let table = ExitStatus::ALL.iter().map(line).collect::<Vec<_>>().join("\n");
    format!(
        "Examples:\n  snatsim run models/scenarios/default-node.toml\n  snatsim run night.toml --set public_ips=3 --format json\n  \
         snatsim compare night.toml --option 'model=azure/nat-gateway,public_ips=1'\n  \
         snatsim size night.toml --vary public_ips --target 'failure_ratio < 0.1%'\n  \
         snatsim sweep night.toml --vary public_ips=1..8 --vary idle_timeout=4m,10m\n  \
         snatsim sensitivity night.toml --vary nodes=10..30\n  \
         az aks show -g shop -n aks1 -o json | snatsim check -\n\nExit status:\n{table}"
    )
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate one scenario and say what fails first, how often and why.
    Run(run::RunArgs),
    /// The same traffic through several outbound devices, paired.
    Compare(compare::CompareArgs),
    /// The setting that just meets a target: proved, its neighbour refuted, confirmed.
    Size(size::SizeArgs),
    /// A grid of settings, in parallel, resumable, in parts if need be.
    Sweep(sweep::SweepArgs),
    /// Which uncertain input or undocumented figure changes the decision: each varied alone over its range.
    Sensitivity(sensitivity::SensitivityArgs),
    /// Parts of a sweep as one run of it would have been.
    Merge(merge::MergeArgs),
    /// Would the platform accept this configuration? No simulation, milliseconds.
    Check(check::CheckArgs),
    /// What is deployed, or recorded traffic, as a scenario that a person can read and edit.
    Import(import::ImportArgs),
    /// Recorded traffic against a port pool: exact counts, smallest pool without a failure.
    Replay(replay::ReplayArgs),
    /// Results again, in any format, without simulating.
    Report(report::ReportArgs),
    /// Two results of run side by side: what went in differently, what came out differently, and whether by more than
    /// chance.
    Diff(diff::DiffArgs),
    /// Shipped outbound models, each figure with source, date and doubt.
    Models(models::ModelsArgs),
    /// JSON Schema of the scenario file or of an output.
    Schema {
        /// Of what.
        #[arg(value_enum)]
        of: SchemaOf,
    },
    /// Shell completions.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Manual page, in roff.
    Man,
}

/// Files and outputs with a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaOf {
    /// The scenario file.
    Scenario,
    /// The price file of `compare --prices`.
    Prices,
    /// What `run --format json` prints.
    Results,
    /// What `compare --format json` prints.
    Comparison,
    /// What `size --format json` prints.
    Size,
    /// What `sweep --format json` prints.
    Sweep,
    /// What `sensitivity --format json` prints.
    Sensitivity,
    /// What `replay --format json` prints.
    Replay,
    /// What `diff --format json` prints.
    Diff,
    /// What `check --format json` prints.
    Check,
    /// What `import traffic --format json` prints.
    Traffic,
}

/// Arguments of every command that simulates.
#[derive(Debug, Args)]
struct Simulating {
    /// The scenario file, TOML or JSON; `-` is standard input.
    scenario: PathBuf,
    /// Set any key of the scenario: `--set workload.checkout.pods=50`, `--set public_ips=3`; `KEY=null` takes it away.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    overrides: Vec<(String, String)>,
    /// Seed of all random numbers.
    #[arg(long)]
    seed: Option<u64>,
    /// Independent repetitions: so many, whatever `precision` the scenario asks for.
    #[arg(long)]
    replications: Option<u32>,
    /// How to print the result.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Leave out what differs from run to run (wall time), so that outputs compare byte for byte.
    #[arg(long)]
    reproducible: bool,
    #[command(flatten)]
    watching: watch::Watching,
}

impl Simulating {
    fn file(&self) -> String {
        self.scenario.display().to_string()
    }

    /// `--set` and the flags that stand for one.
    fn all_overrides(&self) -> Vec<(String, String)> {
        let mut all = self.overrides.clone();
        all.extend(self.seed.map(|seed| ("run.seed".into(), seed.to_string())));
        all.extend(self.replications.map(|count| (overrides::REPLICATIONS.into(), count.to_string())));
        all
    }
}

/// Of `--threshold` flags.
fn thresholds(flags: &[String]) -> Result<Vec<Threshold>, Error> {
    let read = |expression: &String| parse_threshold(expression);
    flags.iter().map(read).collect::<Result<_, _>>().map_err(|why| Error::input("--threshold", why))
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().into(), value.trim().into())),
        _ => Err("write KEY=VALUE, such as public_ips=3".into()),
    }
}

/// Runs the program and turns what happened into an exit status.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let printed = error.print();
            let status = match printed {
                _ if error.use_stderr() => ExitStatus::WrongInput,
                // A closed pipe leaves nobody to tell.
                Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
                    let failed = Error::Write { path: "standard output".into(), source };
                    let _ = writeln!(std::io::stderr(), "error: {failed}");
                    failed.exit_status()
                }
                _ => ExitStatus::Success,
            };
            return ExitCode::from(status.code());
        }
    };
    let status = match dispatch(&cli.command) {
        Ok(status) => status,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            error.exit_status()
        }
    };
    ExitCode::from(status.code())
}

fn dispatch(command: &Command) -> Result<ExitStatus, Error> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Compare(args) => compare::compare(args),
        Command::Size(args) => size::size(args),
        Command::Sweep(args) => sweep::sweep(args),
        Command::Sensitivity(args) => sensitivity::sensitivity(args),
        Command::Merge(args) => merge::merge_parts(args),
        Command::Check(args) => check::check(args),
        Command::Import(args) => import::import(args),
        Command::Replay(args) => replay::replay(args),
        Command::Report(args) => report::report(args),
        Command::Diff(args) => diff::diff(args),
        Command::Models(args) => models::models(args),
        Command::Schema { of } => print(&schema(*of)?),
        Command::Completions { shell } => {
            let mut bytes = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "snatsim", &mut bytes);
            print(&String::from_utf8_lossy(&bytes))
        }
        Command::Man => {
            let mut bytes = Vec::new();
            let written = clap_mangen::Man::new(Cli::command()).render(&mut bytes);
            written.map_err(|why| Error::Defect(format!("the manual page could not be made: {why}")))?;
            print(&String::from_utf8_lossy(&bytes))
        }
    }
}

fn schema(of: SchemaOf) -> Result<String, Error> {
    match of {
        SchemaOf::Scenario => rendering::json(&crate::scenario::schema::schema()),
        SchemaOf::Prices => rendering::json(&crate::scenario::schema::price_file()),
        SchemaOf::Results => rendering::json(&schema_for!(experiment::results::Results)),
        SchemaOf::Comparison => rendering::json(&schema_for!(experiment::compare::ComparisonResults)),
        SchemaOf::Size => rendering::json(&schema_for!(experiment::size::SizeResults)),
        SchemaOf::Diff => rendering::json(&schema_for!(experiment::diff::Diff)),
        SchemaOf::Sweep => rendering::json(&schema_for!(experiment::sweep::SweepResults)),
        SchemaOf::Sensitivity => rendering::json(&schema_for!(experiment::sensitivity::SensitivityResults)),
        SchemaOf::Replay => rendering::json(&schema_for!(experiment::replay::Replay)),
        SchemaOf::Check => rendering::json(&schema_for!(experiment::check::Check)),
        SchemaOf::Traffic => rendering::json(&schema_for!(experiment::traffic::Traffic)),
    }
}

/// Writes to standard output; a closed pipe ends quietly.
fn print(text: &str) -> Result<ExitStatus, Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::Write { path: "standard output".into(), source })
        }
        _ => Ok(ExitStatus::Success),
    }
}

/// Prints a result in `format`; for GitHub also into the summary of the step, where there is one.
fn show(result: &impl rendering::Present, format: Format) -> Result<ExitStatus, Error> {
    let status = print(&rendering::render(result, format)?)?;
    if format == Format::Github {
        step_summary::append(result)?;
    }
    Ok(status)
}
