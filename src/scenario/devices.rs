//! The `[outbound]` table: a shipped model with its own keys laid over it, or a custom device.

use super::Outbound;
use super::laws::law;
use super::reader::{Reader, Table, choice, count, duration};
use super::tree::{Entry, Node, Value};
use crate::cluster::Cluster;
use crate::flow::PortPoolId;
use crate::outbound::custom::{Custom, CustomPartition};
use crate::outbound::firewall::Firewall;
use crate::outbound::load_balancer::{Allocation, LoadBalancer, Tier};
use crate::outbound::nat_gateway::NatGateway;
use crate::outbound::{IdleExpiry, Search, Sharing, Timers};
use crate::profile::{PROFILES, Profile};
use crate::time::SimDuration;
use crate::workload::Law;

/// Reads the outbound device. Keys of `own` are laid over those of the shipped model.
pub fn outbound<'a>(
    reader: &'a Reader<'a>,
    own: &'a Node,
    shipped: Option<&'a Node>,
    cluster: &Cluster,
) -> Option<Outbound> {
    let keys = Keys { own: reader.table(own, "outbound"), shipped };
    let model = keys.own.text("model");
    let device = match model {
        None if own.get("model").is_none() => {
            let help = "write `model = \"azure/load-balancer\"`".to_string();
            reader.problem(&own.span, "`outbound` lacks `model`".into(), Some(help));
            return None;
        }
        Some("custom") => custom(&keys, cluster).map(Outbound::Custom),
        Some("azure/load-balancer") => load_balancer(&keys).map(Outbound::LoadBalancer),
        Some("azure/nat-gateway") => nat_gateway(&keys).map(Outbound::NatGateway),
        Some("azure/firewall") => firewall(&keys, cluster).map(Outbound::Firewall),
        _ => {
            let names: Vec<(&str, ())> =
                PROFILES.iter().map(|profile| (profile.name, ())).chain([("custom", ())]).collect();
            keys.own.choice("model", &names);
            return None;
        }
    };
    keys.own.finish();
    device
}

/// The shipped model that `own` names, as a tree.
pub fn shipped(own: &Node) -> Option<Node> {
    match own.get("model").map(|node| &node.value) {
        Some(Value::Text(name)) => Profile::named(name).and_then(|profile| profile.tree().ok()),
        _ => None,
    }
}

/// The file's keys over the model's.
struct Keys<'a> {
    own: Table<'a>,
    shipped: Option<&'a Node>,
}

impl<'a> Keys<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.own.get(key).or_else(|| self.shipped.and_then(|node| node.get(key)))
    }

    /// A key of a table, such as `hold_down.fin`: the file's table may hold some of its keys only.
    fn inner(&self, table: &str, key: &str) -> Option<&'a Node> {
        let own = self.own.get(table);
        match own.map(|node| &node.value) {
            Some(Value::Table(_)) if own.is_some_and(|node| node.get(key).is_some()) => {
                own.and_then(|node| node.get(key))
            }
            Some(Value::Table(_)) | None => self.shipped?.get(table)?.get(key),
            Some(_) => own,
        }
    }

    fn count(&self, key: &str, least: u64, most: u64) -> Option<u32> {
        let (least, most) = self.range(key).unwrap_or((least, most));
        self.get(key)
            .and_then(|node| count(self.own.reader, key, node, least, most))
            .map(|value| value as u32)
    }

    fn range(&self, key: &str) -> Option<(u64, u64)> {
        let range = self.shipped?.get("range")?.get(key)?;
        let bound = |name| match range.get(name)?.value {
            Value::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        Some((bound("least")?, bound("most")?))
    }

    fn duration(&self, key: &str) -> Option<SimDuration> {
        let node = self.get(key)?;
        let span = duration(self.own.reader, key, node)?;
        let bound = |name: &str| {
            let range = self.shipped?.get("range")?.get(key)?.get(name)?;
            duration(self.own.reader, key, range)
        };
        if let (Some(least), Some(most)) = (bound("least"), bound("most"))
            && !(least..=most).contains(&span)
        {
            let message = format!("`{key}` is {span}; the platform allows {least} to {most}");
            self.own.wrong(&node.span, message, Some(format!("write a time from \"{least}\" to \"{most}\"")));
            return None;
        }
        Some(span)
    }

    fn boolean(&self, key: &str) -> Option<bool> {
        let node = self.get(key)?;
        match node.value {
            Value::Boolean(value) => Some(value),
            _ => {
                self.own.wrong(
                    &node.span,
                    format!("`{key}` is {}; allowed is true or false", node.kind()),
                    None,
                );
                None
            }
        }
    }

    fn hold_down(&self, kind: &str) -> Law {
        let reader = self.own.reader;
        let is_law = |node: &Node| !["fin", "rst", "udp"].iter().any(|kind| node.get(kind).is_some());
        let read = match self.own.get("hold_down") {
            Some(node) if is_law(node) => law(reader, "hold_down", node),
            _ => {
                self.inner("hold_down", kind).and_then(|node| law(reader, &format!("hold_down.{kind}"), node))
            }
        };
        read.unwrap_or(Law::Constant(SimDuration::ZERO))
    }

    fn timers(&self) -> Timers {
        self.check_keys("hold_down", &["fin", "rst", "udp"]);
        self.check_keys("sharing", &["tcp", "udp"]);
        let expiries = [("silent", IdleExpiry::Silent), ("reset", IdleExpiry::Reset)];
        let expiry =
            self.get("idle_expiry").and_then(|node| choice(self.own.reader, "idle_expiry", node, &expiries));
        Timers {
            hold_down_fin: self.hold_down("fin"),
            hold_down_rst: self.hold_down("rst"),
            hold_down_udp: self.hold_down("udp"),
            half_open: self.duration("half_open").unwrap_or(SimDuration::ZERO),
            idle_timeout: self.duration("idle_timeout"),
            udp_idle_timeout: self.duration("udp_idle_timeout").unwrap_or(SimDuration::ZERO),
            idle_expiry: expiry.unwrap_or(IdleExpiry::Silent),
        }
    }

    /// A table by kind holds known kinds only. A hold-down without any is a law.
    fn check_keys(&self, table: &str, kinds: &[&str]) {
        let Some(Value::Table(entries)) = self.own.get(table).map(|node| &node.value) else { return };
        let known = |entry: &&Entry| kinds.contains(&entry.key.as_str());
        if table == "hold_down" && !entries.iter().any(|entry| known(&entry)) {
            return;
        }
        for entry in entries.iter().filter(|entry| !known(entry)) {
            let help = Some(format!("known here: {}", kinds.join(", ")));
            self.own.wrong(&entry.span, format!("unknown key `{}` in `{table}`", entry.key), help);
        }
    }

    /// Platforms share TCP ports by endpoint; only a custom device may do otherwise.
    fn check_platform_sharing(&self) {
        let node = self.inner("sharing", "tcp");
        if let (Some(node), true) = (node, self.sharing("tcp") != Sharing::Endpoint) {
            let message =
                format!("`sharing` of TCP is {}; this model shares TCP ports by endpoint", node.kind());
            let help =
                "write `sharing = { udp = \"..\" }` for UDP alone, or use `model = \"custom\"`".to_string();
            self.own.wrong(&node.span, message, Some(help));
        }
    }

    fn sharing(&self, protocol: &str) -> Sharing {
        let rules = [
            ("endpoint", Sharing::Endpoint),
            ("address", Sharing::Address),
            ("exclusive", Sharing::Exclusive),
            ("exclusive-any-protocol", Sharing::ExclusiveAnyProtocol),
        ];
        let node = self.inner("sharing", protocol);
        node.and_then(|node| choice(self.own.reader, "sharing", node, &rules)).unwrap_or(Sharing::Endpoint)
    }
}

fn load_balancer(keys: &Keys<'_>) -> Option<LoadBalancer> {
    let allocation = match keys.get("ports_per_node") {
        Some(node) if matches!(node.value, Value::Text(_)) => automatic(keys, node),
        _ => keys.count("ports_per_node", 0, 0).map(Allocation::Manual),
    };
    let (tiers, timers) = (tiers(keys), keys.timers());
    keys.check_platform_sharing();
    let sharing_udp = keys.sharing("udp");
    let public_ips = keys.count("public_ips", 1, 1);
    let ports_per_ip = keys.count("ports_per_ip", 1, 65_536);
    let automatic_most = keys.count("automatic_most", 1, 65_536);
    let granularity = keys.count("granularity", 1, 1024);
    Some(LoadBalancer {
        public_ips: public_ips?,
        ports_per_ip: ports_per_ip?,
        allocation: allocation?,
        tiers: tiers?,
        automatic_most: automatic_most?,
        granularity: granularity?,
        sharing_udp,
        timers,
    })
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
    let list = super::reader::list(keys.own.reader, "tiers", node);
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

fn nat_gateway(keys: &Keys<'_>) -> Option<NatGateway> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (public_ips, ports_per_ip) = (keys.count("public_ips", 1, 1), keys.count("ports_per_ip", 1, 65_536));
    let per_destination_cap = keys.count("per_destination_cap", 1, u64::from(u32::MAX));
    let total_cap = keys.count("total_cap", 1, u64::from(u32::MAX));
    let cap_counts_holds = keys.boolean("cap_counts_holds").unwrap_or(false);
    Some(NatGateway {
        public_ips: public_ips?,
        ports_per_ip: ports_per_ip?,
        per_destination_cap,
        total_cap,
        cap_counts_holds,
        sharing_udp: keys.sharing("udp"),
        timers,
    })
}

fn firewall(keys: &Keys<'_>, cluster: &Cluster) -> Option<Firewall> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (public_ips, instances) = (keys.count("public_ips", 1, 1), keys.count("instances", 1, 1));
    let by_node = match (keys.own.get("by_node"), instances) {
        (Some(node), Some(instances)) => by_node(keys, node, instances, cluster),
        _ => None,
    };
    let ports_per_ip_and_instance = keys.count("ports_per_ip_and_instance", 1, 65_536);
    let ports_per_ip = keys.count("ports_per_ip", 1, 65_536);
    let granularity = keys.count("granularity", 1, 1024);
    Some(Firewall {
        public_ips: public_ips?,
        ports_per_ip_and_instance: ports_per_ip_and_instance?,
        ports_per_ip,
        granularity: granularity?,
        instances: instances?,
        by_node,
        sharing_udp: keys.sharing("udp"),
        timers,
    })
}

/// The instance of each node, written from 1.
fn by_node(keys: &Keys<'_>, node: &Node, instances: u32, cluster: &Cluster) -> Option<Vec<PortPoolId>> {
    let reader = keys.own.reader;
    let list = super::reader::list(reader, "by_node", node);
    if list.len() != cluster.nodes() as usize {
        let message =
            format!("`by_node` has {} entries for {} nodes; write one a node", list.len(), cluster.nodes());
        reader.problem(&node.span, message, None);
        return None;
    }
    let pool = |node: &Node| count(reader, "by_node", node, 1, u64::from(instances));
    list.iter().map(|node| pool(node).map(|instance| PortPoolId(instance as u32 - 1))).collect()
}

fn custom(keys: &Keys<'_>, cluster: &Cluster) -> Option<Custom> {
    let timers = keys.timers();
    let searches = [("lowest", Search::Lowest), ("random", Search::Random)];
    let search = keys.get("search").and_then(|node| choice(keys.own.reader, "search", node, &searches));
    let unlimited =
        matches!(keys.get("ports").map(|node| &node.value), Some(Value::Text(text)) if text == "unlimited");
    let ports = if unlimited {
        None
    } else {
        Some(keys.own.need("ports", "1024").and_then(|_| keys.count("ports", 1, 1 << 31)))
    };
    let most = u64::from(u32::MAX);
    let partition = partition(keys, cluster);
    let public_ips = keys.count("public_ips", 1, 100_000).unwrap_or(1);
    let (sharing_tcp, sharing_udp) = (keys.sharing("tcp"), keys.sharing("udp"));
    let per_destination_cap = keys.count("per_destination_cap", 1, most);
    let total_cap = keys.count("total_cap", 1, most);
    Some(Custom {
        partition: partition?,
        ports: match ports {
            None => None,
            Some(ports) => Some(ports?),
        },
        public_ips,
        sharing_tcp,
        sharing_udp,
        search: search.unwrap_or(Search::Lowest),
        per_destination_cap,
        total_cap,
        timers,
    })
}

fn partition(keys: &Keys<'_>, cluster: &Cluster) -> Option<CustomPartition> {
    let Some(node) = keys.get("partition") else { return Some(CustomPartition::Node) };
    if !matches!(node.value, Value::Table(_)) {
        let words = [("node", false), ("shared", true)];
        let shared = choice(keys.own.reader, "partition", node, &words)?;
        return Some(if shared { CustomPartition::Shared } else { CustomPartition::Node });
    }
    let table = keys.own.reader.table(node, "outbound.partition");
    let instances = table.need("instances", "2").and_then(|_| table.count("instances", 1, 10_000));
    let given = table.get("by_node");
    table.finish();
    let instances = instances? as u32;
    match given {
        Some(node) => {
            by_node(keys, node, instances, cluster).map(|pools| CustomPartition::ByNode(instances, pools))
        }
        None => Some(CustomPartition::Instances(instances)),
    }
}
