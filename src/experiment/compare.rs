//! The same traffic through several outbound devices.
//!
//! Nothing that is drawn depends on the device, so the difference between two options is taken replication by
//! replication: what the traffic has in common cancels.

use super::plan::{Plan, Start, settling_time};
use super::results::{Results, Verdict};
use super::{Control, analysis, estimate, runner};
use crate::error::Error;
use crate::scenario::{Scenario, WarmUp};
use crate::time::SimDuration;
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
    /// Options in the order asked for.
    pub options: Vec<ComparedOption>,
    /// Every pair of options.
    pub paired_differences: Vec<PairedDifference>,
    /// Index of the recommended option; null when none meets the thresholds.
    pub recommended: Option<usize>,
    /// Why.
    pub why: String,
}

/// Runs every option on the same traffic.
pub fn compare(scenarios: &[Scenario], control: &Control<'_>) -> Result<ComparisonResults, Error> {
    let plans = common_start(scenarios)?;
    let mut options = Vec::new();
    let mut ratios = Vec::new();
    for (scenario, plan) in scenarios.iter().zip(&plans) {
        let trials = runner::run(plan, control)?;
        let by_replication = trials.summaries.iter().map(|trial| {
            let counts = trial.counts();
            counts.connection_failures as f64 / counts.flows.max(1) as f64
        });
        ratios.push(by_replication.collect::<Vec<f64>>());
        let results = analysis::results(scenario, plan, &trials, control.threads);
        options.push(ComparedOption { results, monthly_cost: None });
    }
    let (recommended, why) = recommend(&options);
    Ok(ComparisonResults { paired_differences: differences(&ratios), options, recommended, why })
}

/// Plans that start alike: arrivals are drawn from the start of the warm-up, so it must be the same for all.
fn common_start(scenarios: &[Scenario]) -> Result<Vec<Plan>, Error> {
    let plans = scenarios.iter().map(Plan::new).collect::<Result<Vec<Plan>, Error>>()?;
    let alike = |plan: &Plan| {
        plan.start == plans[0].start && plan.system.timing.origin == plans[0].system.timing.origin
    };
    if plans.iter().all(alike) {
        return Ok(plans);
    }
    let own = |plan: &Plan| match plan.start {
        Start::Stationary => settling_time(&plan.system),
        _ => SimDuration::from_nanos(plan.system.timing.origin.nanos()),
    };
    let longest = plans.iter().map(own).max().unwrap_or(SimDuration::ZERO);
    let again = |(scenario, plan): (&Scenario, &Plan)| {
        Plan::with_egress(scenario, plan.system.egress.clone(), WarmUp::For(longest))
    };
    scenarios.iter().zip(&plans).map(again).collect()
}

fn differences(ratios: &[Vec<f64>]) -> Vec<PairedDifference> {
    let mut differences = Vec::new();
    for first in 0..ratios.len() {
        for second in first + 1..ratios.len() {
            let paired: Vec<f64> =
                ratios[first].iter().zip(&ratios[second]).map(|(one, other)| other - one).collect();
            let (difference, low, high) = estimate::mean(&paired);
            differences.push(PairedDifference {
                first,
                second,
                metric: "connection_failure_ratio".into(),
                difference,
                low: Some(low).filter(|low| low.is_finite()),
                high: Some(high).filter(|high| high.is_finite()),
                confidence: estimate::CONFIDENCE,
            });
        }
    }
    differences
}

/// The option with the fewest public IPs, then the emptiest, among those that meet every threshold; without thresholds, the one that
/// fails least.
fn recommend(options: &[ComparedOption]) -> (Option<usize>, String) {
    let judged = options.iter().any(|option| !option.results.thresholds.is_empty());
    let badness = |option: &ComparedOption| {
        let ratio = &option.results.connection_failure_ratio;
        (ratio.estimate.unwrap_or(0.0), option.results.public_ips)
    };
    let candidates = options.iter().enumerate().filter(|(_, option)| option.results.verdict == Verdict::Pass);
    let best = if judged {
        candidates.min_by(|(_, one), (_, other)| {
            let (one, other) = (&one.results, &other.results);
            one.public_ips.cmp(&other.public_ips).then(one.occupancy.mean.total_cmp(&other.occupancy.mean))
        })
    } else {
        options.iter().enumerate().min_by(|(_, one), (_, other)| {
            let ((one, one_ips), (other, other_ips)) = (badness(one), badness(other));
            one.total_cmp(&other).then(one_ips.cmp(&other_ips))
        })
    };
    match best {
        Some((index, option)) => (Some(index), reason(&option.results, judged)),
        None => (None, "no option meets every threshold; add public IPs or lower the load".into()),
    }
}

fn reason(results: &Results, judged: bool) -> String {
    let ips = results.public_ips;
    let name = format!("{} with {ips} public IP{}", results.model, if ips == 1 { "" } else { "s" });
    let ratio = &results.connection_failure_ratio;
    let failing = match ratio.estimate {
        None => format!("no connection failure was seen (at most {:.2e} of flows)", ratio.high),
        Some(estimate) => format!("{:.3} % of flows fail", estimate * 100.0),
    };
    match judged {
        true => {
            format!("{name} meets every threshold with the fewest public IPs and the most room: {failing}")
        }
        false => format!("{name} fails least: {failing}"),
    }
}
