//! Several scenarios on the same traffic: they start alike and are run as often, so that replications can be paired.

use super::plan::{Plan, Start, settling_time};
use super::results::{WarmUpChoice, WarmUpReason};
use super::{Control, Trials, headroom, rare, runner, warm_up};
use crate::error::Error;
use crate::scenario::{Scenario, WarmUp};
use crate::time::SimDuration;

/// Runs every scenario and makes something of each.
pub(super) fn run<T>(
    scenarios: &[Scenario],
    control: &Control<'_>,
    found: impl FnMut(&Scenario, &Plan, &Trials) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut plans = plans(scenarios, control)?;
    let together = together(&mut plans, control)?;
    of_each(scenarios, &mut plans, together, control, found)
}

/// Plans that start alike, of which none asks for what pairs cannot say.
pub(super) fn plans(scenarios: &[Scenario], control: &Control<'_>) -> Result<Vec<Plan>, Error> {
    scenarios.iter().try_for_each(headroom::check_not_asked)?;
    let plans = common_start(scenarios, control)?;
    plans.iter().try_for_each(rare::check)?;
    Ok(plans)
}

/// The trials of all plans where they have to go on together, for a precision; else none yet.
pub(super) fn together(plans: &mut [Plan], control: &Control<'_>) -> Result<Vec<Trials>, Error> {
    match plans.iter().any(|plan| plan.precision.is_some()) {
        true => runner::run_together(plans, control),
        false => Ok(Vec::new()),
    }
}

/// Makes something of the trials of each plan. Those that were not run `together` are run here, so that the sums of one at a
/// time are kept.
pub(super) fn of_each<T>(
    scenarios: &[Scenario],
    plans: &mut [Plan],
    together: Vec<Trials>,
    control: &Control<'_>,
    mut found: impl FnMut(&Scenario, &Plan, &Trials) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut together = together.into_iter();
    let mut all = Vec::new();
    for (scenario, plan) in scenarios.iter().zip(plans) {
        let trials = match together.next() {
            Some(trials) => trials,
            None => runner::run(plan, control)?,
        };
        all.push(found(scenario, plan, &trials)?);
    }
    Ok(all)
}

/// Plans that start alike: arrivals are drawn from the start of the warm-up, so it must be the same for all.
fn common_start(scenarios: &[Scenario], control: &Control<'_>) -> Result<Vec<Plan>, Error> {
    let plans: Vec<Plan> =
        scenarios.iter().map(|scenario| warm_up::settled(scenario, control)).collect::<Result<_, _>>()?;
    let alike = |plan: &Plan| plan.start == plans[0].start && plan.warm_up() == plans[0].warm_up();
    if plans.iter().all(alike) {
        return Ok(plans);
    }
    let from_empty = |(scenario, plan): (&Scenario, Plan)| match plan.start {
        Start::Stationary => warm_up::from_empty(&plan, settling_time(&plan.system), scenario, control),
        _ => Ok(plan),
    };
    let plans: Vec<Plan> = scenarios.iter().zip(plans).map(from_empty).collect::<Result<_, Error>>()?;
    let longest = plans.iter().map(Plan::warm_up).max().unwrap_or(SimDuration::ZERO);
    let again = |(scenario, plan): (&Scenario, &Plan)| {
        let mut again = Plan::through(scenario, plan.system.paths.clone(), WarmUp::For(longest))?;
        let choice = plan.warm_up_choice;
        again.warm_up_choice = if plan.warm_up() < longest { choice.map(lengthened) } else { choice };
        Ok(again)
    };
    scenarios.iter().zip(&plans).map(again).collect()
}

/// A choice whose warm-up became that of another option.
fn lengthened(choice: WarmUpChoice) -> WarmUpChoice {
    let reason = match choice.reason {
        WarmUpReason::Unsettled => WarmUpReason::Unsettled,
        _ => WarmUpReason::CommonStart,
    };
    WarmUpChoice { reason, ..choice }
}
