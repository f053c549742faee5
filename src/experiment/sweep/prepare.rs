//! Every cell checked before the first one is run.

use super::Question;
use super::head::Head;
use crate::error::{Error, Problem};
use crate::experiment::plan::{Plan, Start, settling_time};
use crate::experiment::results::SCHEMA_VERSION;
use crate::experiment::{Control, headroom, runner, warm_up};
use crate::scenario::{Scenario, WarmUp, grid, read};
use crate::time::SimDuration;
use crate::workload::Arrivals;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering;

/// A sweep that can run.
pub struct Prepared {
    /// What it is.
    pub head: Head,
    /// Of each cell, why the platform would refuse it, if so.
    pub refusals: Vec<Option<String>>,
    /// When cells begin to be measured that choose their warm-ups themselves, where they would choose differently.
    pub common_start: Option<SimDuration>,
}

/// Checks every cell. Bad input of one is an error; a refusal of the platform is a result.
pub fn prepare(question: &Question<'_>, control: &Control<'_>) -> Result<Prepared, Error> {
    let cells = question.grid.cells();
    let check = |cell: usize| match control.stop.load(Ordering::Relaxed) {
        0 => checked(question, cell),
        code => Err(runner::stopped(code)),
    };
    let all = runner::on_threads(control, || (0..cells).into_par_iter().map(check).collect::<Vec<_>>())?;
    let all = all.into_iter().enumerate();
    let all: Vec<Checked> = all
        .map(|(cell, checked)| checked.map_err(|error| in_cell(question, cell, error)))
        .collect::<Result<_, Error>>()?;
    check_all_differ(question, &all)?;
    Ok(Prepared {
        head: head(question, &all)?,
        common_start: common_start(&all),
        refusals: all.into_iter().map(|checked| checked.refusal).collect(),
    })
}

/// What is known of a cell before it runs.
struct Checked {
    refusal: Option<String>,
    /// How it starts, and the time after which it has settled; none where it says so itself.
    start: Option<(Start, SimDuration)>,
    fingerprint: [u8; 32],
}

fn checked(question: &Question<'_>, cell: usize) -> Result<Checked, Error> {
    let planned = question.scenario(cell).and_then(|scenario| {
        headroom::check_not_asked(&scenario)?;
        Ok((Plan::new(&scenario)?, scenario))
    });
    let (plan, scenario) = match planned {
        Ok(planned) => planned,
        Err(Error::PlatformRefuses(problems)) => {
            let reasons: Vec<String> = problems.iter().map(reason).collect();
            let refusal = reasons.join("; ");
            let fingerprint = Sha256::digest(format!("{}\n{refusal}", question.grid.named(cell))).into();
            return Ok(Checked { refusal: Some(refusal), start: None, fingerprint });
        }
        Err(error) => return Err(error),
    };
    let chooses = scenario.run.warm_up == WarmUp::Auto && plan.start != Start::Empty;
    let start = chooses.then(|| (plan.start, settling_time(&plan.system)));
    Ok(Checked { refusal: None, start, fingerprint: fingerprint(&scenario) })
}

fn reason(problem: &Problem) -> String {
    match &problem.help {
        Some(help) => format!("{}; {help}", problem.message),
        None => problem.message.clone(),
    }
}

/// Of all that decides a cell's numbers.
fn fingerprint(scenario: &Scenario) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(scenario.resolved.to_string());
    for threshold in &scenario.thresholds {
        hash.update(&threshold.expression);
        hash.update([0]);
    }
    for workload in &scenario.workloads {
        let Arrivals::Trace(recorded) = &workload.arrivals else { continue };
        for flow in recorded.flows.iter() {
            hash.update(flow.start.nanos().to_le_bytes());
            hash.update(flow.lifetime.nanos().to_le_bytes());
            hash.update(flow.node.0.to_le_bytes());
            hash.update(flow.destination.0.to_le_bytes());
            hash.update([flow.end as u8]);
        }
    }
    hash.finalize().into()
}

fn head(question: &Question<'_>, all: &[Checked]) -> Result<Head, Error> {
    let version = env!("CARGO_PKG_VERSION");
    let mut hash = Sha256::new();
    hash.update(format!("snatsim {version} {SCHEMA_VERSION}\n"));
    for (cell, checked) in all.iter().enumerate() {
        hash.update(question.grid.named(cell));
        hash.update(checked.fingerprint);
    }
    let scenario = grid::given(question.file, question.text, question.set)?;
    Ok(Head {
        schema_version: SCHEMA_VERSION,
        version: version.into(),
        fingerprint: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
        title: scenario["title"].as_str().unwrap_or("untitled").into(),
        scenario,
        thresholds: question.thresholds.iter().map(|threshold| threshold.expression.clone()).collect(),
        vary: question.grid.keys().to_vec(),
    })
}

/// None where all cells that choose would choose the same.
fn common_start(all: &[Checked]) -> Option<SimDuration> {
    let mut starts = all.iter().filter_map(|checked| checked.start);
    let first = starts.next()?;
    let differ = starts.clone().any(|start| start != first);
    differ.then(|| starts.map(|(_, span)| span).fold(first.1, SimDuration::max))
}

/// The plan of a cell.
pub fn plan(
    scenario: &Scenario,
    common_start: Option<SimDuration>,
    control: &Control<'_>,
) -> Result<Plan, Error> {
    match common_start.filter(|_| scenario.run.warm_up == WarmUp::Auto) {
        None => warm_up::settled(scenario, control),
        Some(span) => match Plan::new(scenario)? {
            plan if plan.start == Start::Empty => Ok(plan),
            plan => warm_up::from_empty(&plan, span, scenario, control),
        },
    }
}

/// Two cells that are the same scenario: a key of theirs says nothing.
fn check_all_differ(question: &Question<'_>, all: &[Checked]) -> Result<(), Error> {
    let mut cells: Vec<usize> = (0..all.len()).collect();
    cells.sort_by_key(|cell| (all[*cell].fingerprint, *cell));
    let same = cells.windows(2).find(|pair| all[pair[0]].fingerprint == all[pair[1]].fingerprint);
    match same {
        None => Ok(()),
        Some(pair) => {
            let [one, other] = [pair[0], pair[1]].map(|cell| question.grid.named(cell));
            Err(Error::input("--vary", format!("{one} and {other} are the same scenario")))
        }
    }
}

/// Names the cell, unless the scenario is as bad without it.
fn in_cell(question: &Question<'_>, cell: usize, error: Error) -> Error {
    let Error::Input(problems) = error else { return error };
    if let Err(Error::Input(own)) = read(question.file, question.text, question.set)
        && own == problems
    {
        return Error::Input(own);
    }
    let named = |problem: Problem| {
        let Problem { file, help, .. } = &problem;
        let place = Problem { help: None, ..problem.clone() }.to_string();
        let place = if file.starts_with("--") { &problem.message } else { &place };
        let message = format!("{}: {place}", question.grid.named(cell));
        Problem { file: "--vary".into(), line: None, column: None, message, help: help.clone() }
    };
    Error::Input(problems.into_iter().map(named).collect())
}
