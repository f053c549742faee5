//! Headroom: how many times the load still meets the thresholds.
//!
//! Loads are tried in steps of a hundredth, the same seed for all, first further and further apart, then by halving; it is taken for
//! granted that more load is never better. A load counts as proved where every threshold holds for sure, as refuted where one fails for sure;
//! what lies between cannot be told with so many replications.

use super::plan::Plan;
use super::results::{HeadroomFigures, Results, Verdict};
use super::{Control, run, run_plan, thresholds, warm_up};
use crate::error::Error;
use crate::scenario::{Scenario, Threshold};
use std::collections::BTreeMap;

/// The name of the metric.
pub const METRIC: &str = "headroom";

/// A step, as a share of the load.
const RESOLUTION: f64 = 0.01;

/// Steps up to ten times the load, and down to a tenth.
const MOST_STEPS: i32 = 231;

/// The scenario at a load, 1 being as it is.
pub type ScenarioAt<'a> = &'a dyn Fn(f64) -> Result<Scenario, Error>;

/// The load after so many steps, to three decimals.
fn load(step: i32) -> f64 {
    (libm::pow(1.0 + RESOLUTION, f64::from(step)) * 1e3).round() / 1e3
}

/// Whether anything is asked of the headroom.
pub fn is_asked(thresholds: &[Threshold]) -> bool {
    thresholds.iter().any(|threshold| threshold.metric == METRIC)
}

/// Refuses thresholds on the headroom where nobody looks for it.
pub fn check_not_asked(scenario: &Scenario) -> Result<(), Error> {
    match is_asked(&scenario.thresholds) {
        true => Err(Error::input(
            "threshold",
            "`headroom` is judged by `run` alone; `size` tells it of its answer; take the threshold away here",
        )),
        false => Ok(()),
    }
}

/// Simulates `scenario`, looks for its headroom to its other thresholds, and judges that too.
pub fn run_with_headroom(
    scenario: &Scenario,
    scenario_at: ScenarioAt<'_>,
    control: &Control<'_>,
) -> Result<Results, Error> {
    let targets: Vec<Threshold> =
        scenario.thresholds.iter().filter(|threshold| threshold.metric != METRIC).cloned().collect();
    if targets.is_empty() {
        return Err(Error::input(
            "threshold",
            "`headroom` is how many times the load still meets the other thresholds, and there is none; write such as \
             `failure_ratio < 0.1%` beside it",
        ));
    }
    if let (true, Some(why)) = (is_asked(&scenario.thresholds), no_rate(scenario)) {
        let why =
            format!("`headroom` is how many times the load still meets the others, but {why}; take it away");
        return Err(Error::input("threshold", why));
    }
    let mut alone = scenario.clone();
    alone.thresholds = targets.clone();
    let mut results = run(&alone, control)?;
    let found = search(&targets, (&alone, results.verdict), scenario_at, control)?;
    results.headroom = found.proved;
    results.headroom_search = Some(found);
    results.thresholds = scenario.thresholds.iter().map(|each| thresholds::judge(&results, each)).collect();
    results.verdict = thresholds::worst(&results.thresholds);
    Ok(results)
}

/// Why the load cannot be multiplied, if it cannot.
fn no_rate(scenario: &Scenario) -> Option<String> {
    let fixed = scenario.workloads.iter().find(|workload| workload.arrivals.times(load(1)).is_none())?;
    Some(format!("`{}` has no rate to multiply (`trace`, `renewal`)", fixed.name))
}

/// Looks for the headroom to `targets`, of a scenario that was judged by them already.
pub fn search(
    targets: &[Threshold],
    (base, verdict): (&Scenario, Verdict),
    scenario_at: ScenarioAt<'_>,
    control: &Control<'_>,
) -> Result<HeadroomFigures, Error> {
    let found = |proved: Option<i32>, refuted: Option<i32>, evaluations, why| HeadroomFigures {
        target: targets.iter().map(|target| target.expression.clone()).collect(),
        proved: proved.map(load),
        refuted: refuted.map(load),
        resolution: RESOLUTION,
        most: load(MOST_STEPS),
        evaluations,
        why,
    };
    if let Some(why) = no_rate(base) {
        return Ok(found(None, None, 0, Some(why)));
    }
    let mut search = Search {
        targets,
        scenario_at,
        control,
        base: warm_up::settled(base, control)?,
        known: BTreeMap::from([(0, verdict)]),
        evaluations: 0,
    };
    let both = search.proved().and_then(|proved| Ok((proved, search.refuted(proved)?)));
    match both {
        Ok((proved, refuted)) => Ok(found(proved, refuted, search.evaluations, None)),
        Err(wrong @ Error::Input(_)) => Ok(found(None, None, search.evaluations, Some(wrong.in_brief()))),
        Err(error) => Err(error),
    }
}

struct Search<'a> {
    targets: &'a [Threshold],
    scenario_at: ScenarioAt<'a>,
    control: &'a Control<'a>,
    /// The plan of the load as it is: every load begins after its warm-up.
    base: Plan,
    known: BTreeMap<i32, Verdict>,
    evaluations: u32,
}

impl Search<'_> {
    /// The most steps at which every target holds.
    fn proved(&mut self) -> Result<Option<i32>, Error> {
        let passes = |verdict| verdict == Verdict::Pass;
        match self.judge(0)? {
            Verdict::Pass => {
                let (last, beyond) = self.stride(0, 1, &passes)?;
                self.halve(last, beyond, &passes).map(Some)
            }
            _ => {
                let (beyond, last) = self.stride(0, -1, &|verdict| !passes(verdict))?;
                match last {
                    None => Ok(None),
                    Some(last) => self.halve(last, Some(beyond), &passes).map(Some),
                }
            }
        }
    }

    /// The fewest steps at which one fails.
    fn refuted(&mut self, proved: Option<i32>) -> Result<Option<i32>, Error> {
        let holds = |verdict| verdict != Verdict::Fail;
        let from = match proved {
            Some(proved) => proved,
            None if self.judge(-MOST_STEPS)? == Verdict::Fail => return Ok(Some(-MOST_STEPS)),
            None => -MOST_STEPS,
        };
        let nearest = self.known.range(from..).find(|(_, verdict)| **verdict == Verdict::Fail);
        let beyond = match nearest.map(|(step, _)| *step) {
            Some(step) => Some(step),
            None => {
                let last = self.known.keys().next_back().copied().unwrap_or(from);
                self.stride(last.min(MOST_STEPS), 1, &holds)?.1
            }
        };
        match beyond {
            None => Ok(None),
            Some(beyond) => Ok(Some(self.halve(from, Some(beyond), &holds)? + 1)),
        }
    }

    /// From `from`, in steps that double, as far as `wanted` holds: the last where it does, and the first where it does not.
    fn stride(
        &mut self,
        from: i32,
        direction: i32,
        wanted: &dyn Fn(Verdict) -> bool,
    ) -> Result<(i32, Option<i32>), Error> {
        let (mut last, mut reach) = (from, 8);
        while last != direction * MOST_STEPS {
            let next = (from + direction * reach).clamp(-MOST_STEPS, MOST_STEPS);
            if !wanted(self.judge(next)?) {
                return Ok((last, Some(next)));
            }
            (last, reach) = (next, reach * 2);
        }
        Ok((last, None))
    }

    /// The last step where `wanted` holds, between one where it does and a larger one where it does not.
    fn halve(
        &mut self,
        mut last: i32,
        beyond: Option<i32>,
        wanted: &dyn Fn(Verdict) -> bool,
    ) -> Result<i32, Error> {
        let Some(mut beyond) = beyond else { return Ok(last) };
        while beyond - last > 1 {
            let middle = last + (beyond - last) / 2;
            if wanted(self.judge(middle)?) { last = middle } else { beyond = middle }
        }
        Ok(last)
    }

    fn judge(&mut self, step: i32) -> Result<Verdict, Error> {
        if let Some(verdict) = self.known.get(&step) {
            return Ok(*verdict);
        }
        self.evaluations += 1;
        let verdict = match self.run(step) {
            Ok(results) => results.verdict,
            // An autoscaler may ask for more than the platform has.
            Err(Error::PlatformRefuses(_)) => Verdict::Fail,
            Err(error) => return Err(error),
        };
        self.known.insert(step, verdict);
        Ok(verdict)
    }

    fn run(&self, step: i32) -> Result<Results, Error> {
        let mut scenario = (self.scenario_at)(load(step))?;
        scenario.thresholds = self.targets.to_vec();
        let plan = warm_up::following(&self.base, &scenario)?;
        run_plan(&scenario, plan, self.control)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_a_hundredth_apart_and_reach_from_a_tenth_to_ten_times() {
        assert_eq!([load(0), load(1), load(-1), load(10)], [1.0, 1.01, 0.99, 1.105]);
        assert!((9.9..10.0).contains(&load(MOST_STEPS)) && (0.1..0.101).contains(&load(-MOST_STEPS)));
        assert!((-MOST_STEPS..MOST_STEPS).all(|step| load(step) < load(step + 1)));
    }
}
