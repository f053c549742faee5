//! The smallest setting that meets a target.
//!
//! Where every row has one capacity and clients never act again after a refusal, one pass with the lowest free
//! port gives the failure ratio of every capacity at once; elsewhere plain bisection under common random
//! numbers. The answer is then proved by a full run, and the next smaller setting refuted by another.

mod curve;

use super::plan::Start;
use super::results::{Results, SCHEMA_VERSION, Verdict};
use super::{Control, Plan, run_plan, thresholds, warm_up};
use crate::error::Error;
use crate::scenario::{Scenario, Threshold};
use crate::workload::Arrivals;
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
    /// Pass where a value meets it, fail where even the largest does not, inconclusive where that cannot be told.
    pub verdict: Verdict,
    /// The smallest value that meets it; null when none is known to.
    pub answer: Option<u64>,
    /// Why there is no answer, or no refutation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// A run at the answer.
    pub proved_by: Option<Results>,
    /// A run at the next smaller value.
    pub refuted_by: Option<Results>,
    /// How the answer was found: `one-pass` or `bisection`.
    pub method: String,
    /// Simulations needed.
    pub evaluations: u32,
}

impl SizeResults {
    /// The answer in one sentence.
    pub fn headline(&self) -> String {
        let Self { vary, target, .. } = self;
        match (self.answer, self.verdict) {
            (Some(value), _) => format!("{vary} = {value} is the smallest that meets {target}"),
            (None, Verdict::Inconclusive) => {
                format!("INCONCLUSIVE: whether any {vary} meets {target} is not known")
            }
            (None, _) => format!("no {vary} meets {target}"),
        }
    }
}

/// A question about the smallest setting.
pub struct Question<'a> {
    /// The setting.
    pub vary: &'a str,
    /// Values that may be tried, rising.
    pub candidates: &'a [u64],
    /// The target.
    pub target: &'a Threshold,
    /// The scenario at a value; a platform refusal says that the value is not allowed.
    pub scenario_at: &'a dyn Fn(u64) -> Result<Scenario, Error>,
}

/// Answers `question`.
pub fn size(question: &Question<'_>, control: &Control<'_>) -> Result<SizeResults, Error> {
    let allowed = allowed(question)?;
    let mut search = Search { question, control, allowed: &allowed, largest: None, evaluations: 0 };
    if allowed.is_empty() {
        let why = "the platform would accept none of the values".into();
        return Ok(search.no_answer("bisection", Verdict::Fail, why));
    }
    search.largest = Some(warm_up::settled(&search.scenario(allowed.len() - 1)?, control)?);
    let (method, guess) = match search.curve()? {
        Some(guess) => ("one-pass", guess),
        None => ("bisection", search.bisect()?),
    };
    search.prove(method, guess)
}

/// The values that the platform accepts. They are neighbours: more ports a node need more IPs, fewer IPs hold fewer
/// ports; so halving finds where they begin or end.
fn allowed(question: &Question<'_>) -> Result<Vec<u64>, Error> {
    let values = question.candidates;
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return Ok(Vec::new()) };
    let (first, last) = (accepted(question, *first)?, accepted(question, *last)?);
    if first == last {
        return Ok(if first { values.to_vec() } else { Vec::new() });
    }
    let (mut low, mut high) = (0, values.len() - 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if accepted(question, values[middle])? == first { low = middle } else { high = middle }
    }
    Ok(if first { values[..high].to_vec() } else { values[high..].to_vec() })
}

fn accepted(question: &Question<'_>, value: u64) -> Result<bool, Error> {
    match (question.scenario_at)(value) {
        Ok(scenario) => Ok(scenario.paths().is_ok()),
        Err(Error::PlatformRefuses(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

struct Search<'a> {
    question: &'a Question<'a>,
    control: &'a Control<'a>,
    allowed: &'a [u64],
    /// The plan of the largest value. Every value begins after its warm-up, or it would meet other traffic.
    largest: Option<Plan>,
    evaluations: u32,
}

impl Search<'_> {
    fn scenario(&self, position: usize) -> Result<Scenario, Error> {
        let mut scenario = (self.question.scenario_at)(self.allowed[position])?;
        scenario.thresholds = vec![self.question.target.clone()];
        Ok(scenario)
    }

    fn evaluate(&mut self, position: usize) -> Result<Results, Error> {
        self.evaluations += 1;
        let scenario = self.scenario(position)?;
        let mut plan = Plan::new(&scenario)?;
        if let (Some(largest), Start::WarmUp) = (&self.largest, plan.start) {
            plan.begin_after(largest.warm_up().max(plan.warm_up()), &scenario);
            plan.warm_up_choice = largest.warm_up_choice;
        }
        run_plan(&scenario, plan, self.control)
    }

    /// The first position that the failure curve passes, where one pass is exact.
    fn curve(&mut self) -> Result<Option<usize>, Error> {
        let last = self.scenario(self.allowed.len() - 1)?;
        let Some(plan) = &self.largest else { return Ok(None) };
        let metric = self.question.target.metric.as_str();
        if !is_exact(plan) || !curve::METRICS.contains(&metric) {
            return Ok(None);
        }
        let (Some(_), Some(_)) = (self.capacity(0)?, self.capacity(self.allowed.len() - 1)?) else {
            return Ok(None);
        };
        self.evaluations += 1;
        let curve = curve::FailureCurve::simulate(&last, plan, self.control)?;
        let (mut low, mut high) = (0, self.allowed.len() - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let Some(capacity) = self.capacity(middle)? else { return Ok(None) };
            if curve.verdict(capacity, self.question.target) == Verdict::Pass {
                high = middle
            } else {
                low = middle + 1
            }
        }
        Ok(Some(low))
    }

    /// Ports of every row at a position, if they all have as many.
    fn capacity(&self, position: usize) -> Result<Option<u32>, Error> {
        let scenario = self.scenario(position)?;
        Ok(scenario.paths().ok().and_then(|paths| curve::capacity(paths.device())))
    }

    /// The first position that passes, by halving.
    fn bisect(&mut self) -> Result<usize, Error> {
        let (mut low, mut high) = (0, self.allowed.len() - 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.evaluate(middle)?.verdict == Verdict::Pass {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(low)
    }

    /// Runs the guess and its smaller neighbour, and moves until the one passes and the other does not.
    fn prove(&mut self, method: &str, guess: usize) -> Result<SizeResults, Error> {
        let mut position = guess;
        let mut proof = self.evaluate(position)?;
        while proof.verdict != Verdict::Pass {
            if position + 1 == self.allowed.len() {
                let largest = self.allowed[position];
                let advice = proof.thresholds.iter().find_map(|threshold| threshold.advice.clone());
                let why = match advice {
                    Some(advice) => format!("at {largest}, the largest allowed value, {advice}"),
                    None => format!("even {largest}, the largest allowed value, does not meet the target"),
                };
                let mut none = self.no_answer(method, proof.verdict, why);
                none.refuted_by = Some(proof);
                return Ok(none);
            }
            position += 1;
            proof = self.evaluate(position)?;
        }
        let mut refuted_by = None;
        while position > 0 && refuted_by.is_none() {
            let smaller = self.evaluate(position - 1)?;
            if smaller.verdict == Verdict::Pass {
                position -= 1;
                proof = smaller;
            } else {
                refuted_by = Some(smaller);
            }
        }
        let smallest = || format!("{} is the smallest value that the platform accepts", self.allowed[0]);
        Ok(SizeResults {
            schema_version: SCHEMA_VERSION,
            verdict: Verdict::Pass,
            vary: self.question.vary.into(),
            target: self.question.target.expression.clone(),
            answer: Some(self.allowed[position]),
            why: refuted_by.is_none().then(smallest),
            proved_by: Some(proof),
            refuted_by,
            method: method.into(),
            evaluations: self.evaluations,
        })
    }

    fn no_answer(&self, method: &str, verdict: Verdict, why: String) -> SizeResults {
        SizeResults {
            schema_version: SCHEMA_VERSION,
            verdict,
            vary: self.question.vary.into(),
            target: self.question.target.expression.clone(),
            answer: None,
            why: Some(why),
            proved_by: None,
            refuted_by: None,
            method: method.into(),
            evaluations: self.evaluations,
        }
    }
}

/// Whether one pass is exact: nobody acts on a refusal, and nothing but the number of ports refuses.
fn is_exact(plan: &Plan) -> bool {
    let device = plan.system.paths.device();
    let starts_anywhere = |arrivals: &Arrivals| arrivals.mean_rate().is_some() || arrivals.is_recorded();
    plan.has_no_feedback()
        && plan.system.epochs.is_empty()
        && !plan.system.scales()
        && plan.system.paths.stages.len() == 1
        && device.per_destination_cap().is_none()
        && device.caps.is_empty()
        && device.rules.always_find()
        && plan.system.takes_single_ports()
        && !plan.system.may_lack_local_ports()
        && (plan.is_pure_burst() || plan.system.workloads.iter().all(|each| starts_anywhere(&each.arrivals)))
}

/// Judges a ratio against the target.
fn judge(ratio: super::results::RatioEstimate, target: &Threshold) -> Verdict {
    thresholds::judge_interval(ratio.estimate, ratio.low, ratio.high, target).verdict
}
