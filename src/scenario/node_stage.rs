//! `cluster.node_stage`: what the nodes do to the source address, from the shipped model that the network plugin names.

use super::keys::Keys;
use super::network::NETWORK_PLUGINS;
use super::pod;
use super::reader::Reader;
use super::tree::{Node, Value};
use crate::cluster::Network;
use crate::outbound::Translates;
use crate::outbound::masquerade::NodeStage;
use crate::profile::Profile;

/// What nodes may do.
pub const NODE_STAGES: [Profile; 2] = [
    Profile { name: "cilium/masquerade", text: include_str!("../../models/cilium/masquerade.toml") },
    Profile { name: "linux/masquerade", text: include_str!("../../models/linux/masquerade.toml") },
];

/// What the nodes of a network plugin do; nothing where they leave the addresses of pods as they are.
pub fn of_plugin(name: &str) -> Option<Profile> {
    named(&word(&plugin(name)?, "node_stage")?)
}

fn named(model: &str) -> Option<Profile> {
    NODE_STAGES.into_iter().find(|profile| profile.name == model)
}

fn plugin(name: &str) -> Option<Node> {
    NETWORK_PLUGINS.iter().find(|plugin| plugin.short_name() == name)?.tree().ok()
}

fn word(plugin: &Node, key: &str) -> Option<String> {
    match &plugin.get(key)?.value {
        Value::Text(word) => Some(word.clone()),
        _ => None,
    }
}

/// Reads it; nothing where no plugin is named, or the plugin leaves the addresses of pods as they are.
pub fn node_stage<'a>(
    reader: &'a Reader<'a>,
    cluster: Option<&'a Node>,
    network: Option<&Network>,
) -> Option<NodeStage> {
    let plugin = plugin(network.map_or("", |it| it.name))?;
    let word = |key: &str| word(&plugin, key).unwrap_or_default();
    let own = cluster.and_then(|cluster| cluster.get("node_stage"));
    let Some(model) = named(&word("node_stage")) else {
        if let Some(node) = own {
            let message =
                "nodes of this `network_plugin` leave the addresses of pods as they are".to_string();
            reader.problem(&node.span, message, Some("remove `node_stage`".into()));
        }
        return None;
    };
    let (mut shipped, nothing) = (model.tree().ok()?, Node::set(Value::Table(Vec::new())));
    let own = reader.table(own.unwrap_or(&nothing), "cluster.node_stage");
    pod::lay_under_node_stage(&own, cluster, &mut shipped);
    let keys = Keys { own, shipped: Some(&shipped) };
    let settings = keys.masquerade();
    keys.own.finish();
    let translates = match word("translates").as_str() {
        "everything" => Translates::Everything,
        _ => Translates::Internet,
    };
    Some(NodeStage { model: model.name.into(), translates, settings: settings? })
}
