//! What an experiment found, as plain numbers: the value that every output format renders.
//!
//! Field names are the outside contract (`snatsim schema results`). Durations are seconds (`*_s`), ratios are
//! between 0 and 1.

mod recovery;

pub use recovery::{Recovery, ReplicationRecovery};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of this shape.
pub const SCHEMA_VERSION: u32 = 1;

/// What `low` and `high` of a ratio mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EstimateKind {
    /// A two-sided interval over replications.
    Interval,
    /// Nothing was seen: `high` bounds the ratio from above, `estimate` is null.
    UpperBound,
}

/// A ratio with its uncertainty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RatioEstimate {
    /// Ratio of sums over replications; null when nothing was seen.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// Confidence of the bounds.
    pub confidence: f64,
    /// What the bounds are.
    pub kind: EstimateKind,
    /// Standard error over replications; null where there is none.
    pub standard_error: Option<f64>,
}

/// Counts over all replications.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Tries to get a port, of flows whose first try is in the measured time.
    pub attempts: u64,
    /// Tries that found no legal port.
    pub snat_failures: u64,
    /// Flows asked for.
    pub flows: u64,
    /// Flows whose client gave up.
    pub connection_failures: u64,
    /// Requests of applications.
    pub requests: u64,
    /// Requests that failed.
    pub request_failures: u64,
    /// Requests that met a connection whose mapping had expired.
    pub stale: u64,
    /// Requests that were neither served nor given up when the run ended; not among `requests`.
    #[serde(default)]
    pub unresolved: u64,
}

/// A count of failures with its stage and reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailureCount {
    /// Stage: `load-balancer`.
    pub stage: String,
    /// Reason: `no_free_port`, `destination_cap`, `total_cap`, `no_egress`, `search_gave_up`.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Attempts and failures of one node or destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedFailures {
    /// Node or destination.
    pub name: String,
    /// Tries to get a port.
    pub attempts: u64,
    /// Tries that found none.
    pub snat_failures: u64,
}

/// How full the busiest row was, as a share of its ports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Occupancy {
    /// Mean over time, exact.
    pub mean: f64,
    /// Median over grid instants.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Share of time with no free port, exact.
    pub full_time_ratio: f64,
}

/// The same in ports.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OccupancyPorts {
    /// Port pool of the busiest row.
    pub port_pool: String,
    /// Its destination; null where the row spans destinations.
    pub destination: Option<String>,
    /// Ports of the row; null when unlimited.
    pub per_row: Option<u64>,
    /// Mean over time, exact.
    pub mean: f64,
    /// Variance over grid instants.
    pub variance: f64,
    /// Mean ports that serve a flow, over grid instants.
    pub in_use_mean: f64,
    /// Mean ports that rest, over grid instants.
    pub hold_down_mean: f64,
    /// Median over grid instants.
    pub p50: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Largest.
    pub max: u64,
}

/// The busiest row of one port pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PoolOccupancy {
    /// Port pool.
    pub port_pool: String,
    /// Ports of its busiest row; null when unlimited.
    pub ports: Option<u64>,
    /// Mean share of the row in use or resting (ports, when unlimited).
    pub mean: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Attempts in the measured time.
    pub attempts: u64,
    /// SNAT failures in the measured time.
    pub snat_failures: u64,
}

/// One public IP of the busiest row of a port pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct IpOccupancy {
    /// Port pool.
    pub port_pool: String,
    /// The public IP, counted from 0.
    pub public_ip: u32,
    /// Its ports; null when unlimited.
    pub ports: Option<u64>,
    /// Mean ports in use or resting.
    pub mean: f64,
    /// Variance over grid instants.
    pub variance: f64,
}

/// Mean and standard deviation, seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeanDeviation {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
}

/// Time from the first SYN to the grant, seconds, of flows that got a port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectDelay {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
}

/// Figures of the client pools; null without any.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClientPoolFigures {
    /// Connections open, all client pools together, mean over time.
    pub open_mean: f64,
    /// Connections opened per second.
    pub opened_per_s: f64,
    /// Requests in line, mean over time.
    pub waiting_mean: f64,
    /// Times that a request had to wait in line, as a share of requests.
    #[serde(default)]
    pub wait_ratio: f64,
    /// Times that one gave up waiting, as a share of requests.
    pub wait_timeout_ratio: f64,
}

/// Busy ports, serving or in hold-down, at one instant, over replications and all rows together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeFigures {
    /// When, from time 0.
    pub at_s: f64,
    /// Mean.
    pub mean: f64,
    /// Variance; null with one replication.
    pub variance: Option<f64>,
    /// The number that was asked about, if one was.
    pub above: Option<u64>,
    /// Share of replications with more busy ports than that.
    pub share_above: Option<f64>,
}

/// Applications that try again after a failed request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RetryFigures {
    /// Waits begun in the measured time.
    pub begun: u64,
    /// Requests that wait for their next try, mean over time.
    pub waiting_mean: f64,
    /// Retries that a budget refused.
    pub refused_by_budget: u64,
}

/// The first failure of all replications: the earliest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstFailure {
    /// When, from time 0.
    pub time_s: f64,
    /// Stage.
    pub stage: String,
    /// Reason.
    pub reason: String,
    /// Port pool.
    pub port_pool: String,
    /// Node.
    pub node: String,
    /// Destination.
    pub destination: String,
    /// In which replication, from 0.
    pub replication: u32,
}

/// A closed form beside the simulated value, for the row with the highest offered load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnalyticCheck {
    /// Port pool of the row.
    pub port_pool: String,
    /// Destination of the row, or null.
    pub destination: Option<String>,
    /// Ports of the row.
    pub ports: u64,
    /// New flows per second that the row is asked for.
    pub rate_per_s: f64,
    /// Mean time that a flow keeps its port, hold-down included.
    pub holding_s: f64,
    /// rate x holding, erlang.
    pub offered_erlang: f64,
    /// ports / holding: the most new flows per second that the row sustains.
    pub sustainable_rate_per_s: f64,
    /// Erlang-B blocking; null where arrivals are not Poisson or clients retry.
    pub erlang_b: Option<f64>,
    /// The simulated first-attempt failure ratio of the same row.
    pub simulated: Option<f64>,
    /// Why `erlang_b` is null, or what to make of the comparison.
    pub remark: String,
}

/// One window of one replication.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Replication, from 0.
    pub replication: u32,
    /// Start of the window.
    pub start_s: f64,
    /// Attempts of any flow at an instant of the window.
    pub attempts: u64,
    /// SNAT failures among them.
    pub snat_failures: u64,
    /// Whether the measured time ends within the window.
    pub partial: bool,
}

/// One bin of one replication, named like the platform's metrics; whole device.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesBin {
    /// Replication, from 0.
    pub replication: u32,
    /// Start of the bin.
    pub start_s: f64,
    /// Flows granted a port (`SnatConnectionCount`, state Successful).
    pub successful: u64,
    /// Attempts that found none (`SnatConnectionCount`, state Failed).
    pub failed: u64,
    /// Mappings that serve a flow, mean over the bin's grid instants.
    pub in_use: f64,
    /// Mappings in hold-down, mean over the bin's grid instants.
    pub hold_down: f64,
}

/// A judged threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdResult {
    /// As written.
    pub expression: String,
    /// Pass, fail, or inconclusive.
    pub verdict: Verdict,
    /// Estimate; null when nothing was seen.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
    /// What would settle it, where it is inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// What a comparison of an interval with a limit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The unfavourable bound meets the limit.
    Pass,
    /// The favourable bound misses it.
    Fail,
    /// The interval straddles it.
    Inconclusive,
}

/// How fast it ran; left out with `--reproducible`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Performance {
    /// Arrivals and releases.
    pub events: u64,
    /// Flows, warm-up included.
    pub flows: u64,
    /// Wall time.
    pub wall_s: f64,
    /// Events per second of wall time.
    pub events_per_s: f64,
    /// Threads used.
    pub threads: usize,
}

/// Why an automatic warm-up is as long as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarmUpReason {
    /// The settling time: the longest hold-down and five mean lifetimes. MSER-5 asks for no more.
    SettlingTime,
    /// The MSER-5 point, which is later.
    Mser5,
    /// Another option of a comparison needs as much.
    CommonStart,
    /// The settling time: a replication is shorter than twenty of them, so MSER-5 was not asked.
    Unasked,
    /// The settling time, though MSER-5 would delete more than half of each of two pilot runs.
    Unsettled,
}

/// How an automatic warm-up was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WarmUpChoice {
    /// Why it is as long as it is.
    pub reason: WarmUpReason,
    /// Longest hold-down and five mean lifetimes.
    pub settling_s: f64,
    /// What MSER-5 would delete of the pilot run; null when that is more than half of it, or without one.
    pub mser5_s: Option<f64>,
    /// Length of the pilot run; 0 without one.
    pub pilot_s: f64,
}

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
    /// Replications.
    pub replications: u32,
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
    /// What became of failures after a trigger; absent where the traffic has none, or nothing besides bursts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// Probes asked for, in order of time.
    pub probes: Vec<ProbeFigures>,
    /// Headroom, where it was asked for.
    pub headroom: Option<f64>,
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
