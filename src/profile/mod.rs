//! A shipped model: every figure with its source, date and doubt.

use crate::error::Error;
use crate::scenario::tree::{Node, Value, parse};

/// A shipped model.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// `azure/nat-gateway`.
    pub name: &'static str,
    /// Its file, embedded.
    pub text: &'static str,
}

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

/// Figures that are assumed together, and what else they might be.
#[derive(Debug, Clone, PartialEq)]
pub struct Assumption {
    /// Dotted keys.
    pub keys: Vec<String>,
    /// Why the shipped values were taken.
    pub why: String,
    /// What else to try: values of the only key, tables of values by dotted key, or words where no value says it.
    pub tries: Vec<serde_json::Value>,
    /// What would settle it, where that is known.
    pub measure: Option<String>,
}

/// Keys that describe figures instead of being one.
const NOTES: [&str; 3] = ["title", "source", "assumption"];

impl Profile {
    /// Whether it gives a figure of that name.
    pub fn gives(&self, key: &str) -> bool {
        self.tree().is_ok_and(|tree| tree.get(key).is_some())
    }

    /// The most that the platform allows of a setting, where the model says.
    pub fn most(&self, key: &str) -> Option<u64> {
        self.range(key, "most")?.as_u64()
    }

    /// An end of a setting's range, `least` or `most`, where the model says.
    pub fn range(&self, key: &str, end: &str) -> Option<serde_json::Value> {
        Some(self.tree().ok()?.get("range")?.get(key)?.get(end)?.to_json())
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

    /// What is assumed, in the order of the file.
    pub fn assumptions(&self) -> Result<Vec<Assumption>, Error> {
        let tree = self.tree()?;
        let read = |note: &Node| Assumption {
            keys: keys(note),
            why: text(note, "why"),
            tries: match note.get("try").map(Node::to_json) {
                Some(serde_json::Value::Array(values)) => values,
                _ => Vec::new(),
            },
            measure: Some(text(note, "measure")).filter(|text| !text.is_empty()),
        };
        Ok(notes(&tree, "assumption").iter().map(read).collect())
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

fn keys(note: &Node) -> Vec<String> {
    match note.get("keys").map(|node| &node.value) {
        Some(Value::List(keys)) => {
            keys.iter().filter_map(|key| key.to_json().as_str().map(str::to_string)).collect()
        }
        _ => Vec::new(),
    }
}

fn cover(figures: &mut [Figure], note: &Node, mut add: impl FnMut(&mut Figure)) {
    let keys = keys(note);
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
