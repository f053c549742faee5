//! `snatsim import traffic`.

use super::print;
use crate::error::{Error, ExitStatus};
use crate::experiment::traffic::{Observer, Wanted};
use crate::import::anonymize::{Anonymizer, KEY_BYTES};
use crate::import::{self, BadLines, Reading, Tally, TraceFlow, TraceFormat};
use crate::report;
use crate::scenario::{read, read_text};
use clap::{Args, ValueEnum};
use ipnet::Ipv4Net;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

pub const EXAMPLES: &str = "\
Examples:
  snatsim import traffic PT1H.json > shop.toml
  snatsim import traffic PT1H.json --into aks1.toml > shop.toml
  conntrack -E -o timestamp | head -n 100000 | snatsim import traffic - > node.toml
  snatsim import traffic conn.*.log.gz --to trace --anonymize --key-file secret > trace.csv

Memory grows with the flows that are open at one time and, for a workload, with the seconds from the first start to the last
and the different destinations and sources; not with the length of the files.";

const ANONYMIZE: &str = "\
Replace each address by another, so that addresses share as many of their first bits as before (Crypto-PAn). Which flows are
outbound is decided before, by the true addresses. Private addresses (RFC 1918) stay private and all others stay public, so a
replay of the trace needs no `--inside`; where this import had an `--inside` of its own, give the replay the prefixes that
stand in its place, which are printed. Ports, times and lengths stay as they are";

/// Arguments of `import traffic`.
#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// Recorded traffic, read in this order; `-` is standard input. Plain or gzip.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What to make of it.
    #[arg(long, value_enum, default_value_t = Target::Workload)]
    to: Target,
    /// How to print a workload.
    #[arg(short = 'o', long, value_enum, default_value_t = As::Toml)]
    format: As,
    /// A scenario, such as `import config` writes, to print with these workloads and destinations instead of its own; everything
    /// else of it stays, comments included.
    #[arg(long, value_name = "SCENARIO")]
    into: Option<PathBuf>,
    /// Node pool of that scenario to whose nodes the sources are dealt; the only one needs no name.
    #[arg(long, value_name = "NAME", requires = "into")]
    node_pool: Option<String>,
    /// Destinations named one by one, of TCP and of UDP; others are stood for by equal ones.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    destinations: u32,
    /// Addresses inside, repeatable; by default the private ones of RFC 1918.
    #[arg(long, value_name = "CIDR")]
    inside: Vec<Ipv4Net>,
    /// Format of the files.
    #[arg(long, value_enum, default_value_t = TraceFormat::Auto)]
    trace_format: TraceFormat,
    /// Count entries that cannot be read instead of stopping.
    #[arg(long)]
    skip_bad_lines: bool,
    #[arg(long, help = "Replace addresses by others that keep prefixes and classes", long_help = ANONYMIZE)]
    anonymize: bool,
    /// File whose bytes are the secret that decides which address replaces which; without, a random one is used and forgotten.
    #[arg(long, value_name = "FILE", requires = "anonymize")]
    key_file: Option<PathBuf>,
}

/// What is made of recorded traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// A scenario with a workload of the same rate over time, lifetimes, ends and destinations, and how well it fits.
    Workload,
    /// A plain table of outbound flows, which `replay` and `arrivals.trace` read.
    Trace,
}

/// How a workload is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum As {
    /// A scenario, for people.
    Toml,
    /// The same figures, for programs.
    Json,
}

/// Imports recorded traffic.
pub fn import_traffic(args: &TrafficArgs) -> Result<ExitStatus, Error> {
    let reading = Reading {
        format: args.trace_format,
        inside: if args.inside.is_empty() { import::private_prefixes() } else { args.inside.clone() },
        bad_lines: if args.skip_bad_lines { BadLines::Skip } else { BadLines::Refuse },
        ..Reading::default()
    };
    let wants_table = args.to == Target::Trace || args.format == As::Json;
    if args.into.is_some() && wants_table {
        return Err(Error::input("--into", "makes a scenario; leave out `--to trace` and `--format json`"));
    }
    given_once(&args.files)?;
    let anonymizer = args.anonymize.then(|| anonymizer(args.key_file.as_deref())).transpose()?;
    match args.to {
        Target::Workload => workload(args, &reading, anonymizer.as_ref()),
        Target::Trace if args.format == As::Json => {
            Err(Error::input("--format json", "is for a workload; a trace is a table"))
        }
        Target::Trace => trace(&args.files, &reading, anonymizer.as_ref()),
    }
}

/// A file that is given twice would count twice.
fn given_once(files: &[PathBuf]) -> Result<(), Error> {
    let whole = |file: &PathBuf| file.canonicalize().unwrap_or_else(|_| file.clone());
    let again = |number: usize| files[..number].iter().any(|other| whole(other) == whole(&files[number]));
    match (1..files.len()).find(|number| again(*number)) {
        Some(number) => {
            let name = files[number].display().to_string();
            Err(Error::input(name, "is given twice, and its flows would count twice; give it once"))
        }
        None => Ok(()),
    }
}

/// Bytes of the shortest secret.
const LEAST_SECRET: usize = 16;

fn anonymizer(key_file: Option<&Path>) -> Result<Anonymizer, Error> {
    let Some(path) = key_file else {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)
            .map_err(|why| Error::Defect(format!("the system has no random numbers: {why}")))?;
        return Ok(Anonymizer::of_key(&key));
    };
    let name = path.display().to_string();
    let secret =
        std::fs::read(path).map_err(|why| Error::input(name.clone(), format!("cannot be read: {why}")))?;
    if secret.len() < LEAST_SECRET {
        let message = format!(
            "holds {} bytes; a key has {LEAST_SECRET} or more (`head -c 32 /dev/urandom > FILE`)",
            secret.len()
        );
        return Err(Error::input(name, message));
    }
    Ok(Anonymizer::of_secret(&secret))
}

fn workload(
    args: &TrafficArgs,
    reading: &Reading,
    anonymizer: Option<&Anonymizer>,
) -> Result<ExitStatus, Error> {
    let scenario = args.into.as_deref().map(|path| Ok((path, read_text(path)?))).transpose()?;
    let mut observer = Observer::default();
    let tally = import::each(&args.files, reading, &mut |flow: TraceFlow| {
        observer.take(&anonymizer.map_or(flow, |anonymizer| anonymizer.flow(flow)));
    })?;
    let wanted = Wanted {
        destinations: args.destinations as usize,
        inside: inside_now(reading, anonymizer),
        anonymized: anonymizer.is_some(),
    };
    let traffic = observer.finish(tally, &wanted)?;
    match (args.format, &scenario) {
        (As::Toml, Some((path, text))) => {
            let name = path.display().to_string();
            let joined = report::traffic::in_place_of(&name, text, &traffic, args.node_pool.as_deref())?;
            check_joined(&name, &joined)?;
            print(&joined)
        }
        (As::Toml, None) => print(&report::traffic::scenario_text(&traffic)),
        (As::Json, _) => print(&report::json(&traffic)?),
    }
}

/// What else the scenario says may need a workload or a destination that went. What is still to be filled in cannot be read, and what the
/// platform refuses can be.
fn check_joined(name: &str, joined: &str) -> Result<(), Error> {
    if joined.contains("FILL IN") {
        return Ok(());
    }
    match read(&format!("{name} with the recorded traffic"), joined, &[]) {
        Err(error @ Error::Input(_)) => Err(error),
        _ => Ok(()),
    }
}

/// The prefixes inside, or those in their place.
fn inside_now(reading: &Reading, anonymizer: Option<&Anonymizer>) -> Vec<String> {
    let now = |prefix: &Ipv4Net| anonymizer.map_or(*prefix, |anonymizer| anonymizer.prefix(*prefix));
    reading.inside.iter().map(|prefix| now(prefix).to_string()).collect()
}

/// Writes a table, but only when every file was read to its end: it waits in a temporary file until then.
fn trace(files: &[PathBuf], reading: &Reading, anonymizer: Option<&Anonymizer>) -> Result<ExitStatus, Error> {
    let failed = |source: io::Error| Error::Write { path: "a temporary file".into(), source };
    let mut table = BufWriter::new(tempfile::tempfile().map_err(failed)?);
    let mut written = writeln!(table, "{}", import::TRACE_HEADER);
    let mut flows = 0;
    let tally = import::each(files, reading, &mut |flow: TraceFlow| {
        let flow = anonymizer.map_or(flow, |anonymizer| anonymizer.flow(flow));
        flows += 1;
        if written.is_ok() {
            written = writeln!(table, "{}", import::trace_row(&flow));
        }
    })?;
    if flows == 0 {
        return Err(tally.no_flow());
    }
    let mut table =
        written.and_then(|()| table.into_inner().map_err(io::IntoInnerError::into_error)).map_err(failed)?;
    table.rewind().map_err(failed)?;
    for note in notes(&tally, reading, anonymizer) {
        // Nobody may be listening.
        let _ = writeln!(io::stderr(), "note: {note}");
    }
    copy_out(table)
}

fn copy_out(mut table: File) -> Result<ExitStatus, Error> {
    let mut out = io::stdout().lock();
    match io::copy(&mut table, &mut out).and_then(|_| out.flush()) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Write { path: "standard output".into(), source })
        }
        _ => Ok(ExitStatus::Success),
    }
}

/// What whoever uses the flows must know.
fn notes(tally: &Tally, reading: &Reading, anonymizer: Option<&Anonymizer>) -> Vec<String> {
    let mut notes: Vec<String> =
        tally.formats.iter().filter_map(|format| format.unsaid()).map(str::to_string).collect();
    notes.dedup();
    let left_out = tally.left_out();
    if !left_out.is_empty() {
        notes.push(format!("left out: {left_out}"));
    }
    if tally.open_at_end > 0 {
        notes.push(format!("{} flows were still open when the record ended", tally.open_at_end));
    }
    if tally.skipped_lines > 0 {
        notes.push(format!("{} entries could not be read", tally.skipped_lines));
    }
    if anonymizer.is_some() {
        let inside = inside_now(reading, anonymizer)
            .iter()
            .map(|prefix| format!("--inside {prefix}"))
            .collect::<Vec<_>>();
        notes.push(format!("addresses are replaced; inside is now {}", inside.join(" ")));
    }
    notes
}
