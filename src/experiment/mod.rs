//! From a checked scenario to results: plan, shards, runner, estimates, verdict.

pub mod analysis;
pub mod check;
pub mod compare;
pub mod diff;
pub mod estimate;
pub mod headroom;
mod paired;
pub mod plan;
pub mod precision;
pub mod probes;
pub mod rare;
pub mod replay;
pub mod results;
pub mod runner;
pub mod sensitivity;
pub mod size;
pub mod sweep;
pub mod thresholds;
pub mod traffic;
pub mod warm_up;
pub mod warnings;

pub use plan::Plan;
pub use runner::{Control, Trials};

use crate::error::Error;
use crate::scenario::Scenario;
use results::Results;

/// Simulates `scenario` and says what was found.
pub fn run(scenario: &Scenario, control: &Control<'_>) -> Result<Results, Error> {
    run_plan(scenario, warm_up::settled(scenario, control)?, control)
}

/// Simulates `scenario` as `plan` has it.
fn run_plan(scenario: &Scenario, mut plan: Plan, control: &Control<'_>) -> Result<Results, Error> {
    rare::check(&plan)?;
    let trials = runner::run(&mut plan, control)?;
    analysis::results(scenario, &plan, &trials, control)
}
