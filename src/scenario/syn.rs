//! When the clients of a workload send their SYN again: `syn`.

use super::reader::{Reader, Table, choice, duration, list};
use super::tree::{Node, Value};
use crate::profile::Profile;
use crate::time::SimDuration;
use crate::workload::SynSchedule;

/// When operating systems send a SYN again, for `syn`.
pub const SYN_SCHEDULES: [Profile; 3] = [
    Profile { name: "syn/linux-6.5", text: include_str!("../../models/syn/linux-6.5.toml") },
    Profile { name: "syn/linux-classic", text: include_str!("../../models/syn/linux-classic.toml") },
    Profile { name: "syn/windows", text: include_str!("../../models/syn/windows.toml") },
];

/// What is used where nothing is written.
const DEFAULT: &str = "linux-6.5";

/// Reads `syn`: a named schedule, a list of gaps, such a list in a table, or none.
pub fn syn<'a>(
    reader: &'a Reader<'a>,
    table: &Table<'a>,
    connect_timeout: Option<SimDuration>,
) -> Option<SynSchedule> {
    let node = table.get("syn");
    let schedule = match node {
        Some(node) if matches!(node.value, Value::List(_)) => gaps(reader, node, connect_timeout)?,
        Some(node) if matches!(node.value, Value::Table(_)) => {
            let table = reader.table(node, "syn");
            let intervals = table.need("intervals", "[\"1s\", \"2s\"]");
            table.finish();
            gaps(reader, intervals?, connect_timeout)?
        }
        node => named(reader, node)?,
    };
    Some(schedule.ended_by(connect_timeout))
}

fn gaps<'a>(
    reader: &'a Reader<'a>,
    node: &'a Node,
    connect_timeout: Option<SimDuration>,
) -> Option<SynSchedule> {
    let resends = resends(reader, node);
    if connect_timeout.is_none() {
        let help = Some("write `connect_timeout = \"10s\"`".to_string());
        let message = "a list of SYN gaps needs `connect_timeout`, when the client gives up".to_string();
        reader.problem(&node.span, message, help);
        return None;
    }
    Some(SynSchedule { resends: resends?, give_up: None })
}

/// Gaps, as times after the first SYN.
fn resends<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Vec<SimDuration>> {
    let mut at = SimDuration::ZERO;
    let after = |gap: &'a Node| {
        at = at.plus(duration(reader, "syn", gap)?);
        Some(at)
    };
    list(reader, "syn", node).iter().map(after).collect()
}

fn named<'a>(reader: &'a Reader<'a>, node: Option<&'a Node>) -> Option<SynSchedule> {
    let shipped = SYN_SCHEDULES.iter().map(|profile| (profile.short_name(), Some(profile)));
    let choices: Vec<(&str, Option<&Profile>)> = shipped.chain([("none", None)]).collect();
    let profile = match node {
        None => SYN_SCHEDULES.iter().find(|profile| profile.short_name() == DEFAULT),
        Some(node) => choice(reader, "syn", node, &choices)?,
    };
    profile.map_or(Some(SynSchedule::NONE), |profile| shipped_schedule(reader, profile))
}

/// A shipped schedule was written and tested with the program: nothing in it is a problem of the file.
fn shipped_schedule(reader: &Reader<'_>, profile: &Profile) -> Option<SynSchedule> {
    let tree = profile.tree().ok()?;
    let resends = resends(reader, tree.get("intervals")?)?;
    let give_up = duration(reader, "give_up", tree.get("give_up")?)?;
    Some(SynSchedule { resends, give_up: Some(give_up) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::reader::Origin;

    #[test]
    fn shipped_schedules_send_when_their_documents_say() {
        let seconds = |profile: &Profile| {
            let Profile { name: file, text } = *profile;
            let reader = Reader::new(Origin { file, text, flags: "", trace: None });
            let schedule = shipped_schedule(&reader, profile).unwrap();
            reader.finish().unwrap();
            let whole = |time: &SimDuration| time.as_secs_f64() as u64;
            (schedule.resends.iter().map(whole).collect::<Vec<_>>(), whole(&schedule.give_up.unwrap()))
        };
        let [linux, classic, windows] = SYN_SCHEDULES.each_ref().map(seconds);
        assert_eq!(linux, (vec![1, 2, 3, 4, 5, 7, 11, 19, 35, 67], 131));
        assert_eq!(classic, (vec![1, 3, 7, 15, 31, 63], 127));
        assert_eq!(windows, (vec![3, 9], 21));
    }

    #[test]
    fn gaps_in_a_table_are_gaps_in_a_list() {
        let schedule = |syn: &str| {
            let text = format!(
                "[outbound]\nmodel = \"custom\"\nports = 1\n[[workload]]\narrivals.even = {{ rate = \"1 per s\" }}\n\
                 lifetime = \"1s\"\nconnect_timeout = \"9s\"\nsyn = {syn}\n"
            );
            let scenario = crate::scenario::read("test.toml", &text, &[]).unwrap();
            scenario.workloads[0].syn.clone()
        };
        let table = schedule("{ intervals = [\"1s\", \"3s\", \"5s\"] }");
        assert_eq!(table, schedule("[\"1s\", \"3s\", \"5s\"]"));
        assert_eq!(table.resends, [1, 4].map(SimDuration::from_secs), "none at the timeout");
    }
}
