//! What one trial, or a part of it, amounts to: integers only, mergeable in any order.

use super::used::UsedSummary;
use super::{BATCHES, Cuts, IpSummary, SERIES_BIN};
use crate::flow::{QuotaId, SourceId};
use crate::simulation::{PoolKey, RowId};
use crate::snat::SnatFailure;
use crate::time::SimTime;
use std::collections::BTreeMap;

/// Counts of flows whose first try is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tries.
    pub attempts: u64,
    /// Refused tries.
    pub snat_failures: u64,
    /// First tries.
    pub first_attempts: u64,
    /// Refused first tries.
    pub first_failures: u64,
    /// Flows asked for.
    pub flows: u64,
    /// Flows whose client gave up.
    pub connection_failures: u64,
    /// Requests.
    pub requests: u64,
    /// Failed requests.
    pub request_failures: u64,
    /// Requests that met an expired mapping.
    pub stale: u64,
}

impl Counts {
    /// The ratio that results and thresholds call by this name: 0 of nothing, none of another name.
    pub fn ratio_named(&self, name: &str) -> Option<f64> {
        let (failed, all) = match name {
            "failure_ratio" => (self.snat_failures, self.attempts),
            "first_attempt_failure_ratio" => (self.first_failures, self.first_attempts),
            "connection_failure_ratio" => (self.connection_failures, self.flows),
            "request_failure_ratio" => (self.request_failures, self.requests),
            _ => return None,
        };
        Some(failed as f64 / all.max(1) as f64)
    }

    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        let Self {
            attempts,
            snat_failures,
            first_attempts,
            first_failures,
            flows,
            connection_failures,
            requests,
            request_failures,
            stale,
        } = other;
        self.attempts += attempts;
        self.snat_failures += snat_failures;
        self.first_attempts += first_attempts;
        self.first_failures += first_failures;
        self.flows += flows;
        self.connection_failures += connection_failures;
        self.requests += requests;
        self.request_failures += request_failures;
        self.stale += stale;
    }
}

/// One bin of the series.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SeriesCounts {
    /// Flows granted a port.
    pub successful: u64,
    /// Refused tries.
    pub failed: u64,
    /// Sum of ports in use over the bin's grid instants.
    pub in_use: u64,
    /// Sum of resting ports over the bin's grid instants.
    pub resting: u64,
    /// Sum of the different ports that are used over the bin's grid instants, where that is asked for.
    pub used: u64,
}

/// One row over the measured time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowSummary {
    /// Port-nanoseconds in use or at rest.
    pub busy_nanos: u128,
    /// Nanoseconds without a free port.
    pub full_nanos: u64,
    /// How many grid instants saw each number of busy ports.
    pub instants: BTreeMap<u64, u64>,
    /// Sum of ports in use over grid instants.
    pub in_use: u64,
    /// Sum of resting ports over grid instants.
    pub resting: u64,
    /// Tries at a measured instant, of any flow.
    pub attempts: u64,
    /// Refused ones.
    pub snat_failures: u64,
    /// First tries.
    pub first_attempts: u64,
    /// Refused ones.
    pub first_failures: u64,
    /// By public IP, where the row chooses between several.
    pub by_ip: Vec<IpSummary>,
}

/// Sums over client pools.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolTotals {
    /// Connection-nanoseconds open.
    pub open_nanos: i128,
    /// Request-nanoseconds in line.
    pub waiting_nanos: i128,
    /// Connections opened.
    pub opened: u64,
    /// Times that a measured request joined a line.
    pub waited: u64,
    /// Times that one left it because it had waited for too long.
    pub wait_timeouts: u64,
}

/// Sums over applications that try again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RetryTotals {
    /// Waits begun at a measured instant.
    pub begun: u64,
    /// Request-nanoseconds of waiting before a retry.
    pub waiting_nanos: i128,
    /// Retries that a budget refused, of requests asked for in the measured time.
    pub refused_by_budget: u64,
}

/// Tries of measured requests that applications gave up by their `request_timeout`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TimeoutTotals {
    /// In the line of a client pool.
    pub in_line: u64,
    /// While the client was connecting.
    pub connecting: u64,
    /// While they waited for the answer.
    pub awaiting_answer: u64,
}

/// Where and when a failure came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstFailureAt {
    /// When.
    pub time: SimTime,
    /// Whose flow.
    pub source: SourceId,
    /// Which row.
    pub row: RowId,
    /// Why.
    pub reason: SnatFailure,
}

/// A trial, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// By batch of the flow's first try.
    pub batches: Vec<Counts>,
    /// By stage, then reason in the order of [`SnatFailure::ALL`]; counted like [`Counts::snat_failures`]. Stages
    /// beyond the last that refused are left out.
    pub reasons: Vec<[u64; SnatFailure::ALL.len()]>,
    /// (tries, refused) of each source with any.
    pub by_source: BTreeMap<SourceId, (u64, u64)>,
    /// (tries, refused) of each window.
    pub windows: Vec<(u64, u64)>,
    /// The series.
    pub series: Vec<SeriesCounts>,
    /// Each row with any traffic.
    pub rows: BTreeMap<RowId, RowSummary>,
    /// Different ports used, of each port pool that is asked.
    pub used: BTreeMap<PoolKey, UsedSummary>,
    /// Flows granted a port at a measured instant whose release is known.
    pub holdings: u64,
    /// Sum of their holding times, nanoseconds.
    pub holding_nanos: u128,
    /// Sum of squares of their holding times, square microseconds.
    pub holding_square_micros: u128,
    /// How many measured flows waited so long for their port, by microseconds.
    pub connect_delays: BTreeMap<u64, u64>,
    /// The earliest failure.
    pub first_failure: Option<FirstFailureAt>,
    /// When the last one was.
    pub last_failure: Option<SimTime>,
    /// Client pools.
    pub pools: PoolTotals,
    /// Ports busy at each probed instant, over all rows.
    pub probes: Vec<u64>,
    /// Retries.
    pub retries: RetryTotals,
    /// (tries, refused) of each phase between instants at which something changes.
    pub phases: Vec<(u64, u64)>,
    /// Live flows that each epoch cut off.
    pub cut_off: BTreeMap<u32, u64>,
    /// When a device scaled by itself, to how many instances, and how many live flows that cut off.
    pub scaled: Vec<(SimTime, u32, u64)>,
    /// Request timeouts.
    pub timeouts: TimeoutTotals,
    /// Flows of measured requests that were denied before they asked for a port.
    pub denied: u64,
    /// Flows of measured requests whose pod had no local port left.
    pub no_local_port: u64,
    /// Measured requests that were neither served nor given up when the run ended.
    pub unresolved: u64,
    /// Of each quota that was watched, the sum over shards of the most flows that counted at once.
    pub most_live: BTreeMap<QuotaId, u64>,
    /// Arrivals and releases simulated.
    pub events: u64,
    /// Flows simulated, warm-up included.
    pub simulated_flows: u64,
}

impl Summary {
    /// Refusals of a stage by reason, to be added to.
    pub fn reasons_of(&mut self, stage: usize) -> &mut [u64; SnatFailure::ALL.len()] {
        if self.reasons.len() <= stage {
            self.reasons.resize(stage + 1, [0; _]);
        }
        &mut self.reasons[stage]
    }

    /// Nothing happened.
    pub fn empty(cuts: &Cuts) -> Self {
        Self {
            batches: vec![Counts::default(); BATCHES],
            reasons: Vec::new(),
            by_source: BTreeMap::new(),
            windows: vec![(0, 0); cuts.count(cuts.window)],
            series: vec![SeriesCounts::default(); cuts.count(SERIES_BIN)],
            rows: BTreeMap::new(),
            used: BTreeMap::new(),
            holdings: 0,
            holding_nanos: 0,
            holding_square_micros: 0,
            connect_delays: BTreeMap::new(),
            first_failure: None,
            last_failure: None,
            pools: PoolTotals::default(),
            probes: Vec::new(),
            retries: RetryTotals::default(),
            phases: Vec::new(),
            cut_off: BTreeMap::new(),
            scaled: Vec::new(),
            timeouts: TimeoutTotals::default(),
            denied: 0,
            no_local_port: 0,
            unresolved: 0,
            most_live: BTreeMap::new(),
            events: 0,
            simulated_flows: 0,
        }
    }

    /// Counts over all batches.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.batches.iter().for_each(|batch| sum.add(batch));
        sum
    }

    /// Adds another part of the same trial.
    pub fn merge(&mut self, other: Self) {
        let Self {
            batches,
            reasons,
            by_source,
            windows,
            series,
            rows,
            used,
            holdings,
            holding_nanos,
            holding_square_micros,
            connect_delays,
            first_failure,
            last_failure,
            pools,
            probes,
            retries,
            phases,
            cut_off,
            scaled,
            timeouts,
            denied,
            no_local_port,
            unresolved,
            most_live,
            events,
            simulated_flows,
        } = other;
        self.batches.iter_mut().zip(&batches).for_each(|(mine, theirs)| mine.add(theirs));
        for (stage, theirs) in reasons.into_iter().enumerate() {
            let mine = self.reasons_of(stage);
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        for (source, (attempts, failures)) in by_source {
            let mine = self.by_source.entry(source).or_default();
            *mine = (mine.0 + attempts, mine.1 + failures);
        }
        for (mine, theirs) in self.windows.iter_mut().zip(windows) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
        self.series.iter_mut().zip(series).for_each(|(mine, theirs)| mine.add(theirs));
        for (row, theirs) in rows {
            self.rows.entry(row).or_default().add(theirs);
        }
        for (pool, theirs) in used {
            self.used.entry(pool).or_default().add(&theirs);
        }
        self.holdings += holdings;
        self.holding_nanos += holding_nanos;
        self.holding_square_micros += holding_square_micros;
        for (delay, flows) in connect_delays {
            *self.connect_delays.entry(delay).or_default() += flows;
        }
        self.first_failure = self.first_failure.into_iter().chain(first_failure).min();
        self.last_failure = self.last_failure.max(last_failure);
        self.pools.open_nanos += pools.open_nanos;
        self.pools.waiting_nanos += pools.waiting_nanos;
        self.pools.opened += pools.opened;
        self.pools.waited += pools.waited;
        self.pools.wait_timeouts += pools.wait_timeouts;
        self.probes.resize(self.probes.len().max(probes.len()), 0);
        self.probes.iter_mut().zip(probes).for_each(|(mine, theirs)| *mine += theirs);
        self.phases.resize(self.phases.len().max(phases.len()), (0, 0));
        for (mine, theirs) in self.phases.iter_mut().zip(phases) {
            *mine = (mine.0 + theirs.0, mine.1 + theirs.1);
        }
        self.scaled.extend(scaled);
        for (epoch, flows) in cut_off {
            *self.cut_off.entry(epoch).or_default() += flows;
        }
        self.denied += denied;
        self.no_local_port += no_local_port;
        self.unresolved += unresolved;
        self.retries.begun += retries.begun;
        self.retries.waiting_nanos += retries.waiting_nanos;
        self.retries.refused_by_budget += retries.refused_by_budget;
        self.timeouts.in_line += timeouts.in_line;
        self.timeouts.connecting += timeouts.connecting;
        self.timeouts.awaiting_answer += timeouts.awaiting_answer;
        for (quota, live) in most_live {
            *self.most_live.entry(quota).or_default() += live;
        }
        self.events += events;
        self.simulated_flows += simulated_flows;
    }
}

impl SeriesCounts {
    fn add(&mut self, other: Self) {
        let Self { successful, failed, in_use, resting, used } = other;
        self.successful += successful;
        self.failed += failed;
        self.in_use += in_use;
        self.resting += resting;
        self.used += used;
    }
}

impl RowSummary {
    /// Adds the same row of another part or trial.
    pub fn add(&mut self, other: Self) {
        let Self {
            busy_nanos,
            full_nanos,
            instants,
            in_use,
            resting,
            attempts,
            snat_failures,
            first_attempts,
            first_failures,
            by_ip,
        } = other;
        self.by_ip.resize(self.by_ip.len().max(by_ip.len()), IpSummary::default());
        self.by_ip.iter_mut().zip(&by_ip).for_each(|(mine, theirs)| mine.add(theirs));
        self.busy_nanos += busy_nanos;
        self.full_nanos += full_nanos;
        for (busy, count) in instants {
            *self.instants.entry(busy).or_default() += count;
        }
        self.in_use += in_use;
        self.resting += resting;
        self.attempts += attempts;
        self.snat_failures += snat_failures;
        self.first_attempts += first_attempts;
        self.first_failures += first_failures;
    }
}
