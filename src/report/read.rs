//! Our own results, read back.

use super::check::Check;
use super::document::Document;
use super::present::Present;
use super::table::Table;
use crate::error::Error;
use crate::experiment::compare::ComparisonResults;
use crate::experiment::results::{RatioEstimate, Results, SCHEMA_VERSION};
use crate::experiment::sensitivity::SensitivityResults;
use crate::experiment::size::SizeResults;
use crate::experiment::sweep::SweepResults;
use serde::Serialize;

/// What a `results.json` may hold.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum AnyResults {
    /// Of `run`.
    Run(Box<Results>),
    /// Of `compare`.
    Comparison(ComparisonResults),
    /// Of `size`.
    Size(Box<SizeResults>),
    /// Of `sweep` or `merge`.
    Sweep(SweepResults),
    /// Of `sensitivity`.
    Sensitivity(Box<SensitivityResults>),
}

/// Reads the JSON that `run`, `compare`, `size`, `sweep` or `sensitivity` wrote; `file` names it in errors.
pub fn results(file: &str, text: &str) -> Result<AnyResults, Error> {
    let fail = |why: serde_json::Error| Error::input(file, format!("no results of snatsim: {why}"));
    let value: serde_json::Value = serde_json::from_str(text).map_err(fail)?;
    if let Some(version) =
        value["schema_version"].as_u64().filter(|version| *version != u64::from(SCHEMA_VERSION))
    {
        let message = format!("`schema_version` is {version}; this snatsim reads {SCHEMA_VERSION}");
        return Err(Error::input(file, message));
    }
    let has = |key: &str| value.get(key).is_some();
    if has("options") {
        serde_json::from_value(value).map(AnyResults::Comparison).map_err(fail)
    } else if has("cells") {
        serde_json::from_value(value).map(AnyResults::Sweep).map_err(fail)
    } else if has("knobs") {
        let found: Box<SensitivityResults> = serde_json::from_value(value).map_err(fail)?;
        possible(&found.base_results)
            .map_err(|why| Error::input(file, format!("no results of snatsim: {why}")))?;
        Ok(AnyResults::Sensitivity(found))
    } else if has("vary") {
        serde_json::from_value(value).map(|size| AnyResults::Size(Box::new(size))).map_err(fail)
    } else {
        let results: Box<Results> = serde_json::from_value(value).map_err(fail)?;
        possible(&results).map_err(|why| Error::input(file, format!("no results of snatsim: {why}")))?;
        Ok(AnyResults::Run(results))
    }
}

/// What no run can have found was damaged, or written by hand.
fn possible(results: &Results) -> Result<(), String> {
    if !results.scenario.is_object() {
        return Err("`scenario` is no table".into());
    }
    for (name, ratio) in [
        ("failure_ratio", &results.failure_ratio),
        ("first_attempt_failure_ratio", &results.first_attempt_failure_ratio),
        ("connection_failure_ratio", &results.connection_failure_ratio),
        ("request_failure_ratio", &results.request_failure_ratio),
    ] {
        let RatioEstimate { estimate, low, high, .. } = ratio;
        let bounds = [estimate.unwrap_or(*low), *low, *high];
        if !bounds.iter().all(|bound| (0.0..=1.0).contains(bound)) || low > high {
            return Err(format!("`{name}` is not between 0 and 1: {estimate:?}, {low} to {high}"));
        }
    }
    Ok(())
}

/// Passes a call on to whatever was read.
macro_rules! each {
    ($any:expr, $results:ident => $call:expr) => {
        match $any {
            AnyResults::Run($results) => $call,
            AnyResults::Comparison($results) => $call,
            AnyResults::Size($results) => $call,
            AnyResults::Sweep($results) => $call,
            AnyResults::Sensitivity($results) => $call,
        }
    };
}

impl Present for AnyResults {
    fn text(&self) -> String {
        each!(self, results => results.text())
    }

    fn document(&self) -> Result<Document, Error> {
        each!(self, results => results.document())
    }

    fn table(&self) -> Table {
        each!(self, results => results.table())
    }

    fn checks(&self) -> Result<Vec<Check>, Error> {
        each!(self, results => results.checks())
    }

    fn warnings(&self) -> Vec<String> {
        each!(self, results => results.warnings())
    }
}
