//! What theory says of a plan before anything is simulated: the load of its busiest row, and whether Erlang-B applies.

use crate::analytic::erlang_b;
use crate::experiment::plan::Plan;
use crate::flow::{EndKind, Protocol};
use crate::outbound::Egress;
use crate::simulation::{RowId, Source, System};
use crate::time::SimDuration;
use crate::workload::{Arrivals, Law, Workload};
use std::collections::BTreeMap;

/// The row with the highest load per port.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusiestRow {
    /// Which.
    pub row: RowId,
    /// New flows per second that it is asked for.
    pub rate: f64,
    /// Rate x mean time that a flow keeps its port, erlang.
    pub offered: f64,
    /// Its ports.
    pub ports: u64,
}

impl BusiestRow {
    /// That of a plan; none where loads change while it runs, or no row is limited.
    pub fn of(plan: &Plan) -> Option<Self> {
        let system = &plan.system;
        let loads = loads(system)?;
        let limited = loads.into_iter().filter_map(|(row, (rate, offered))| {
            Some(Self { row, rate, offered, ports: system.ports_in_row(row)? })
        });
        let fullest = |one: &Self, other: &Self| one.load_per_port().total_cmp(&other.load_per_port());
        limited.rev().max_by(fullest).filter(|busiest| busiest.rate > 0.0)
    }

    fn load_per_port(&self) -> f64 {
        self.offered / self.ports as f64
    }

    /// The share of flows that find no port, or why theory does not say.
    pub fn erlang_b(&self, plan: &Plan) -> Result<f64, &'static str> {
        match why_not_erlang(plan) {
            None if self.offered.is_finite() => Ok(erlang_b(self.ports, self.offered)),
            None => Err("the mean holding time is infinite"),
            Some(reason) => Err(reason),
        }
    }
}

/// The share of all first attempts that find no port, or why theory does not say it exactly.
pub fn exact_ratio(plan: &Plan) -> Result<f64, &'static str> {
    let system = &plan.system;
    if let Some(why) = why_not_erlang(plan) {
        return Err(why);
    }
    let capped = |stage: &Egress| stage.per_destination_cap().is_some() || !stage.caps.is_empty();
    if system.paths.stages.iter().any(capped) {
        return Err("a limit on live flows may refuse before the ports do");
    }
    let loads = loads(system).ok_or("loads change while it runs, or depend on silence")?;
    let (mut asked, mut refused) = (0.0, 0.0);
    for (row, (rate, offered)) in loads {
        let blocked = match system.ports_in_row(row) {
            Some(_) if !offered.is_finite() => return Err("the mean holding time is infinite"),
            Some(ports) => erlang_b(ports, offered),
            None => 0.0,
        };
        asked += rate;
        refused += rate * blocked;
    }
    if asked > 0.0 { Ok(refused / asked) } else { Err("no flow needs a port") }
}

/// New flows per second that each row is asked for, and those times the mean time that they keep a port; none where that changes
/// while the system runs.
fn loads(system: &System) -> Option<BTreeMap<RowId, (f64, f64)>> {
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
    Some(loads)
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
