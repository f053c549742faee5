//! When the clients of a workload send their SYN again: `syn`.

use super::reader::{Reader, Table, choice, duration, list, positive};
use super::tree::{Node, Value};
use crate::profile::Profile;
use crate::time::SimDuration;
use crate::workload::SynSchedule;
use crate::workload::client::Order;
use crate::workload::syn::ResendTimers;

/// When operating systems send a SYN again, for `syn`.
pub const SYN_SCHEDULES: [Profile; 5] = [
    Profile { name: "syn/linux-6.5", text: include_str!("../../models/syn/linux-6.5.toml") },
    Profile {
        name: "syn/linux-6.5-timer-wheel",
        text: include_str!("../../models/syn/linux-6.5-timer-wheel.toml"),
    },
    Profile { name: "syn/linux-classic", text: include_str!("../../models/syn/linux-classic.toml") },
    Profile {
        name: "syn/linux-classic-timer-wheel",
        text: include_str!("../../models/syn/linux-classic-timer-wheel.toml"),
    },
    Profile { name: "syn/windows", text: include_str!("../../models/syn/windows.toml") },
];

/// What is used where nothing is written.
const DEFAULT: &str = "linux-6.5";

/// Which of several timers comes first that end at one instant.
const ORDERS: [(&str, Order); 2] = [("first-armed-first", Order::Fifo), ("last-armed-first", Order::Lifo)];

/// Reads `syn`: a named schedule, a list of gaps, such a list in a table with what timers make of it, or none. The client gives up after
/// `limit` at the latest.
pub fn syn<'a>(reader: &'a Reader<'a>, table: &Table<'a>, limit: Option<SimDuration>) -> Option<SynSchedule> {
    let node = table.get("syn");
    let schedule = match node {
        Some(node) if matches!(node.value, Value::List(_)) => gaps(reader, node, limit)?,
        Some(node) if matches!(node.value, Value::Table(_)) => {
            let table = reader.table(node, "syn");
            let intervals = table.need("intervals", "[\"1s\", \"2s\"]");
            let timers = timers(&table);
            table.finish();
            let schedule = gaps(reader, intervals?, limit);
            SynSchedule { timers: timers?, ..schedule? }
        }
        node => named(reader, node)?,
    };
    Some(schedule.ended_by(limit))
}

fn gaps<'a>(reader: &'a Reader<'a>, node: &'a Node, limit: Option<SimDuration>) -> Option<SynSchedule> {
    let resends = resends(reader, node);
    if limit.is_none() {
        let help = Some("write `connect_timeout = \"10s\"`".to_string());
        let message =
            "a list of SYN gaps needs `connect_timeout` or `request_timeout`, when the client gives up"
                .to_string();
        reader.problem(&node.span, message, help);
        return None;
    }
    Some(SynSchedule { resends: resends?, ..SynSchedule::NONE })
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
    let last = Some(give_up.less(*resends.last()?));
    let timers = timers(&reader.table(&tree, profile.name))?;
    let timers = timers.map(|timers| ResendTimers { last, ..timers });
    Some(SynSchedule { resends, give_up: Some(give_up), timers })
}

/// Reads `grid` and `order`; nothing where neither is there.
fn timers(table: &Table<'_>) -> Option<Option<ResendTimers>> {
    let (grid, order) = (table.get("grid"), table.get("order"));
    if grid.is_none() && order.is_none() {
        return Some(None);
    }
    let grid = grid.map_or(Some(Vec::new()), |node| grid_of(table.reader, node));
    let order = order.map_or(Some(Order::Fifo), |_| table.choice("order", &ORDERS));
    Some(Some(ResendTimers { grid: grid?, order: order?, ..ResendTimers::default() }))
}

/// Bounds of gaps, rising, each with the step of the grid on which such gaps end.
fn grid_of<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<Vec<(SimDuration, SimDuration)>> {
    let entries = list(reader, "grid", node);
    let pairs: Option<Vec<_>> = entries.iter().map(|entry| step(reader, entry)).collect();
    let pairs = pairs?;
    let unordered = pairs.windows(2).position(|pair| pair[1].0 <= pair[0].0);
    if let Some(place) = unordered {
        let [(before, _), (bound, _)] = [pairs[place], pairs[place + 1]];
        let message = format!("the bound {bound} of `grid` follows {before}; bounds must rise");
        let help = Some("write the shortest bound first, each with its own step".to_string());
        reader.problem(&entries[place + 1].span, message, help);
        return None;
    }
    Some(pairs)
}

/// A bound and the step of the gaps below it.
fn step<'a>(reader: &'a Reader<'a>, node: &'a Node) -> Option<(SimDuration, SimDuration)> {
    let [bound, step] = list(reader, "grid", node) else {
        if matches!(node.value, Value::List(_)) {
            let message =
                "an entry of `grid` needs two times: a bound of gaps, and the step on which they end";
            reader.problem(
                &node.span,
                message.into(),
                Some("write `grid = [[\"2.044s\", \"32ms\"]]`".into()),
            );
        }
        return None;
    };
    let bound = positive(reader, "grid", bound);
    let step = positive(reader, "grid", step);
    bound.zip(step)
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
        let [linux, wheel, classic, classic_wheel, windows] = SYN_SCHEDULES.each_ref().map(seconds);
        assert_eq!(linux, (vec![1, 2, 3, 4, 5, 7, 11, 19, 35, 67], 131));
        assert_eq!(classic, (vec![1, 3, 7, 15, 31, 63], 127));
        assert_eq!((wheel, classic_wheel), (linux, classic), "the same gaps");
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
        let timed = schedule(
            "{ intervals = [\"1s\"], grid = [[\"2.044s\", \"32ms\"]], order = \"last-armed-first\" }",
        );
        let nine = Some(SimDuration::from_secs(9));
        let grid = vec![(SimDuration::from_nanos(2_044_000_000), SimDuration::from_nanos(32_000_000))];
        let timers = ResendTimers { grid, order: Order::Lifo, last: None, limit: nine };
        assert_eq!(timed.timers, Some(timers));
    }
}
