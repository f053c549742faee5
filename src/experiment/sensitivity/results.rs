//! What `sensitivity` found, as plain numbers.

use crate::experiment::diff::Evidence;
use crate::experiment::results::{Results, ThresholdResult, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `sensitivity` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SensitivityResults {
    /// Version of the shape.
    pub schema_version: u32,
    /// Pass where the thresholds hold in the scenario and over every range (or there is none), fail where one fails in the
    /// scenario, inconclusive where that cannot be told, or depends on something uncertain.
    pub verdict: Verdict,
    /// The metric that is looked at, as thresholds name it.
    pub metric: String,
    /// The metric in the scenario.
    pub base: Figure,
    /// What is uncertain, the widest swing first.
    pub knobs: Vec<KnobResults>,
    /// What is uncertain and was not varied.
    pub not_varied: Vec<NotVaried>,
    /// What to measure first; null where nothing that was varied makes a difference.
    pub measure_next: Option<MeasureNext>,
    /// A run of the scenario itself.
    pub base_results: Results,
}

/// A metric with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// Null where nothing was seen.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Something uncertain, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KnobResults {
    /// Keys that are varied together.
    pub keys: Vec<String>,
    /// What they are in the scenario.
    pub base: String,
    /// The model that assumes them; null where somebody asked for them to be varied.
    pub model: Option<String>,
    /// Why they are in doubt.
    pub why: Option<String>,
    /// What would settle them.
    pub measure: String,
    /// What they were set to.
    pub values: Vec<ValueResults>,
    /// From the lowest estimate to the highest, the scenario's own among them.
    pub swing: Swing,
    /// Whether the verdict on the thresholds depends on them; null where there is no threshold.
    pub flips: Option<Flips>,
}

/// A value that was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValueResults {
    /// What was set.
    pub settings: Vec<Setting>,
    /// Why the platform would refuse it; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The metric; null where it is refused.
    pub figure: Option<Figure>,
    /// The metric minus that of the scenario, on the same traffic.
    pub difference: Option<Difference>,
    /// The worst of the thresholds; null where there is none, or the value is refused.
    pub verdict: Option<Verdict>,
    /// The thresholds, judged.
    pub thresholds: Vec<ThresholdResult>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    /// The key.
    pub key: String,
    /// The value, as `--set` takes it.
    pub value: String,
}

/// A difference of two runs, replication by replication.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The second minus the first; of a ratio of which nothing was seen, 0 is taken.
    pub difference: f64,
    /// Lower bound; null where there is none.
    pub low: Option<f64>,
    /// Upper bound.
    pub high: Option<f64>,
    /// What that says.
    pub evidence: Evidence,
}

/// The widest difference that a knob makes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Swing {
    /// The lowest estimate.
    pub lowest: f64,
    /// The highest estimate.
    pub highest: f64,
    /// Highest minus lowest.
    #[serde(flatten)]
    pub difference: Difference,
}

/// Whether the decision depends on a knob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Flips {
    /// The thresholds hold at one value and fail at another.
    Yes,
    /// At a value, or in the scenario, they neither hold nor fail for sure.
    CannotTell,
    /// They come out alike at every value.
    No,
}

/// What was not varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotVaried {
    /// Keys.
    pub keys: Vec<String>,
    /// The model that assumes them.
    pub model: String,
    /// Why not.
    pub why: String,
}

/// What to measure first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MeasureNext {
    /// Index into `knobs`.
    pub knob: usize,
    /// Why that one.
    pub why: MeasureReason,
}

/// Why something is to be measured first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MeasureReason {
    /// The decision depends on it.
    FlipsTheDecision,
    /// Whether the decision depends on it is not known.
    MayFlipTheDecision,
    /// Nothing changes the metric more.
    WidestSwing,
}
