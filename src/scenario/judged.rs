//! What the platform would refuse of a scenario that is well written.

use super::reader::Origin;
use super::tree::{Node, Value};
use super::{NamedWay, RefusedBy, RefusedLater, Scenario};
use crate::error::{Error, Problem};
use crate::outbound::Refusal;

/// A scenario, and everything in it that the platform would refuse.
pub struct Judged {
    /// The scenario; to be simulated only if nothing is refused.
    pub scenario: Scenario,
    /// What is refused, each with its place in the file.
    pub refused: Vec<(Refusal, Problem)>,
    /// Keys of `[outbound]` whose values are outside of what the platform allows; the scenario has the model's in their place.
    pub outside: Vec<String>,
}

impl Judged {
    /// The scenario, if nothing is refused.
    pub fn accepted(self) -> Result<Scenario, Error> {
        let Self { scenario, refused, outside: _ } = self;
        match refused.is_empty() {
            true => Ok(scenario),
            false => Err(Error::PlatformRefuses(refused.into_iter().map(|(_, problem)| problem).collect())),
        }
    }
}

/// Judges a scenario: its cluster and its devices as they are at first; where those are accepted, what its events lead to. An event
/// that this program cannot follow is wrong input.
pub(super) fn judge(
    origin: Origin<'_>,
    tree: &Node,
    scenario: Scenario,
    of_cluster: Vec<Refusal>,
) -> Result<Judged, Error> {
    let of_cluster = of_cluster.into_iter().map(|refusal| (tree.get("cluster"), refusal));
    let at_first = of_cluster.chain(refused_devices(&scenario, tree));
    let placed = |(table, refusal): (Option<&Node>, Refusal)| {
        let span = table.and_then(|table| table.get(refusal.key)).map_or(0..0, |node| node.span.clone());
        let message = format!("{} ({})", refusal.message, refusal.code);
        let problem = origin.problem(&span, message, Some(refusal.help.clone()));
        (refusal, problem)
    };
    let mut refused: Vec<(Refusal, Problem)> = at_first.map(placed).collect();
    if refused.is_empty()
        && let Err(RefusedLater { at, by, refusal }) = scenario.epochs()
    {
        let mark = scenario.events.marks.iter().rev().find(|mark| mark.at <= at);
        let (span, what) = mark.map_or((0..0, ""), |mark| (mark.span.clone(), mark.what.as_str()));
        let message = format!("at {at} ({what}): {}", refusal.message);
        let told = match by {
            RefusedBy::Platform => format!("{message} ({})", refusal.code),
            RefusedBy::Program => message.clone(),
        };
        let problem = origin.problem(&span, told, Some(refusal.help.clone()));
        if by == RefusedBy::Program {
            return Err(Error::Input(vec![problem]));
        }
        refused.push((Refusal { message, ..refusal }, problem));
    }
    Ok(Judged { scenario, refused, outside: Vec::new() })
}

/// Devices that the platform would refuse, each with the table of its settings.
fn refused_devices<'t>(scenario: &Scenario, tree: &'t Node) -> Vec<(Option<&'t Node>, Refusal)> {
    let Scenario { outbound, ways_out, cluster, .. } = scenario;
    let own = outbound.refusals(cluster).into_iter().map(|refusal| (tree.get("outbound"), refusal));
    let of_way = |(number, way): (usize, &NamedWay)| {
        let table = match tree.get("way_out").map(|node| &node.value) {
            Some(Value::List(tables)) => tables.get(number),
            _ => None,
        };
        let refusals = way.refusals(cluster).into_iter();
        refusals.map(move |refusal| (table, refusal)).collect::<Vec<_>>()
    };
    own.chain(ways_out.iter().enumerate().flat_map(of_way)).collect()
}
