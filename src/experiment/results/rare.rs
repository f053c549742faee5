//! Failures that plain simulation hardly sees, and how they were found.

use super::RatioEstimate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a ratio was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RatioMethod {
    /// Erlang's loss formula, exact.
    #[serde(rename = "erlang-b")]
    ErlangB,
    /// Multilevel splitting.
    #[serde(rename = "splitting")]
    Splitting,
    /// Failures that were seen, over attempts.
    #[serde(rename = "plain")]
    Plain,
}

impl RatioMethod {
    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::ErlangB => "erlang-b",
            Self::Splitting => "splitting",
            Self::Plain => "plain",
        }
    }
}

/// How rare failures were found, where `run.rare` asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RareFigures {
    /// The method that gave the ratios of the results.
    pub method: RatioMethod,
    /// Why this one.
    pub why: String,
    /// `failure_ratio` as plain simulation saw it.
    pub simulated: RatioEstimate,
    /// What splitting did; absent where it was not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub splitting: Option<SplittingFigures>,
}

/// What splitting did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SplittingFigures {
    /// Independent repetitions of all of it.
    pub replications: u32,
    /// Trajectories from each level, in each replication.
    pub trajectories: u32,
    /// Parts of the system that share no port, those that are alike told once.
    pub parts: Vec<SplitPart>,
}

/// Splitting of one part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SplitPart {
    /// Port pool of its first row.
    pub port_pool: String,
    /// Destination of that row, or null.
    pub destination: Option<String>,
    /// Parts that are alike, this one included.
    pub alike: u32,
    /// Ports of each of its rows.
    pub ports: u64,
    /// Ports in use at most while it is at rest.
    pub base: u64,
    /// From rest to the last level.
    pub levels: Vec<SplitLevel>,
    /// The chance that all ports of a row are in use before the part is at rest again, once more than `base` are.
    pub full_per_cycle: RatioEstimate,
    /// Failures on a trajectory from the last level, on average.
    pub failures_beyond: f64,
}

/// A level, over all replications.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SplitLevel {
    /// Ports in use.
    pub ports: u64,
    /// Trajectories from the level before; cycles for the first.
    pub trajectories: u64,
    /// How many reached it.
    pub reached: u64,
    /// That share of them.
    pub probability: f64,
}
