//! What an experiment found, as plain numbers: the value that every output format renders.
//!
//! Field names are the outside contract (`snatsim schema results`). Durations are seconds (`*_s`), ratios are
//! between 0 and 1.

mod analytic;
mod clients;
mod curves;
mod failures;
mod headroom;
mod occupancy;
mod performance;
mod phases;
mod precision;
mod rare;
mod ratios;
mod recovery;
mod verdict;
mod warm_up;

pub use analytic::AnalyticCheck;
pub use clients::{ClientPoolFigures, ConnectDelay, RetryFigures, TimeoutFigures};
pub use curves::{SeriesBin, Window};
pub use failures::{FailureCount, FirstFailure, NamedFailures, Totals};
pub use headroom::HeadroomFigures;
pub use occupancy::{
    IpOccupancy, MeanDeviation, Occupancy, OccupancyPorts, PoolOccupancy, ProbeFigures, UsedPorts,
};
pub use performance::Performance;
pub use phases::{Phase, Scaled};
pub use precision::{PrecisionReached, StopReason};
pub use rare::{RareFigures, RatioMethod, SplitLevel, SplitPart, SplittingFigures};
pub use ratios::{EstimateKind, RatioEstimate};
pub use recovery::{Recovery, ReplicationRecovery};
pub use verdict::{ThresholdResult, Verdict};
pub use warm_up::{WarmUpChoice, WarmUpReason};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this shape.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that `run` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Version of the shape.
    pub schema_version: u32,
    /// The scenario with every default filled in.
    pub scenario: serde_json::Value,
    /// Its title.
    pub title: String,
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
    /// Measured time of one replication.
    pub duration_s: f64,
    /// Warm-up used, simulated and thrown away.
    pub warm_up_s: f64,
    /// How the warm-up was chosen; null where the scenario says it or none is needed.
    pub warm_up_choice: Option<WarmUpChoice>,
    /// How the run was started: `empty`, `warm-up` or `stationary`.
    pub start: String,
    /// SNAT failures / all attempts.
    pub failure_ratio: RatioEstimate,
    /// First attempts that failed / first attempts.
    pub first_attempt_failure_ratio: RatioEstimate,
    /// Connection failures / flows.
    pub connection_failure_ratio: RatioEstimate,
    /// Request failures / requests.
    pub request_failure_ratio: RatioEstimate,
    /// How rare failures were found; absent where `run.rare` does not ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rare: Option<RareFigures>,
    /// Counts over all replications.
    pub totals: Totals,
    /// SNAT failures by stage and reason.
    pub snat_failures_by: Vec<FailureCount>,
    /// By node, most failures first; nodes without attempts left out.
    pub failures_by_node: Vec<NamedFailures>,
    /// By destination, most failures first.
    pub failures_by_destination: Vec<NamedFailures>,
    /// Busiest row, shares.
    pub occupancy: Occupancy,
    /// Busiest row, ports.
    pub occupancy_ports: OccupancyPorts,
    /// Busiest row of each port pool, in the order of the pools.
    pub occupancy_by_pool: Vec<PoolOccupancy>,
    /// Public IPs of the busiest row of each port pool; absent where no choice between them is made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occupancy_by_ip: Vec<IpOccupancy>,
    /// Different ports used of each port pool; absent where it is not asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_ports: Vec<UsedPorts>,
    /// Time a port was kept, hold-down included.
    pub port_holding_s: MeanDeviation,
    /// Node with the most failures, or with the most attempts where nothing failed.
    pub hottest_node: Option<NamedFailures>,
    /// Destination likewise.
    pub hottest_destination: Option<NamedFailures>,
    /// Time of the earliest failure; null without one.
    pub first_failure_s: Option<f64>,
    /// Time of the last failure of all replications; null without one.
    #[serde(default)]
    pub last_failure_s: Option<f64>,
    /// Where the earliest happened.
    pub first_failure: Option<FirstFailure>,
    /// Replications in which nothing failed.
    pub replications_without_failure: u32,
    /// All attempts / first attempts: how much more the device is asked than it would be if nobody tried again.
    pub retry_amplification: f64,
    /// Connect delay.
    pub connect_delay_s: ConnectDelay,
    /// Client pools; null without any.
    pub client_pool: Option<ClientPoolFigures>,
    /// Retries of applications; null where none tries again.
    #[serde(default)]
    pub retries: Option<RetryFigures>,
    /// Tries given up by a `request_timeout`; absent where no workload has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_timeouts: Option<TimeoutFigures>,
    /// What became of failures after a trigger; absent where the traffic has none, or nothing besides bursts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// From one moment at which something happens to the next; absent where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<Phase>,
    /// When a device scaled by itself; absent where none does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scaled: Vec<Scaled>,
    /// Probes asked for, in order of time.
    pub probes: Vec<ProbeFigures>,
    /// How many times the load still meets the thresholds for sure; null where that was not asked for.
    pub headroom: Option<f64>,
    /// How it was found; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headroom_search: Option<HeadroomFigures>,
    /// Judged thresholds.
    pub thresholds: Vec<ThresholdResult>,
    /// The worst of the thresholds; pass when there are none.
    pub verdict: Verdict,
    /// Closed form beside simulation.
    pub analytic: Option<AnalyticCheck>,
    /// Why the numbers might mislead, and what to do about it.
    pub warnings: Vec<String>,
    /// Windows with attempts, by replication and start.
    pub windows: Vec<Window>,
    /// Windows without any attempt, left out above.
    pub empty_windows: u64,
    /// Width of a window.
    pub window_s: f64,
    /// 60 s bins of all replications.
    pub series: Vec<SeriesBin>,
    /// Connect delays of each replication in microseconds, as HdrHistogram V2 deflate base64.
    pub connect_delay_histograms: Vec<String>,
    /// Speed; null with `--reproducible`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance: Option<Performance>,
}
