//! The setting that just meets a target.
//!
//! Values are tried in the order of what they cost, so the first that meets the target is sought. Where every row has one capacity and clients never act again after a refusal, one pass with the lowest free
//! port gives the failure ratio of every capacity at once; elsewhere plain bisection under common random
//! numbers. The answer is then proved by a full run, its neighbour refuted by another, and the proof repeated
//! with random numbers that the search has not seen.
//!
//! A search that looks often enough finds a run that was lucky. So the probes of a bisection share the error of one interval, 5 % (Bonferroni):
//! each is judged at a confidence so much higher. The repeated proof is judged at 95 %, for nothing was chosen by it.

mod curve;
mod results;
mod savings;
mod theory;

pub use results::{Binding, Confirmation, SizeResults, Sought};
pub use savings::{Advice, Change, Saving};
pub use theory::TheoryAnswer;

use super::analysis::closed_form;
use super::results::{Results, SCHEMA_VERSION, Verdict};
use super::{Control, Plan, estimate, headroom, run_plan, thresholds, warm_up};
use crate::error::Error;
use crate::metrics::Counts;
use crate::scenario::overrides::{LOAD_FACTOR, Override};
use crate::scenario::{Scenario, Threshold};
use crate::workload::Arrivals;

/// The scenario at a value, with some keys set besides.
pub type ScenarioAt<'a> = &'a dyn Fn(u64, &[Override]) -> Result<Scenario, Error>;

/// A question about a setting.
pub struct Question<'a> {
    /// The setting.
    pub vary: &'a str,
    /// Which value that meets the target is wanted.
    pub sought: Sought,
    /// Values that may be tried, the one most wanted first.
    pub candidates: &'a [u64],
    /// The target.
    pub target: &'a Threshold,
    /// The scenario at a value; a platform refusal says that the value is not allowed.
    pub scenario_at: ScenarioAt<'a>,
    /// Whether headroom and savings are looked for.
    pub advice: Advice,
}

/// Answers `question`.
pub fn size(question: &Question<'_>, control: &Control<'_>) -> Result<SizeResults, Error> {
    let allowed = allowed(question)?;
    let mut search =
        Search { question, control, allowed: &allowed, last: None, theory: None, evaluations: 0 };
    if allowed.is_empty() {
        let why = "the platform would accept none of the values".into();
        return Ok(search.no_answer("bisection", Verdict::Fail, why));
    }
    search.theory = TheoryAnswer::of(question, &allowed)?;
    search.last = Some(warm_up::settled(&search.scenario(allowed.len() - 1)?, control)?);
    let (method, guess) = search.guess()?;
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
    match (question.scenario_at)(value, &[]) {
        Ok(scenario) => Ok(scenario.paths().is_ok()),
        Err(Error::PlatformRefuses(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

struct Search<'a> {
    question: &'a Question<'a>,
    control: &'a Control<'a>,
    allowed: &'a [u64],
    /// The plan of the last value. Every value begins after its warm-up, or it would meet other traffic.
    last: Option<Plan>,
    theory: Option<TheoryAnswer>,
    evaluations: u32,
}

impl Search<'_> {
    fn scenario(&self, position: usize) -> Result<Scenario, Error> {
        self.scenario_with(position, &[])
    }

    fn scenario_with(&self, position: usize, settings: &[Override]) -> Result<Scenario, Error> {
        let mut scenario = (self.question.scenario_at)(self.allowed[position], settings)?;
        scenario.thresholds = vec![self.question.target.clone()];
        Ok(scenario)
    }

    fn evaluate(&mut self, position: usize) -> Result<Results, Error> {
        let scenario = self.scenario(position)?;
        self.probe(&scenario)
    }

    /// A run of which the target is judged as one probe of many.
    fn probe(&mut self, scenario: &Scenario) -> Result<Results, Error> {
        let mut results = self.run(scenario)?;
        let judged = thresholds::judge_at(&results, self.question.target, self.probe_confidence());
        (results.verdict, results.thresholds) = (judged.verdict, vec![judged]);
        Ok(results)
    }

    /// Halving the values until one is left takes so many probes, and one proves it.
    fn probe_confidence(&self) -> f64 {
        let halvings = usize::BITS - self.allowed.len().saturating_sub(1).leading_zeros();
        let probes = halvings + 1;
        1.0 - (1.0 - estimate::CONFIDENCE) / f64::from(probes)
    }

    fn run(&mut self, scenario: &Scenario) -> Result<Results, Error> {
        self.evaluations += 1;
        let plan = match &self.last {
            Some(last) => warm_up::following(last, scenario)?,
            None => Plan::new(scenario)?,
        };
        run_plan(scenario, plan, self.control)
    }

    /// Runs a value with another seed.
    fn confirm(&mut self, position: usize) -> Result<Option<Confirmation>, Error> {
        let mut scenario = self.scenario(position)?;
        scenario.run.seed = scenario.run.seed.wrapping_add(1);
        let judged = self.run(&scenario)?.thresholds.into_iter().next();
        Ok(judged.map(|judged| Confirmation { seed: scenario.run.seed, judged }))
    }

    /// Where to look first, and how that was found. A pass sees no more than plain simulation, so it says nothing of what is rare.
    fn guess(&mut self) -> Result<(&'static str, usize), Error> {
        let Some(plan) = &self.last else { return Ok(("bisection", self.bisect()?)) };
        let exact = plan.rare.is_some() && closed_form::exact_ratio(plan).is_ok();
        if let Some(theory) = self.theory.as_ref().filter(|_| exact) {
            let last = self.allowed.len() - 1;
            let answer =
                theory.answer.and_then(|answer| self.allowed.iter().position(|each| *each == answer));
            return Ok(("erlang-b", answer.unwrap_or(last)));
        }
        let one_pass = if plan.rare.is_none() { self.curve()? } else { None };
        match one_pass {
            Some(guess) => Ok(("one-pass", guess)),
            None => Ok(("bisection", self.bisect()?)),
        }
    }

    /// The first position that the failure curve passes, where one pass is exact.
    fn curve(&mut self) -> Result<Option<usize>, Error> {
        let last = self.scenario(self.allowed.len() - 1)?;
        let Some(plan) = &self.last else { return Ok(None) };
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

    /// Runs the guess and looks further from there, in steps that double, until one value passes and its neighbour does not.
    fn prove(&mut self, method: &str, guess: usize) -> Result<SizeResults, Error> {
        let last = self.allowed.len() - 1;
        let (mut passed, mut failed) = (None::<(usize, Results)>, None::<(usize, Results)>);
        let mut step = 1;
        loop {
            let next = match (&passed, &failed) {
                (None, None) => guess,
                (None, Some((below, _))) if *below == last => break,
                (None, Some((below, _))) => (below + step).min(last),
                (Some((0, _)), None) => break,
                (Some((above, _)), None) => above.saturating_sub(step),
                (Some((above, _)), Some((below, _))) if above - below == 1 => break,
                (Some((above, _)), Some((below, _))) => below + (above - below) / 2,
            };
            if passed.is_some() != failed.is_some() {
                step *= 2;
            }
            let results = self.evaluate(next)?;
            match results.verdict {
                Verdict::Pass => passed = Some((next, results)),
                _ => failed = Some((next, results)),
            }
        }
        let failed = failed.map(|(_, results)| results);
        match (passed, failed) {
            (Some((position, proof)), refuted_by) => self.answer(method, position, proof, refuted_by),
            (None, Some(refuted_by)) => Ok(self.not_even_the_last(method, refuted_by)),
            (None, None) => Err(Error::Defect("no value was tried".into())),
        }
    }

    /// The answer at a position, once another seed has confirmed it.
    fn answer(
        &mut self,
        method: &str,
        position: usize,
        proof: Results,
        refuted_by: Option<Results>,
    ) -> Result<SizeResults, Error> {
        let confirmed_by = self.confirm(position)?;
        let confirmed = confirmed_by.as_ref().map_or(Verdict::Pass, |confirmed| confirmed.judged.verdict);
        let no_other = || format!("no {} value is accepted, or was asked for", self.question.sought.beyond());
        let verdict = if confirmed == Verdict::Pass { Verdict::Pass } else { Verdict::Inconclusive };
        let mut answer = self.no_answer(method, verdict, String::new());
        answer.answer = Some(self.allowed[position]);
        let refuted = refuted_by.as_ref().map(|refuted| refuted.verdict);
        answer.why = match verdict {
            Verdict::Pass => match refuted {
                None => Some(no_other()),
                Some(Verdict::Fail) => None,
                Some(_) => Some(format!(
                    "the {} value beside it is neither proved to meet the target nor to miss it: with more replications it may do",
                    self.question.sought.beyond()
                )),
            },
            _ => Some("the search may have been lucky: use more replications or a longer `duration`".into()),
        };
        answer.binding = refuted_by.as_ref().and_then(Binding::of);
        (answer.proved_by, answer.refuted_by, answer.confirmed_by) = (Some(proof), refuted_by, confirmed_by);
        if self.question.wants_advice(&answer) {
            self.advise(position, &mut answer)?;
        }
        Ok(answer)
    }

    /// Looks how far the answer carries, and what would save its last step.
    fn advise(&mut self, position: usize, answer: &mut SizeResults) -> Result<(), Error> {
        let scenario = self.scenario(position)?;
        let own = scenario.run.load_factor;
        let at = |load: f64| self.scenario_with(position, &[(LOAD_FACTOR.into(), (own * load).to_string())]);
        let targets = [self.question.target.clone()];
        let found = headroom::search(&targets, (&scenario, Verdict::Pass), &at, self.control)?;
        answer.headroom = Some(found);
        if let (Some(refuted), Some(short)) = (&answer.refuted_by, position.checked_sub(1)) {
            answer.savings = self.savings(short, refuted)?;
        }
        Ok(())
    }

    fn not_even_the_last(&self, method: &str, proof: Results) -> SizeResults {
        let mut none = self.no_answer(method, proof.verdict, String::new());
        let (value, last) = (none.value(self.allowed[self.allowed.len() - 1]), self.question.sought.last());
        let advice = proof.thresholds.iter().find_map(|threshold| threshold.advice.clone());
        none.why = Some(match advice {
            Some(advice) => format!("at {value}, the {last} allowed value, {advice}"),
            None => format!("even {value}, the {last} allowed value, does not meet the target"),
        });
        none.binding = Binding::of(&proof);
        none.refuted_by = Some(proof);
        none
    }

    fn no_answer(&self, method: &str, verdict: Verdict, why: String) -> SizeResults {
        let is_ratio = Counts::default().ratio_named(&self.question.target.metric).is_some();
        SizeResults {
            schema_version: SCHEMA_VERSION,
            verdict,
            vary: self.question.vary.into(),
            target: self.question.target.expression.clone(),
            sought: self.question.sought,
            answer: None,
            why: Some(why),
            proved_by: None,
            refuted_by: None,
            confirmed_by: None,
            binding: None,
            headroom: None,
            savings: Vec::new(),
            theory: self.theory.clone(),
            method: method.into(),
            evaluations: self.evaluations,
            probe_confidence: (is_ratio && method != "erlang-b").then(|| self.probe_confidence()),
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
