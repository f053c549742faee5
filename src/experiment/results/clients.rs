//! What clients saw and did: delays, pools of connections, retries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Tries that applications gave up by their `request_timeout`, of requests asked for in the measured time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimeoutFigures {
    /// In the line of a client pool.
    pub in_line: u64,
    /// While the client was connecting: connection failures too.
    pub connecting: u64,
    /// While they waited for the answer: ports and connections that served nobody.
    pub awaiting_answer: u64,
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
