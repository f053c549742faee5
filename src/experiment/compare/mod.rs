//! The same traffic through several outbound devices.
//!
//! Nothing that is drawn depends on the device, so the difference between two options is taken replication by
//! replication: what the traffic has in common cancels.

mod allow_list;
mod cost;
mod differences;
mod elimination;
mod kim_nelson;
mod margin;
mod migration;
mod names;
mod recommend;

pub use allow_list::AllowList;
pub use cost::{Cost, CostItem};
pub use differences::PairedDifference;
pub use elimination::{EliminatedOption, Elimination, Selection};
pub use margin::Margin;
pub use migration::{AllowedNetwork, Migration, MigrationEffort};
pub use names::device;

use super::results::{Results, SCHEMA_VERSION, Verdict};
use super::{Control, analysis, paired};
use crate::error::Error;
use crate::scenario::{Prices, Scenario};
use allow_list::allow_list;
use differences::{Ratios, differences, ratios_of};
use migration::migration;
use recommend::{Recommendation, recommend};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One option: `run`'s results, and what it costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedOption {
    /// Device, public IPs, and the keys in which it differs from other options.
    #[serde(default)]
    pub name: String,
    /// Results.
    #[serde(flatten)]
    pub results: Results,
    /// Cost per month by the user's prices; null where they do not say all of it.
    pub monthly_cost: Option<f64>,
    /// What that is made of, and what is not counted; null without prices.
    #[serde(default)]
    pub cost: Option<Cost>,
    /// Addresses that partners must allow.
    #[serde(default)]
    pub allow_list: AllowList,
    /// What it takes to get there from the scenario as it is; null where that is not known.
    #[serde(default)]
    pub migration: Option<Migration>,
}

impl ComparedOption {
    /// Its name; of results that have none, the device.
    pub fn name(&self) -> String {
        if self.name.is_empty() { device(&self.results) } else { self.name.clone() }
    }

    /// Its name within a sentence: `azure/nat-gateway with 2 public IPs`.
    pub fn phrase(&self) -> String {
        self.name().replacen(", ", " with ", 1)
    }
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
    /// How clearly; null without options.
    #[serde(default)]
    pub margin: Option<Margin>,
    /// How options were eliminated; absent where that was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selection: Option<Selection>,
}

impl ComparisonResults {
    /// Pairs compared by the flows whose client gave up.
    pub fn connection_failure_differences(&self) -> impl Iterator<Item = &PairedDifference> {
        self.paired_differences.iter().filter(|pair| pair.metric == "connection_failure_ratio")
    }

    /// Each warning once, with the options that it is of.
    pub fn warnings_by_option(&self) -> Vec<(String, Vec<usize>)> {
        let mut warnings: Vec<(String, Vec<usize>)> = Vec::new();
        for (number, option) in self.options.iter().enumerate() {
            for warning in &option.results.warnings {
                match warnings.iter_mut().find(|(told, _)| told == warning) {
                    Some((_, options)) => options.push(number),
                    None => warnings.push((warning.clone(), vec![number])),
                }
            }
        }
        warnings
    }
}

/// What is compared.
pub struct Question<'a> {
    /// The scenario as it is, from which one would change to an option.
    pub own: Option<&'a Scenario>,
    /// The options.
    pub options: &'a [Scenario],
    /// What things cost, where the user says.
    pub prices: Option<&'a Prices>,
    /// How options are eliminated, where that is asked.
    pub elimination: Option<Elimination>,
}

impl<'a> Question<'a> {
    /// Options of which the first is the scenario as it is.
    pub fn of(options: &'a [Scenario]) -> Self {
        Self { own: options.first(), options, prices: None, elimination: None }
    }
}

/// Runs every option on the same traffic.
pub fn compare(question: &Question<'_>, control: &Control<'_>) -> Result<ComparisonResults, Error> {
    let scenarios = question.options;
    question.elimination.map_or(Ok(()), |_| elimination::check(scenarios))?;
    let mut plans = paired::plans(scenarios, control)?;
    let (together, selection) = match question.elimination {
        Some(asked) => {
            let (trials, found) = elimination::run(&mut plans, scenarios, asked, control)?;
            (trials, Some(found))
        }
        None => (paired::together(&mut plans, control)?, None),
    };
    let found = paired::of_each(scenarios, &mut plans, together, control, |scenario, plan, trials| {
        let ratios: Vec<Ratios> = trials.summaries.iter().map(|trial| ratios_of(&trial.counts())).collect();
        let results = analysis::results(scenario, plan, trials, control)?;
        Ok((question.option(scenario, results), ratios))
    })?;
    let (mut options, ratios): (Vec<ComparedOption>, Vec<Vec<Ratios>>) = found.into_iter().unzip();
    let names = names::names(
        &options.iter().map(|option| &option.results).collect::<Vec<_>>(),
        question.own.map(|own| &own.resolved),
    );
    options.iter_mut().zip(names).for_each(|(option, name)| option.name = name);
    Ok(concluded(question, options, differences(&ratios), selection))
}

impl Question<'_> {
    /// An option whose name is not known yet.
    fn option(&self, scenario: &Scenario, results: Results) -> ComparedOption {
        let cost = self.prices.map(|prices| cost::cost(scenario, prices));
        ComparedOption {
            name: String::new(),
            results,
            monthly_cost: cost.as_ref().and_then(Cost::whole),
            cost,
            allow_list: allow_list(scenario),
            migration: self.own.map(|own| migration(own, scenario)),
        }
    }
}

/// What follows from all options.
fn concluded(
    question: &Question<'_>,
    options: Vec<ComparedOption>,
    paired_differences: Vec<PairedDifference>,
    selection: Option<Selection>,
) -> ComparisonResults {
    let found = recommend(&options, selection.as_ref());
    let thresholds = question.options.first().map_or(&[][..], |scenario| &scenario.thresholds);
    let margin = margin::margin(&options, thresholds, &found, &paired_differences);
    let Recommendation { verdict, option: recommended, runner_up: _, why } = found;
    ComparisonResults {
        schema_version: SCHEMA_VERSION,
        verdict,
        paired_differences,
        options,
        recommended,
        why,
        margin,
        selection,
    }
}
