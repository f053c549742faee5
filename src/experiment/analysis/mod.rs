//! From the sums of all trials to results that a person can act on.

mod clients;
pub mod closed_form;
mod cross_check;
mod curves;
mod phases;
mod recovery;
mod rows;

use super::plan::Plan;
use super::results::*;
use super::runner::Trials;
use super::{Control, estimate, precision, probes, rare, thresholds, warnings};
use crate::error::Error;
use crate::metrics::{Counts, RowSummary, Summary};
use crate::scenario::Scenario;
use crate::simulation::{RowId, Source, System};
use crate::snat::SnatFailure;
use std::collections::BTreeMap;

/// What the trials of `plan` say about `scenario`, and of what is too rare for them another method.
pub fn results(
    scenario: &Scenario,
    plan: &Plan,
    trials: &Trials,
    control: &Control<'_>,
) -> Result<Results, Error> {
    let mut results = counted(scenario, plan, trials, control.threads);
    rare::apply(plan, control, &mut results)?;
    complete(&mut results, scenario, plan);
    Ok(results)
}

/// A metric of each replication by itself, of those that thresholds know; a ratio of nothing is 0.
pub fn by_replication(
    scenario: &Scenario,
    plan: &Plan,
    trials: &Trials,
    threads: usize,
    metric: &str,
) -> Vec<f64> {
    let alone = |summary: &Summary| Trials { summaries: vec![summary.clone()], ..*trials };
    let of = |summary: &Summary| {
        summary.counts().ratio_named(metric).unwrap_or_else(|| {
            let results = counted(scenario, plan, &alone(summary), threads);
            thresholds::metric(&results, metric).and_then(|(value, ..)| value).unwrap_or(0.0)
        })
    };
    trials.summaries.iter().map(of).collect()
}

/// What was counted.
fn counted(scenario: &Scenario, plan: &Plan, trials: &Trials, threads: usize) -> Results {
    let sums = Sums::of(plan, trials);
    let system = &plan.system;
    let independent = sums.independent(plan);
    let ratio = |pick: fn(&Counts) -> (u64, u64)| estimate::ratio(&sums.pairs(pick), independent);
    let (occupancy, occupancy_ports) = sums.busiest_row(plan);
    Results {
        schema_version: SCHEMA_VERSION,
        scenario: scenario.resolved.clone(),
        title: scenario.title.clone(),
        model: system.paths.device().model.clone(),
        public_ips: scenario.outbound.public_ips(&scenario.cluster),
        seed: plan.seed,
        replications: plan.replications,
        precision: precision::reached(plan, &trials.summaries),
        duration_s: system.timing.duration().as_secs_f64(),
        warm_up_s: plan.warm_up().as_secs_f64(),
        warm_up_choice: plan.warm_up_choice,
        start: plan.start.name().to_string(),
        failure_ratio: ratio(|counts| (counts.snat_failures, counts.attempts)),
        first_attempt_failure_ratio: ratio(|counts| (counts.first_failures, counts.first_attempts)),
        connection_failure_ratio: ratio(|counts| (counts.connection_failures, counts.flows)),
        request_failure_ratio: ratio(|counts| (counts.request_failures, counts.requests)),
        rare: None,
        totals: sums.totals(),
        snat_failures_by: sums.by_reason(system),
        failures_by_node: sums.named(system, |system, source| system.cluster.node_name(source.node)),
        failures_by_destination: sums.named(system, destination_name),
        occupancy,
        occupancy_ports,
        occupancy_by_pool: sums.by_pool(plan),
        occupancy_by_ip: sums.by_ip(plan),
        used_ports: sums.used_ports(plan),
        port_holding_s: sums.holding(),
        hottest_node: None,
        hottest_destination: None,
        first_failure_s: None,
        last_failure_s: sums.last_failure(system),
        first_failure: sums.first_failure(system),
        replications_without_failure: sums.without_failure(),
        retry_amplification: sums.amplification(),
        connect_delay_s: sums.connect_delay(),
        client_pool: sums.client_pool(plan),
        request_timeouts: sums.request_timeouts(plan),
        retries: sums.retries(plan),
        recovery: None,
        phases: sums.phases(plan, scenario),
        scaled: sums.scaled(plan),
        probes: probes::figures(&scenario.probes, &trials.summaries),
        headroom: None,
        headroom_search: None,
        thresholds: Vec::new(),
        verdict: Verdict::Pass,
        analytic: sums.analytic(plan),
        warnings: Vec::new(),
        windows: sums.windows(plan),
        empty_windows: 0,
        window_s: plan.cuts.window.as_secs_f64(),
        series: sums.series(plan),
        connect_delay_histograms: sums.trials.iter().map(clients::delay_histogram).collect(),
        performance: Some(sums.performance(trials, threads)),
    }
}

/// Fields that follow from others.
fn complete(results: &mut Results, scenario: &Scenario, plan: &Plan) {
    results.hottest_node = results.failures_by_node.first().cloned();
    results.hottest_destination = results.failures_by_destination.first().cloned();
    results.first_failure_s = results.first_failure.as_ref().map(|failure| failure.time_s);
    results.recovery = recovery::recovery(plan, &results.windows);
    let all_windows = plan.cuts.count(plan.cuts.window) as u64 * u64::from(plan.replications);
    results.empty_windows = all_windows - results.windows.len() as u64;
    results.thresholds = scenario.thresholds.iter().map(|each| thresholds::judge(results, each)).collect();
    results.verdict = thresholds::worst(&results.thresholds);
    let more = warnings::warnings(plan, scenario, results);
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
        let denied = self.trials.iter().map(|trial| trial.denied).sum();
        let no_local_port = self.trials.iter().map(|trial| trial.no_local_port).sum();
        let unresolved = self.trials.iter().map(|trial| trial.unresolved).sum();
        Totals {
            attempts,
            snat_failures,
            flows,
            connection_failures,
            requests,
            request_failures,
            stale,
            denied,
            no_local_port,
            unresolved,
        }
    }

    fn by_reason(&self, system: &System) -> Vec<FailureCount> {
        let mut failures = Vec::new();
        for (number, stage) in system.paths.stages.iter().enumerate() {
            for reason in SnatFailure::ALL {
                let of = |trial: &Summary| trial.reasons.get(number).map_or(0, |by| by[reason as usize]);
                let count = self.trials.iter().map(of).sum();
                failures.push(FailureCount {
                    stage: stage.stage().into(),
                    reason: reason.name().into(),
                    count,
                });
            }
        }
        failures.retain(|each| each.count > 0);
        failures
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
        Some(FirstFailure {
            time_s: failure.time.since(system.timing.origin).as_secs_f64(),
            stage: system.stage_of(failure.row).stage().into(),
            reason: failure.reason.name().into(),
            port_pool: system.pool_name(failure.row).to_string(),
            node: system.cluster.node_name(source.node),
            destination: destination_name(system, source),
            replication: replication as u32,
        })
    }

    fn last_failure(&self, system: &System) -> Option<f64> {
        let last = self.trials.iter().filter_map(|trial| trial.last_failure).max()?;
        Some(last.since(system.timing.origin).as_secs_f64())
    }

    fn without_failure(&self) -> u32 {
        self.trials.iter().filter(|trial| trial.first_failure.is_none()).count() as u32
    }

    fn amplification(&self) -> f64 {
        let Counts { attempts, first_attempts, .. } = self.counts;
        if first_attempts == 0 { 1.0 } else { attempts as f64 / first_attempts as f64 }
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
