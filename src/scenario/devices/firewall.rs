//! `azure/firewall`.

use crate::cluster::Cluster;
use crate::outbound::firewall::Firewall;
use crate::outbound::{Load, Outbound, ScalingRule};
use crate::scenario::keys::Keys;
use crate::scenario::reader::{choice, count, number, positive};
use crate::scenario::tree::Node;
use crate::time::SimDuration;

/// A look counts all flows or ports, so it does not come more often than this.
const OFTENEST: SimDuration = SimDuration::from_secs(1);

/// Reads its settings.
pub(super) fn read(keys: &Keys<'_>, cluster: &Cluster) -> Option<Outbound> {
    let timers = keys.timers();
    keys.check_platform_sharing();
    let (public_ips, instances) = (keys.count("public_ips", 1, 1), keys.count("instances", 1, 1));
    let by_node = match (keys.own.get("by_node"), instances) {
        (Some(node), Some(instances)) => keys.by_node(node, instances, cluster),
        _ => None,
    };
    let ports_per_ip_and_instance = keys.count("ports_per_ip_and_instance", 1, 65_536);
    let ports_per_ip = keys.count("ports_per_ip", 1, 65_536);
    let granularity = keys.count("granularity", 1, 1024);
    let drain = keys.duration("drain");
    let scales = match keys.own.get("autoscale") {
        Some(node) => Some(autoscale(keys, node, instances?)?),
        None => None,
    };
    if let (Some(node), Some(_)) = (keys.own.get("by_node"), scales) {
        let help = Some("remove `by_node`: flows are spread over the instances that are there".to_string());
        keys.own.wrong(&node.span, "`by_node` is not for a firewall that scales".into(), help);
    }
    Some(Outbound::Firewall(Firewall {
        public_ips: public_ips?,
        ports_per_ip_and_instance: ports_per_ip_and_instance?,
        ports_per_ip,
        granularity: granularity?,
        instances: instances?,
        by_node,
        drain: drain?,
        scales,
        sharing_udp: keys.sharing("udp"),
        timers,
    }))
}

/// `autoscale = { most = 10, flows_per_instance = 100000 }`, or `load = "ports"`.
fn autoscale(keys: &Keys<'_>, node: &Node, instances: u32) -> Option<ScalingRule> {
    let reader = keys.own.reader;
    keys.check_kinds(
        "autoscale",
        &["most", "load", "flows_per_instance", "out_at", "in_below", "every", "takes"],
    );
    let inner = |key: &'static str| keys.inner("autoscale", key).map(|node| (key, node));
    let share = |key| inner(key).and_then(|(key, node)| number(reader, key, node, 0.0, 1.0));
    let time = |key| inner(key).and_then(|(key, node)| positive(reader, key, node));
    let (_, largest) = keys.range("instances").unwrap_or((2, 50));
    let most = inner("most").and_then(|(key, node)| count(reader, key, node, u64::from(instances), largest));
    let by_ports =
        inner("load").map(|(key, node)| choice(reader, key, node, &[("flows", false), ("ports", true)]));
    let load = match by_ports.unwrap_or(Some(false))? {
        true => Load::Ports,
        false => {
            match inner("flows_per_instance") {
                Some((key, node)) => Load::Flows {
                    of: count(reader, key, node, 1, u64::from(u32::MAX)).map(|flows| flows as u32)?,
                },
                None => {
                    let message =
                        "`autoscale` lacks `flows_per_instance`, which Azure does not publish".to_string();
                    let help = Some("write what you measured, such as `flows_per_instance = 100000`, or `load = \"ports\"`".into());
                    reader.problem(&node.span, message, help);
                    return None;
                }
            }
        }
    };
    let (out_at, in_below) = (share("out_at")?, share("in_below")?);
    if in_below >= out_at {
        let message =
            format!("`in_below` is {in_below}, and `out_at` {out_at}: instances would come and go in turns");
        reader.problem(&node.span, message, Some("write an `in_below` well below `out_at`".into()));
        return None;
    }
    let every = time("every")?;
    if every < OFTENEST {
        let message = format!("`autoscale.every` is {every}");
        reader.problem(&node.span, message, Some("write at least \"1s\"".into()));
        return None;
    }
    Some(ScalingRule { load, out_at, in_below, every, takes: time("takes")?, most: most? as u32 })
}
