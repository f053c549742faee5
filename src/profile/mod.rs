//! The shipped outbound models, client libraries and SYN schedules: every figure with its source, date and doubt.

use crate::error::Error;
use crate::scenario::devices;
use crate::scenario::network::NETWORK_PLUGINS;
use crate::scenario::presets::WORKLOADS;
use crate::scenario::tree::{Node, Value, parse};

/// A shipped model.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// `azure/nat-gateway`.
    pub name: &'static str,
    /// Its file, embedded.
    pub text: &'static str,
}

/// Defaults of client libraries, for `client_pool.preset`.
pub const CLIENTS: [Profile; 10] = [
    Profile {
        name: "clients/apache-httpclient-5",
        text: include_str!("../../models/clients/apache-httpclient-5.toml"),
    },
    Profile {
        name: "clients/dotnet-sockets-http-handler",
        text: include_str!("../../models/clients/dotnet-sockets-http-handler.toml"),
    },
    Profile { name: "clients/go-net-http", text: include_str!("../../models/clients/go-net-http.toml") },
    Profile { name: "clients/grpc", text: include_str!("../../models/clients/grpc.toml") },
    Profile { name: "clients/hikaricp", text: include_str!("../../models/clients/hikaricp.toml") },
    Profile { name: "clients/node-http", text: include_str!("../../models/clients/node-http.toml") },
    Profile { name: "clients/okhttp", text: include_str!("../../models/clients/okhttp.toml") },
    Profile {
        name: "clients/python-aiohttp",
        text: include_str!("../../models/clients/python-aiohttp.toml"),
    },
    Profile { name: "clients/python-httpx", text: include_str!("../../models/clients/python-httpx.toml") },
    Profile {
        name: "clients/python-requests",
        text: include_str!("../../models/clients/python-requests.toml"),
    },
];

/// When operating systems send a SYN again, for `syn`.
pub const SYN_SCHEDULES: [Profile; 3] = [
    Profile { name: "syn/linux-6.5", text: include_str!("../../models/syn/linux-6.5.toml") },
    Profile { name: "syn/linux-classic", text: include_str!("../../models/syn/linux-classic.toml") },
    Profile { name: "syn/windows", text: include_str!("../../models/syn/windows.toml") },
];

/// One key of a model, as `snatsim models show` prints it.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Figure {
    /// Dotted key.
    pub key: String,
    /// Value.
    pub value: serde_json::Value,
    /// Documents it rests on, with date and confidence.
    pub sources: Vec<String>,
    /// Why it is assumed, and what else to try.
    pub assumptions: Vec<String>,
}

/// Keys that describe figures instead of being one.
const NOTES: [&str; 3] = ["title", "source", "assumption"];

impl Profile {
    /// The outbound model of that name.
    pub fn named(name: &str) -> Option<Self> {
        devices::models().find(|profile| profile.name == name)
    }

    /// Whether it gives a figure of that name.
    pub fn gives(&self, key: &str) -> bool {
        self.tree().is_ok_and(|tree| tree.get(key).is_some())
    }

    /// The most that the platform allows of a setting, where the model says.
    pub fn most(&self, key: &str) -> Option<u64> {
        self.tree().ok()?.get("range")?.get(key)?.get("most")?.to_json().as_u64()
    }

    /// Everything that is shipped: outbound models, clients, SYN schedules, network plugins, workloads.
    pub fn all() -> impl Iterator<Item = Self> {
        devices::models().chain(CLIENTS).chain(SYN_SCHEDULES).chain(NETWORK_PLUGINS).chain(WORKLOADS)
    }

    /// The name without its folder, as a scenario names a client or a SYN schedule.
    pub fn short_name(&self) -> &'static str {
        self.name.rsplit('/').next().unwrap_or(self.name)
    }

    /// Its file as a tree.
    pub fn tree(&self) -> Result<Node, Error> {
        parse(self.name, self.text)
    }

    /// Its title.
    pub fn title(&self) -> Result<String, Error> {
        let tree = self.tree()?;
        Ok(tree
            .get("title")
            .map(|title| title.to_json().as_str().unwrap_or_default().to_string())
            .unwrap_or_default())
    }

    /// Every figure with what it rests on.
    pub fn figures(&self) -> Result<Vec<Figure>, Error> {
        let tree = self.tree()?;
        let mut figures = Vec::new();
        collect(&tree, "", &mut figures);
        for note in notes(&tree, "source") {
            let text = format!(
                "{} ({}, {} confidence)",
                text(note, "document"),
                text(note, "date"),
                text(note, "confidence")
            );
            cover(&mut figures, note, |figure| figure.sources.push(text.clone()));
        }
        for note in notes(&tree, "assumption") {
            let others = note.get("try").map(|values| values.to_json().to_string()).unwrap_or_default();
            let text = format!("{}; try {others}", text(note, "why"));
            cover(&mut figures, note, |figure| figure.assumptions.push(text.clone()));
        }
        Ok(figures)
    }
}

fn notes<'a>(tree: &'a Node, kind: &str) -> &'a [Node] {
    match tree.get(kind).map(|node| &node.value) {
        Some(Value::List(notes)) => notes,
        _ => &[],
    }
}

fn text(note: &Node, key: &str) -> String {
    note.get(key).map(|node| node.to_json().as_str().unwrap_or_default().to_string()).unwrap_or_default()
}

fn cover(figures: &mut [Figure], note: &Node, mut add: impl FnMut(&mut Figure)) {
    let Some(Value::List(keys)) = note.get("keys").map(|node| &node.value) else { return };
    let keys: Vec<String> =
        keys.iter().filter_map(|key| key.to_json().as_str().map(str::to_string)).collect();
    figures.iter_mut().filter(|figure| keys.contains(&figure.key)).for_each(&mut add);
}

/// Leaves of the tree. A table of limits (`least`, `most`) is one figure.
fn collect(node: &Node, prefix: &str, figures: &mut Vec<Figure>) {
    let Value::Table(entries) = &node.value else { return };
    for entry in entries.iter().filter(|entry| !prefix.is_empty() || !NOTES.contains(&entry.key.as_str())) {
        let key = if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
        let is_leaf = !matches!(entry.node.value, Value::Table(_)) || entry.node.get("least").is_some();
        if is_leaf {
            let value = entry.node.to_json();
            figures.push(Figure { key, value, sources: Vec::new(), assumptions: Vec::new() });
        } else {
            collect(&entry.node, &key, figures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uncovered(profile: &Profile) -> Vec<String> {
        let bare = |figure: &Figure| figure.sources.is_empty() && figure.assumptions.is_empty();
        profile.figures().unwrap().into_iter().filter(bare).map(|figure| figure.key).collect()
    }

    #[test]
    fn every_key_of_every_model_rests_on_a_source_or_an_assumption() {
        for profile in Profile::all() {
            assert_eq!(uncovered(&profile), Vec::<String>::new(), "{}", profile.name);
        }
    }

    #[test]
    fn a_key_without_a_source_is_found() {
        let text =
            "ports = 1\nhold_down = { fin = \"1s\", rst = \"2s\" }\n[[source]]\nkeys = [\"hold_down.fin\"]\n";
        assert_eq!(uncovered(&Profile { name: "bare", text }), ["hold_down.rst", "ports"]);
    }

    #[test]
    fn every_source_has_a_document_and_a_date_and_every_assumption_a_reason() {
        for profile in Profile::all() {
            let tree = profile.tree().unwrap();
            assert!(
                notes(&tree, "source")
                    .iter()
                    .all(|note| !text(note, "document").is_empty() && !text(note, "date").is_empty())
            );
            assert!(notes(&tree, "assumption").iter().all(|note| !text(note, "why").is_empty()));
        }
    }
}
