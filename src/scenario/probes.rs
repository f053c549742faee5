//! The `[[probe]]` tables.

use super::Probe;
use super::reader::Reader;
use super::tree::Node;
use crate::time::SimDuration;

/// The probes of a run that is measured for `duration`, where that is known; in order of time.
pub fn probes<'a>(reader: &'a Reader<'a>, nodes: &'a [Node], duration: Option<SimDuration>) -> Vec<Probe> {
    let mut probes: Vec<Probe> = nodes.iter().filter_map(|node| probe(reader, node, duration)).collect();
    probes.sort_by_key(|probe| probe.at);
    probes
}

fn probe<'a>(reader: &'a Reader<'a>, node: &'a Node, duration: Option<SimDuration>) -> Option<Probe> {
    let table = reader.table(node, "probe");
    let place = table.need("at", "\"207.2s\"");
    let at = table.duration("at");
    let above = table.count("above", 0, u64::from(u32::MAX));
    table.finish();
    let (place, at) = (place?, at?);
    if duration.is_some_and(|duration| at > duration) {
        let message = format!("`at` is {at}, after the end of the measured time");
        reader.problem(&place.span, message, Some("lengthen `run.duration`".into()));
        return None;
    }
    Some(Probe { at, above })
}
