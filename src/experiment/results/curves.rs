//! Counts over time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Ports of the outbound device at the end of the bin, towards one destination (`AllocatedSnatPorts`); null: unlimited, or a
    /// device that scales by its load.
    #[serde(default)]
    pub allocated: Option<u64>,
    /// Different ports that serve or rest, mean over the bin's grid instants; absent where it is not asked for
    /// (`UsedSnatPorts`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<f64>,
}
