//! From text to a checked scenario.

use super::reader::{Origin, Reader, count};
use super::traffic::{Surroundings, workload};
use super::tree::{Node, Value, parse};
use super::{
    Comparison, Destination, Reach, RunSettings, Scenario, Threshold, WarmUp, devices, packets, probes,
};
use crate::cluster::{Cluster, NodePool};
use crate::error::Error;
use crate::flow::{NodeId, Protocol};
use crate::import::Trace;
use crate::outbound::Timers;
use crate::time::SimDuration;
use std::io::Read;
use std::path::Path;

/// Nodes of all node pools together: twice the largest AKS cluster.
const MOST_NODES: u64 = 10_000;

/// A setting from outside the file: dotted key and value.
pub type Override = (String, String);

/// A larger scenario file is a slip.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The text of a scenario file; `-` is standard input.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let name = path.display().to_string();
    let shown = if name == "-" { "standard input" } else { name.as_str() };
    let fail = |why: String| Error::input(shown, why);
    let mut bytes = Vec::new();
    if name == "-" {
        let input = std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes);
        input.map_err(|why| fail(format!("cannot be read: {why}")))?;
    } else {
        if path.is_dir() {
            return Err(fail("is a directory; name a file in it".into()));
        }
        let file = std::fs::File::open(path).map_err(|why| fail(format!("cannot be read: {why}")))?;
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|why| fail(format!("cannot be read: {why}")))?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail(format!("is larger than {MOST_BYTES} bytes, which is no scenario")));
    }
    String::from_utf8(bytes).map_err(|why| fail(format!("is not UTF-8 text: {why}")))
}

/// Reads and checks a scenario with some keys set from outside. Files that it names are found from the folder of
/// `file`; for a bare name and for standard input, that is the working directory.
pub fn read(file: &str, text: &str, overrides: &[Override]) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    super::overrides::apply(&mut tree, overrides)?;
    check(Origin { file, text, flags: "--set", trace: None }, tree)
}

/// The same with a trace that was read already.
pub fn read_recorded(
    file: &str,
    text: &str,
    overrides: &[Override],
    trace: &Trace,
) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    super::overrides::apply(&mut tree, overrides)?;
    check(Origin { file, text, flags: "--set", trace: Some(trace) }, tree)
}

/// The same with the whole `[outbound]` table replaced by another model and its keys.
pub fn read_as(
    file: &str,
    text: &str,
    overrides: &[Override],
    outbound: &[Override],
) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    super::overrides::apply(&mut tree, overrides)?;
    if let Some(table) = tree.entry("outbound") {
        *table = Node::set(Value::Table(Vec::new()));
    }
    let keys: Vec<Override> =
        outbound.iter().map(|(key, value)| (format!("outbound.{key}"), value.clone())).collect();
    super::overrides::apply(&mut tree, &keys)?;
    check(Origin { file, text, flags: "--set or --option", trace: None }, tree)
}

fn check(origin: Origin<'_>, tree: Node) -> Result<Scenario, Error> {
    let own = tree.get("outbound").cloned();
    let shipped = own.as_ref().and_then(devices::shipped);
    let reader = Reader::new(origin);
    let scenario = scenario(&reader, &tree, own.as_ref(), shipped.as_ref());
    let resolved = resolve(&tree, shipped.as_ref());
    reader.finish()?;
    let scenario =
        scenario.ok_or_else(|| Error::Defect("a scenario without a problem could not be built".into()))?;
    let accepted = scenario.outbound.egress(&scenario.cluster);
    if let Err(refusal) = accepted {
        let node = tree.get("outbound").and_then(|outbound| outbound.get(refusal.key));
        let span = node.map_or(0..0, |node| node.span.clone());
        let message = format!("{} ({})", refusal.message, refusal.code);
        let problem = origin.problem(&span, message, Some(refusal.help));
        return Err(Error::PlatformRefuses(vec![problem]));
    }
    Ok(Scenario { resolved, ..scenario })
}

/// The file with the shipped model's figures under it.
fn resolve(tree: &Node, shipped: Option<&Node>) -> serde_json::Value {
    let mut resolved = tree.to_json();
    let Some(figures) = shipped.map(Node::to_json) else { return resolved };
    if let (Some(outbound), Some(figures)) =
        (resolved.get_mut("outbound").and_then(|table| table.as_object_mut()), figures.as_object())
    {
        for (key, value) in figures
            .iter()
            .filter(|(key, _)| !["title", "source", "assumption", "range"].contains(&key.as_str()))
        {
            outbound.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    resolved
}

fn scenario<'a>(
    reader: &'a Reader<'a>,
    tree: &'a Node,
    own: Option<&'a Node>,
    shipped: Option<&'a Node>,
) -> Option<Scenario> {
    let root = reader.table(tree, "the scenario");
    let title = root.text("title").unwrap_or("untitled").to_string();
    root.get("$schema");
    let cluster = cluster(reader, &root);
    let destinations = destinations(reader, &root);
    let outbound = match (root.get("outbound"), own) {
        (Some(_), Some(own)) => devices::outbound(reader, own, shipped, &cluster),
        _ => {
            let help = Some("write `[outbound]` and `model = \"azure/load-balancer\"`".to_string());
            reader.problem(&(0..0), "the scenario lacks `[outbound]`".into(), help);
            None
        }
    };
    let mut around = Surroundings { cluster: &cluster, destinations };
    let workloads = tables(reader, root.get("workload"), "workload");
    if workloads.is_empty() {
        let help = Some("write `[[workload]]` with `arrivals` and `lifetime`".to_string());
        reader.problem(&(0..0), "the scenario lacks `[[workload]]`".into(), help);
    }
    let read_workloads: Vec<_> = workloads
        .iter()
        .enumerate()
        .map(|(number, node)| workload(reader, node, number, &mut around))
        .collect();
    let destinations = around.destinations;
    let run = run_settings(reader, root.get("run"));
    let thresholds = tables(reader, root.get("threshold"), "threshold");
    let thresholds = thresholds.iter().filter_map(|node| threshold(reader, node)).collect();
    let probes = tables(reader, root.get("probe"), "probe");
    let probes = probes::probes(reader, probes, run.as_ref().map(|run| run.duration));
    root.finish();
    if let Some(outbound) = &outbound {
        check_abandoned(reader, workloads, outbound.timers());
        packets::check(reader, workloads, &read_workloads, &destinations, outbound.timers());
    }
    let workloads = read_workloads.into_iter().collect::<Option<Vec<_>>>()?;
    Some(Scenario {
        title,
        outbound: outbound?,
        cluster,
        destinations,
        workloads,
        run: run?,
        thresholds,
        probes,
        resolved: serde_json::Value::Null,
        warnings: Vec::new(),
    })
}

/// An abandoned flow without an idle timeout would hold its port for ever.
fn check_abandoned(reader: &Reader<'_>, workloads: &[Node], timers: &Timers) {
    if timers.idle_timeout.is_some() {
        return;
    }
    let abandoned = workloads.iter().filter_map(|workload| workload.get("ends")?.get("abandoned"));
    for share in abandoned.filter(|share| !matches!(share.value, Value::Integer(0) | Value::Float(0.0))) {
        let message = "`ends.abandoned` needs an idle timeout, or its ports never come free".to_string();
        let help = Some("write `idle_timeout = \"4m\"` in `[outbound]`".to_string());
        reader.problem(&share.span, message, help);
    }
}

fn tables<'a>(reader: &Reader<'_>, node: Option<&'a Node>, name: &str) -> &'a [Node] {
    node.map_or(&[], |node| super::reader::list(reader, name, node))
}

fn cluster<'a>(reader: &'a Reader<'a>, root: &super::reader::Table<'a>) -> Cluster {
    if let Some(node) = root.get("cluster") {
        let table = reader.table(node, "cluster");
        if let Some(plugin) = table.get("network_plugin") {
            let message =
                "`network_plugin` asks for a node stage, which is not simulated in this version".to_string();
            reader.problem(&plugin.span, message, Some("remove `network_plugin`".into()));
        }
        table.finish();
    }
    let mut node_pools: Vec<NodePool> = Vec::new();
    for (number, node) in tables(reader, root.get("node_pool"), "node_pool").iter().enumerate() {
        let table = reader.table(node, "node_pool");
        let name = table.text("name").map_or_else(|| format!("pool-{}", number + 1), str::to_string);
        if node_pools.iter().any(|pool| pool.name == name) {
            table.wrong(&node.span, format!("two node pools are called \"{name}\""), None);
        }
        let nodes = table.need("nodes", "10").and_then(|_| table.count("nodes", 1, MOST_NODES)).unwrap_or(1);
        let all = nodes + node_pools.iter().map(|pool| u64::from(pool.nodes)).sum::<u64>();
        if all > MOST_NODES {
            let message =
                format!("the node pools up to \"{name}\" have {all} nodes; allowed are {MOST_NODES}");
            table.wrong(&node.span, message, None);
        }
        let nodes = if all > MOST_NODES { 1 } else { nodes as u32 };
        let max_surge = max_surge(reader, table.get("max_surge"), nodes);
        table.finish();
        let first = NodeId(node_pools.iter().map(|pool| pool.nodes).sum());
        node_pools.push(NodePool { name, first, nodes, max_surge });
    }
    if node_pools.is_empty() {
        node_pools.push(NodePool { name: "node".into(), first: NodeId(0), nodes: 1, max_surge: 1 });
    }
    Cluster { node_pools }
}

fn max_surge(reader: &Reader<'_>, node: Option<&Node>, nodes: u32) -> u32 {
    match node.map(|node| &node.value) {
        None => 1,
        Some(Value::Text(text)) if text.ends_with('%') => {
            match text.trim_end_matches('%').trim().parse::<f64>() {
                Ok(percent) if (0.0..=100.0).contains(&percent) => {
                    (f64::from(nodes) * percent / 100.0).ceil() as u32
                }
                _ => {
                    let span = node.map(|node| node.span.clone()).unwrap_or(0..0);
                    reader.problem(
                        &span,
                        format!("`max_surge` is \"{text}\"; allowed is \"0%\" to \"100%\""),
                        None,
                    );
                    1
                }
            }
        }
        Some(_) => node.and_then(|node| count(reader, "max_surge", node, 0, 10_000)).unwrap_or(1) as u32,
    }
}

fn destinations<'a>(reader: &'a Reader<'a>, root: &super::reader::Table<'a>) -> Vec<Destination> {
    let mut addresses: Vec<String> = Vec::new();
    let mut destinations: Vec<Destination> = Vec::new();
    for (number, node) in tables(reader, root.get("destination"), "destination").iter().enumerate() {
        let table = reader.table(node, "destination");
        let name = table.text("name").map_or_else(|| format!("destination-{}", number + 1), str::to_string);
        if destinations.iter().any(|each| each.name == name) {
            table.wrong(&node.span, format!("two destinations are called \"{name}\""), None);
        }
        let address = table.text("address").map_or_else(|| name.clone(), str::to_string);
        let address = addresses.iter().position(|each| *each == address).unwrap_or_else(|| {
            addresses.push(address);
            addresses.len() - 1
        }) as u64;
        table.count("port", 1, 65_535);
        let protocol = table.choice("protocol", &[("tcp", Protocol::Tcp), ("udp", Protocol::Udp)]);
        let beside = ["private-endpoint", "service-endpoint", "vnet", "peered", "on-premises"]
            .map(|name| (name, Reach::Beside));
        let reaches = [&[("internet", Reach::Internet), ("blocked", Reach::Blocked)], &beside[..]].concat();
        let reach = table.choice("reach", &reaches).unwrap_or(Reach::Internet);
        table.finish();
        destinations.push(Destination { name, address, protocol: protocol.unwrap_or_default(), reach });
    }
    if destinations.is_empty() {
        let name = "internet".to_string();
        destinations.push(Destination { name, address: 0, protocol: Protocol::Tcp, reach: Reach::Internet });
    }
    destinations
}

fn run_settings<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Option<RunSettings> {
    let mut settings = RunSettings {
        duration: SimDuration::from_secs(3_600),
        warm_up: WarmUp::Auto,
        replications: 10,
        seed: 1,
        window: SimDuration::from_secs(60),
    };
    let Some(node) = node else { return Some(settings) };
    let table = reader.table(node, "run");
    let span = |key: &str, default: SimDuration| match table.duration(key) {
        Some(SimDuration::ZERO) => {
            let span = table.get(key).map_or(0..0, |node| node.span.clone());
            table.wrong(&span, format!("`{key}` is 0; allowed is a time above 0"), None);
            default
        }
        other => other.unwrap_or(default),
    };
    settings.duration = span("duration", settings.duration);
    settings.window = span("window", settings.window);
    settings.replications = table.count("replications", 1, 1_000_000).unwrap_or(10) as u32;
    settings.seed = table.count("seed", 0, i64::MAX as u64).unwrap_or(1);
    settings.warm_up = match table.get("warm_up").map(|node| &node.value) {
        None => WarmUp::Auto,
        Some(Value::Text(text)) if text == "auto" => WarmUp::Auto,
        Some(Value::Text(text)) if text == "stationary" => WarmUp::Stationary,
        Some(_) => WarmUp::For(table.duration("warm_up").unwrap_or(SimDuration::ZERO)),
    };
    table.finish();
    let windows = settings.duration.nanos() / settings.window.nanos().max(1);
    if windows > 10_000_000 {
        let message = format!("`duration` holds {windows} windows; at most 10,000,000 fit in memory");
        reader.problem(&node.span, message, Some("raise `window`".into()));
    }
    Some(settings)
}

/// Metrics that a threshold may name.
pub const METRICS: [&str; 14] = [
    "failure_ratio",
    "first_attempt_failure_ratio",
    "connection_failure_ratio",
    "request_failure_ratio",
    "occupancy.mean",
    "occupancy.p50",
    "occupancy.p95",
    "occupancy.p99",
    "occupancy.max",
    "occupancy.full_time_ratio",
    "connect_delay_s.mean",
    "connect_delay_s.p50",
    "connect_delay_s.p99",
    "connect_delay_s.max",
];

fn threshold<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Threshold> {
    let table = reader.table(node, "threshold");
    let node = table.need("expr", "\"failure_ratio < 0.001\"");
    let text = table.text("expr");
    table.finish();
    let (node, text) = (node?, text?);
    parse_threshold(text).map_err(|why| reader.problem(&node.span, why, None)).ok()
}

/// The limit, if the metric can be on either side of it: a forgotten % would pass anything.
fn within_range(metric: &str, limit: f64, in_percent: bool) -> Result<f64, String> {
    let shown = |value: f64| if in_percent { format!("{} %", value * 100.0) } else { value.to_string() };
    if metric.starts_with("connect_delay_s") {
        return match limit >= 0.0 && !in_percent {
            true => Ok(limit),
            false => Err(format!("the limit of `{metric}` is {}; write seconds, such as 5", shown(limit))),
        };
    }
    // A ratio of failures is always below 1; a row may be full.
    let (most, bound) =
        if metric.starts_with("occupancy") { (1.0, "at most") } else { (1.0 - 1e-12, "below") };
    match (0.0..=most).contains(&limit) {
        true => Ok(limit),
        false => Err(format!(
            "the limit of `{metric}` is {}; allowed is 0 or more and {bound} 1 (100 %); is a % missing?",
            shown(limit)
        )),
    }
}

/// Reads `failure_ratio < 0.1%`.
pub fn parse_threshold(text: &str) -> Result<Threshold, String> {
    let comparisons = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("<", Comparison::Below),
        (">", Comparison::Above),
    ];
    let found = comparisons.iter().find_map(|(sign, comparison)| Some((text.split_once(sign)?, *comparison)));
    let Some(((metric, limit), comparison)) = found else {
        return Err(format!("\"{text}\" is no threshold; write such as \"failure_ratio < 0.001\""));
    };
    let metric = metric.trim();
    if !METRICS.contains(&metric) {
        let near = METRICS.iter().max_by(|one, other| {
            strsim::jaro_winkler(one, metric).total_cmp(&strsim::jaro_winkler(other, metric))
        });
        let near = near.copied().unwrap_or_default();
        return Err(format!(
            "\"{metric}\" is no metric; did you mean `{near}`? there are {}",
            METRICS.join(", ")
        ));
    }
    let limit = limit.trim();
    let (digits, scale) = limit.strip_suffix('%').map_or((limit, 1.0), |digits| (digits.trim(), 0.01));
    match digits.parse::<f64>() {
        Ok(value) if value.is_finite() => {
            let limit = within_range(metric, value * scale, scale < 1.0)?;
            Ok(Threshold { expression: text.into(), metric: metric.into(), comparison, limit })
        }
        _ => Err(format!("\"{limit}\" is no number; write such as 0.001 or 0.1%")),
    }
}
