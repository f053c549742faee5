//! What is kept of a cell: `run`'s figures without what grows with time.

use crate::experiment::results::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Figures of one cell, as `run` would find them with the same keys set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CellFigures {
    /// Outbound model.
    pub model: String,
    /// Public IPs of the outbound device.
    pub public_ips: u32,
    /// Seed.
    pub seed: u64,
    /// Replications that were run.
    pub replications: u32,
    /// Why that many; absent where the scenario says how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionReached>,
    /// How the run was started: `empty`, `warm-up` or `stationary`.
    pub start: String,
    /// Warm-up used, simulated and thrown away.
    pub warm_up_s: f64,
    /// SNAT failures / all attempts.
    pub failure_ratio: RatioEstimate,
    /// First attempts that failed / first attempts.
    pub first_attempt_failure_ratio: RatioEstimate,
    /// Connection failures / flows.
    pub connection_failure_ratio: RatioEstimate,
    /// Request failures / requests.
    pub request_failure_ratio: RatioEstimate,
    /// Counts over all replications.
    pub totals: Totals,
    /// SNAT failures by stage and reason.
    pub snat_failures_by: Vec<FailureCount>,
    /// Busiest row, shares.
    pub occupancy: Occupancy,
    /// Busiest row, ports.
    pub occupancy_ports: OccupancyPorts,
    /// Time a port was kept, hold-down included.
    pub port_holding_s: MeanDeviation,
    /// Connect delay.
    pub connect_delay_s: ConnectDelay,
    /// Client pools; null without any.
    pub client_pool: Option<ClientPoolFigures>,
    /// All attempts / first attempts.
    pub retry_amplification: f64,
    /// The earliest failure; null without one.
    pub first_failure: Option<FirstFailure>,
    /// Node with the most failures, or with the most attempts where nothing failed.
    pub hottest_node: Option<NamedFailures>,
    /// Destination likewise.
    pub hottest_destination: Option<NamedFailures>,
    /// Replications in which nothing failed.
    pub replications_without_failure: u32,
    /// Judged thresholds.
    pub thresholds: Vec<ThresholdResult>,
    /// The worst of the thresholds; pass when there are none.
    pub verdict: Verdict,
    /// Why the numbers might mislead, and what to do about it.
    pub warnings: Vec<String>,
}

impl From<Results> for CellFigures {
    fn from(results: Results) -> Self {
        Self {
            model: results.model,
            public_ips: results.public_ips,
            seed: results.seed,
            replications: results.replications,
            precision: results.precision,
            start: results.start,
            warm_up_s: results.warm_up_s,
            failure_ratio: results.failure_ratio,
            first_attempt_failure_ratio: results.first_attempt_failure_ratio,
            connection_failure_ratio: results.connection_failure_ratio,
            request_failure_ratio: results.request_failure_ratio,
            totals: results.totals,
            snat_failures_by: results.snat_failures_by,
            occupancy: results.occupancy,
            occupancy_ports: results.occupancy_ports,
            port_holding_s: results.port_holding_s,
            connect_delay_s: results.connect_delay_s,
            client_pool: results.client_pool,
            retry_amplification: results.retry_amplification,
            first_failure: results.first_failure,
            hottest_node: results.hottest_node,
            hottest_destination: results.hottest_destination,
            replications_without_failure: results.replications_without_failure,
            thresholds: results.thresholds,
            verdict: results.verdict,
            warnings: results.warnings,
        }
    }
}
