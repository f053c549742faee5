//! Cheaper changes that might save a step: what the platform gives away, or what an application can change by itself.
//!
//! Each is tried alone at the value that was refuted, on the same traffic.

use super::{Question, SizeResults};
use crate::error::Error;
use crate::experiment::results::{Results, ThresholdResult, Verdict};
use crate::scenario::overrides::Override;
use crate::scenario::{Scenario, shipped};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change that costs no step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Workloads without a client pool keep their connections open.
    ClientPool,
    /// The device forgets silent flows as soon as the platform allows.
    IdleTimeout,
    /// The destination with the most failures is reached by a private endpoint.
    PrivateLink,
}

/// A change that was tried one step short of the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Saving {
    /// What was changed.
    pub change: Change,
    /// The same as keys of the scenario.
    pub settings: Vec<String>,
    /// Whether the target is met one step short; null where that could not be tried.
    pub verdict: Option<Verdict>,
    /// The target, judged.
    pub judged: Option<ThresholdResult>,
    /// Why it could not be tried, or does not apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// The client whose pool is taken for workloads without one: as many connections as there are requests at once, kept while idle.
const CLIENT: &str = "dotnet-sockets-http-handler";

/// What can be changed of a scenario, as keys, or why it does not apply.
pub(super) fn changes(
    scenario: &Scenario,
    refuted: &Results,
    vary: &str,
) -> Vec<(Change, Result<Vec<Override>, String>)> {
    vec![
        (Change::ClientPool, client_pool(scenario)),
        (
            Change::IdleTimeout,
            if vary == "idle_timeout" { Err("it is what was sized".into()) } else { idle_timeout(scenario) },
        ),
        (Change::PrivateLink, private_link(scenario, refuted)),
    ]
}

fn client_pool(scenario: &Scenario) -> Result<Vec<Override>, String> {
    let written = scenario.resolved["workload"].as_array().into_iter().flatten();
    let without = written.zip(&scenario.workloads).enumerate().filter(|(_, (written, workload))| {
        let has_one = workload.client_pool.is_some() || workload.upstream.is_some();
        !has_one
            && !workload.arrivals.is_recorded()
            && written["via"].is_null()
            && written["packets"].is_null()
    });
    let settings: Vec<Override> = without
        .map(|(number, _)| (format!("workload.{number}.client_pool"), format!("{{ preset = \"{CLIENT}\" }}")))
        .collect();
    match settings.is_empty() {
        true => Err("every workload keeps its connections already, or is recorded".into()),
        false => Ok(settings),
    }
}

fn idle_timeout(scenario: &Scenario) -> Result<Vec<Override>, String> {
    let outbound = &scenario.resolved["outbound"];
    let model = outbound["model"].as_str().and_then(shipped::named);
    let least = model.and_then(|model| model.range("idle_timeout", "least"));
    match least {
        None => Err("the model has no idle timeout to choose".into()),
        Some(least) if least == outbound["idle_timeout"] => {
            Err("it is as short as the platform allows".into())
        }
        Some(least) => Ok(vec![("outbound.idle_timeout".into(), least.as_str().unwrap_or_default().into())]),
    }
}

fn private_link(scenario: &Scenario, refuted: &Results) -> Result<Vec<Override>, String> {
    let hottest = refuted.hottest_destination.as_ref().map(|destination| destination.name.as_str());
    let declared = scenario.resolved["destination"].as_array().into_iter().flatten();
    let reached = |destination: &Value| {
        destination["name"].as_str() == hottest
            && destination["reach"].as_str().is_none_or(|reach| reach == "internet")
    };
    match declared.enumerate().find(|(_, destination)| reached(destination)) {
        None => Err("the destination with the most failures is not among the `[[destination]]`".into()),
        Some((number, _)) => Ok(vec![(format!("destination.{number}.reach"), "private-endpoint".into())]),
    }
}

impl super::Search<'_> {
    /// Tries every change at the value that was refuted.
    pub(super) fn savings(&mut self, position: usize, refuted: &Results) -> Result<Vec<Saving>, Error> {
        let scenario = self.scenario(position)?;
        let mut savings = Vec::new();
        for (change, settings) in changes(&scenario, refuted, self.question.vary) {
            let settings = match settings {
                Ok(settings) => settings,
                Err(why) => {
                    savings.push(not_tried(change, Vec::new(), why));
                    continue;
                }
            };
            let told = settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
            let changed = self.scenario_with(position, &settings).and_then(|changed| self.probe(&changed));
            let (judged, why) = match changed {
                Ok(results) if results.totals.attempts == 0 => {
                    (None, Some("no flow needs a SNAT port any more".to_string()))
                }
                Ok(results) => (results.thresholds.into_iter().next(), None),
                Err(error @ (Error::Input(_) | Error::PlatformRefuses(_))) => {
                    savings.push(not_tried(change, told, error.in_brief()));
                    continue;
                }
                Err(error) => return Err(error),
            };
            let verdict = Some(judged.as_ref().map_or(Verdict::Pass, |judged| judged.verdict));
            savings.push(Saving { change, settings: told, verdict, judged, why });
        }
        Ok(savings)
    }
}

fn not_tried(change: Change, settings: Vec<String>, why: String) -> Saving {
    Saving { change, settings, verdict: None, judged: None, why: Some(why) }
}

impl Question<'_> {
    /// Whether headroom and savings are looked for, after a proof with so many attempts.
    pub(super) fn wants_advice(&self, answer: &SizeResults) -> bool {
        let attempts = answer.proved_by.as_ref().map_or(0, |proof| proof.totals.attempts);
        match self.advice {
            Advice::Always => true,
            Advice::Never => false,
            Advice::WhereCheap => attempts <= CHEAP,
        }
    }
}

/// Attempts of a proof that is repeated some twenty times in seconds.
const CHEAP: u64 = 1_000_000;

/// Whether headroom and savings are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Where the proof had at most a million attempts.
    WhereCheap,
    /// In any case.
    Always,
    /// Not at all.
    Never,
}
