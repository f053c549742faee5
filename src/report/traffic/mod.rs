//! An import as the text of a scenario that a person can read and edit: each value with where it came from, and how well it fits.

mod into;

pub use into::in_place_of;

use super::number::{count, counted, number, percent};
use crate::experiment::traffic::{
    Candidate, Destinations, EndShares, FittedArrivals, FittedLaw, FittedLifetime, FittedWorkload, Traffic,
};
use crate::flow::Protocol;
use std::fmt::Write;

/// What stands in the place of a value that the record does not have; no reader takes it for one.
const FILL_IN: &str = "\"FILL IN\"";

/// The way out is in no traffic.
const OUTBOUND: &str = r#"# The way out is in no record. This stands in for yours: a NAT gateway, whose ports are shared, so that it does not matter
# whether sources are nodes or pods. `snatsim import config` writes yours from what is deployed, and
# `--into` puts this traffic there.
[outbound]
model = "azure/nat-gateway"
public_ips = 1
"#;

/// One weight a line of text is enough.
const MOST_WEIGHTS: usize = 64;

/// Pods that are placed by weight.
const PODS: usize = 1_000;

/// The scenario of an import.
pub fn scenario_text(traffic: &Traffic) -> String {
    let mut text = head(traffic);
    let _ = write!(text, "title = \"Recorded traffic\"\n\n{OUTBOUND}\n");
    let sources = traffic.flows_by_source.len();
    let _ =
        writeln!(text, "# Flows come from {}; each stands for a node.", counted(sources as u64, "source"));
    let _ = writeln!(text, "[[node_pool]]\nname = \"recorded\"\nnodes = {sources}\nmax_surge = 0");
    text.push_str(&destinations_and_workloads(traffic, &placement));
    text + &run(traffic)
}

/// Every `[[destination]]` and `[[workload]]`; `placement` says where the pods of a workload run.
fn destinations_and_workloads(traffic: &Traffic, placement: &dyn Fn(&FittedWorkload) -> String) -> String {
    let destinations =
        traffic.workloads.iter().map(|workload| destinations(workload.protocol, &workload.destinations));
    let workloads = traffic.workloads.iter().map(|workload| of_protocol(workload, placement));
    destinations.chain(workloads).collect()
}

fn head(traffic: &Traffic) -> String {
    let mut text = format!(
        "# Recorded traffic ({}), written by `snatsim import traffic`.\n",
        traffic.formats.join(", ")
    );
    let mut line = |words: String| {
        let _ = writeln!(text, "# {words}");
    };
    let inside = traffic.inside.join(", ");
    line(format!(
        "{} outbound flows from {inside}, of {} entries.",
        count(traffic.flows),
        count(traffic.records)
    ));
    let left_out: Vec<String> =
        traffic.not_used.iter().map(|(reason, number)| format!("{reason} {number}")).collect();
    if !left_out.is_empty() {
        line(format!("Left out: {}.", left_out.join(", ")));
    }
    if traffic.skipped_lines > 0 {
        line(format!("Could not be read: {}.", traffic.skipped_lines));
    }
    if traffic.open_at_end > 0 && traffic.duration_s.is_some() {
        line(format!(
            "Still open when the record ended: {}; their lifetimes are not known.",
            traffic.open_at_end
        ));
    }
    if traffic.missing_duration > 0 {
        line(format!("Without a duration: {}; it counts as 0, as in a replay.", traffic.missing_duration));
    }
    if traffic.anonymized {
        line("Addresses are replaced by others that keep prefixes.".into());
    }
    traffic.unsaid.iter().for_each(|unsaid| line(format!("Note: {unsaid}.")));
    if traffic.duration_s.is_none() {
        line("FILL IN: rates and lifetimes (record `conntrack -E -o timestamp`, or a flow log).".into());
    }
    traffic.warnings.iter().for_each(|warning| line(format!("WARNING: {warning}.")));
    text
}

fn destinations(protocol: Protocol, destinations: &Destinations) -> String {
    let name = protocol.name();
    let mut text = String::new();
    for each in &destinations.named {
        let (address, port) = (&each.address, each.port);
        // A port of 0 is none: the record has a protocol without.
        let port = if port > 0 { format!("port = {port}\n") } else { String::new() };
        let _ = write!(
            text,
            "\n[[destination]] # {} of {name}\nname = \"{}\"\naddress = \"{address}\"\n{port}protocol = \"{name}\"\n",
            counted(each.flows, "flow"),
            destination_name(protocol, address, each.port)
        );
    }
    if let Some(others) = destinations.others {
        let _ = writeln!(
            text,
            "\n# {} other {name} destinations with {}; {} equal ones stand for them, each at least as busy.",
            count(others.count),
            counted(others.flows, "flow"),
            others.stand_ins
        );
        for number in 1..=others.stand_ins {
            let _ = write!(
                text,
                "[[destination]]\nname = \"{}\"\nprotocol = \"{name}\"\n",
                other_name(protocol, number)
            );
        }
    }
    text
}

fn destination_name(protocol: Protocol, address: &str, port: u16) -> String {
    format!("{} {address}:{port}", protocol.name())
}

fn other_name(protocol: Protocol, number: u64) -> String {
    format!("other {} {number}", protocol.name())
}

fn of_protocol(workload: &FittedWorkload, placement: &dyn Fn(&FittedWorkload) -> String) -> String {
    let name = workload.protocol.name();
    let mut text = format!(
        "\n[[workload]] # {} of {name}\nname = \"recorded-{name}\"\n",
        counted(workload.flows, "flow")
    );
    text.push_str(&placement(workload));
    match &workload.arrivals {
        Some(arrivals) => text.push_str(&rates(arrivals)),
        None => {
            let _ = writeln!(
                text,
                "# The record is one instant with {} open: rate x lifetime.",
                counted(workload.flows, "flow")
            );
            let _ = writeln!(text, "arrivals.poisson = {{ rate = {FILL_IN} }}");
        }
    }
    text.push_str(&lifetime(workload.lifetime.as_ref()));
    text.push_str(&workload.ends.map(ends).unwrap_or_default());
    // A table of its own, which ends that of the workload.
    text + &weights(workload)
}

/// Pods on nodes by the flows of each source, where so many can be read.
fn placement(workload: &FittedWorkload) -> String {
    let flows = &workload.flows_by_source;
    if flows.len() == 1 || flows.len() > MOST_WEIGHTS {
        return "pods = \"per-node\"\n".into();
    }
    placed_by(flows, "flows of each source")
}

/// Pods on nodes by `weights`, one a node.
fn placed_by(weights: &[u64], what: &str) -> String {
    let weights = weights.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    format!("pods = {PODS}\nplacement.weights = [{weights}] # {what}\n")
}

fn weights(workload: &FittedWorkload) -> String {
    let Destinations { named, others, .. } = &workload.destinations;
    let mut entries: Vec<String> = Vec::new();
    for each in named {
        let name = destination_name(workload.protocol, &each.address, each.port);
        entries.push(format!("\"{name}\" = {}", each.flows));
    }
    if let Some(others) = others {
        let each = rounded(others.flows as f64 / others.stand_ins as f64);
        entries.extend(
            (1..=others.stand_ins)
                .map(|number| format!("\"{}\" = {each}", other_name(workload.protocol, number))),
        );
    }
    format!("\n[workload.destinations] # flows towards each\n{}\n", entries.join("\n"))
}

fn rates(arrivals: &FittedArrivals) -> String {
    let mut text = String::new();
    let chance = arrivals.steady_chance;
    let _ = match (&arrivals.pieces[..], chance) {
        ([_], Some(chance)) => writeln!(
            text,
            "# The rate is steady: a steady Poisson process varies as much with a chance {}.",
            chance_text(chance)
        ),
        ([_], None) => writeln!(text, "# There are too few flows to tell whether the rate is steady."),
        (pieces, _) => writeln!(
            text,
            "# The rate changes: a steady one would vary as much with a chance {}. Poisson, {} pieces, {} per s on average.",
            chance_text(chance.unwrap_or(0.0)),
            pieces.len(),
            number(arrivals.mean_per_s)
        ),
    };
    for each in &arrivals.dispersion {
        let _ = match each.recorded.zip(each.fitted) {
            Some((recorded, fitted)) => writeln!(
                text,
                "# Index of dispersion over {} s: {} recorded, {} of this workload ({} windows).",
                each.window_s,
                number(recorded),
                number(fitted),
                count(each.windows)
            ),
            None => {
                writeln!(text, "# Index of dispersion over {} s: the record is too short.", each.window_s)
            }
        };
    }
    let rate = |per_s: f64| format!("\"{} per s\"", rounded(per_s));
    match &arrivals.pieces[..] {
        [one] => {
            let _ = writeln!(text, "arrivals.poisson = {{ rate = {} }}", rate(one.per_s));
        }
        pieces => {
            text.push_str("arrivals.piecewise = { points = [\n");
            for piece in pieces {
                let _ = writeln!(text, "  [\"{}s\", {}],", piece.start_s, rate(piece.per_s));
            }
            text.push_str("] }\n");
        }
    }
    text
}

/// A chance that is next to none need not be told exactly.
fn chance_text(chance: f64) -> String {
    if chance < 1e-4 { "below 0.01 %".into() } else { format!("of {}", percent(chance)) }
}

fn lifetime(lifetime: Option<&FittedLifetime>) -> String {
    let Some(fitted) = lifetime else {
        return format!("# No lifetime is known from begin to end.\nlifetime = {FILL_IN}\n");
    };
    let mut text = format!(
        "# {} known: mean {} s, half up to {} s, 99 % up to {} s, longest {} s, squared coefficient of variation {}.\n",
        counted(fitted.known, "lifetime"),
        number(fitted.mean_s),
        number(fitted.p50_s),
        number(fitted.p99_s),
        number(fitted.max_s),
        number(fitted.cv2)
    );
    fitted.candidates.iter().for_each(|candidate| text.push_str(&tried(candidate)));
    let law = match &fitted.law {
        None => "\"0s\" # all shorter than the record can tell".to_string(),
        Some(law) if fitted.zero == 0 => law_text(law),
        Some(law) => {
            let _ =
                writeln!(text, "# {} of them are 0: shorter than the record can tell.", count(fitted.zero));
            let above = fitted.known - fitted.zero;
            format!(
                "{{ mixture = {{ branches = [[{}, \"0s\"], [{above}, {}]] }} }}",
                fitted.zero,
                law_text(law)
            )
        }
    };
    if matches!(fitted.law, Some(FittedLaw::Empirical { .. })) {
        text.push_str("# No law passes: the lifetimes themselves, or means of equally many neighbours.\n");
    }
    let _ = writeln!(text, "lifetime = {law}");
    text
}

fn tried(candidate: &Candidate) -> String {
    let name = match candidate.law {
        FittedLaw::Exponential { .. } => "exponential",
        FittedLaw::Lognormal { .. } => "lognormal",
        FittedLaw::Hyperexponential { .. } => "hyperexponential",
        FittedLaw::Empirical { .. } => "empirical",
    };
    let verdict = match (candidate.passes, candidate.distance <= candidate.limit) {
        (true, _) => "passes",
        (false, true) => "passes, but its mean is off",
        (false, false) => "is refused",
    };
    format!(
        "# {name} {verdict}: Kolmogorov-Smirnov distance {}, 5 % limit {}; mean {} s.\n",
        number(candidate.distance),
        number(candidate.limit),
        number(candidate.law.mean_s())
    )
}

fn law_text(law: &FittedLaw) -> String {
    let time = |seconds: f64| format!("\"{}s\"", rounded(seconds));
    match law {
        FittedLaw::Exponential { mean_s } => format!("{{ exponential = {{ mean = {} }} }}", time(*mean_s)),
        FittedLaw::Lognormal { mean_s, cv2 } => {
            format!("{{ lognormal = {{ mean = {}, cv2 = {} }} }}", time(*mean_s), rounded(*cv2))
        }
        FittedLaw::Hyperexponential { branches } => {
            let [one, other] =
                branches.map(|(weight, mean)| format!("[{}, {}]", rounded(weight), time(mean)));
            format!("{{ hyperexponential = {{ branches = [{one}, {other}] }} }}")
        }
        FittedLaw::Empirical { values_s } => {
            let values = values_s.iter().map(|value| time(*value)).collect::<Vec<_>>();
            format!("{{ empirical = {{ values = [{}] }} }}", values.join(", "))
        }
    }
}

/// Shares that sum to 1 as they are written.
fn ends(ends: EndShares) -> String {
    let parts = |share: f64| (share * 1e6).round() as u64;
    let (rst, half_open) = (parts(ends.rst), parts(ends.half_open));
    let share = |parts: u64| format!("{}", parts as f64 / 1e6);
    let fin = 1_000_000u64.saturating_sub(rst + half_open);
    format!("ends = {{ fin = {}, rst = {}, half_open = {} }}\n", share(fin), share(rst), share(half_open))
}

fn run(traffic: &Traffic) -> String {
    let duration = match traffic.duration_s {
        Some(seconds) => format!("\"{}s\" # as long as the record", seconds.max(1)),
        None => "\"1h\"".into(),
    };
    format!(
        "\n[run]\nduration = {duration}\nreplications = 10\n\n[[threshold]]\nexpr = \"failure_ratio < 0.1%\"\n"
    )
}

/// Six significant digits, without an exponent.
fn rounded(value: f64) -> String {
    let text = format!("{value:.5e}");
    text.parse::<f64>().unwrap_or(value).to_string()
}
