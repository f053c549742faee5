//! Parts of a sweep that ran apart, put together again.

use super::head::Head;
use super::part::Part;
use super::results::{Cell, SweepResults};
use super::store::{Found, begun_parts, read_cells, read_head};
use crate::error::{Error, Problem};
use crate::scenario::grid::MOST_CELLS;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Missing cells that are listed by their numbers.
const LISTED: usize = 10;

/// The results of the sweep whose parts are in these directories; any number of parts, in any order.
pub fn merge(directories: &[PathBuf]) -> Result<SweepResults, Error> {
    let mut problems = Vec::new();
    let mut whole: Option<(&Path, Head)> = None;
    let mut cells: BTreeMap<usize, Cell> = BTreeMap::new();
    let mut parts = BTreeSet::new();
    for directory in directories {
        let Some(head) = read_head(directory).filter(|head| head.cells() as u64 <= MOST_CELLS) else {
            problems.push(problem(
                directory,
                "is no part of a sweep: it has no `cells/grid.json` that can be read",
            ));
            continue;
        };
        let (first, whole) = whole.get_or_insert((directory, head.clone()));
        if let Some(difference) = whole.difference(&head) {
            let message = format!("is of another sweep than {}: {difference}", first.display());
            problems.push(problem(directory, &message));
            continue;
        }
        parts.extend(begun_parts(directory, &head.fingerprint));
        let Found { cells: found, damaged, foreign } = read_cells(directory, &head.fingerprint)?;
        problems.extend(damaged.iter().map(|path| {
            problem(path, "is damaged; run its part again with `--resume`, which does this cell anew")
        }));
        problems.extend(foreign.iter().map(|path| problem(path, "is a cell of another sweep; remove it")));
        cells.extend(found);
    }
    if let (true, Some((_, head))) = (problems.is_empty(), &whole) {
        problems.extend(missing(head, &cells, &parts));
    }
    match whole {
        Some((_, head)) if problems.is_empty() => {
            Ok(SweepResults::new(head, Part::WHOLE, cells.into_values().collect(), None))
        }
        _ => Err(Error::Parts(problems)),
    }
}

/// Cells that no part has, and in which parts they would be.
fn missing(head: &Head, cells: &BTreeMap<usize, Cell>, parts: &BTreeSet<String>) -> Option<Problem> {
    let missing: Vec<usize> = (0..head.cells()).filter(|number| !cells.contains_key(number)).collect();
    if missing.is_empty() {
        return None;
    }
    let listed: Vec<String> = missing.iter().take(LISTED).map(|number| (number + 1).to_string()).collect();
    let more = if missing.len() > LISTED { ", ..." } else { "" };
    let message = format!(
        "{} of {} cells are missing: {}{more}{}",
        missing.len(),
        head.cells(),
        listed.join(", "),
        of_parts(&missing, parts)
    );
    Some(Problem { file: "merge".into(), line: None, column: None, message, help: None })
}

/// Where all parts are of one number of parts, those that are not complete.
fn of_parts(missing: &[usize], parts: &BTreeSet<String>) -> String {
    let parts: Vec<Part> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let alike = |part: &Part| parts[0].siblings().any(|sibling| sibling == *part);
    let Some(first) = parts.first().filter(|_| parts.iter().all(alike)) else { return String::new() };
    let incomplete = first.siblings().filter(|part| missing.iter().any(|number| part.holds(*number)));
    let incomplete: Vec<String> = incomplete.map(|part| part.to_string()).collect();
    format!("; they are of {}: run `--shard {} --resume`", incomplete.join(", "), incomplete.join("`, `"))
}

fn problem(path: &Path, message: &str) -> Problem {
    Problem {
        file: path.display().to_string(),
        line: None,
        column: None,
        message: message.into(),
        help: None,
    }
}
