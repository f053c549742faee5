//! `azure/load-balancer`.

use super::in_common::in_common;
use super::public_ips::worded_choice;
use crate::cluster::Cluster;
use crate::outbound::load_balancer::{Allocation, GrantLayout, LoadBalancer, Tier};
use crate::outbound::{IdleExpiry, Outbound, Search};
use crate::scenario::keys::Keys;
use crate::scenario::reader::list;
use crate::scenario::tree::{Node, Value};
use crate::snat::Reclaim;

/// A load balancer looks at every port of a grant.
const SEARCHES: [(&str, Search); 3] =
    [("lowest", Search::Lowest), ("random", Search::Random), ("round-robin", Search::RoundRobin)];

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, _cluster: &Cluster) -> Option<Outbound> {
    let allocation = match keys.get("ports_per_node") {
        Some(node) if matches!(node.value, Value::Text(_)) => automatic(keys, node),
        _ => keys.count("ports_per_node", 0, 0).map(Allocation::Manual),
    };
    let (tiers, timers) = (tiers(keys), keys.timers());
    keys.check_platform_sharing();
    let sharing_udp = keys.sharing("udp");
    let public_ips = keys.count("public_ips", 1, 1);
    let most_public_ips = keys.range("public_ips").map_or(u32::MAX, |(_, most)| most as u32);
    let ports_per_ip = keys.count("ports_per_ip", 1, 65_536);
    let inbound_rules = match keys.get("inbound_rules") {
        Some(_) => keys.count("inbound_rules", 0, u64::from(u32::MAX)),
        None => Some(0),
    };
    let layouts = [("fewest-ips", GrantLayout::FewestIps), ("equal", GrantLayout::Equal)];
    let grant_layout = keys.choice("grant_layout", &layouts);
    let ip_choice = worded_choice(keys);
    let search = keys.choice("search", &SEARCHES);
    let in_common = in_common(keys);
    let when_full = keys.when_full();
    let automatic_most = keys.count("automatic_most", 1, 65_536);
    let granularity = keys.count("granularity", 1, 1024);
    let reclaim = granularity.and_then(|block| {
        let choices = [
            ("random", Reclaim::Random { block }),
            ("highest", Reclaim::Highest),
            ("lowest", Reclaim::Lowest),
            ("idle-first", Reclaim::IdleFirst),
        ];
        keys.choice("reclaim", &choices)
    });
    let signals = [("silent", IdleExpiry::Silent), ("reset", IdleExpiry::Reset)];
    let reclaim_signal = keys.choice("reclaim_signal", &signals);
    let realloc_delay = keys.duration("realloc_delay");
    Some(Outbound::LoadBalancer(LoadBalancer {
        public_ips: public_ips?,
        most_public_ips,
        ports_per_ip: ports_per_ip?,
        inbound_rules: inbound_rules?,
        allocation: allocation?,
        tiers: tiers?,
        automatic_most: automatic_most?,
        granularity: granularity?,
        reclaim: reclaim?,
        reclaim_signal: reclaim_signal?,
        realloc_delay: realloc_delay?,
        grant_layout: grant_layout?,
        ip_choice,
        search: search?,
        in_common,
        when_full,
        sharing_udp,
        timers,
    }))
}

/// The word `auto`, or a problem that also says which numbers are allowed.
fn automatic(keys: &Keys<'_>, node: &Node) -> Option<Allocation> {
    if node.value == Value::Text("auto".into()) {
        return Some(Allocation::Automatic);
    }
    let (least, most) = keys.range("ports_per_node").unwrap_or((0, 0));
    let allowed = format!("allowed is a whole number from {least} to {most}, or \"auto\"");
    keys.own.wrong(&node.span, format!("`ports_per_node` is {}; {allowed}", node.kind()), None);
    None
}

/// The automatic tiers, smallest clusters first.
fn tiers(keys: &Keys<'_>) -> Option<Vec<Tier>> {
    let node = keys.get("tiers")?;
    let tier = |node: &Node| {
        let field = |name: &str| match node.get(name)?.value {
            Value::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        };
        Some(Tier { nodes: field("nodes")?, ports: field("ports")? })
    };
    let list = list(keys.own.reader, "tiers", node);
    let tiers: Option<Vec<Tier>> = list.iter().map(tier).collect();
    let rising = |tiers: &Vec<Tier>| tiers.windows(2).all(|pair| pair[0].nodes < pair[1].nodes);
    let tiers = tiers.filter(|tiers| !tiers.is_empty() && rising(tiers));
    if tiers.is_none() {
        let message = "`tiers` needs a list of tables with whole numbers, `nodes` rising".to_string();
        let help =
            Some("write `tiers = [{ nodes = 50, ports = 1024 }, { nodes = 100, ports = 512 }]`".into());
        keys.own.wrong(&node.span, message, help);
    }
    tiers
}
