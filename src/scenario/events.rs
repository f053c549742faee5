//! `[[event]]`: what happens while the cluster runs.

use super::cluster::{MOST_NODES, max_surge, surge_of};
use super::devices;
use super::later_devices::LaterDevice;
use super::reader::{Reader, Table, positive, tables};
use super::tree::Node;
use super::units::counted;
use crate::cluster::{Change, Cluster, Event, NodePool};
use crate::flow::NodeId;
use crate::outbound::Outbound;
use crate::time::SimDuration;
use crate::workload::{Destination, Trouble, TroubleKind, Workload};
use std::ops::Range;

/// What happens, kind by kind.
const KINDS: [&str; 7] = ["scale", "upgrade", "lose", "pods", "outbound", "slow", "refuse"];

/// Pods end after this time where an event does not say: the grace that Kubernetes gives them.
pub(super) const DRAIN: SimDuration = SimDuration::from_secs(30);
/// A round of an upgrade where the event does not say.
const ROUND: SimDuration = SimDuration::from_secs(300);
/// Kubernetes gives up a node after this time.
const NOTICED_AFTER: SimDuration = SimDuration::from_secs(300);

/// Everything that happens.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Events {
    /// To the cluster, in the order of the file.
    pub cluster: Vec<Event>,
    /// To the outbound device: when, and what it is from then on; rising.
    pub devices: Vec<(SimDuration, Outbound)>,
    /// What people see of them, rising.
    pub marks: Vec<Mark>,
}

/// An event as people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When it begins.
    pub at: SimDuration,
    /// What happens.
    pub what: String,
    /// Where it stands in the scenario.
    pub span: Range<usize>,
}

impl Events {
    /// Adds what rules do. People see nodes come and go.
    pub fn extend_by_rule(&mut self, events: Vec<Event>, cluster: &Cluster) {
        for event in events {
            if let Change::Scale { pool, nodes } = event.change {
                let what = format!("{}: {}, by rule", cluster.node_pools[pool].name, counted(nodes, "node"));
                self.marks.push(Mark { at: event.at, what, span: 0..0 });
            }
            self.cluster.push(event);
        }
        self.marks.sort_by_key(|mark| mark.at);
    }

    /// Whether the system stays as it is.
    pub fn is_empty(&self) -> bool {
        self.cluster.is_empty() && self.devices.is_empty()
    }

    /// When something happens that people see, rising and each once.
    pub fn instants(&self) -> impl Iterator<Item = SimDuration> {
        let mut instants: Vec<SimDuration> = self.marks.iter().map(|mark| mark.at).collect();
        instants.dedup();
        instants.into_iter()
    }

    /// What happens at `at`.
    pub fn at(&self, at: SimDuration) -> impl Iterator<Item = &str> {
        self.marks.iter().filter(move |mark| mark.at == at).map(|mark| mark.what.as_str())
    }
}

/// What an event may refer to.
pub struct Stage<'s> {
    /// The machines.
    pub cluster: &'s Cluster,
    /// Where troubles are noted.
    pub destinations: &'s mut [Destination],
    /// Traffic; nothing for one that could not be read.
    pub workloads: &'s [Option<Workload>],
    /// The whole `[outbound]` tables from the times on at which events change them.
    pub devices: &'s [LaterDevice],
}

/// Reads all of them.
pub fn events<'a>(
    reader: &'a Reader<'a>,
    root: &Table<'a>,
    shipped: Option<&'a Node>,
    stage: Stage<'a>,
) -> Events {
    let mut events = Events::default();
    let Stage { cluster, destinations, workloads, devices } = stage;
    for (number, node) in tables(reader, root.get("event"), "event").iter().enumerate() {
        let table = reader.table(node, "event");
        let name = table.text("name");
        let at = table.need("at", "\"30m\"").and_then(|_| table.duration("at"));
        let kinds: Vec<&str> = KINDS.into_iter().filter(|kind| table.get(kind).is_some()).collect();
        let drains = kinds.iter().any(|kind| ["scale", "upgrade"].contains(kind));
        let drain = if drains { table.duration("drain") } else { None };
        table.finish();
        let ([kind], Some(at)) = (&kinds[..], at) else {
            if let ([], Some(at), Some(name)) = (&kinds[..], at, name) {
                events.marks.push(Mark { at, what: name.into(), span: node.span.clone() });
            } else if kinds.len() != 1 {
                let message =
                    format!("an event needs exactly one of {}, or a `name` alone", KINDS.join(", "));
                reader.problem(&node.span, message, Some("write one `[[event]]` for each".into()));
            }
            continue;
        };
        let Some(inner) = node.get(kind) else { continue };
        let inner = reader.table(inner, kind);
        let what = match *kind {
            "outbound" => {
                if inner.all().is_empty() {
                    let help = "write the keys of `[outbound]` that change, such as `public_ips = 2`";
                    inner.wrong(&inner.span, "`outbound` changes nothing".into(), Some(help.into()));
                }
                let later = devices.iter().find(|later| later.event == number);
                let read = later.and_then(|later| devices::outbound(reader, &later.node, shipped, cluster));
                events.devices.extend(read.map(|device| (at, device)));
                Some((said(&inner), None))
            }
            "slow" | "refuse" => trouble(&inner, kind, at, destinations),
            _ => change(&inner, kind, cluster, workloads).map(|(change, what)| {
                let event = Event { at, change, drain: drain.unwrap_or(DRAIN) };
                let over = over(&event, cluster, &events.cluster);
                check_one_upgrade(reader, node, (&event, over), cluster, &events.cluster);
                events.cluster.push(event);
                (what, over)
            }),
        };
        // What could not be read did not ask for all of its keys.
        if let Some((what, over)) = what {
            inner.finish();
            let what = name.map_or(what, str::to_string);
            let mark = |at, what| Mark { at, what, span: node.span.clone() };
            events.marks.extend(over.map(|over| mark(over, format!("over: {what}"))));
            events.marks.push(mark(at, what));
        }
    }
    events.devices.sort_by_key(|(at, _)| *at);
    events.marks.sort_by_key(|mark| mark.at);
    events
}

/// When an event is over, where people would ask: the end of an upgrade, and lost nodes that are back.
fn over(event: &Event, cluster: &Cluster, earlier: &[Event]) -> Option<SimDuration> {
    match &event.change {
        Change::Upgrade { pool, surge, round } => {
            let scaled =
                earlier.iter().filter(|each| each.at <= event.at).filter_map(|each| match each.change {
                    Change::Scale { pool: scaled, nodes } if scaled == *pool => Some((each.at, nodes)),
                    _ => None,
                });
            let nodes =
                scaled.max_by_key(|(at, _)| *at).map_or(cluster.node_pools[*pool].nodes, |(_, nodes)| nodes);
            let round = (*round).max(event.drain).nanos();
            let rounds = SimDuration::from_nanos(round.saturating_mul(u64::from(nodes.div_ceil(*surge))));
            Some(event.at.plus(rounds).plus(event.drain))
        }
        Change::Lose { back_after, .. } => back_after.map(|after| event.at.plus(after)),
        Change::Scale { .. } | Change::Pods { .. } => None,
    }
}

/// A node pool is upgraded once at a time.
fn check_one_upgrade(
    reader: &Reader<'_>,
    node: &Node,
    (event, end): (&Event, Option<SimDuration>),
    cluster: &Cluster,
    earlier: &[Event],
) {
    let Change::Upgrade { pool, .. } = event.change else { return };
    let meets = |other: &&Event| {
        let same = matches!(other.change, Change::Upgrade { pool: others, .. } if others == pool);
        same && over(other, cluster, earlier).is_none_or(|other_end| event.at < other_end)
            && end.is_none_or(|end| other.at < end)
    };
    if let Some(other) = earlier.iter().find(meets) {
        let name = &cluster.node_pools[pool].name;
        let message = format!("the upgrade of {name} that begins at {} is not over by then", other.at);
        reader.problem(&node.span, message, Some("write a later `at`, or a shorter `round`".into()));
    }
}

/// The keys that an event sets, as text.
fn said(keys: &Table<'_>) -> String {
    let shown = keys.all().iter().map(|entry| {
        let value = entry.node.to_json();
        format!("{} = {}", entry.key, value.as_str().map_or_else(|| value.to_string(), str::to_string))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn change(
    table: &Table<'_>,
    kind: &str,
    cluster: &Cluster,
    workloads: &[Option<Workload>],
) -> Option<(Change, String)> {
    match kind {
        "scale" => {
            let (number, pool) = pool(table, cluster)?;
            table.need("nodes", "52")?;
            let nodes = table.count("nodes", 1, MOST_NODES)? as u32;
            if nodes < pool.nodes {
                check_nothing_recorded(table, workloads);
            }
            Some((
                Change::Scale { pool: number, nodes },
                format!("{}: {}", pool.name, counted(nodes, "node")),
            ))
        }
        "upgrade" => {
            check_nothing_recorded(table, workloads);
            let (number, pool) = pool(table, cluster)?;
            let said = table.get("surge");
            if max_surge(table.reader, "surge", said, pool.nodes, pool.max_surge) == 0 {
                let help = Some("write `surge = 1` or more in the event".to_string());
                table.wrong(&table.span, "an upgrade needs at least one extra node".into(), help);
                return None;
            }
            let round = table.get("round").and_then(|node| positive(table.reader, "round", node));
            let surge = surge_of(pool, said, pool.nodes);
            let what = format!("upgrade of {} with {surge} extra", pool.name);
            Some((Change::Upgrade { pool: number, surge, round: round.unwrap_or(ROUND) }, what))
        }
        "lose" => {
            check_nothing_recorded(table, workloads);
            lose(table, cluster)
        }
        _ => {
            let number = workload(table, workloads)?;
            table.need("pods", "60")?;
            let pods = table.count("pods", 1, 1_000_000)? as u32;
            let workload = workloads[number].as_ref()?;
            if workload.one_a_node || workload.arrivals.is_recorded() {
                let message = format!(
                    "the pods of \"{}\" are not counted: it has one on each node, or is recorded",
                    workload.name
                );
                table.wrong(&table.span, message, None);
                return None;
            }
            Some((
                Change::Pods { workload: number, pods },
                format!("{}: {}", workload.name, counted(pods, "pod")),
            ))
        }
    }
}

/// Recorded flows stay on their nodes, so these must stay too.
fn check_nothing_recorded(table: &Table<'_>, workloads: &[Option<Workload>]) {
    let recorded = |workload: &&Workload| workload.arrivals.is_recorded();
    if let Some(workload) = workloads.iter().flatten().find(recorded) {
        let message = format!("the flows of \"{}\" are recorded on nodes that would go", workload.name);
        table.wrong(&table.span, message, Some("remove the event, or write other `arrivals`".into()));
    }
}

fn lose(table: &Table<'_>, cluster: &Cluster) -> Option<(Change, String)> {
    let noticed_after = table.duration("noticed_after").unwrap_or(NOTICED_AFTER);
    let back_after = table.duration("back_after");
    let pools: Vec<&NodePool> = match table.get("node_pool") {
        Some(_) => vec![pool(table, cluster)?.1],
        None => cluster.node_pools.iter().collect(),
    };
    let nodes = |pool: &&NodePool| pool.ids().collect::<Vec<NodeId>>();
    let (of, most, what) = match table.get("zone") {
        Some(node) => {
            let zone = table.count("zone", 1, 3)? as u32;
            let zoned = pools.iter().filter(|pool| pool.zones >= zone);
            let of_zone = |pool: &&NodePool| {
                let (zones, first) = (pool.zones, pool.first.0);
                nodes(pool)
                    .into_iter()
                    .filter(|node| (node.0 - first) % zones == zone - 1)
                    .collect::<Vec<_>>()
            };
            let of: Vec<NodeId> = zoned.flat_map(of_zone).collect();
            if of.is_empty() {
                let help = Some("write `zones = 3` in `[[node_pool]]`".to_string());
                table.wrong(&node.span, format!("no node is in zone {zone}"), help);
                return None;
            }
            let most = of.len();
            (of, most, format!("zone {zone} lost"))
        }
        None => {
            table.need("nodes", "4")?;
            let of: Vec<NodeId> = pools.iter().flat_map(nodes).collect();
            let most = table.count("nodes", 1, of.len() as u64)?;
            (of, most as usize, format!("{} lost", counted(most as u32, "node")))
        }
    };
    Some((Change::Lose { of, most, noticed_after, back_after }, what))
}

/// The node pool that is named; the only one where none is.
fn pool<'c>(table: &Table<'_>, cluster: &'c Cluster) -> Option<(usize, &'c NodePool)> {
    let pools = &cluster.node_pools;
    if table.get("node_pool").is_none() && pools.len() > 1 {
        table.need("node_pool", &format!("\"{}\"", pools[0].name));
        return None;
    }
    let number = match table.get("node_pool") {
        Some(_) => table.named("node_pool", "node pool", pools.iter().map(|pool| pool.name.as_str()))?,
        None => 0,
    };
    Some((number, &pools[number]))
}

/// The workload that is named; the only one where none is.
fn workload(table: &Table<'_>, workloads: &[Option<Workload>]) -> Option<usize> {
    if table.get("workload").is_none() {
        if workloads.len() > 1 {
            table.need("workload", "\"checkout\"");
            return None;
        }
        return Some(0);
    }
    fn name(workload: &Option<Workload>) -> &str {
        workload.as_ref().map_or("", |workload| workload.name.as_str())
    }
    if workloads.iter().all(Option::is_some) {
        return table.named("workload", "workload", workloads.iter().map(name));
    }
    // A workload that could not be read has its own problem.
    let said = table.text("workload")?;
    workloads.iter().position(|workload| name(workload) == said)
}

/// A destination is slow, or refuses, for a while.
fn trouble(
    table: &Table<'_>,
    kind: &str,
    at: SimDuration,
    destinations: &mut [Destination],
) -> Option<(String, Option<SimDuration>)> {
    let lasts = table.need("lasts", "\"10m\"").and_then(|node| positive(table.reader, "lasts", node));
    let kind = match kind {
        "slow" => {
            table.need("factor", "5").and_then(|_| table.number("factor", 1e-3, 1e6)).map(TroubleKind::Slow)
        }
        _ => Some(TroubleKind::Refuses(match table.get("share") {
            Some(_) => table.number("share", 0.0, 1.0)?,
            None => 1.0,
        })),
    };
    let names = destinations.iter().map(|each| each.name.as_str());
    let meant = match table.get("destination") {
        Some(_) => {
            let number = table.named("destination", "destination", names)?;
            number..number + 1
        }
        None => 0..destinations.len(),
    };
    let trouble = Trouble { from: at, until: at.plus(lasts?), kind: kind? };
    destinations[meant.clone()].iter_mut().for_each(|destination| destination.troubles.push(trouble));
    let name = match table.get("destination") {
        Some(_) => destinations[meant.start].name.as_str(),
        None => "every destination",
    };
    let what = match trouble.kind {
        TroubleKind::Slow(factor) => format!("{name} takes {factor} times as long"),
        TroubleKind::Refuses(share) => format!("{name} refuses {} %", 100.0 * share),
    };
    Some((what, Some(trouble.until)))
}
