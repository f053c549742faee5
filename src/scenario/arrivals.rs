//! The `arrivals` of a workload: one key, which names the process.

use super::laws::law_above_0;
use super::reader::{MOST_PER_SECOND, Reader, Table, count, list, positive};
use super::surroundings::{MOST_FLOWS, Surroundings};
use super::trace;
use super::tree::Node;
use super::varying;
use crate::cluster::{Cluster, NodePool};
use crate::time::SimDuration;
use crate::workload::Arrivals;
use crate::workload::arrivals::{Acceptance, BatchSize, BurstSize};

const ARRIVALS: [&str; 12] = [
    "poisson",
    "mmpp",
    "on_off",
    "sinusoid",
    "piecewise",
    "even",
    "renewal",
    "burst",
    "herd",
    "batch",
    "closed",
    "trace",
];

/// Clients of a closed loop, each with a state of its own.
const MOST_CLIENTS: u64 = 1_000_000;

/// Reads the one arrival process of a workload of so many pods.
pub fn arrivals<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    around: &mut Surroundings<'_>,
    pool: Option<&NodePool>,
    pods: u64,
) -> Option<Arrivals> {
    let table = reader.table(node, "arrivals");
    let (name, node) = table.only(&ARRIVALS)?;
    let full = format!("arrivals.{name}");
    let kind = reader.table(node, &full);
    let read = match name {
        "poisson" => poisson(&kind, pods),
        "mmpp" => varying::mmpp(reader, &kind),
        "on_off" => varying::on_off(reader, &kind),
        "sinusoid" => varying::sinusoid(reader, &kind),
        "piecewise" => varying::piecewise(reader, &kind),
        "even" => even(&kind),
        "renewal" => renewal(reader, &kind),
        "burst" => burst(reader, &kind, around.cluster),
        "herd" => herd(&kind),
        "closed" => closed(reader, &kind, pods),
        "batch" => batch(reader, &kind),
        _ => trace::arrivals(reader, &kind, around, pool?),
    };
    kind.finish();
    read
}

fn even(kind: &Table<'_>) -> Option<Arrivals> {
    let first = kind.duration("first");
    let gap_s = 1.0 / kind.rate("rate")?;
    Some(Arrivals::Even { gap_s, first: first.unwrap_or_else(|| SimDuration::from_secs_f64(gap_s)) })
}

fn renewal<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let node = kind.need("gap", "{ exponential = { mean = \"25ms\" } }")?;
    Some(Arrivals::Renewal { gap: law_above_0(reader, "gap", node)? })
}

/// `rate` of the whole workload, or `rate_per_pod`.
fn poisson(kind: &Table<'_>, pods: u64) -> Option<Arrivals> {
    let Some(node) = kind.get("rate_per_pod") else {
        return kind.rate("rate").map(|rate| Arrivals::Poisson { rate });
    };
    alone(kind, "rate", "rate_per_pod")?;
    let rate = kind.rate("rate_per_pod")? * pods as f64;
    if rate > MOST_PER_SECOND {
        let message =
            format!("`rate_per_pod` of {pods} pods is {rate} per s; allowed is at most 1e9 per s in all");
        kind.wrong(&node.span, message, None);
        return None;
    }
    Some(Arrivals::Poisson { rate })
}

/// Clients of the whole workload, or of each pod.
fn clients(kind: &Table<'_>, pods: u64) -> Option<u64> {
    if kind.get("clients_per_pod").is_none() {
        return kind.need("clients", "60").and_then(|_| kind.count("clients", 1, MOST_CLIENTS));
    }
    alone(kind, "clients", "clients_per_pod")?;
    Some(kind.count("clients_per_pod", 1, MOST_CLIENTS / pods)? * pods)
}

/// Nothing where two keys say the same.
fn alone(kind: &Table<'_>, key: &str, other: &str) -> Option<()> {
    let Some(node) = kind.get(key) else { return Some(()) };
    kind.wrong(&node.span, format!("write either `{key}` or `{other}`, not both"), None);
    None
}

fn closed<'a>(reader: &'a Reader<'a>, kind: &Table<'a>, pods: u64) -> Option<Arrivals> {
    let clients = clients(kind, pods);
    let think = kind.need("think", "{ exponential = { mean = \"2s\" } }");
    let think = think.and_then(|node| law_above_0(reader, "think", node));
    Some(Arrivals::Closed { clients: clients? as u32, think: think? })
}

fn burst<'a>(reader: &'a Reader<'a>, kind: &Table<'a>, cluster: &Cluster) -> Option<Arrivals> {
    let at = kind.duration("at").unwrap_or(SimDuration::ZERO);
    let spread = kind.duration("spread").unwrap_or(SimDuration::ZERO);
    let flows = kind.count("flows", 1, MOST_FLOWS).map(|flows| BurstSize::Total(flows as u32));
    let flows = match kind.get("per_node") {
        None => {
            kind.need("flows", "1500")?;
            flows?
        }
        Some(node) => {
            let counts = list(reader, "per_node", node);
            if counts.len() > cluster.nodes() as usize {
                let message =
                    format!("`per_node` has {} entries for {} nodes", counts.len(), cluster.nodes());
                reader.problem(&node.span, message, None);
            }
            let counts: Option<Vec<u32>> = counts
                .iter()
                .map(|node| count(reader, "per_node", node, 0, MOST_FLOWS).map(|n| n as u32))
                .collect();
            let counts = counts?;
            let all: u64 = counts.iter().map(|flows| u64::from(*flows)).sum();
            if all > MOST_FLOWS {
                let message = format!("`per_node` adds up to {all} flows; allowed are {MOST_FLOWS} in all");
                reader.problem(&node.span, message, None);
                return None;
            }
            BurstSize::PerNode(counts)
        }
    };
    Some(Arrivals::Burst { at, flows, spread })
}

fn herd(kind: &Table<'_>) -> Option<Arrivals> {
    let every = kind.need("every", "\"60s\"").and_then(|node| positive(kind.reader, "every", node));
    let clients = kind.need("clients", "700").and_then(|_| kind.count("clients", 1, MOST_FLOWS));
    let jitter = kind.duration("jitter").unwrap_or(SimDuration::ZERO);
    Some(Arrivals::Herd { every: every?, clients: clients? as u32, jitter })
}

fn batch<'a>(reader: &'a Reader<'a>, kind: &Table<'a>) -> Option<Arrivals> {
    let rate = kind.rate("rate");
    let acceptances = [("partial", Acceptance::Partial), ("whole", Acceptance::Whole)];
    let accept = kind.choice("accept", &acceptances).unwrap_or_default();
    let size = kind.need("size", "{ constant = 10 }")?;
    let table = reader.table(size, "arrivals.batch.size");
    let size = match table.only(&["constant", "geometric"])? {
        ("constant", node) => BatchSize::Constant(count(reader, "constant", node, 1, 1_000_000)? as u32),
        (_, node) => {
            let geometric = reader.table(node, "arrivals.batch.size.geometric");
            let mean = geometric.need("mean", "5.0").and_then(|_| geometric.number("mean", 1.0, 1e6));
            geometric.finish();
            BatchSize::Geometric(mean?)
        }
    };
    Some(Arrivals::Batch { rate: rate?, size, accept })
}
