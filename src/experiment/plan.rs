//! What will be simulated: the system laid out, its warm-up chosen, its time cut.

use super::results::WarmUpChoice;
use crate::error::{Error, Problem};
use crate::flow::{EndKind, Protocol};
use crate::metrics::Cuts;
use crate::outbound::{Paths, Refusal, Timers};
use crate::scenario::{Precision, Rare, RefusedLater, Scenario, WarmUp};
use crate::simulation::{System, Timing, unknown_law};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Arrivals, ClientPool, Law, Workload};

/// A plan of trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The system, the same in every trial.
    pub system: System,
    /// How measured time is cut.
    pub cuts: Cuts,
    /// Probed instants, rising.
    pub probes: Vec<SimTime>,
    /// Instants at which something happens that people see, rising.
    pub phases: Vec<SimTime>,
    /// How runs start.
    pub start: Start,
    /// Why the warm-up is as long as it is; none where it was not chosen by a pilot run.
    pub warm_up_choice: Option<WarmUpChoice>,
    /// Independent repetitions; with a precision those of the first batch, and after the run all of them.
    pub replications: u32,
    /// How narrow the interval is to become by more of them, where that is asked.
    pub precision: Option<Precision>,
    /// How rare failures are found, where that is asked.
    pub rare: Option<Rare>,
    /// Seed.
    pub seed: u64,
}

/// How a run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With every port free.
    Empty,
    /// After a time that is simulated and thrown away.
    WarmUp,
    /// From the stationary law.
    Stationary,
}

impl Start {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::WarmUp => "warm-up",
            Self::Stationary => "stationary",
        }
    }
}

/// More (workload, node, destination) triples than this do not fit in memory.
const MOST_SOURCES: u64 = 20_000_000;

impl Plan {
    /// Plans `scenario`.
    pub fn new(scenario: &Scenario) -> Result<Self, Error> {
        Self::through(scenario, scenario.paths().map_err(refused)?, scenario.run.warm_up)
    }

    /// Plans `scenario` with other ways out and with another warm-up.
    pub fn through(scenario: &Scenario, paths: Paths, warm_up: WarmUp) -> Result<Self, Error> {
        let sources = System::sources_needed(&scenario.workloads);
        if sources > MOST_SOURCES {
            let message = format!(
                "{sources} combinations of workload, node and destination are more than the {MOST_SOURCES} that fit in \
                 memory; use fewer nodes or destinations"
            );
            return Err(Error::input("scenario", message));
        }
        let epochs = scenario.epochs().map_err(|RefusedLater { at, refusal, .. }| {
            refused(Refusal { message: format!("at {at}: {}", refusal.message), ..refusal })
        })?;
        let system = System::over_time(
            paths,
            scenario.cluster.clone(),
            scenario.destinations.clone(),
            scenario.workloads.clone(),
            Timing { origin: SimTime::ZERO, end: SimTime::ZERO, horizon: SimTime::ZERO, stationary: false },
            epochs,
        );
        let (start, span) = choose_start(&system, warm_up)?;
        let mut plan = Self {
            system,
            cuts: Cuts::new(SimTime::ZERO, SimTime::ZERO, scenario.run.window),
            probes: Vec::new(),
            phases: Vec::new(),
            start,
            warm_up_choice: None,
            replications: scenario.run.replications,
            precision: scenario.run.precision,
            rare: scenario.run.rare,
            seed: scenario.run.seed,
        };
        plan.begin_after(span, scenario);
        Ok(plan)
    }

    /// Measures the `duration` of `scenario` after this warm-up.
    pub fn begin_after(&mut self, warm_up: SimDuration, scenario: &Scenario) {
        let origin = SimTime::ZERO + warm_up;
        let end = origin + scenario.run.duration;
        let patience = scenario.workloads.iter().map(Workload::patience).max();
        let horizon = end + scenario.run.duration.max(patience.unwrap_or(SimDuration::ZERO));
        self.system.timing = Timing { origin, end, horizon, stationary: self.start == Start::Stationary };
        self.cuts = Cuts::new(origin, end, scenario.run.window);
        self.phases = scenario.events.instants().map(|at| origin + at).filter(|at| *at < end).collect();
        self.probes = scenario.probes.iter().map(|probe| origin + probe.at).collect();
    }

    /// What is simulated before anything is measured.
    pub fn warm_up(&self) -> SimDuration {
        self.system.timing.origin.since(SimTime::ZERO)
    }

    /// Whether clients never act again after a refusal.
    pub fn has_no_feedback(&self) -> bool {
        !self.system.workloads.iter().any(Workload::reacts)
    }

    /// Whether all traffic comes at times fixed beforehand, once.
    pub fn is_pure_burst(&self) -> bool {
        self.system.workloads.iter().all(|workload| matches!(workload.arrivals, Arrivals::Burst { .. }))
    }

    /// Whether all traffic asks at rates that never change.
    pub fn has_steady_rate(&self) -> bool {
        let steady = |arrivals: &Arrivals| {
            matches!(
                arrivals,
                Arrivals::Poisson { .. }
                    | Arrivals::Even { .. }
                    | Arrivals::Batch { .. }
                    | Arrivals::Renewal { .. }
            )
        };
        self.system.workloads.iter().all(|workload| steady(&workload.arrivals))
    }

    /// Whether all traffic is recorded, and runs as it was, so that nothing is drawn.
    pub fn is_recorded(&self) -> bool {
        self.system.workloads.iter().all(|workload| workload.arrivals.draws_nothing())
    }
}

fn refused(refusal: Refusal) -> Error {
    Error::PlatformRefuses(vec![Problem {
        file: "outbound".into(),
        line: None,
        column: None,
        message: format!("{} ({})", refusal.message, refusal.code),
        help: Some(refusal.help),
    }])
}

fn choose_start(system: &System, warm_up: WarmUp) -> Result<(Start, SimDuration), Error> {
    match warm_up {
        WarmUp::For(span) if span == SimDuration::ZERO => Ok((Start::Empty, span)),
        WarmUp::For(span) => Ok((Start::WarmUp, span)),
        WarmUp::Stationary => match unknown_law(system) {
            None => Ok((Start::Stationary, SimDuration::ZERO)),
            Some(reason) => Err(Error::Input(vec![Problem {
                file: "run.warm_up".into(),
                line: None,
                column: None,
                message: format!("`warm_up` is \"stationary\", but the law is not known: {reason}"),
                help: Some("write `warm_up = \"auto\"` or a time, such as \"20m\"".into()),
            }])),
        },
        WarmUp::Auto if system.workloads.iter().all(begins_by_itself) => {
            Ok((Start::Empty, SimDuration::ZERO))
        }
        WarmUp::Auto if unknown_law(system).is_none() => Ok((Start::Stationary, SimDuration::ZERO)),
        WarmUp::Auto => Ok((Start::WarmUp, settling_time(system))),
    }
}

fn begins_by_itself(workload: &Workload) -> bool {
    matches!(workload.arrivals, Arrivals::Burst { .. } | Arrivals::Herd { .. } | Arrivals::Trace(_))
}

/// A warm-up after which the start is forgotten: longest hold-down, 5 mean lifetimes, and all waits of a client that keeps failing.
pub fn settling_time(system: &System) -> SimDuration {
    let longest = system.workloads.iter().map(|workload| {
        let rest = longest_rest(system, workload);
        let turn = mean_length(system, workload) + mean_thinking(workload);
        rest + 5.0 * turn.min(SimDuration::LONGEST.as_secs_f64())
            + workload.pools().map(pool_turnover).fold(0.0, f64::max)
            + workload.retry.as_ref().map_or(0.0, |retry| retry.longest_waits().as_secs_f64())
    });
    SimDuration::from_secs_f64(longest.fold(0.0, f64::max).ceil())
}

/// The longest time in seconds that a port is kept beyond a flow of `workload`; the mean where it has no limit.
pub fn longest_rest(system: &System, workload: &Workload) -> f64 {
    let rest = EndKind::ALL.into_iter().filter(|end| workload.ends.share(*end) > 0.0);
    let rest = rest.map(|end| rest_after(system, workload, end)).fold(0.0, f64::max);
    let silent = workload.packets.as_ref().and_then(|_| longest_idle(system, workload));
    rest.max(silent.map_or(0.0, SimDuration::as_secs_f64))
}

/// After this many seconds a client pool no longer remembers how it was filled.
fn pool_turnover(pool: &ClientPool) -> f64 {
    let life = pool.max_lifetime.map_or(SimDuration::ZERO, |lifespan| lifespan.most);
    pool.idle_timeout.unwrap_or(SimDuration::ZERO).max(life).as_secs_f64()
}

/// Mean seconds that the clients of a closed loop think; 0 without any.
fn mean_thinking(workload: &Workload) -> f64 {
    match &workload.arrivals {
        Arrivals::Closed { think, .. } => think.mean(),
        _ => 0.0,
    }
}

/// Timers of the stages that the flows of `workload` may pass.
fn timers<'a>(system: &'a System, workload: &Workload) -> impl Iterator<Item = &'a Timers> {
    system.paths.of_way(workload.way_out).map(|stage| &stage.timers)
}

fn longest_idle(system: &System, workload: &Workload) -> Option<SimDuration> {
    let longest = |timers: &Timers| {
        timers.idle_timeout.max(Some(timers.udp_idle_timeout)).max(timers.udp_stream_timeout)
    };
    timers(system, workload).filter_map(longest).max()
}

/// Mean seconds that a flow is in use; the longest of them where that is bounded.
fn mean_length(system: &System, workload: &Workload) -> f64 {
    match &workload.packets {
        None => workload.lifetime.longest_or_mean(),
        Some(packets) => packets.mean_length(&workload.lifetime, longest_idle(system, workload)),
    }
}

/// Mean seconds that a port is kept beyond the lifetime, hold-down included: the longest over stages.
fn rest_after(system: &System, workload: &Workload, end: EndKind) -> f64 {
    let udp =
        workload.destinations.iter().any(|(id, _)| system.destinations[id.index()].protocol == Protocol::Udp);
    let rests = timers(system, workload).map(|timers| {
        let silence = timers.udp_idle_timeout.max(timers.udp_stream_timeout.unwrap_or(SimDuration::ZERO));
        let udp_rest = silence.as_secs_f64() + timers.hold_down_udp.longest_or_mean();
        tcp_rest(timers, end).max(if udp { udp_rest } else { 0.0 })
    });
    rests.fold(0.0, f64::max)
}

fn tcp_rest(timers: &Timers, end: EndKind) -> f64 {
    match end {
        EndKind::Abandoned => timers.idle_timeout.unwrap_or(SimDuration::ZERO).as_secs_f64(),
        EndKind::HalfOpen => timers.half_open.as_secs_f64(),
        EndKind::Fin | EndKind::Rst | EndKind::Refused => {
            timers.hold_down(Protocol::Tcp, end).map_or(0.0, Law::longest_or_mean)
        }
    }
}
