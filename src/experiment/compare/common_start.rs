//! Options that begin alike.

use crate::error::Error;
use crate::experiment::plan::{Plan, Start, settling_time};
use crate::experiment::results::{WarmUpChoice, WarmUpReason};
use crate::experiment::{Control, warm_up};
use crate::scenario::{Scenario, WarmUp};
use crate::time::SimDuration;

/// Plans that start alike: arrivals are drawn from the start of the warm-up, so it must be the same for all.
pub fn common_start(scenarios: &[Scenario], control: &Control<'_>) -> Result<Vec<Plan>, Error> {
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
