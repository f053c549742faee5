//! The value that Erlang-B answers, without simulation: exact for Poisson arrivals whose clients take no for an answer.

use super::Question;
use super::curve::METRICS;
use crate::error::Error;
use crate::experiment::Plan;
use crate::experiment::analysis::closed_form::BusiestRow;
use crate::scenario::Comparison;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What theory answers, of the busiest row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TheoryAnswer {
    /// The value sought; null where not even the last allowed one meets the target.
    pub answer: Option<u64>,
    /// At the answer, or at the last value: ports of the busiest row.
    pub ports: u64,
    /// There: rate x holding time, erlang.
    pub offered_erlang: f64,
    /// There: the share of flows that find no port.
    pub erlang_b: f64,
}

impl TheoryAnswer {
    /// The first of the `allowed` values that meets the target by theory; nothing where theory does not apply.
    pub(super) fn of(question: &Question<'_>, allowed: &[u64]) -> Result<Option<Self>, Error> {
        let target = question.target;
        let below = matches!(target.comparison, Comparison::Below | Comparison::AtMost);
        if !below || !METRICS.contains(&target.metric.as_str()) || allowed.is_empty() {
            return Ok(None);
        }
        let meets = |found: f64| match target.comparison {
            Comparison::Below => found < target.limit,
            _ => found <= target.limit,
        };
        let (mut low, mut high) = (0, allowed.len() - 1);
        let Some(mut best) = Self::at(question, allowed[high])? else { return Ok(None) };
        if !meets(best.erlang_b) {
            return Ok(Some(Self { answer: None, ..best }));
        }
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(here) = Self::at(question, allowed[middle])? else { return Ok(None) };
            if meets(here.erlang_b) {
                (high, best) = (middle, here);
            } else {
                low = middle + 1;
            }
        }
        Ok(Some(best))
    }

    fn at(question: &Question<'_>, value: u64) -> Result<Option<Self>, Error> {
        let plan = Plan::new(&(question.scenario_at)(value, &[])?)?;
        let found = BusiestRow::of(&plan).and_then(|busiest| Some((busiest, busiest.erlang_b(&plan).ok()?)));
        Ok(found.map(|(BusiestRow { ports, offered, .. }, erlang_b)| Self {
            answer: Some(value),
            ports,
            offered_erlang: offered,
            erlang_b,
        }))
    }
}
