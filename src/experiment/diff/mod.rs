//! Two results of `run` side by side: what went in differently, and what came out differently.
//!
//! Replications are paired by their number: with one seed they share their traffic, and what they have in common
//! cancels; with two seeds they are independent, which the same interval allows for.

mod inputs;
pub(super) mod metrics;

pub(super) use inputs::flat;
pub use inputs::{InputChange, changed};
pub use metrics::{Evidence, MetricChange};

use super::results::{Results, SCHEMA_VERSION, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What two results have in common, and what not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    /// Version of the shape.
    pub schema_version: u32,
    /// The first result.
    pub before: Side,
    /// The second.
    pub after: Side,
    /// Keys of the resolved scenario that differ, in order of their names.
    pub inputs: Vec<InputChange>,
    /// Every metric that a threshold may name.
    pub metrics: Vec<MetricChange>,
    /// Thresholds of either, by their expression.
    pub thresholds: Vec<ThresholdChange>,
    /// Warnings of the second that the first does not have.
    pub new_warnings: Vec<String>,
    /// What was asked by `--fail-on`.
    pub gates: Vec<GateResult>,
    /// Fail where a gate has failed.
    pub verdict: Verdict,
}

/// One of the results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// Where it was read from.
    pub file: String,
    /// Title of the scenario.
    pub title: String,
    /// Outbound model.
    pub model: String,
    /// Public IPs of the outbound device.
    pub public_ips: u32,
    /// Seed.
    pub seed: u64,
    /// Replications.
    pub replications: u32,
    /// What its thresholds came to.
    pub verdict: Verdict,
}

/// What a threshold came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThresholdChange {
    /// The threshold.
    pub expression: String,
    /// In the first result; null where it was not set.
    pub before: Option<Verdict>,
    /// In the second.
    pub after: Option<Verdict>,
}

impl ThresholdChange {
    /// Whether it held and does no longer, or can no longer be told.
    fn is_worse(&self) -> bool {
        let rank = |verdict: Option<Verdict>| match verdict {
            None => None,
            Some(Verdict::Pass) => Some(0),
            Some(Verdict::Inconclusive) => Some(1),
            Some(Verdict::Fail) => Some(2),
        };
        matches!((rank(self.before), rank(self.after)), (Some(before), Some(after)) if after > before)
    }
}

/// What must not have happened between two results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// A ratio of failures is significantly higher, or a threshold came to less.
    Worse,
    /// A metric differs significantly.
    Significant,
    /// A metric differs at all.
    Results,
    /// A key of the scenario differs.
    Inputs,
}

/// What a gate came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// The gate.
    pub gate: Gate,
    /// Pass where it did not happen.
    pub verdict: Verdict,
    /// What happened, by name.
    pub found: Vec<String>,
}

/// A result, and where it was read from.
pub type Source<'a> = (&'a str, &'a Results);

/// Compares two results of `run`.
pub fn diff(before: Source<'_>, after: Source<'_>, gates: &[Gate]) -> Diff {
    let mut diff = Diff {
        schema_version: SCHEMA_VERSION,
        inputs: changed(&before.1.scenario, &after.1.scenario),
        metrics: metrics::changes(before.1, after.1),
        thresholds: thresholds(before.1, after.1),
        new_warnings: new_warnings(before.1, after.1),
        before: side(before),
        after: side(after),
        gates: Vec::new(),
        verdict: Verdict::Pass,
    };
    diff.gates = gates.iter().map(|gate| judge(&diff, *gate)).collect();
    if diff.gates.iter().any(|gate| gate.verdict == Verdict::Fail) {
        diff.verdict = Verdict::Fail;
    }
    diff
}

fn side((file, results): Source<'_>) -> Side {
    Side {
        file: file.into(),
        title: results.title.clone(),
        model: results.model.clone(),
        public_ips: results.public_ips,
        seed: results.seed,
        replications: results.replications,
        verdict: results.verdict,
    }
}

fn thresholds(before: &Results, after: &Results) -> Vec<ThresholdChange> {
    let of = |results: &Results, expression: &str| {
        results.thresholds.iter().find(|each| each.expression == expression).map(|each| each.verdict)
    };
    let mut changes: Vec<ThresholdChange> = Vec::new();
    for threshold in before.thresholds.iter().chain(&after.thresholds) {
        let expression = &threshold.expression;
        if changes.iter().all(|change| change.expression != *expression) {
            changes.push(ThresholdChange {
                expression: expression.clone(),
                before: of(before, expression),
                after: of(after, expression),
            });
        }
    }
    changes
}

fn new_warnings(before: &Results, after: &Results) -> Vec<String> {
    after.warnings.iter().filter(|warning| !before.warnings.contains(warning)).cloned().collect()
}

fn judge(diff: &Diff, gate: Gate) -> GateResult {
    let metrics = |happened: fn(&MetricChange) -> bool| {
        diff.metrics.iter().filter(move |change| happened(change)).map(|change| change.metric.clone())
    };
    let found: Vec<String> = match gate {
        Gate::Worse => {
            let thresholds = diff.thresholds.iter().filter(|change| change.is_worse());
            metrics(MetricChange::is_worse)
                .chain(thresholds.map(|change| change.expression.clone()))
                .collect()
        }
        Gate::Significant => metrics(|change| change.evidence == Evidence::Significant).collect(),
        Gate::Results => metrics(|change| change.evidence != Evidence::Same).collect(),
        Gate::Inputs => diff.inputs.iter().map(|change| change.key.clone()).collect(),
    };
    let verdict = if found.is_empty() { Verdict::Pass } else { Verdict::Fail };
    GateResult { gate, verdict, found }
}
