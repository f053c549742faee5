//! What `size` found, as plain numbers.

use super::savings::Saving;
use super::theory::TheoryAnswer;
use crate::experiment::results::{HeadroomFigures, Results, ThresholdResult, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `size` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SizeResults {
    /// Version of the shape.
    pub schema_version: u32,
    /// The setting that was varied.
    pub vary: String,
    /// The target.
    pub target: String,
    /// Which of the values that meet it is looked for.
    pub sought: Sought,
    /// Pass where a value meets it, fail where not even the last does, inconclusive where that cannot be told or another seed
    /// does not confirm it.
    pub verdict: Verdict,
    /// The value sought, of a timeout in seconds; null when none is known to meet the target.
    pub answer: Option<u64>,
    /// Why there is no answer, or no refutation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// A run at the answer.
    pub proved_by: Option<Results>,
    /// A run at the next value on the other side: one step smaller, or larger where the largest is sought.
    pub refuted_by: Option<Results>,
    /// A run at the answer with other random numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Confirmation>,
    /// What refuses first where there are too few ports; null where nothing was refused.
    #[serde(default)]
    pub binding: Option<Binding>,
    /// How many times the load still meets the target at the answer for sure; absent where it was not looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headroom: Option<HeadroomFigures>,
    /// What was tried to save the last step; absent where nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub savings: Vec<Saving>,
    /// What theory answers, without simulation; null where it does not apply.
    #[serde(default)]
    pub theory: Option<TheoryAnswer>,
    /// How the answer was found: `one-pass`, `bisection`, or, where `run.rare` asks for it and theory is exact, `erlang-b`.
    pub method: String,
    /// Simulations needed.
    pub evaluations: u32,
    /// Confidence at which each probe is judged, so that all together err as seldom as one interval; null where what is judged has no
    /// interval, or theory is exact.
    #[serde(default)]
    pub probe_confidence: Option<f64>,
}

impl SizeResults {
    /// The answer in one sentence.
    pub fn headline(&self) -> String {
        let Self { vary, target, .. } = self;
        let sought = self.sought.word();
        match (self.answer.map(|value| self.value(value)), self.verdict) {
            (Some(value), Verdict::Pass) => format!("{vary} = {value} is the {sought} that meets {target}"),
            (Some(value), _) => {
                format!("INCONCLUSIVE: {vary} = {value} meets {target}, but not for sure with another seed")
            }
            (None, Verdict::Inconclusive) => {
                format!("INCONCLUSIVE: whether any {vary} meets {target} is not known")
            }
            (None, _) => format!("no {vary} meets {target}"),
        }
    }

    /// A value with its unit.
    pub fn value(&self, value: u64) -> String {
        match self.vary.as_str() {
            "idle_timeout" if value.is_multiple_of(60) => format!("{}m", value / 60),
            "idle_timeout" => format!("{value}s"),
            _ => value.to_string(),
        }
    }
}

/// Which of the values that meet a target is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sought {
    /// More of it costs money: IPs, ports, nodes, instances.
    Smallest,
    /// Less of it costs connections or time: idle timeouts, client pools.
    Largest,
}

impl Sought {
    /// In a sentence.
    pub fn word(self) -> &'static str {
        match self {
            Self::Smallest => "smallest",
            Self::Largest => "largest",
        }
    }

    /// The value next to one that is just enough.
    pub fn step(self) -> &'static str {
        match self {
            Self::Smallest => "one step smaller",
            Self::Largest => "one step larger",
        }
    }

    /// What a value better than the answer would be.
    pub fn beyond(self) -> &'static str {
        match self {
            Self::Smallest => "smaller",
            Self::Largest => "larger",
        }
    }

    /// The value that is tried when no other meets the target.
    pub fn last(self) -> &'static str {
        match self {
            Self::Smallest => "largest",
            Self::Largest => "smallest",
        }
    }
}

/// A run at the answer with random numbers that the search has not seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Confirmation {
    /// Its seed.
    pub seed: u64,
    /// The target, judged.
    #[serde(flatten)]
    pub judged: ThresholdResult,
}

/// What refuses most, just where the target is missed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Binding {
    /// Stage of the egress path.
    pub stage: String,
    /// Its reason, as in `snat_failures_by`.
    pub reason: String,
    /// The fullest port pool.
    pub port_pool: String,
    /// Towards which destination, where ports are counted by destination.
    pub destination: Option<String>,
}

impl Binding {
    /// What refuses most in a run.
    pub(super) fn of(results: &Results) -> Option<Self> {
        let most =
            results.snat_failures_by.iter().max_by_key(|each| each.count).filter(|most| most.count > 0)?;
        Some(Self {
            stage: most.stage.clone(),
            reason: most.reason.clone(),
            port_pool: results.occupancy_ports.port_pool.clone(),
            destination: results.occupancy_ports.destination.clone(),
        })
    }
}
