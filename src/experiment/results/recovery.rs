//! Whether a system that was pushed comes back by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of failures after a trigger: a burst, or a change of the rate.
///
/// A window fails when more of its attempts fail than `failing_above`. A replication has recovered when it fails no
/// more for `quiet_s` up to its end, so that failures which come in waves, as ports come free, are not taken for an
/// end of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// When the first trigger begins.
    pub first_trigger_s: f64,
    /// When the last trigger is over.
    pub last_trigger_s: f64,
    /// The highest failure ratio of any window that ends before the first trigger; 0 without one.
    pub failing_above: f64,
    /// The longest time that a port rests, at least a window.
    pub quiet_s: f64,
    /// Share of replications that recovered; those in which no window fails are among them.
    pub share_recovered: f64,
    /// Mean time from the end of the last trigger to the end of the last failing window, over the replications that
    /// recovered; null without one.
    pub mean_time_to_recover_s: Option<f64>,
    /// Each replication.
    pub replications: Vec<ReplicationRecovery>,
}

/// The same of one replication.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReplicationRecovery {
    /// Replication, from 0.
    pub replication: u32,
    /// Start of the first failing window; null without one.
    pub first_failing_window_s: Option<f64>,
    /// Start of the last failing window; null without one.
    pub last_failing_window_s: Option<f64>,
    /// Whether it recovered.
    pub recovered: bool,
    /// Time from the end of the last trigger to the end of the last failing window, 0 where none fails after it; null
    /// unless it recovered.
    pub time_to_recover_s: Option<f64>,
}
