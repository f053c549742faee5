//! The closed form beside the simulated value.

use super::Sums;
use crate::analytic::{erlang_b, sustainable_rate};
use crate::experiment::plan::Plan;
use crate::experiment::results::AnalyticCheck;
use crate::flow::{EndKind, Protocol};
use crate::simulation::{RowId, Source, System};
use crate::time::SimDuration;
use crate::workload::{Arrivals, Law, Workload};
use std::collections::BTreeMap;

impl Sums<'_> {
    /// The closed form of the row with the highest load per port.
    pub fn analytic(&self, plan: &Plan) -> Option<AnalyticCheck> {
        let system = &plan.system;
        let troubled = system.destinations.iter().any(|each| !each.troubles.is_empty());
        if !system.epochs.is_empty() || system.scales() || troubled {
            return None;
        }
        let mut loads: BTreeMap<RowId, (f64, f64)> = BTreeMap::new();
        for source in &system.sources {
            let workload = system.workload(source);
            if workload.packets.is_some() {
                return None;
            }
            let rate = workload.arrivals.mean_rate()? * source.share * system.share_per_row(source);
            let holding = mean_holding(system, source);
            for row in source.rows() {
                let load = loads.entry(*row).or_default();
                *load = (load.0 + rate, load.1 + rate * holding);
            }
        }
        let limited =
            loads.into_iter().filter_map(|(row, load)| Some((row, load, system.ports_in_row(row)?)));
        let fullest = |(_, one, ports): &(RowId, (f64, f64), u64),
                       (_, other, more): &(RowId, (f64, f64), u64)| {
            (one.1 / *ports as f64).total_cmp(&(other.1 / *more as f64))
        };
        let (row, (rate, offered), ports) =
            limited.rev().max_by(fullest).filter(|(_, (rate, _), _)| *rate > 0.0)?;
        Some(self.check(plan, row, rate, offered, ports))
    }

    fn check(&self, plan: &Plan, row: RowId, rate: f64, offered: f64, ports: u64) -> AnalyticCheck {
        let system = &plan.system;
        let spec = &system.rows[row.index()];
        let holding_s = offered / rate;
        let (erlang, remark) = match why_not_erlang(plan) {
            None if offered.is_finite() => (
                Some(erlang_b(ports, offered)),
                "exact for Poisson arrivals without retries, whatever the laws; the simulated value should agree within \
                 its interval once the run is stationary",
            ),
            None => (None, "the mean holding time is infinite"),
            Some(reason) => (None, reason),
        };
        let figures = self.rows.get(&row).filter(|figures| figures.first_attempts > 0);
        AnalyticCheck {
            port_pool: system.pool_name(row).to_string(),
            destination: spec
                .one_destination
                .then(|| system.destinations[spec.destination.index()].name.clone()),
            ports,
            rate_per_s: rate,
            holding_s,
            offered_erlang: offered,
            sustainable_rate_per_s: sustainable_rate(ports, holding_s),
            erlang_b: erlang,
            simulated: figures.map(|row| row.first_failures as f64 / row.first_attempts as f64),
            remark: remark.to_string(),
        }
    }
}

fn why_not_erlang(plan: &Plan) -> Option<&'static str> {
    let poisson = |workload: &Workload| matches!(workload.arrivals, Arrivals::Poisson { .. });
    if !plan.system.workloads.iter().all(poisson) {
        return Some("arrivals are not Poisson, so Erlang-B does not apply");
    }
    if !plan.system.paths.is_single() {
        return Some("flows pass two stages, and either may refuse; Erlang-B knows one");
    }
    if plan.system.workloads.iter().any(|workload| workload.is_pooled()) {
        return Some("a client pool keeps connections open, so the flows asked for are not the requests");
    }
    if plan.system.workloads.iter().any(|workload| workload.retry.is_some()) {
        return Some("applications try again after a failure, which Erlang-B leaves out");
    }
    if plan.system.workloads.iter().any(|workload| workload.request_timeout.is_some()) {
        return Some("applications give up waiting for an answer, which Erlang-B leaves out");
    }
    if !plan.system.paths.stages.iter().all(|stage| stage.rules.always_find()) {
        return Some("a flow may be refused though ports are free, which Erlang-B leaves out");
    }
    if plan.system.may_lack_local_ports() {
        return Some("pods may run out of local ports, which Erlang-B leaves out");
    }
    if !plan.system.takes_single_ports() {
        return Some("a flow takes several ports, which Erlang-B leaves out");
    }
    (!plan.has_no_feedback()).then_some("refused clients send their SYN again, which Erlang-B leaves out")
}

/// Mean seconds that a granted flow of `source` keeps its port.
fn mean_holding(system: &System, source: &Source) -> f64 {
    let timers = &system.device_of(source).timers;
    let workload = system.workload(source);
    let lifetime = workload.lifetime.mean();
    if system.protocol(source) == Protocol::Udp {
        let silence = match workload.lifetime {
            Law::Constant(lifetime) => timers.udp_silence(lifetime),
            _ => timers.udp_stream_timeout.unwrap_or(timers.udp_idle_timeout),
        };
        return lifetime + silence.as_secs_f64() + timers.hold_down_udp.mean();
    }
    let of = |end: EndKind| match end {
        EndKind::Fin => lifetime + timers.hold_down_fin.mean(),
        EndKind::Rst => lifetime + timers.hold_down_rst.mean(),
        EndKind::Abandoned => lifetime + timers.idle_timeout.map_or(f64::INFINITY, SimDuration::as_secs_f64),
        EndKind::HalfOpen => timers.half_open.as_secs_f64(),
        EndKind::Refused => timers.hold_down_refused.mean(),
    };
    let ends = EndKind::ALL.into_iter().map(|end| (workload.ends.share(end), end));
    ends.filter(|(share, _)| *share > 0.0).map(|(share, end)| share * of(end)).sum()
}
