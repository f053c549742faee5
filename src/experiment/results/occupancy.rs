//! How full port pools were, and how long their ports were kept.

use crate::flow::Protocol;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Its stage.
    #[serde(default)]
    pub stage: String,
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
    /// Its stage.
    #[serde(default)]
    pub stage: String,
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
    /// Lower bound of the chance of that, exact at 95 % (Clopper-Pearson); absent where nothing was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_above_low: Option<f64>,
    /// Upper bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_above_high: Option<f64>,
}

/// The different ports of a port pool that serve or rest, towards any destination (`UsedSnatPorts`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UsedPorts {
    /// Stage.
    pub stage: String,
    /// Port pool.
    pub port_pool: String,
    /// Protocol, which has an inventory of its own.
    pub protocol: Protocol,
    /// Most ports that the port pool ever has; null: unlimited.
    pub ports: Option<u64>,
    /// Mean over the measured time.
    pub mean: f64,
    /// 99th percentile at sampled instants.
    pub p99: u64,
    /// Most at sampled instants.
    pub max: u64,
}
