//! What `[[event]]` makes of `[outbound]`, from time to time.

use super::tree::{Node, Value};
use super::units;
use crate::time::SimDuration;

/// An `[outbound]` table as an event leaves it.
pub struct LaterDevice {
    /// The number of the event.
    pub event: usize,
    /// The table.
    pub node: Node,
}

/// The `[outbound]` tables that events leave behind, in order of time. What is wrong with an event is told by its reader.
pub fn later_devices(tree: &Node) -> Vec<LaterDevice> {
    let Some(Value::List(events)) = tree.get("event").map(|node| &node.value) else { return Vec::new() };
    let mut changes: Vec<(usize, SimDuration, &Node)> = Vec::new();
    for (event, node) in events.iter().enumerate() {
        if let (Some(Value::Text(at)), Some(keys)) =
            (node.get("at").map(|node| &node.value), node.get("outbound"))
            && let Ok(at) = units::duration(at)
        {
            changes.push((event, at, keys));
        }
    }
    changes.sort_by_key(|(_, at, _)| *at);
    let Some(mut device) = tree.get("outbound").cloned() else { return Vec::new() };
    let mut later = Vec::new();
    for (event, _, keys) in changes {
        device.lay_over(keys);
        later.push(LaterDevice { event, node: device.clone() });
    }
    later
}

/// Takes away the events that change `[outbound]`.
pub fn keep_those_of_the_cluster(tree: &mut Node) {
    if let Value::Table(entries) = &mut tree.value
        && let Some(entry) = entries.iter_mut().find(|entry| entry.key == "event")
        && let Value::List(events) = &mut entry.node.value
    {
        events.retain(|event| event.get("outbound").is_none());
    }
}
