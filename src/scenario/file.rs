//! From text to a checked scenario.

use super::autoscale::events_by_rule;
use super::cluster::cluster;
use super::destinations::destinations;
use super::events::{DRAIN, Events, Stage, events};
use super::judged::{Judged, judge};
use super::later_devices::{LaterDevice, later_devices};
use super::node_stage::{self, node_stage};
use super::overrides::Override;
use super::pod::POD;
use super::reader::{Origin, Reader, tables};
use super::relay::relays;
use super::run::run_settings;
use super::surroundings::Surroundings;
use super::thresholds::threshold;
use super::traffic::workload;
use super::tree::{Node, Value, parse};
use super::ways_out::{self, NamedWay, ways_out};
use super::{Scenario, devices, load_factor, packets, presets, probes, ranges, shipped};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::import::Trace;
use crate::outbound::masquerade::NodeStage;
use crate::outbound::{Outbound, Refusal, Timers};
use crate::snat::Rules;
use crate::time::SimDuration;
use std::io::Read;
use std::path::Path;

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
    check(Origin { file, text, flags: "--set", trace: None }, tree)?.accepted()
}

/// The same, whatever the platform would refuse of it; to be judged, not to be simulated.
///
/// Whatever is outside of a model's range is refused, and the model's value stands in its place: what else is refused then says
/// nothing where it depends on that.
pub fn read_judged(file: &str, text: &str, overrides: &[Override]) -> Result<Judged, Error> {
    let mut tree = parse(file, text)?;
    super::overrides::apply(&mut tree, overrides)?;
    let origin = Origin { file, text, flags: "--set", trace: None };
    let outside = ranges::outside(&tree);
    for found in &outside {
        if let Some(outbound) = tree.entry_if_there("outbound") {
            outbound.remove(&[found.key.as_str()]);
        }
    }
    let mut judged = check(origin, tree)?;
    if outside.iter().any(|found| DECISIVE.contains(&found.key.as_str())) {
        judged.refused.clear();
    }
    let refused = outside.iter().map(|found| {
        let refusal = found.refusal();
        let told = format!("{} ({})", refusal.message, refusal.code);
        let problem = origin.problem(&found.span(), told, Some(refusal.help.clone()));
        (refusal, problem)
    });
    judged.refused = refused.chain(judged.refused).collect();
    for found in outside {
        judged.scenario.resolved["outbound"][found.key.as_str()] = found.node.to_json();
        judged.outside.push(found.key);
    }
    Ok(judged)
}

/// Settings on which it depends what else is refused.
const DECISIVE: [&str; 2] = ["public_ips", "ports_per_node"];

/// The same with a trace that was read already.
pub fn read_recorded(
    file: &str,
    text: &str,
    overrides: &[Override],
    trace: &Trace,
) -> Result<Scenario, Error> {
    let mut tree = parse(file, text)?;
    super::overrides::apply(&mut tree, overrides)?;
    check(Origin { file, text, flags: "--set", trace: Some(trace) }, tree)?.accepted()
}

/// Checks a tree whose keys are all set.
pub(super) fn check(origin: Origin<'_>, mut tree: Node) -> Result<Judged, Error> {
    presets::lay_under(&mut tree);
    let own = tree.get("outbound").cloned();
    let shipped = own.as_ref().and_then(shipped::model_of);
    let later = later_devices(&tree);
    let reader = Reader::new(origin);
    let scenario = scenario(&reader, &tree, own.as_ref(), shipped.as_ref(), &later);
    let resolved = resolve(&tree, shipped.as_ref());
    reader.finish()?;
    let (scenario, refusals) =
        scenario.ok_or_else(|| Error::Defect("a scenario without a problem could not be built".into()))?;
    judge(origin, &tree, Scenario { resolved, ..scenario }, refusals)
}

/// The file with the figures of the shipped models under it.
fn resolve(tree: &Node, shipped: Option<&Node>) -> serde_json::Value {
    let mut resolved = tree.to_json();
    if let Some(outbound) = resolved.get_mut("outbound") {
        lay_figures_under(outbound, shipped);
    }
    if let (Some(Value::List(tables)), Some(ways)) = (
        tree.get("way_out").map(|node| &node.value),
        resolved.get_mut("way_out").and_then(|ways| ways.as_array_mut()),
    ) {
        let models = tables.iter().map(shipped::model_of);
        ways.iter_mut().zip(models).for_each(|(way, model)| lay_figures_under(way, model.as_ref()));
    }
    if resolved["cluster"]["network_plugin"].is_string() {
        pods_and_nodes_agree(&mut resolved["cluster"]);
    }
    let stage = resolved["cluster"]["network_plugin"].as_str().and_then(node_stage::of_plugin);
    if let (Some(stage), Some(cluster)) = (stage, resolved.get_mut("cluster")) {
        let own = cluster.as_object_mut().map(|cluster| cluster.entry("node_stage"));
        if let Some(own) = own {
            lay_figures_under(own.or_insert_with(|| serde_json::json!({})), stage.tree().ok().as_ref());
        }
        cluster["node_stage"]["local_ports"] = cluster["local_ports"].clone();
    }
    resolved
}

/// Pods and the stage on their nodes have one range of local ports: as one of them says, or as shipped.
fn pods_and_nodes_agree(cluster: &mut serde_json::Value) {
    if let (true, range @ serde_json::Value::Array(_)) =
        (cluster["local_ports"].is_null(), cluster["node_stage"]["local_ports"].clone())
    {
        cluster["local_ports"] = range;
    }
    lay_figures_under(cluster, POD.tree().ok().as_ref());
}

/// The figures of a model for every key that a table lacks.
fn lay_figures_under(table: &mut serde_json::Value, model: Option<&Node>) {
    let Some(mut figures) = model.map(Node::to_json) else { return };
    if let (Some(table), Some(figures)) = (table.as_object_mut(), figures.as_object_mut()) {
        figures.retain(|key, _| !["title", "source", "assumption", "range"].contains(&key.as_str()));
        lay_under(table, figures);
    }
}

type Map = serde_json::Map<String, serde_json::Value>;

/// A table within, such as `hold_down`, may hold some of its keys only; one that has none of them is something else, such as a law.
fn lay_under(table: &mut Map, figures: &Map) {
    for (key, value) in figures {
        match (table.get_mut(key).map(|own| own.as_object_mut()), value.as_object()) {
            (None, _) => {
                table.insert(key.clone(), value.clone());
            }
            (Some(Some(own)), Some(figures)) if own.keys().any(|key| figures.contains_key(key)) => {
                lay_under(own, figures);
            }
            _ => {}
        }
    }
}

/// The scenario, and why the platform would refuse its cluster.
fn scenario<'a>(
    reader: &'a Reader<'a>,
    tree: &'a Node,
    own: Option<&'a Node>,
    shipped: Option<&'a Node>,
    later: &'a [LaterDevice],
) -> Option<(Scenario, Vec<Refusal>)> {
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
    let ways_out = ways_out(reader, &root, &cluster, &destinations);
    let devices = outbound.iter().chain(ways_out.iter().map(|way| &way.device));
    let upstream = match &outbound {
        Some(_) => devices.map(|device| device.upstream().cloned()).collect(),
        None => vec![None; ways_out.len() + 1],
    };
    let pods = vec![0; cluster.nodes() as usize];
    let (relays_so_far, ways) = (Vec::new(), &ways_out[..]);
    let declared_ways = ways_out::declared(reader, &root);
    let mut around = Surroundings {
        cluster: &cluster,
        destinations,
        pods,
        relays: relays_so_far,
        upstream,
        ways_out: ways,
        declared_ways,
    };
    relays(reader, &root, &mut around);
    let workloads = tables(reader, root.get("workload"), "workload");
    if workloads.is_empty() {
        let help = Some("write `[[workload]]` with `arrivals` and `lifetime`".to_string());
        reader.problem(&(0..0), "the scenario lacks `[[workload]]`".into(), help);
    }
    let mut read_workloads: Vec<_> = workloads
        .iter()
        .enumerate()
        .map(|(number, node)| workload(reader, node, number, &mut around))
        .collect();
    let Surroundings { mut destinations, pods, .. } = around;
    let stage = Stage {
        cluster: &cluster,
        destinations: &mut destinations,
        workloads: &read_workloads,
        devices: if outbound.is_some() { later } else { &[] },
    };
    let mut events = events(reader, &root, shipped, stage);
    let refusals = cluster.network.as_ref().map_or(Vec::new(), |network| network.refusals(&cluster, &pods));
    let node_stage = node_stage(reader, root.get("cluster"), cluster.network.as_ref());
    let run = run_settings(reader, root.get("run"));
    let factor = run.as_ref().map_or(1.0, |run| run.load_factor);
    load_factor::apply(reader, root.get("run"), factor, &mut read_workloads);
    let end = run.as_ref().map_or(SimDuration::ZERO, |run| run.duration);
    let by_rule = events_by_rule(reader, tree, &cluster, &read_workloads, &events.cluster, (DRAIN, end));
    events.extend_by_rule(by_rule, &cluster);
    let thresholds = tables(reader, root.get("threshold"), "threshold");
    let thresholds = thresholds.iter().filter_map(|node| threshold(reader, node)).collect();
    let probes = tables(reader, root.get("probe"), "probe");
    let probes = probes::probes(reader, probes, run.as_ref().map(|run| run.duration));
    root.finish();
    if let Some(outbound) = &outbound {
        let rules = |device: &Outbound| rules_of(device, node_stage.as_ref(), &cluster);
        check_ports_per_flow(reader, own.and_then(|own| own.get("ports_per_flow")), &rules(outbound));
        for (table, way) in tables(reader, tree.get("way_out"), "way_out").iter().zip(&ways_out) {
            check_ports_per_flow(reader, table.get("ports_per_flow"), &rules(&way.device));
        }
        check_single_ports(
            reader,
            own.into_iter().chain(tables(reader, tree.get("way_out"), "way_out")).chain(workloads),
            &events,
        );
        for (node, workload) in workloads.iter().zip(&read_workloads) {
            let way_out = workload.as_ref().map_or(0, |workload| workload.way_out);
            let way = way_out.checked_sub(1).map(|number| &ways_out[number]);
            let device = way.map_or(outbound, |way| &way.device);
            check_ports_per_flow(reader, node.get("ports_per_flow"), &rules(device));
            check_abandoned(reader, node, device.timers(), way);
            packets::check(reader, node, workload.as_ref(), &destinations, device.timers());
        }
    }
    let workloads = read_workloads.into_iter().collect::<Option<Vec<_>>>()?;
    let scenario = Scenario {
        title,
        outbound: outbound?,
        ways_out,
        node_stage,
        cluster,
        destinations,
        workloads,
        run: run?,
        thresholds,
        probes,
        events,
        resolved: serde_json::Value::Null,
    };
    Some((scenario, refusals))
}

/// Several ports at once are a matter of counts: a search that may give up before it has them all has no rule for it.
fn check_ports_per_flow(reader: &Reader<'_>, said: Option<&Node>, stages: &[Rules]) {
    if stages.iter().all(|rules| rules.search.is_full() && !rules.name_ports()) {
        return;
    }
    if let Some(node) = said.filter(|node| node.value != Value::Integer(1)) {
        let message = "`ports_per_flow` above 1 is not for a `search` that may give up".to_string();
        let help = "write `search = \"lowest\"`, \"random\" or \"round-robin\", for nodes in `node_stage`"
            .to_string();
        reader.problem(&node.span, message, Some(help));
    }
}

/// How the stages before a device and the device itself find ports.
fn rules_of(device: &Outbound, node_stage: Option<&NodeStage>, cluster: &Cluster) -> Vec<Rules> {
    let of_device = device.egress(cluster).ok().map(|egress| egress.rules);
    node_stage.map(|stage| stage.settings.rules.clone()).into_iter().chain(of_device).collect()
}

/// Where the cluster changes ports are told apart, and a flow takes one.
fn check_single_ports<'n>(reader: &Reader<'_>, tables: impl Iterator<Item = &'n Node>, events: &Events) {
    let said = tables.filter_map(|table| table.get("ports_per_flow"));
    for node in said.filter(|node| node.value != Value::Integer(1) && !events.is_empty()) {
        let message = "`ports_per_flow` above 1 is not for a cluster that changes".to_string();
        reader.problem(&node.span, message, Some("remove it, or the `[[event]]`".into()));
    }
}

/// An abandoned flow without an idle timeout would hold its port for ever.
fn check_abandoned(reader: &Reader<'_>, workload: &Node, timers: &Timers, way: Option<&NamedWay>) {
    if timers.idle_timeout.is_some() {
        return;
    }
    let abandoned = workload.get("ends").and_then(|ends| ends.get("abandoned"));
    for share in
        abandoned.into_iter().filter(|share| !matches!(share.value, Value::Integer(0) | Value::Float(0.0)))
    {
        let message = "`ends.abandoned` needs an idle timeout, or its ports never come free".to_string();
        let table = way.map_or("`[outbound]`".into(), |way| format!("the way out \"{}\"", way.name));
        let help = Some(format!("write `idle_timeout = \"4m\"` in {table}"));
        reader.problem(&share.span, message, help);
    }
}
