//! `sweep.csv`: one row a cell, ratios between 0 and 1, times in seconds.
//!
//! Columns: `cell` (from 0); each varied key, its value as written; `verdict` (`pass`, `fail`, `inconclusive`, `not judged`
//! without a threshold, `refused` by the platform) and `reason` of a refusal; the device that the cell has; then figures by
//! their names in `results.json`. A refused cell has no figures, and no estimate is written where nothing was seen.

use super::wording;
use crate::experiment::results::{EstimateKind, RatioEstimate};
use crate::experiment::sweep::{CellFigures, Outcome, SweepResults};
use crate::report::table::Table;

type Column = (&'static str, fn(&CellFigures) -> String);

const FIGURES: [Column; 27] = [
    ("model", |cell| cell.model.clone()),
    ("device_public_ips", |cell| cell.public_ips.to_string()),
    ("replications_run", |cell| cell.replications.to_string()),
    ("warm_up_s", |cell| cell.warm_up_s.to_string()),
    ("attempts", |cell| cell.totals.attempts.to_string()),
    ("snat_failures", |cell| cell.totals.snat_failures.to_string()),
    ("flows", |cell| cell.totals.flows.to_string()),
    ("connection_failures", |cell| cell.totals.connection_failures.to_string()),
    ("requests", |cell| cell.totals.requests.to_string()),
    ("request_failures", |cell| cell.totals.request_failures.to_string()),
    ("occupancy.mean", |cell| cell.occupancy.mean.to_string()),
    ("occupancy.p50", |cell| cell.occupancy.p50.to_string()),
    ("occupancy.p95", |cell| cell.occupancy.p95.to_string()),
    ("occupancy.p99", |cell| cell.occupancy.p99.to_string()),
    ("occupancy.max", |cell| cell.occupancy.max.to_string()),
    ("occupancy.full_time_ratio", |cell| cell.occupancy.full_time_ratio.to_string()),
    ("occupancy_ports.per_row", |cell| {
        cell.occupancy_ports.per_row.map(|ports| ports.to_string()).unwrap_or_default()
    }),
    ("occupancy_ports.mean", |cell| cell.occupancy_ports.mean.to_string()),
    ("occupancy_ports.p99", |cell| cell.occupancy_ports.p99.to_string()),
    ("occupancy_ports.max", |cell| cell.occupancy_ports.max.to_string()),
    ("port_holding_s.mean", |cell| cell.port_holding_s.mean.to_string()),
    ("connect_delay_s.mean", |cell| cell.connect_delay_s.mean.to_string()),
    ("connect_delay_s.p99", |cell| cell.connect_delay_s.p99.to_string()),
    ("connect_delay_s.max", |cell| cell.connect_delay_s.max.to_string()),
    ("retry_amplification", |cell| cell.retry_amplification.to_string()),
    ("first_failure_s", |cell| {
        cell.first_failure.as_ref().map(|first| first.time_s.to_string()).unwrap_or_default()
    }),
    ("warnings", |cell| cell.warnings.len().to_string()),
];

type RatioColumns = (&'static str, fn(&CellFigures) -> &RatioEstimate);

const RATIOS: [RatioColumns; 4] = [
    ("failure_ratio", |cell| &cell.failure_ratio),
    ("first_attempt_failure_ratio", |cell| &cell.first_attempt_failure_ratio),
    ("connection_failure_ratio", |cell| &cell.connection_failure_ratio),
    ("request_failure_ratio", |cell| &cell.request_failure_ratio),
];

/// One row a cell.
pub fn table(sweep: &SweepResults) -> Table {
    let mut head: Vec<String> = vec!["cell".into()];
    head.extend(sweep.head.vary.iter().map(|varied| varied.key.clone()));
    head.extend(["verdict".into(), "reason".into()]);
    for (name, _) in RATIOS {
        head.extend(["", ".low", ".high", ".kind"].map(|end| format!("{name}{end}")));
    }
    head.extend(FIGURES.map(|(name, _)| name.to_string()));
    let width = head.len();
    let row = |cell: &crate::experiment::sweep::Cell| {
        let mut row = vec![cell.cell.to_string()];
        row.extend(sweep.head.vary.iter().map(|varied| cell.setting(varied).to_string()));
        row.push(wording::verdict(cell).to_lowercase());
        match &cell.outcome {
            Outcome::Refused { reason } => row.push(reason.clone()),
            Outcome::Simulated { figures } => {
                row.push(String::new());
                row.extend(RATIOS.iter().flat_map(|(_, ratio)| ratio_cells(ratio(figures))));
                row.extend(FIGURES.iter().map(|(_, figure)| figure(figures)));
            }
        }
        row.resize(width, String::new());
        row
    };
    let rows = sweep.cells.iter().map(row).collect();
    Table { head, rows, left_out: 0 }
}

fn ratio_cells(ratio: &RatioEstimate) -> [String; 4] {
    let kind = match ratio.kind {
        EstimateKind::Interval => "interval",
        EstimateKind::UpperBound => "upper_bound",
        EstimateKind::Exact => "exact",
    };
    let estimate = ratio.estimate.map(|estimate| estimate.to_string()).unwrap_or_default();
    [estimate, ratio.low.to_string(), ratio.high.to_string(), kind.into()]
}
