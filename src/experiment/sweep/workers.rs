//! Cells, replications and shards on one pool of threads.
//!
//! No more cells are under way than there are threads, so memory does not grow with the grid.

use super::prepare::{Prepared, plan};
use super::results::{Cell, Outcome};
use super::store::Store;
use super::{Question, figures::CellFigures};
use crate::error::Error;
use crate::experiment::plan::Start;
use crate::experiment::{Control, Plan, run_plan, runner};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What was run.
pub struct Found {
    /// By number.
    pub cells: BTreeMap<usize, Cell>,
    /// Arrivals and releases.
    pub events: u64,
    /// Threads used.
    pub threads: usize,
}

/// Runs the cells of these numbers.
pub fn run(
    question: &Question<'_>,
    prepared: &Prepared,
    numbers: Vec<usize>,
    store: Option<&Store>,
    control: &Control<'_>,
) -> Result<Found, Error> {
    let pool = runner::threads(control)?;
    let threads = pool.current_num_threads();
    let (next, done, events) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let halted = AtomicBool::new(false);
    let found = Mutex::new((BTreeMap::new(), None));
    let finished = |outcome: Result<Cell, Error>| {
        let (cells, failure) = &mut *found.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(cell) => drop(cells.insert(cell.cell, cell)),
            Err(error) => {
                halted.store(true, Ordering::Relaxed);
                failure.get_or_insert(error);
            }
        }
    };
    (control.progress)(0, numbers.len() as u64);
    let worker = || {
        while !halted.load(Ordering::Relaxed)
            && let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let cell = pool.install(|| simulate(question, prepared, *number, &events, control));
            let stored = cell.and_then(|cell| store.map_or(Ok(()), |store| store.keep(&cell)).map(|()| cell));
            finished(stored);
            (control.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, numbers.len() as u64);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.min(numbers.len()) {
            scope.spawn(worker);
        }
    });
    match found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        (_, Some(error)) => Err(error),
        (cells, None) => Ok(Found { cells, events: events.into_inner(), threads }),
    }
}

/// One cell, on the threads of the pool that it is called in.
fn simulate(
    question: &Question<'_>,
    prepared: &Prepared,
    number: usize,
    events: &AtomicU64,
    control: &Control<'_>,
) -> Result<Cell, Error> {
    let code = control.stop.load(Ordering::Relaxed);
    if code != 0 {
        return Err(runner::stopped(code));
    }
    let settings = question.grid.settings(number).into_iter().collect();
    if let Some(reason) = prepared.refusals.get(number).cloned().flatten() {
        return Ok(Cell { cell: number, settings, outcome: Outcome::Refused { reason } });
    }
    let Control { threads, stop, sharding, progress: _ } = *control;
    let within = Control { threads, stop, sharding, progress: &|_, _| {} };
    let scenario = question.scenario(number)?;
    let plan = plan(&scenario, prepared.common_start, &within)?;
    let another_start = another_start(Plan::new(&scenario)?.start, &plan);
    let mut results = run_plan(&scenario, plan, &within)?;
    results.warnings.extend(another_start);
    let of_this = results.performance.as_ref().map_or(0, |performance| performance.events);
    events.fetch_add(of_this, Ordering::Relaxed);
    let outcome = Outcome::Simulated { figures: Box::new(CellFigures::from(results)) };
    as_read_back(&Cell { cell: number, settings, outcome })
}

/// What a cell that would start stationary by itself must say when it does not.
fn another_start(alone: Start, plan: &Plan) -> Option<String> {
    let warm_up = plan.warm_up().as_secs_f64();
    (alone == Start::Stationary && plan.start != Start::Stationary).then(|| {
        format!(
            "this cell starts after a warm-up of {warm_up} s, because other cells have no stationary start; `run` starts it \
             stationary, and may find another figure; set `run.warm_up`, and it will be the same in both"
        )
    })
}

/// A cell is the same whether it was kept or not.
fn as_read_back(cell: &Cell) -> Result<Cell, Error> {
    let read = serde_json::to_string(cell).and_then(|text| serde_json::from_str(&text));
    read.map_err(|why| Error::Defect(format!("cell {} cannot be kept: {why}", cell.cell + 1)))
}
