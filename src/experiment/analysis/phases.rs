//! What happened to the cluster, and how it fared in between.

use super::Sums;
use crate::experiment::plan::Plan;
use crate::experiment::results::{Phase, Scaled};
use crate::metrics::Summary;
use crate::outbound::PortPool;
use crate::scenario::Scenario;
use crate::simulation::Epoch;
use crate::time::{SimDuration, SimTime};

impl Sums<'_> {
    pub fn phases(&self, plan: &Plan, scenario: &Scenario) -> Vec<Phase> {
        let duration = plan.system.timing.duration();
        let instants: Vec<SimDuration> = scenario.events.instants().filter(|at| *at < duration).collect();
        if instants.is_empty() {
            return Vec::new();
        }
        let mut begins = vec![SimDuration::ZERO];
        begins.extend(&instants);
        let phase = |(number, start): (usize, &SimDuration)| {
            let end = begins.get(number + 1).copied().unwrap_or(duration);
            let counts =
                self.trials.iter().map(|trial| trial.phases.get(number).copied().unwrap_or_default());
            let (attempts, snat_failures) = counts.fold((0, 0), |sum, more| (sum.0 + more.0, sum.1 + more.1));
            let what = if number == 0 {
                Vec::new()
            } else {
                scenario.events.at(*start).map(str::to_string).collect()
            };
            Phase {
                start_s: start.as_secs_f64(),
                end_s: end.as_secs_f64(),
                what,
                nodes: nodes(plan, end),
                ports: device_ports(plan, end),
                attempts,
                snat_failures,
                cut_off: self.cut_off(&plan.system.epochs, *start, end),
            }
        };
        let phases = begins.iter().enumerate().map(phase);
        phases.filter(|phase| phase.end_s > phase.start_s).collect()
    }

    /// When a device scaled by itself, by replication.
    pub fn scaled(&self, plan: &Plan) -> Vec<Scaled> {
        let nanos = |time: SimTime| time.since(SimTime::ZERO).nanos() as f64 / 1e9;
        let of = |(trial, replication): (&Summary, u32)| {
            let scaled = |(time, instances, cut_off): &(SimTime, u32, u64)| Scaled {
                replication,
                at_s: nanos(*time) - nanos(plan.system.timing.origin),
                instances: *instances,
                cut_off: *cut_off,
            };
            trial.scaled.iter().map(scaled).collect::<Vec<Scaled>>()
        };
        self.trials
            .iter()
            .zip(0..)
            .flat_map(of)
            .filter(|scaled| scaled.at_s < plan.system.timing.duration().as_secs_f64())
            .collect()
    }

    fn cut_off(&self, epochs: &[Epoch], start: SimDuration, end: SimDuration) -> u64 {
        let inside = |number: u32| (start..end).contains(&epochs[number as usize].at);
        let trials = self.trials.iter().flat_map(|trial| &trial.cut_off);
        trials.filter(|(number, _)| inside(**number)).map(|(_, flows)| flows).sum()
    }
}

/// How the system is just before `end`; none where it has not changed.
fn epoch_before(plan: &Plan, end: SimDuration) -> Option<&Epoch> {
    plan.system.epochs.iter().rev().find(|epoch| epoch.at < end)
}

/// Nodes that are there just before `end`.
fn nodes(plan: &Plan, end: SimDuration) -> u32 {
    let cluster = &plan.system.cluster;
    epoch_before(plan, end).map_or(cluster.nodes_there(), |epoch| cluster.nodes() - epoch.away.len() as u32)
}

/// Ports of the first way's device just before `end`.
pub(super) fn device_ports(plan: &Plan, end: SimDuration) -> Option<u64> {
    let paths = &plan.system.paths;
    let device = *paths.ways[0].stages.last()?;
    let first = &paths.stages[device.index()].pools;
    let pools = epoch_before(plan, end).map_or(first, |epoch| &epoch.pools[device.index()]);
    pools.iter().map(PortPool::all_ports).sum()
}
