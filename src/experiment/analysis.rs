//! From the sums of all trials to results that a person can act on.

use super::plan::Plan;
use super::results::*;
use super::runner::Trials;
use super::{estimate, probes, thresholds, warnings};
use crate::analytic::{erlang_b, sustainable_rate};
use crate::flow::{EndKind, Protocol};
use crate::metrics::{Counts, RowSummary, SERIES_BIN, Summary};
use crate::scenario::Scenario;
use crate::simulation::{RowId, Source, System};
use crate::snat::SnatFailure;
use crate::time::SimDuration;
use crate::workload::Arrivals;
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;

/// What the trials of `plan` say about `scenario`.
pub fn results(scenario: &Scenario, plan: &Plan, trials: &Trials, threads: usize) -> Results {
    let sums = Sums::of(plan, trials);
    let system = &plan.system;
    let independent = sums.independent(plan);
    let ratio = |pick: fn(&Counts) -> (u64, u64)| estimate::ratio(&sums.pairs(pick), independent);
    let (occupancy, occupancy_ports) = sums.busiest_row(plan);
    let mut results = Results {
        schema_version: SCHEMA_VERSION,
        scenario: scenario.resolved.clone(),
        title: scenario.title.clone(),
        model: system.egress.model.clone(),
        public_ips: scenario.outbound.public_ips(),
        seed: plan.seed,
        replications: plan.replications,
        duration_s: system.timing.duration().as_secs_f64(),
        warm_up_s: SimDuration::from_nanos(system.timing.origin.nanos()).as_secs_f64(),
        start: plan.start.name().to_string(),
        failure_ratio: ratio(|counts| (counts.snat_failures, counts.attempts)),
        first_attempt_failure_ratio: ratio(|counts| (counts.first_failures, counts.first_attempts)),
        connection_failure_ratio: ratio(|counts| (counts.connection_failures, counts.flows)),
        request_failure_ratio: ratio(|counts| (counts.request_failures, counts.requests)),
        totals: sums.totals(),
        snat_failures_by: sums.by_reason(system),
        failures_by_node: sums.named(system, |system, source| system.cluster.node_name(source.node)),
        failures_by_destination: sums.named(system, destination_name),
        occupancy,
        occupancy_ports,
        occupancy_by_pool: sums.by_pool(plan),
        port_holding_s: sums.holding(),
        hottest_node: None,
        hottest_destination: None,
        first_failure_s: None,
        first_failure: sums.first_failure(system),
        replications_without_failure: sums.without_failure(),
        retry_amplification: sums.amplification(),
        connect_delay_s: sums.connect_delay(),
        client_pool: sums.client_pool(plan),
        probes: probes::figures(&scenario.probes, &trials.summaries),
        headroom: None,
        thresholds: Vec::new(),
        verdict: Verdict::Pass,
        analytic: sums.analytic(plan),
        warnings: scenario.warnings.clone(),
        windows: sums.windows(plan),
        empty_windows: 0,
        window_s: plan.cuts.window.as_secs_f64(),
        series: sums.series(plan),
        connect_delay_histograms: sums.trials.iter().map(delay_histogram).collect(),
        performance: Some(sums.performance(trials, threads)),
    };
    complete(&mut results, scenario, plan);
    results
}

/// Fields that follow from others.
fn complete(results: &mut Results, scenario: &Scenario, plan: &Plan) {
    results.hottest_node = results.failures_by_node.first().cloned();
    results.hottest_destination = results.failures_by_destination.first().cloned();
    results.first_failure_s = results.first_failure.as_ref().map(|failure| failure.time_s);
    let all_windows = plan.cuts.count(plan.cuts.window) as u64 * u64::from(plan.replications);
    results.empty_windows = all_windows - results.windows.len() as u64;
    results.thresholds = scenario.thresholds.iter().map(|each| thresholds::judge(results, each)).collect();
    results.verdict = thresholds::worst(&results.thresholds);
    let more = warnings::warnings(plan, results);
    results.warnings.extend(more);
}

fn destination_name(system: &System, source: &Source) -> String {
    system.destinations[source.destination.index()].name.clone()
}

/// All trials, with what is needed more than once.
struct Sums<'a> {
    trials: &'a [Summary],
    counts: Counts,
    rows: BTreeMap<RowId, RowSummary>,
    measured_nanos: f64,
}

impl<'a> Sums<'a> {
    fn of(plan: &Plan, trials: &'a Trials) -> Self {
        let mut counts = Counts::default();
        let mut rows: BTreeMap<RowId, RowSummary> = BTreeMap::new();
        for trial in &trials.summaries {
            counts.add(&trial.counts());
            for (row, figures) in &trial.rows {
                rows.entry(*row).or_default().add(figures.clone());
            }
        }
        let measured_nanos = plan.cuts.nanos() as f64 * f64::from(plan.replications);
        Self { trials: &trials.summaries, counts, rows, measured_nanos }
    }

    /// Sums above and below the line, by replication; by batch where there is only one.
    fn pairs(&self, pick: fn(&Counts) -> (u64, u64)) -> Vec<(u64, u64)> {
        match self.trials {
            [only] => only.batches.iter().map(pick).filter(|(_, below)| *below > 0).collect(),
            trials => trials.iter().map(|trial| pick(&trial.counts())).collect(),
        }
    }

    /// How many independent chances to fail were seen, at most.
    fn independent(&self, plan: &Plan) -> f64 {
        if plan.is_pure_burst() {
            return f64::from(plan.replications);
        }
        let first = self.counts.first_attempts as f64;
        let holding = self.holding().mean;
        let rows = self.rows.len() as f64;
        let renewals = if holding > 0.0 { rows * self.measured_nanos / 1e9 / holding } else { first };
        first.min(renewals)
    }

    fn totals(&self) -> Totals {
        let Counts {
            attempts,
            snat_failures,
            first_attempts: _,
            first_failures: _,
            flows,
            connection_failures,
            requests,
            request_failures,
            stale,
        } = self.counts;
        Totals { attempts, snat_failures, flows, connection_failures, requests, request_failures, stale }
    }

    fn by_reason(&self, system: &System) -> Vec<FailureCount> {
        let count =
            |reason: SnatFailure| self.trials.iter().map(|trial| trial.reasons[reason as usize]).sum();
        let counted = SnatFailure::ALL.into_iter().map(|reason| (reason, count(reason)));
        let seen = counted.filter(|(_, count): &(_, u64)| *count > 0);
        let stage = &system.egress.stage;
        seen.map(|(reason, count)| FailureCount { stage: stage.clone(), reason: reason.name().into(), count })
            .collect()
    }

    /// Most failures first, then most attempts, then by name's first appearance.
    fn named(&self, system: &System, name: fn(&System, &Source) -> String) -> Vec<NamedFailures> {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut named: Vec<NamedFailures> = Vec::new();
        for (source, (attempts, failures)) in self.trials.iter().flat_map(|trial| &trial.by_source) {
            let name = name(system, &system.sources[source.index()]);
            let place = *places.entry(name.clone()).or_insert_with(|| {
                named.push(NamedFailures { name, attempts: 0, snat_failures: 0 });
                named.len() - 1
            });
            named[place].attempts += attempts;
            named[place].snat_failures += failures;
        }
        named.sort_by(|one, other| {
            let key = |each: &NamedFailures| (each.snat_failures, each.attempts);
            key(other).cmp(&key(one)).then_with(|| one.name.cmp(&other.name))
        });
        named
    }

    /// Mean share of the row's ports that is busy; ports, when unlimited.
    fn fullness(&self, plan: &Plan, row: RowId, figures: &RowSummary) -> f64 {
        let ports = plan.system.ports_in_row(row).unwrap_or(1).max(1) as f64;
        figures.busy_nanos as f64 / self.measured_nanos / ports
    }

    fn busiest_row(&self, plan: &Plan) -> (Occupancy, OccupancyPorts) {
        let busiest = self.busiest_of(plan, |_| true);
        busiest.map_or_else(Default::default, |(row, figures)| self.occupancy(plan, row, figures))
    }

    fn busiest_of(&self, plan: &Plan, of: impl Fn(RowId) -> bool) -> Option<(RowId, &RowSummary)> {
        let mut busiest: Option<(RowId, &RowSummary, f64)> = None;
        for (row, figures) in self.rows.iter().filter(|(row, _)| of(**row)) {
            let fullness = self.fullness(plan, *row, figures);
            if busiest.is_none_or(|(.., most)| fullness > most) {
                busiest = Some((*row, figures, fullness));
            }
        }
        busiest.map(|(row, figures, _)| (row, figures))
    }

    fn occupancy(&self, plan: &Plan, row: RowId, figures: &RowSummary) -> (Occupancy, OccupancyPorts) {
        let system = &plan.system;
        let spec = &system.rows[row.index()];
        let per_row = system.ports_in_row(row);
        let instants = plan.cuts.grid_instants() as f64 * f64::from(plan.replications);
        let counts = RowCounts::of(figures, instants as u64);
        let mean = figures.busy_nanos as f64 / self.measured_nanos;
        let share = |ports: f64| ports / per_row.unwrap_or(1).max(1) as f64;
        let ports = OccupancyPorts {
            port_pool: system.egress.pools[spec.pool.index()].name.clone(),
            destination: spec
                .one_destination
                .then(|| system.destinations[spec.destination.index()].name.clone()),
            per_row,
            mean,
            variance: counts.variance(),
            in_use_mean: figures.in_use as f64 / instants,
            hold_down_mean: figures.resting as f64 / instants,
            p50: counts.quantile(0.5),
            p95: counts.quantile(0.95),
            p99: counts.quantile(0.99),
            max: counts.max(),
        };
        let occupancy = Occupancy {
            mean: share(mean),
            p50: share(ports.p50 as f64),
            p95: share(ports.p95 as f64),
            p99: share(ports.p99 as f64),
            max: share(ports.max as f64),
            full_time_ratio: figures.full_nanos as f64 / self.measured_nanos,
        };
        (occupancy, ports)
    }

    fn by_pool(&self, plan: &Plan) -> Vec<PoolOccupancy> {
        let mut rows_by_pool: BTreeMap<u32, Vec<RowId>> = BTreeMap::new();
        for row in self.rows.keys() {
            rows_by_pool.entry(plan.system.rows[row.index()].pool.0).or_default().push(*row);
        }
        rows_by_pool.values().filter_map(|rows| self.pool(plan, rows)).collect()
    }

    fn pool(&self, plan: &Plan, rows: &[RowId]) -> Option<PoolOccupancy> {
        let (busiest, figures) = self.busiest_of(plan, |row| rows.binary_search(&row).is_ok())?;
        let (occupancy, ports) = self.occupancy(plan, busiest, figures);
        let sum =
            |pick: fn(&RowSummary) -> u64| rows.iter().filter_map(|row| self.rows.get(row)).map(pick).sum();
        Some(PoolOccupancy {
            port_pool: ports.port_pool,
            ports: ports.per_row,
            mean: occupancy.mean,
            p99: occupancy.p99,
            max: occupancy.max,
            attempts: sum(|row| row.attempts),
            snat_failures: sum(|row| row.snat_failures),
        })
    }

    fn holding(&self) -> MeanDeviation {
        let count: u64 = self.trials.iter().map(|trial| trial.holdings).sum();
        if count == 0 {
            return MeanDeviation::default();
        }
        let nanos: u128 = self.trials.iter().map(|trial| trial.holding_nanos).sum();
        let squares: u128 = self.trials.iter().map(|trial| trial.holding_square_micros).sum();
        let mean = nanos as f64 / 1e9 / count as f64;
        let variance = squares as f64 / 1e12 / count as f64 - mean * mean;
        // Squares are kept in whole microseconds: a smaller variance is rounding.
        let sd = if variance > 1e-6 * mean.max(1.0) { variance.sqrt() } else { 0.0 };
        MeanDeviation { mean, sd }
    }

    fn first_failure(&self, system: &System) -> Option<FirstFailure> {
        let failures = self.trials.iter().enumerate();
        let (replication, failure) = failures
            .filter_map(|(replication, trial)| trial.first_failure.map(|failure| (replication, failure)))
            .min_by_key(|(replication, failure)| (*failure, *replication))?;
        let source = &system.sources[failure.source.index()];
        let pool = system.rows[failure.row.index()].pool;
        Some(FirstFailure {
            time_s: failure.time.since(system.timing.origin).as_secs_f64(),
            stage: system.egress.stage.clone(),
            reason: failure.reason.name().into(),
            port_pool: system.egress.pools[pool.index()].name.clone(),
            node: system.cluster.node_name(source.node),
            destination: destination_name(system, source),
            replication: replication as u32,
        })
    }

    fn without_failure(&self) -> u32 {
        self.trials.iter().filter(|trial| trial.first_failure.is_none()).count() as u32
    }

    fn amplification(&self) -> f64 {
        let Counts { attempts, first_attempts, .. } = self.counts;
        if first_attempts == 0 { 1.0 } else { attempts as f64 / first_attempts as f64 }
    }

    /// (delay in microseconds, flows), rising.
    fn delays(&self) -> BTreeMap<u64, u64> {
        let mut delays = BTreeMap::new();
        for (delay, flows) in self.trials.iter().flat_map(|trial| &trial.connect_delays) {
            *delays.entry(*delay).or_default() += flows;
        }
        delays
    }

    fn connect_delay(&self) -> ConnectDelay {
        let delays = self.delays();
        let flows: u64 = delays.values().sum();
        if flows == 0 {
            return ConnectDelay::default();
        }
        let sum: f64 = delays.iter().map(|(delay, flows)| *delay as f64 * *flows as f64).sum();
        let quantile = |level: f64| quantile(&delays, level) as f64 / 1e6;
        let max = delays.keys().last().map_or(0.0, |delay| *delay as f64 / 1e6);
        ConnectDelay { mean: sum / 1e6 / flows as f64, p50: quantile(0.5), p99: quantile(0.99), max }
    }

    fn client_pool(&self, plan: &Plan) -> Option<ClientPoolFigures> {
        plan.system.workloads.iter().find(|workload| workload.client_pool.is_some())?;
        let sum = |pick: fn(&Summary) -> f64| self.trials.iter().map(pick).sum::<f64>();
        Some(ClientPoolFigures {
            open_mean: sum(|trial| trial.pools.open_nanos as f64) / self.measured_nanos,
            opened_per_s: sum(|trial| trial.pools.opened as f64) / self.measured_nanos * 1e9,
            waiting_mean: sum(|trial| trial.pools.waiting_nanos as f64) / self.measured_nanos,
            wait_timeout_ratio: 0.0,
        })
    }

    fn windows(&self, plan: &Plan) -> Vec<Window> {
        let width = plan.cuts.window;
        let mut windows = Vec::new();
        for (replication, trial) in self.trials.iter().enumerate() {
            for (number, (attempts, snat_failures)) in trial.windows.iter().enumerate() {
                let until = (number as u64 + 1).saturating_mul(width.nanos());
                windows.push(Window {
                    replication: replication as u32,
                    start_s: number as f64 * width.as_secs_f64(),
                    attempts: *attempts,
                    snat_failures: *snat_failures,
                    partial: until > plan.cuts.nanos(),
                });
            }
        }
        windows.retain(|window| window.attempts > 0);
        windows
    }

    fn series(&self, plan: &Plan) -> Vec<SeriesBin> {
        let step = plan.cuts.step.nanos();
        let instants_in = |bin: usize| {
            let before = |nanos: u64| nanos.min(plan.cuts.nanos()).div_ceil(step);
            let (start, until) = (bin as u64 * SERIES_BIN.nanos(), (bin as u64 + 1) * SERIES_BIN.nanos());
            (before(until) - before(start)).max(1) as f64
        };
        let mut series = Vec::new();
        for (replication, trial) in self.trials.iter().enumerate() {
            for (bin, counts) in trial.series.iter().enumerate() {
                series.push(SeriesBin {
                    replication: replication as u32,
                    start_s: bin as f64 * SERIES_BIN.as_secs_f64(),
                    successful: counts.successful,
                    failed: counts.failed,
                    in_use: counts.in_use as f64 / instants_in(bin),
                    hold_down: counts.resting as f64 / instants_in(bin),
                });
            }
        }
        series
    }

    /// The closed form of the row with the highest load per port.
    fn analytic(&self, plan: &Plan) -> Option<AnalyticCheck> {
        let system = &plan.system;
        let mut loads: BTreeMap<RowId, (f64, f64)> = BTreeMap::new();
        for source in &system.sources {
            let workload = system.workload(source);
            if workload.packets.is_some() {
                return None;
            }
            let rate = workload.arrivals.mean_rate()? * source.share * system.share_per_row(source);
            let holding = mean_holding(system, source);
            for row in &source.rows {
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
            port_pool: system.egress.pools[spec.pool.index()].name.clone(),
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

    fn performance(&self, trials: &Trials, threads: usize) -> Performance {
        let events: u64 = self.trials.iter().map(|trial| trial.events).sum();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Performance {
            events,
            flows: self.trials.iter().map(|trial| trial.simulated_flows).sum(),
            wall_s: trials.wall_s,
            events_per_s: events as f64 / trials.wall_s.max(1e-9),
            threads: if threads == 0 { cores } else { threads },
        }
    }
}

fn delay_histogram(trial: &Summary) -> String {
    let mut histogram = Histogram::<u64>::new(3).expect("three digits are allowed");
    for (delay, flows) in &trial.connect_delays {
        histogram.record_n(*delay, *flows).expect("a histogram that resizes itself holds any value");
    }
    let mut bytes = Vec::new();
    let written = V2DeflateSerializer::new().serialize(&histogram, &mut bytes);
    written.map(|_| base64::engine::general_purpose::STANDARD.encode(&bytes)).unwrap_or_default()
}

fn why_not_erlang(plan: &Plan) -> Option<&'static str> {
    let poisson =
        |workload: &crate::workload::Workload| matches!(workload.arrivals, Arrivals::Poisson { .. });
    if !plan.system.workloads.iter().all(poisson) {
        return Some("arrivals are not Poisson, so Erlang-B does not apply");
    }
    if plan.system.workloads.iter().any(|workload| workload.client_pool.is_some()) {
        return Some("a client pool keeps connections open, so the flows asked for are not the requests");
    }
    (!plan.has_no_feedback()).then_some("refused clients send their SYN again, which Erlang-B leaves out")
}

/// Mean seconds that a granted flow of `source` keeps its port.
fn mean_holding(system: &System, source: &Source) -> f64 {
    let timers = &system.egress.timers;
    let workload = system.workload(source);
    let lifetime = workload.lifetime.mean();
    if system.protocol(source) == Protocol::Udp {
        return lifetime + timers.udp_idle_timeout.as_secs_f64() + timers.hold_down_udp.mean();
    }
    let of = |end: EndKind| match end {
        EndKind::Fin => lifetime + timers.hold_down_fin.mean(),
        EndKind::Rst => lifetime + timers.hold_down_rst.mean(),
        EndKind::Abandoned => lifetime + timers.idle_timeout.map_or(f64::INFINITY, SimDuration::as_secs_f64),
        EndKind::HalfOpen => timers.half_open.as_secs_f64(),
        EndKind::Refused => timers.hold_down_rst.mean(),
    };
    let ends = EndKind::ALL.into_iter().map(|end| (workload.ends.share(end), end));
    ends.filter(|(share, _)| *share > 0.0).map(|(share, end)| share * of(end)).sum()
}

/// How often a row had each number of busy ports, idle instants of trials without traffic included.
struct RowCounts {
    instants: BTreeMap<u64, u64>,
}

impl RowCounts {
    fn of(figures: &RowSummary, all: u64) -> Self {
        let mut instants = figures.instants.clone();
        let seen: u64 = instants.values().sum();
        if seen < all {
            *instants.entry(0).or_default() += all - seen;
        }
        Self { instants }
    }

    fn quantile(&self, level: f64) -> u64 {
        quantile(&self.instants, level)
    }

    fn max(&self) -> u64 {
        self.instants.keys().last().copied().unwrap_or(0)
    }

    fn variance(&self) -> f64 {
        let count: u64 = self.instants.values().sum();
        let moment = |power: i32| {
            let sum: f64 =
                self.instants.iter().map(|(busy, times)| (*busy as f64).powi(power) * *times as f64).sum();
            sum / count.max(1) as f64
        };
        (moment(2) - moment(1).powi(2)).max(0.0)
    }
}

/// The smallest value with at least `level` of the counts at or below it.
fn quantile(counts: &BTreeMap<u64, u64>, level: f64) -> u64 {
    let all: u64 = counts.values().sum();
    let rank = ((level * all as f64).ceil() as u64).max(1);
    let mut seen = 0;
    for (value, count) in counts {
        seen += count;
        if seen >= rank {
            return *value;
        }
    }
    0
}
