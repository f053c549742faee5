//! `autoscale` of node pools and workloads: events by rule.

use super::cluster::{Autoscale, autoscale};
use super::reader::{Reader, tables};
use super::tree::Node;
use crate::cluster::{Change, Cluster, Event, NodeRule, PodRule, by_rule};
use crate::time::SimDuration;
use crate::workload::Workload;

/// How often the horizontal pod autoscaler looks, where the rule does not say.
const EVERY: SimDuration = SimDuration::from_secs(15);
/// A rule does not look more often than this.
const OFTENEST: SimDuration = SimDuration::from_secs(1);
/// Most looks of a rule in a run: all of them are taken before it begins.
const MOST_LOOKS: u64 = 10_000_000;
/// A new pod takes this long where the rule does not say.
const POD_TAKES: SimDuration = SimDuration::from_secs(30);
/// The horizontal pod autoscaler's default before pods go.
const POD_CALM: SimDuration = SimDuration::from_secs(300);

/// What the rules of a scenario do up to `end`, beside its own events.
pub fn events_by_rule<'a>(
    reader: &'a Reader<'a>,
    tree: &'a Node,
    cluster: &Cluster,
    workloads: &[Option<Workload>],
    own: &[Event],
    (drain, end): (SimDuration, SimDuration),
) -> Vec<Event> {
    let tables_of = |name: &'static str| tables(reader, tree.get(name), name);
    let node_rules = tables_of("node_pool").iter().zip(0..).filter_map(|(node, pool)| {
        let rule = node.get("autoscale").and_then(|node| autoscale(reader, node))?;
        node_rule(pool, &rule, cluster)
    });
    let node_rules: Vec<NodeRule> = node_rules.collect();
    let pod_rules =
        tables_of("workload").iter().zip(workloads).zip(0..).filter_map(|((node, workload), number)| {
            pod_rule(reader, node.get("autoscale")?, number, workload.as_ref()?, (cluster, end))
        });
    let pod_rules: Vec<PodRule> = pod_rules.collect();
    check_alone(reader, tree, &pod_rules, &node_rules, own);
    let rate = |number: usize, at: SimDuration| {
        workloads[number].as_ref().and_then(|workload| workload.arrivals.rate_at(at)).unwrap_or(0.0)
    };
    by_rule(&pod_rules, &node_rules, rate, drain, end)
}

fn node_rule(pool: usize, rule: &Autoscale, cluster: &Cluster) -> Option<NodeRule> {
    let Autoscale { least, most, pods_per_node, takes, calm } = *rule;
    let first = cluster.node_pools[pool].nodes;
    Some(NodeRule { pool, first, pods_per_node: pods_per_node?, least, most, takes, calm })
}

/// `autoscale = { rate_per_pod = "2 per s", max = 200 }` of a workload.
fn pod_rule<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    number: usize,
    workload: &Workload,
    (cluster, end): (&Cluster, SimDuration),
) -> Option<PodRule> {
    let table = reader.table(node, "autoscale");
    let rate_per_pod = table.rate("rate_per_pod");
    table.need("max", "200");
    let (least, most) = (table.count("min", 1, 1_000_000), table.count("max", 1, 1_000_000));
    let every = table.get("every").and_then(|_| table.duration("every")).unwrap_or(EVERY);
    let (takes, calm) = (table.duration("takes"), table.duration("calm"));
    table.finish();
    let first = workload.pods.len() as u32;
    let (least, most) = (least.unwrap_or(1) as u32, most? as u32);
    let refuse = |message: String, help: &str| {
        reader.problem(&node.span, message, Some(help.to_string()));
        None
    };
    if every < OFTENEST {
        return refuse(format!("`every` is {every}"), "write at least \"1s\"");
    }
    let looks = end.nanos() / every.nanos();
    if looks > MOST_LOOKS {
        let message = format!("a look `every` {every} makes {looks} in {end}; allowed are {MOST_LOOKS}");
        return refuse(message, "look less often, or shorten `duration`");
    }
    if least > most {
        return refuse(format!("`min` is {least} and `max` {most}"), "write a `min` of at most `max`");
    }
    if workload.arrivals.rate_at(SimDuration::ZERO).is_none() || workload.one_a_node {
        let message =
            format!("\"{}\" has no rate that is known beforehand, or a pod on each node", workload.name);
        return refuse(message, "write `[[event]]` with `pods`, or other `arrivals`");
    }
    if !(least..=most).contains(&first) {
        return refuse(
            format!("`pods` is {first}, not within {least} to {most}"),
            "write `pods` within `min` and `max`",
        );
    }
    let pool = cluster.node_pools.iter().position(|pool| pool.has(workload.pods[0]))?;
    Some(PodRule {
        workload: number,
        pool,
        first,
        rate_per_pod: rate_per_pod?,
        least,
        most,
        every,
        takes: takes.unwrap_or(POD_TAKES),
        calm: calm.unwrap_or(POD_CALM),
    })
}

/// A rule and an event would each undo what the other did.
fn check_alone(reader: &Reader<'_>, tree: &Node, pods: &[PodRule], nodes: &[NodeRule], own: &[Event]) {
    let ruled = |change: &Change| match change {
        Change::Scale { pool, .. } | Change::Upgrade { pool, .. } => {
            nodes.iter().any(|rule| rule.pool == *pool)
        }
        Change::Pods { workload, .. } => pods.iter().any(|rule| rule.workload == *workload),
        Change::Lose { .. } => false,
    };
    if own.iter().any(|event| ruled(&event.change)) {
        let span = tree.get("event").map_or(0..0, |node| node.span.clone());
        let message = "an event scales what `autoscale` scales by rule".to_string();
        reader.problem(&span, message, Some("remove the event, or the rule".into()));
    }
    let follows_a_rule = |workload: &Node| workload.get("autoscale").is_some();
    let nobody_scales = !tables(reader, tree.get("workload"), "workload").iter().any(follows_a_rule);
    if let (Some(rule), true) = (nodes.first(), nobody_scales) {
        let node = tables(reader, tree.get("node_pool"), "node_pool")
            .get(rule.pool)
            .and_then(|node| node.get("autoscale"));
        let span = node.map_or(0..0, |node| node.span.clone());
        let message =
            "`pods_per_node` scales nodes with their pods, and no workload has `autoscale`".to_string();
        let help = "write `autoscale = { rate_per_pod = \"2 per s\", max = 200 }` in a `[[workload]]`";
        reader.problem(&span, message, Some(help.into()));
    }
}
