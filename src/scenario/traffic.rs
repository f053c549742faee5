//! The `[[workload]]` tables.

use super::client_pool::client_pool;
use super::laws::law;
use super::placement::{Place, node_pool, placed};
use super::presets;
use super::reader::{Reader, Table, did_you_mean, positive};
use super::relay::{Relay, via};
use super::retry::retry;
use super::surroundings::Surroundings;
use super::syn::syn;
use super::trace;
use super::tree::Node;
use super::ways_out::way_of;
use crate::flow::{DestinationId, EndKind, NodeId, Protocol};
use crate::workload::arrivals::RECORDED_LIFETIME;
use crate::workload::{Arrivals, ClientPool, Destination, Ends, Law, Reach, SynSchedule, Workload};
use std::collections::HashMap;

const MOST_DESTINATIONS: u64 = 1_000_000;
/// More ports than a flow could want.
pub(super) const MOST_PORTS_PER_FLOW: u64 = 65_536;

/// Reads one workload.
pub fn workload<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    number: usize,
    around: &mut Surroundings<'_>,
) -> Option<Workload> {
    let table = reader.table(node, "workload");
    let name = table.text("name").map_or_else(|| format!("workload-{}", number + 1), str::to_string);
    presets::check(&table);
    let pool = node_pool(&table, around.cluster);
    let placed = pool.and_then(|pool| placed(&table, around.cluster, pool));
    let arriving = table.need("arrivals", "{ poisson = { rate = \"40 per s\" } }");
    let recorded = arriving.is_some_and(|node| node.get("trace").is_some());
    placed.iter().filter(|_| !recorded).for_each(|placed| around.note_pods(placed));
    let arrivals = match arriving {
        Some(node) => {
            let pods = placed.as_ref().map_or(1, |placed| placed.nodes.len() as u64);
            super::arrivals::arrivals(reader, node, around, pool, pods)
        }
        None => None,
    };
    let arrivals = match table.get("cache_hit_ratio") {
        None => arrivals,
        Some(_) => presets::missed(&table, arrivals),
    };
    let arrivals = match table.get("rate_over_time") {
        None => arrivals,
        Some(node) => {
            let by = super::varying::scaled(reader, node, arrivals.as_ref());
            arrivals.zip(by).map(|(of, by)| Arrivals::Scaled { of: Box::new(of), by })
        }
    };
    table.get("autoscale");
    let relay = via(&table, &around.relays);
    let one_a_node = match relay {
        Some(relay) => relay.on == Place::Host,
        None => placed.as_ref().is_some_and(|placed| placed.on == Place::Host),
    };
    let pods = match (recorded, pool, relay) {
        (true, Some(pool), _) => Some((0..pool.nodes).map(|node| NodeId(pool.first.0 + node)).collect()),
        (_, _, Some(relay)) => Some(relay.pods.clone()),
        _ => placed.map(|placed| placed.nodes),
    };
    let packets = super::packets::packets(reader, &table);
    let keepalive = packets.as_ref().and_then(|packets| packets.keepalive);
    let own_pool = table.get("client_pool").and_then(|node| client_pool(reader, node, keepalive));
    let way_out = way_of(&table, around);
    let upstream = around.upstream[way_out].clone();
    let all_proxied = way_out.checked_sub(1).is_none_or(|way| around.ways_out[way].not_for.is_empty());
    check_upstream(&table, upstream.as_ref().filter(|_| all_proxied), relay);
    let client_pool = relay.map_or(own_pool, |relay| relay.client_pool.clone());
    let pooled = client_pool.is_some() || upstream.is_some();
    // A client pool closes its connections itself: what they send matters only while they are idle.
    let packets = packets.filter(|_| !pooled);
    let lifetime = match (recorded, &packets) {
        (true, _) => Some(RECORDED_LIFETIME),
        (_, Some(_)) if table.get("lifetime").is_none() => Some(super::packets::NEVER_CLOSED),
        _ => lifetime(reader, &table),
    };
    let destinations = match &arrivals {
        Some(Arrivals::Trace(recorded)) => Some(trace::destinations_of(&recorded.flows)),
        _ if recorded => None,
        _ => destinations(reader, &table, around),
    };
    let connect_timeout = table.duration("connect_timeout");
    let request_timeout = table.get("request_timeout").map(|node| positive(reader, "request_timeout", node));
    let limit = connect_timeout.into_iter().chain(request_timeout.flatten()).min();
    let syn = syn(reader, &table, limit).map(|syn| match only_udp(destinations.as_deref(), around) {
        true => SynSchedule::NONE,
        false => syn,
    });
    let ends = ends(reader, &table);
    let ports_per_flow = table.count("ports_per_flow", 1, MOST_PORTS_PER_FLOW).map(|ports| ports as u32);
    let retry = table.get("retry").map(|node| retry(reader, node));
    let only_here = table.get("packets").filter(|_| pooled).or(table.get("keepalive").filter(|_| recorded));
    if let Some(node) = only_here.or(table.get("packets").filter(|_| recorded)) {
        let message = "`packets` is for neither a `client_pool` nor a trace, `keepalive` not for a trace";
        table.wrong(&node.span, message.into(), None);
    }
    if packets.is_some() && arrivals.as_ref().is_some_and(Arrivals::is_closed_loop) {
        let message =
            "`packets` and `keepalive` are not for `arrivals.closed`: its clients know when they close";
        table.wrong(&table.span, message.into(), None);
    }
    if let (Some(node), Some(_)) = (table.get("request_timeout"), &packets) {
        let message = "`request_timeout` is for requests that are answered; with `packets` or `keepalive` a flow has none";
        let help = Some("remove it, or give the workload a `client_pool`".into());
        table.wrong(&node.span, message.into(), help);
    }
    check_client_pool(&table, pooled, arrivals.as_ref(), ends.as_ref());
    table.finish();
    Some(Workload {
        name,
        arrivals: arrivals?,
        lifetime: lifetime?,
        packets,
        ends: ends?,
        syn: syn?,
        connect_timeout,
        request_timeout: request_timeout.map_or(Some(None), |read| read.map(Some))?,
        client_pool,
        upstream,
        retry: retry.map_or(Some(None), |read| read.map(Some))?,
        way_out,
        ports_per_flow,
        pods: pods?,
        one_a_node,
        destinations: destinations?,
    })
}

/// Who keeps the connections that need ports: a client pool of pods that reach nothing directly keeps none of them.
fn check_upstream(table: &Table<'_>, upstream: Option<&ClientPool>, relay: Option<&Relay>) {
    let own = table
        .get("client_pool")
        .or(table.get("via").filter(|_| relay.is_some_and(|it| it.client_pool.is_some())));
    if let (Some(node), Some(_)) = (own, upstream) {
        let message = "connections towards a proxy with `upstream` need no SNAT port".to_string();
        let help =
            Some("remove the client pool here, or `upstream` there where connections are tunnelled".into());
        table.wrong(&node.span, message, help);
    }
}

/// UDP has no SYN: what is sent again, if anything, is another request.
fn only_udp(destinations: Option<&[(DestinationId, f64)]>, around: &Surroundings<'_>) -> bool {
    let is_udp = |(id, _): &(DestinationId, f64)| around.destinations[id.index()].protocol == Protocol::Udp;
    destinations.is_some_and(|destinations| destinations.iter().all(is_udp))
}

fn check_client_pool(table: &Table<'_>, pooled: bool, arrivals: Option<&Arrivals>, ends: Option<&Ends>) {
    if !pooled {
        return;
    }
    if arrivals.is_some_and(Arrivals::couples_batches) {
        let help = Some("write `accept = \"partial\"`".to_string());
        table.wrong(&table.span, "`client_pool` takes no batch with `accept = \"whole\"`".into(), help);
    }
    let unusual = [EndKind::Abandoned, EndKind::HalfOpen, EndKind::Refused];
    if ends.is_some_and(|ends| unusual.iter().any(|end| ends.share(*end) > 0.0)) {
        let message = "with `client_pool`, connections end by `fin` or `rst` only".to_string();
        table.wrong(&table.span, message, Some("remove abandoned, half_open and refused from `ends`".into()));
    }
}

fn lifetime<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Law> {
    table
        .need("lifetime", "{ exponential = { mean = \"240s\" } }")
        .and_then(|node| law(reader, "lifetime", node))
}

fn destinations<'a>(
    reader: &'a Reader<'a>,
    table: &Table<'a>,
    around: &mut Surroundings<'_>,
) -> Option<Vec<(DestinationId, f64)>> {
    let (given, mix) = (table.get("destinations"), table.get("destination_mix"));
    match (given, mix) {
        (Some(_), Some(mix)) => {
            reader.problem(
                &mix.span,
                "write either `destinations` or `destination_mix`, not both".into(),
                None,
            );
            None
        }
        (Some(node), None) => weights(reader, node, around),
        (None, Some(node)) => zipf(reader, node, around),
        (None, None) if around.destinations.len() == 1 => Some(vec![(DestinationId(0), 1.0)]),
        (None, None) => {
            let help = "write `destinations = { \"NAME\" = 1.0 }`".to_string();
            let message = format!(
                "`workload` lacks `destinations`, and there are {} to choose from",
                around.destinations.len()
            );
            table.wrong(&table.span, message, Some(help));
            None
        }
    }
}

fn weights<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    around: &Surroundings<'_>,
) -> Option<Vec<(DestinationId, f64)>> {
    let table = reader.table(node, "destinations");
    // A list of many names must not be searched once for each.
    let named = around.destinations.iter().enumerate().rev();
    let positions: HashMap<&str, usize> =
        named.map(|(position, each)| (each.name.as_str(), position)).collect();
    let mut weights = Vec::new();
    let mut all_known = true;
    for entry in table.all() {
        let Some(&position) = positions.get(entry.key.as_str()) else {
            let names = around
                .destinations
                .iter()
                .take(8)
                .map(|each| each.name.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let message = format!("no destination is called \"{}\"; there are {names}", entry.key);
            let near = around.destinations.iter().map(|each| each.name.as_str());
            reader.problem(&entry.span, message, did_you_mean(&entry.key, near));
            all_known = false;
            continue;
        };
        let weight = super::reader::number(reader, &entry.key, &entry.node, 0.0, 1e12);
        all_known &= weight.is_some();
        weights.extend(weight.map(|weight| (DestinationId(position as u32), weight)));
    }
    // Names must not matter, and a table has them in alphabetical order.
    weights.sort_unstable_by_key(|(id, _)| *id);
    let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
    if sum <= 0.0 {
        if all_known {
            reader.problem(
                &node.span,
                "the weights of `destinations` sum to 0".into(),
                Some("give one a weight above 0".into()),
            );
        }
        return None;
    }
    weights.retain(|(_, weight)| *weight > 0.0);
    Some(weights.into_iter().map(|(id, weight)| (id, weight / sum)).collect())
}

fn zipf<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    around: &mut Surroundings<'_>,
) -> Option<Vec<(DestinationId, f64)>> {
    let mix = reader.table(node, "destination_mix");
    let (_, node) = mix.only(&["zipf"])?;
    let zipf = reader.table(node, "destination_mix.zipf");
    let exponent = zipf.need("exponent", "1.0").and_then(|_| zipf.number("exponent", 0.0, 10.0));
    let count = zipf.need("count", "50").and_then(|_| zipf.count("count", 1, MOST_DESTINATIONS));
    zipf.finish();
    mix.finish();
    let (exponent, count) = (exponent?, count?);
    let weights: Vec<f64> = (1..=count).map(|rank| libm::pow(rank as f64, -exponent)).collect();
    let sum: f64 = weights.iter().sum();
    let first = around.destinations.len() as u32;
    for rank in 1..=count as u32 {
        let address = MADE_UP_ADDRESSES | u64::from(first + rank);
        let name = format!("zipf-{rank}");
        around.destinations.push(Destination::new(name, address, Protocol::Tcp, Reach::Internet));
    }
    Some(
        weights
            .iter()
            .enumerate()
            .map(|(rank, weight)| (DestinationId(first + rank as u32), weight / sum))
            .collect(),
    )
}

/// Made-up addresses are told from named ones by this bit.
const MADE_UP_ADDRESSES: u64 = 1 << 41;

fn ends<'a>(reader: &'a Reader<'a>, table: &Table<'a>) -> Option<Ends> {
    let Some(node) = table.get("ends") else { return Some(Ends::ALL_FIN) };
    let ends = reader.table(node, "ends");
    let names = ["fin", "rst", "abandoned", "half_open", "refused"];
    let shares = names.map(|name| ends.number(name, 0.0, 1.0).unwrap_or(0.0));
    ends.finish();
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 1e-9 {
        let message = format!("the shares of `ends` sum to {sum}; they must sum to 1");
        reader.problem(&node.span, message, None);
        return None;
    }
    Some(Ends(shares))
}
