//! `snatsim replay`.

use super::show;
use super::watch::{Watching, watched};
use crate::error::{Error, ExitStatus};
use crate::experiment::replay::{HoldDown, Question, Replayer};
use crate::experiment::thresholds::exit_status;
use crate::import::{self, BadLines, Reading, TraceFormat};
use crate::outbound::Sharing;
use crate::report::Format;
use crate::scenario::{Behind, recorded, shipped, units};
use crate::time::SimDuration;
use clap::{Args, ValueEnum};
use ipnet::Ipv4Net;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  snatsim replay models/traces/m57-conn.log.gz --ports 64 --hold-down 65s
  snatsim replay conn.*.log.gz --inside 10.0.0.0/8 --hold-down-by-end nat-gateway
  zcat conn.log.gz | snatsim replay - --sharing exclusive --ports 1024
  snatsim replay models/traces/m57-conn.log.gz --model azure/load-balancer --set ports_per_node=32";

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Traces, read in this order; `-` is standard input. Plain or gzip.
    #[arg(required = true)]
    traces: Vec<PathBuf>,
    /// Addresses inside, repeatable; by default the private ones of RFC 1918.
    #[arg(long, value_name = "CIDR")]
    inside: Vec<Ipv4Net>,
    /// What may share a port.
    #[arg(long, value_enum, default_value_t = SharingRule::Endpoint)]
    sharing: SharingRule,
    /// Ports of the pool; without, only the smallest pool without a failure is found.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    ports: Option<u32>,
    /// How long a port rests after a flow, such as 65s or 4m.
    #[arg(long, value_parser = units::duration, default_value = "0s", conflicts_with = "hold_down_by_end")]
    hold_down: SimDuration,
    /// Rest by the kind of end, with the figures of this model.
    #[arg(long, value_enum)]
    hold_down_by_end: Option<ByEnd>,
    /// Let arrivals come so many times faster; durations stay.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    arrivals_faster: u32,
    /// Format of the traces.
    #[arg(long, value_enum, default_value_t = TraceFormat::Auto)]
    trace_format: TraceFormat,
    /// Count lines that cannot be read instead of stopping.
    #[arg(long)]
    skip_bad_lines: bool,
    /// The traces are in order of start: keep no flow in memory, and refuse disorder instead of sorting.
    #[arg(long)]
    sorted: bool,
    /// Memory that flows may take while they are sorted, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 4096)]
    memory_limit: u64,
    /// Simulate a whole egress path instead: each source address is a node, SYNs are not sent again. The result is
    /// that of `run`.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["sharing", "ports", "hold_down", "hold_down_by_end", "sorted"])]
    model: Option<String>,
    /// With `--model`, set any key of the scenario: `--set ports_per_node=64`.
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = super::key_value, requires = "model")]
    overrides: Vec<(String, String)>,
    /// With `--model`, leave out what differs from run to run (wall time).
    #[arg(long, requires = "model")]
    reproducible: bool,
    /// How to print the result.
    #[arg(short = 'o', long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    watching: Watching,
}

/// Sharing rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SharingRule {
    /// At most one flow per port and destination.
    Endpoint,
    /// One flow per port; TCP and UDP have as many ports each.
    Exclusive,
    /// One flow per port, TCP and UDP together.
    ExclusiveAnyProtocol,
}

/// Models with hold-downs by the kind of end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ByEnd {
    /// The NAT gateway's.
    NatGateway,
}

/// Replays traces.
pub fn replay(args: &ReplayArgs) -> Result<ExitStatus, Error> {
    let reading = Reading {
        format: args.trace_format,
        inside: if args.inside.is_empty() { import::private_prefixes() } else { args.inside.clone() },
        bad_lines: if args.skip_bad_lines { BadLines::Skip } else { BadLines::Refuse },
        memory_limit: args.memory_limit.saturating_mul(1 << 20),
    };
    if let Some(model) = &args.model {
        return behind_model(args, model, &reading);
    }
    let question = Question {
        sharing: match args.sharing {
            SharingRule::Endpoint => Sharing::Endpoint,
            SharingRule::Exclusive => Sharing::Exclusive,
            SharingRule::ExclusiveAnyProtocol => Sharing::ExclusiveAnyProtocol,
        },
        ports: args.ports,
        hold_down: match args.hold_down_by_end {
            Some(ByEnd::NatGateway) => nat_gateway_hold_downs()?,
            None => HoldDown::Fixed(args.hold_down),
        },
        arrivals_faster: u64::from(args.arrivals_faster),
    };
    let mut replayer = Replayer::new(question);
    let tally = if args.sorted {
        import::stream(&args.traces, &reading, &mut |flow| replayer.take(&flow))?
    } else {
        let trace = import::read(&args.traces, &reading)?;
        trace.flows.iter().for_each(|flow| replayer.take(flow));
        trace.tally
    };
    show(&replayer.finish(tally), args.format)
}

/// Simulates the traces behind a shipped model.
fn behind_model(args: &ReplayArgs, model: &str, reading: &Reading) -> Result<ExitStatus, Error> {
    let trace = import::read(&args.traces, reading)?;
    let inside: Vec<String> = reading.inside.iter().map(Ipv4Net::to_string).collect();
    let behind = Behind { model, files: &args.traces, inside: &inside, faster: args.arrivals_faster };
    let scenario = recorded(&trace, &behind, &args.overrides)?;
    let mut results = watched(args.watching, "shards", |control| crate::experiment::run(&scenario, control))?;
    if args.reproducible {
        results.performance = None;
    }
    show(&results, args.format)?;
    Ok(exit_status(results.verdict))
}

fn nat_gateway_hold_downs() -> Result<HoldDown, Error> {
    let profile =
        shipped::named("azure/nat-gateway").ok_or_else(|| Error::Defect("no NAT gateway model".into()))?;
    let figures = profile.figures()?;
    let span = |key: &str| {
        let figure = figures.iter().find(|figure| figure.key == key);
        let span =
            figure.and_then(|figure| figure.value.as_str()).and_then(|text| units::duration(text).ok());
        span.ok_or_else(|| Error::Defect(format!("the NAT gateway model has no time at `{key}`")))
    };
    Ok(HoldDown::ByEnd {
        fin: span("hold_down.fin")?,
        rst: span("hold_down.rst")?,
        half_open: span("half_open")?,
        udp: span("hold_down.udp")?,
    })
}
