//! Settings as the text of a scenario that a person can read and edit: each value with where it came from.

use super::{CountedPool, Setting, SettingValue, Subject, SubjectKind, UnsaidPool};
use std::fmt::Write;

/// What stands in the place of a value that nobody has said; no reader takes it for one.
const FILL_IN: &str = "\"FILL IN\"";

/// Traffic is in no configuration: a little of it, so that the scenario runs.
const TRAFFIC: &str = r#"# Traffic is in no configuration. This stands in for yours: one short connection a second on each node, all towards one
# destination. Write your own rates, lifetimes and destinations here, or have recorded ones put in their place:
# `snatsim import traffic RECORD --into THIS_FILE`.
[[destination]]
name = "example"

[[workload]]
name = "example"
pods = "per-node"
destinations = { "example" = 1.0 }
arrivals.poisson = { rate_per_pod = "1 per s" }
lifetime.exponential = { mean = "200ms" }
syn = "none"

[run]
duration = "1h"
replications = 10

[[threshold]]
expr = "failure_ratio < 0.1%"
"#;

/// The scenario of a subject.
pub fn scenario_text(subject: &Subject) -> String {
    let mut text = head(subject);
    let _ = writeln!(text, "title = {}\n", quoted(&format!("Does {} have SNAT ports enough?", subject.name)));
    text.push_str(&outbound(subject));
    if let Some(cluster) = subject.cluster().filter(|_| !subject.node_pools.is_empty()) {
        let _ = writeln!(
            text,
            "# The platform counts {} nodes, the surge of upgrades included.",
            cluster.nodes_counted()
        );
    }
    let is_said = |pool: &&CountedPool| !subject.unsaid_pools.iter().any(|unsaid| unsaid.name == pool.name);
    subject.node_pools.iter().filter(is_said).for_each(|pool| text.push_str(&node_pool(pool)));
    subject.unsaid_pools.iter().for_each(|pool| text.push_str(&unsaid_pool(pool)));
    if subject.node_pools.is_empty() && subject.unsaid_pools.is_empty() {
        text.push_str(&no_node_pool(subject));
    }
    text + TRAFFIC
}

/// What must be filled in, what was assumed, and what the platform refuses.
fn head(subject: &Subject) -> String {
    let mut text =
        format!("# {} as it is configured, written by `snatsim import config`.\n", bare(&subject.name));
    for missing in &subject.missing {
        let _ = writeln!(text, "# FILL IN: {} ({}).", bare(&missing.what), bare(&missing.how));
    }
    for refusal in &subject.refusals {
        let _ =
            writeln!(text, "# REFUSED by the platform: {}; {}.", bare(&refusal.message), bare(&refusal.help));
    }
    for assumption in &subject.assumptions {
        let _ = writeln!(text, "# Assumed: {}.", bare(assumption));
    }
    text
}

fn outbound(subject: &Subject) -> String {
    let mut text = String::from("[outbound]\n");
    let origin = match (&subject.outbound_type, subject.kind) {
        (Some(outbound_type), _) => format!("outbound type {outbound_type}"),
        (None, SubjectKind::Cluster) => "what the cluster leaves by".into(),
        (None, SubjectKind::OutboundRule) => "an outbound rule".into(),
        (None, SubjectKind::NatGateway) => "a NAT gateway".into(),
        (None, SubjectKind::Firewall) => "a firewall".into(),
    };
    let model = subject.model.as_deref().map_or_else(|| FILL_IN.into(), quoted);
    let _ = writeln!(text, "model = {model} # {}", bare(&origin));
    for Setting { key, value, origin } in &subject.settings {
        let value = match value {
            SettingValue::Number(number) => number.to_string(),
            SettingValue::Text(value) => quoted(value),
            SettingValue::Missing => FILL_IN.into(),
        };
        let _ = writeln!(text, "{key} = {value} # {}", bare(origin));
    }
    text + "\n"
}

/// A scenario has no node pool without a node: the surge of an empty one stands for it.
fn node_pool(pool: &CountedPool) -> String {
    let CountedPool { name, nodes, autoscale, surge, origin } = pool;
    let counted = autoscale.map_or(*nodes, |(_, most)| most) + surge;
    if counted == 0 {
        return format!("# Node pool {} has no nodes, and is left out.\n\n", bare(name));
    }
    let mut text = format!("[[node_pool]]\nname = {}\n", quoted(name));
    let _ = match autoscale {
        Some((least, most)) if *most > 0 => {
            let nodes = (*nodes).clamp((*least).max(1), *most);
            writeln!(
                text,
                "nodes = {nodes}\nautoscale = {{ min = {}, max = {most} }} # {}\nmax_surge = {surge}",
                (*least).max(1),
                bare(origin)
            )
        }
        _ if *nodes == 0 => {
            writeln!(
                text,
                "nodes = 1 # no node now: one of its surge\nmax_surge = {} # {}",
                surge - 1,
                bare(origin)
            )
        }
        _ => writeln!(text, "nodes = {nodes} # {}\nmax_surge = {surge}", bare(origin)),
    };
    text + "\n"
}

/// A node pool of which a number is to be filled in.
fn unsaid_pool(pool: &UnsaidPool) -> String {
    let UnsaidPool { name, nodes, least } = pool;
    let nodes = nodes.map_or_else(|| FILL_IN.into(), |nodes| nodes.max(1).to_string());
    let mut text = format!("[[node_pool]]\nname = {}\nnodes = {nodes}\n", quoted(name));
    if let Some(least) = least {
        let _ = writeln!(text, "autoscale = {{ min = {}, max = {FILL_IN} }}", (*least).max(1));
    }
    text + "\n"
}

fn no_node_pool(subject: &Subject) -> String {
    let count = match subject.kind {
        SubjectKind::Cluster | SubjectKind::OutboundRule => format!("{FILL_IN} # no file says how many"),
        SubjectKind::NatGateway | SubjectKind::Firewall => {
            "1 # no file says how many; its ports are shared, so their number decides nothing but the traffic below".into()
        }
    };
    format!("[[node_pool]]\nname = \"nodes\"\nnodes = {count}\n\n")
}

/// A text of TOML on one line.
fn quoted(text: &str) -> String {
    toml::Value::String(bare(text)).to_string()
}

/// A comment ends with its line.
fn bare(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
