//! What happened to the cluster, and how it fared in between.

use super::number::{count, counted, number, percent, span};
use super::table::Table;
use crate::experiment::results::{Phase, Results};

/// A row for each phase; nothing where nothing happened.
pub fn table(results: &Results) -> Option<Table> {
    if results.phases.is_empty() {
        return None;
    }
    let mut table = Table::new([
        "from",
        "what happens",
        "nodes",
        "ports",
        "attempts",
        "SNAT failures",
        "share",
        "flows cut off in a run",
    ]);
    for phase in &results.phases {
        table.push([
            span(phase.start_s),
            what(phase),
            count(u64::from(phase.nodes)),
            phase.ports.map_or("unlimited".into(), count),
            count(phase.attempts),
            count(phase.snat_failures),
            share(phase),
            number(cut_off(results, phase)),
        ]);
    }
    Some(table)
}

/// Phases that a terminal shows.
const SHOWN: usize = 16;

/// The same in lines, for a terminal.
pub fn lines(results: &Results) -> Vec<String> {
    let line = |phase: &Phase| {
        let cut_off = match phase.cut_off {
            0 => String::new(),
            _ => format!(", {} live flows cut off in a run", number(cut_off(results, phase))),
        };
        let ports = phase.ports.map_or("unlimited".into(), count);
        format!(
            "{:>10}  {}: {}, {ports} ports; {} of attempts fail{cut_off}",
            span(phase.start_s),
            what(phase),
            counted(u64::from(phase.nodes), "node"),
            share(phase)
        )
    };
    let left_out = results.phases.len().saturating_sub(SHOWN);
    let more = (left_out > 0).then(|| format!("  ... {left_out} more (see --format json)"));
    results.phases.iter().take(SHOWN).map(line).chain(more).collect()
}

/// Mean of the replications.
fn cut_off(results: &Results, phase: &Phase) -> f64 {
    phase.cut_off as f64 / f64::from(results.replications.max(1))
}

fn what(phase: &Phase) -> String {
    if phase.what.is_empty() { "start".into() } else { phase.what.join(", ") }
}

fn share(phase: &Phase) -> String {
    match phase.attempts {
        0 => "-".into(),
        attempts => percent(phase.snat_failures as f64 / attempts as f64),
    }
}

/// How a device scaled by itself in the first replication; nothing where none did.
pub fn scaled(results: &Results) -> Option<String> {
    let first = results.scaled.iter().filter(|scaled| scaled.replication == 0 && scaled.at_s >= 0.0);
    let told: Vec<String> = first
        .map(|scaled| {
            let at = span(scaled.at_s.round());
            let cut_off = match scaled.cut_off {
                0 => String::new(),
                flows => format!(", {} live flows cut off", count(flows)),
            };
            format!("{at}: {} instances{cut_off}", scaled.instances)
        })
        .collect();
    match results.replications {
        _ if told.is_empty() => None,
        1 => Some(told.join("; ")),
        _ => Some(format!("{} (first replication)", told.join("; "))),
    }
}
