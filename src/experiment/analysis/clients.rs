//! What clients met: connect delays, client pools, retries.

use super::{Sums, quantile};
use crate::experiment::plan::Plan;
use crate::experiment::results::{ClientPoolFigures, ConnectDelay, RetryFigures, TimeoutFigures};
use crate::metrics::{Summary, TimeoutTotals};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::collections::BTreeMap;

impl Sums<'_> {
    /// (delay in microseconds, flows), rising.
    fn delays(&self) -> BTreeMap<u64, u64> {
        let mut delays = BTreeMap::new();
        for (delay, flows) in self.trials.iter().flat_map(|trial| &trial.connect_delays) {
            *delays.entry(*delay).or_default() += flows;
        }
        delays
    }

    pub fn connect_delay(&self) -> ConnectDelay {
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

    pub fn client_pool(&self, plan: &Plan) -> Option<ClientPoolFigures> {
        plan.system.workloads.iter().find(|workload| workload.is_pooled())?;
        let sum = |pick: fn(&Summary) -> f64| self.trials.iter().map(pick).sum::<f64>();
        let requests = sum(|trial| trial.counts().requests as f64).max(1.0);
        Some(ClientPoolFigures {
            open_mean: sum(|trial| trial.pools.open_nanos as f64) / self.measured_nanos,
            opened_per_s: sum(|trial| trial.pools.opened as f64) / self.measured_nanos * 1e9,
            waiting_mean: sum(|trial| trial.pools.waiting_nanos as f64) / self.measured_nanos,
            wait_ratio: sum(|trial| trial.pools.waited as f64) / requests,
            wait_timeout_ratio: sum(|trial| trial.pools.wait_timeouts as f64) / requests,
        })
    }

    pub fn request_timeouts(&self, plan: &Plan) -> Option<TimeoutFigures> {
        plan.system.workloads.iter().find(|workload| workload.request_timeout.is_some())?;
        let sum =
            |pick: fn(&TimeoutTotals) -> u64| self.trials.iter().map(|trial| pick(&trial.timeouts)).sum();
        Some(TimeoutFigures {
            in_line: sum(|timeouts| timeouts.in_line),
            connecting: sum(|timeouts| timeouts.connecting),
            awaiting_answer: sum(|timeouts| timeouts.awaiting_answer),
        })
    }

    pub fn retries(&self, plan: &Plan) -> Option<RetryFigures> {
        plan.system.workloads.iter().find(|workload| workload.retry.is_some())?;
        let sum = |pick: fn(&Summary) -> u64| self.trials.iter().map(pick).sum();
        let waiting: f64 = self.trials.iter().map(|trial| trial.retries.waiting_nanos as f64).sum();
        Some(RetryFigures {
            begun: sum(|trial| trial.retries.begun),
            waiting_mean: waiting / self.measured_nanos,
            refused_by_budget: sum(|trial| trial.retries.refused_by_budget),
        })
    }
}

/// Connect delays of one trial in microseconds, as HdrHistogram V2 deflate base64.
pub fn delay_histogram(trial: &Summary) -> String {
    let mut histogram = Histogram::<u64>::new(3).expect("three digits are allowed");
    for (delay, flows) in &trial.connect_delays {
        histogram.record_n(*delay, *flows).expect("a histogram that resizes itself holds any value");
    }
    let mut bytes = Vec::new();
    let written = V2DeflateSerializer::new().serialize(&histogram, &mut bytes);
    written.map(|_| base64::engine::general_purpose::STANDARD.encode(&bytes)).unwrap_or_default()
}
