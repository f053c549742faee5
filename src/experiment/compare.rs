//! The same traffic through several outbound devices.
//!
//! Nothing that is drawn depends on the device, so the difference between two options is taken replication by
//! replication: what the traffic has in common cancels.

use super::results::{Results, SCHEMA_VERSION, Verdict};
use super::{Control, analysis, estimate, paired};
use crate::error::Error;
use crate::metrics::Counts;
use crate::scenario::Scenario;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One option: `run`'s results, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedOption {
    /// Results.
    #[serde(flatten)]
    pub results: Results,
    /// List price per month; null where none is known.
    pub monthly_cost: Option<f64>,
}

/// The difference of a metric between two options, over paired replications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PairedDifference {
    /// Index of the first option.
    pub first: usize,
    /// Index of the second.
    pub second: usize,
    /// Metric.
    pub metric: String,
    /// Mean of second minus first.
    pub difference: f64,
    /// Lower bound; null with one replication.
    pub low: Option<f64>,
    /// Upper bound; null with one replication.
    pub high: Option<f64>,
    /// Confidence of the bounds.
    pub confidence: f64,
}

/// What `compare` found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparisonResults {
    /// Version of the shape.
    pub schema_version: u32,
    /// Pass where an option is recommended, fail where none meets the thresholds, inconclusive where that cannot be
    /// told.
    pub verdict: Verdict,
    /// Options in the order asked for.
    pub options: Vec<ComparedOption>,
    /// Every pair of options.
    pub paired_differences: Vec<PairedDifference>,
    /// Index of the recommended option; null when none meets the thresholds.
    pub recommended: Option<usize>,
    /// Why.
    pub why: String,
}

impl ComparisonResults {
    /// Pairs compared by the flows whose client gave up.
    pub fn connection_failure_differences(&self) -> impl Iterator<Item = &PairedDifference> {
        self.paired_differences.iter().filter(|pair| pair.metric == "connection_failure_ratio")
    }
}

/// Runs every option on the same traffic.
pub fn compare(scenarios: &[Scenario], control: &Control<'_>) -> Result<ComparisonResults, Error> {
    let found = paired::run(scenarios, control, |scenario, plan, trials| {
        let ratios = trials.summaries.iter().map(|trial| ratios_of(&trial.counts()));
        let ratios: Vec<Ratios> = ratios.collect();
        let results = analysis::results(scenario, plan, trials, control)?;
        Ok((ComparedOption { results, monthly_cost: None }, ratios))
    })?;
    let (options, ratios): (Vec<ComparedOption>, Vec<Vec<Ratios>>) = found.into_iter().unzip();
    let Recommendation { verdict, option: recommended, why } = recommend(&options);
    Ok(ComparisonResults {
        schema_version: SCHEMA_VERSION,
        verdict,
        paired_differences: differences(&ratios),
        options,
        recommended,
        why,
    })
}

/// Metrics that are compared.
const METRICS: [&str; 2] = ["failure_ratio", "connection_failure_ratio"];

/// A value of each of [`METRICS`].
type Ratios = [f64; METRICS.len()];

fn ratios_of(counts: &Counts) -> Ratios {
    let ratio = |failed: u64, all: u64| failed as f64 / all.max(1) as f64;
    [ratio(counts.snat_failures, counts.attempts), ratio(counts.connection_failures, counts.flows)]
}

/// Every pair of options, metric by metric; `ratios` by option and replication.
fn differences(ratios: &[Vec<Ratios>]) -> Vec<PairedDifference> {
    let mut differences = Vec::new();
    for (number, metric) in METRICS.iter().enumerate() {
        for first in 0..ratios.len() {
            for second in first + 1..ratios.len() {
                let pairs = ratios[first].iter().zip(&ratios[second]);
                let paired: Vec<f64> = pairs.map(|(one, other)| other[number] - one[number]).collect();
                differences.push(difference(metric, first, second, &paired));
            }
        }
    }
    differences
}

fn difference(metric: &str, first: usize, second: usize, paired: &[f64]) -> PairedDifference {
    let (difference, low, high) = estimate::mean(paired);
    PairedDifference {
        first,
        second,
        metric: metric.into(),
        difference,
        low: Some(low).filter(|low| low.is_finite()),
        high: Some(high).filter(|high| high.is_finite()),
        confidence: estimate::CONFIDENCE,
    }
}

/// What is recommended, if anything is, and why.
struct Recommendation {
    verdict: Verdict,
    option: Option<usize>,
    why: String,
}

/// Among the options that meet every threshold the one with the fewest public IPs; without thresholds the one that fails least.
/// Of equals, the emptiest.
fn recommend(options: &[ComparedOption]) -> Recommendation {
    let judged = options.iter().any(|option| !option.results.thresholds.is_empty());
    let failing = |results: &Results| {
        if judged { 0.0 } else { results.connection_failure_ratio.estimate.unwrap_or(0.0) }
    };
    let candidates = options.iter().map(|option| &option.results).enumerate();
    let best =
        candidates.filter(|(_, results)| results.verdict == Verdict::Pass).min_by(|(_, one), (_, other)| {
            let by_failures = failing(one).total_cmp(&failing(other));
            let by_addresses = by_failures.then(one.public_ips.cmp(&other.public_ips));
            by_addresses.then(one.occupancy.mean.total_cmp(&other.occupancy.mean))
        });
    let Some((index, results)) = best else { return none_recommended(options) };
    let equals = |option: &&ComparedOption| failing(&option.results) == failing(results);
    let alone = options.iter().filter(equals).count() == 1;
    Recommendation { verdict: Verdict::Pass, option: Some(index), why: reason(results, judged, alone) }
}

fn none_recommended(options: &[ComparedOption]) -> Recommendation {
    let undecided = options.iter().map(|option| &option.results).enumerate();
    let undecided = undecided.filter(|(_, results)| results.verdict == Verdict::Inconclusive);
    let advice = |results: &Results| results.thresholds.iter().find_map(|each| each.advice.clone());
    let undecided: Vec<String> = undecided
        .map(|(index, results)| format!("option {index}: {}", advice(results).unwrap_or_default()))
        .collect();
    let (verdict, why) = match undecided.is_empty() {
        true => (Verdict::Fail, "no option meets every threshold; add public IPs or lower the load".into()),
        false => {
            let why = format!("no option is proved to meet every threshold; {}", undecided.join("; "));
            (Verdict::Inconclusive, why)
        }
    };
    Recommendation { verdict, option: None, why }
}

fn reason(results: &Results, judged: bool, alone: bool) -> String {
    let ips = results.public_ips;
    let name = format!("{} with {ips} public IP{}", results.model, if ips == 1 { "" } else { "s" });
    let failing = match results.failure_ratio.estimate {
        None => "no SNAT failure was seen".into(),
        Some(estimate) => format!("{:.3} % of attempts find no SNAT port", estimate * 100.0),
    };
    match judged {
        true => {
            format!("{name} meets every threshold with the fewest public IPs and the most room: {failing}")
        }
        false if alone => format!("{name} loses the fewest connections: {failing}"),
        false => format!("{name} loses as few connections as any, and has the most room: {failing}"),
    }
}
