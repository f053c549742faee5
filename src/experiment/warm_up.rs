//! Whether an automatic warm-up is long enough, asked of a pilot run.
//!
//! The pilot is the warm-up made longer: it begins with every port free, measures nothing, and only its busy ports are
//! kept. Its random numbers are those of a replication that no run reaches, and its length does not depend on how
//! many replications follow, so that more of them leave the first ones as they were.

use super::plan::{Plan, Start};
use super::results::{WarmUpChoice, WarmUpReason};
use super::{Control, runner};
use crate::analytic::mser5::{self, mser5};
use crate::error::Error;
use crate::metrics::BusySeries;
use crate::scenario::{Scenario, WarmUp};
use crate::simulation::{Shard, Timing, TrialKey, run_shard, shards};
use crate::time::{SimDuration, SimTime};
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// Random numbers of the pilot, and of the second one: busy ports wander, so that MSER-5 refuses a settled run now and
/// then. One that never settles is refused twice.
const REPLICATIONS: [u32; 2] = [u32::MAX, u32::MAX - 1];

/// Longest pilot, in settling times.
const SETTLING_TIMES: u64 = 40;

/// Counts of busy ports in a settling time, so that a batch of MSER-5 is one: neighbours within it are alike even when
/// nothing changes any more, and a short stretch of them would pass for the settled part.
const COUNTS: u64 = 5;

/// Plans `scenario`, with a warm-up that a pilot run agrees to where the program is to choose one.
pub fn settled(scenario: &Scenario, control: &Control<'_>) -> Result<Plan, Error> {
    let plan = Plan::new(scenario)?;
    match scenario.run.warm_up == WarmUp::Auto && plan.start == Start::WarmUp {
        true => long_enough(plan, scenario, control),
        false => Ok(plan),
    }
}

/// The same for a `plan` that must begin with every port free like another one, and measure after `span` at the earliest.
pub fn from_empty(
    plan: &Plan,
    span: SimDuration,
    scenario: &Scenario,
    control: &Control<'_>,
) -> Result<Plan, Error> {
    long_enough(Plan::through(scenario, plan.system.paths.clone(), WarmUp::For(span))?, scenario, control)
}

/// Plans `scenario` to meet the traffic of one that has `settled`: where both begin with a warm-up, not before that one's end.
pub fn following(settled: &Plan, scenario: &Scenario) -> Result<Plan, Error> {
    let mut plan = Plan::new(scenario)?;
    if plan.start == Start::WarmUp {
        plan.begin_after(settled.warm_up().max(plan.warm_up()), scenario);
        plan.warm_up_choice = settled.warm_up_choice;
    }
    Ok(plan)
}

fn long_enough(mut plan: Plan, scenario: &Scenario, control: &Control<'_>) -> Result<Plan, Error> {
    let settling = plan.warm_up();
    let choice = choose(&mut plan, settling, control)?;
    let point = SimDuration::from_secs_f64(choice.mser5_s.unwrap_or(0.0).ceil());
    plan.begin_after(point.max(settling), scenario);
    plan.warm_up_choice = Some(choice);
    Ok(plan)
}

/// The choice between the settling time and the MSER-5 point of a pilot no longer than a replication.
fn choose(plan: &mut Plan, settling: SimDuration, control: &Control<'_>) -> Result<WarmUpChoice, Error> {
    let replication = settling.plus(plan.system.timing.duration());
    let span = SimDuration::from_nanos(settling.nanos().saturating_mul(SETTLING_TIMES)).min(replication);
    let step = SimDuration::from_nanos((settling.nanos() / COUNTS).max(1));
    let settling_s = settling.as_secs_f64();
    let unasked = WarmUpChoice { reason: WarmUpReason::Unasked, settling_s, mser5_s: None, pilot_s: 0.0 };
    if span.nanos() / step.nanos() < mser5::SHORTEST as u64 {
        return Ok(unasked);
    }
    let asked = WarmUpChoice { reason: WarmUpReason::Unsettled, pilot_s: span.as_secs_f64(), ..unasked };
    for replication in REPLICATIONS {
        let counts = pilot(plan, replication, BusySeries::new(span, step), control)?.counts();
        if let Some(cut) = mser5(&counts) {
            let point = cut.delete as f64 * step.as_secs_f64();
            let reason = if point > settling_s { WarmUpReason::Mser5 } else { WarmUpReason::SettlingTime };
            return Ok(WarmUpChoice { reason, mser5_s: Some(point), ..asked });
        }
    }
    Ok(asked)
}

/// Busy ports of a run that is all warm-up; whoever stops it never sees them. A quota that spans shards is left out.
fn pilot(
    plan: &mut Plan,
    replication: u32,
    nothing: BusySeries,
    control: &Control<'_>,
) -> Result<BusySeries, Error> {
    let end = SimTime::ZERO + nothing.span();
    plan.system.timing = Timing { origin: end, end, horizon: end, stationary: false };
    let system = &plan.system;
    let cut = shards(system, control.sharding);
    let key = TrialKey { seed: plan.seed, replication };
    let part = |shard: &Shard| {
        let mut series = nothing.clone();
        if control.stop.load(Ordering::Relaxed) == 0 {
            run_shard(system, shard, key, control.stop, &mut series);
        }
        series
    };
    let join = |mut one: BusySeries, other: BusySeries| {
        one.merge(&other);
        one
    };
    runner::on_threads(control, || cut.par_iter().map(part).reduce(|| nothing.clone(), join))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::read;
    use crate::simulation::Sharding;
    use std::sync::atomic::AtomicUsize;

    fn plan() -> Plan {
        let text = "[outbound]\nmodel = \"custom\"\nports = 4096\n[[workload]]\narrivals.poisson = { rate = \"100 per s\" }\n\
                    lifetime.exponential = { mean = \"1s\" }\n[run]\nduration = \"2000s\"\n";
        Plan::new(&read("test.toml", text, &[]).unwrap()).unwrap()
    }

    /// Busy ports once a second, from 100 s on, as distances from their mean.
    fn busy(replication: u32) -> Vec<f64> {
        let stop = AtomicUsize::new(0);
        let control = Control { threads: 1, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
        let nothing = BusySeries::new(SimDuration::from_secs(2_000), SimDuration::from_secs(1));
        let counts = pilot(&mut plan(), replication, nothing, &control).unwrap().counts();
        let settled: Vec<f64> = counts[100..].to_vec();
        let mean = settled.iter().sum::<f64>() / settled.len() as f64;
        settled.into_iter().map(|count| count - mean).collect()
    }

    fn correlation(one: &[f64], other: &[f64]) -> f64 {
        let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(x, y)| x * y).sum::<f64>();
        product(one, other) / (product(one, one) * product(other, other)).sqrt()
    }

    /// Neighbouring seconds of a series are alike (e^-1), so 1,900 of them tell as much as some 1,400 that are not: the
    /// correlation of independent ones stays within 4 / sqrt(1,400).
    #[test]
    fn a_pilot_shares_no_random_numbers_with_what_is_measured() {
        let pilots = REPLICATIONS.map(busy);
        assert!(correlation(&pilots[0], &busy(REPLICATIONS[0])) > 0.999, "the same numbers would be seen");
        for replication in [0, 1, 2, 9] {
            let measured = busy(replication);
            for pilot in &pilots {
                let alike = correlation(pilot, &measured);
                assert!(alike.abs() < 0.107, "replication {replication}: {alike}");
            }
        }
        assert!(correlation(&pilots[0], &pilots[1]).abs() < 0.107);
    }

    /// No scenario asks for so many replications that one would be the pilot.
    #[test]
    fn no_replication_that_a_scenario_may_ask_for_is_a_pilot() {
        let many = |replications: u64| {
            let text = format!(
                "[run]\nreplications = {replications}\n[outbound]\nmodel = \"none\"\n[[workload]]\n\
                                arrivals.even = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n"
            );
            read("test.toml", &text, &[]).map(|scenario| scenario.run.replications)
        };
        assert!(REPLICATIONS.iter().all(|pilot| many(u64::from(*pilot)).is_err()));
        assert!(REPLICATIONS.iter().all(|pilot| *pilot > many(1_000_000).unwrap()));
    }
}
