//! What charts of a sweep show.

use crate::experiment::results::RatioEstimate;
use crate::experiment::sweep::{Cell, CellFigures, SweepResults};
use crate::report::number::number;

/// A figure of every cell.
pub struct Metric {
    /// As in results and thresholds.
    pub name: &'static str,
    /// In words.
    pub words: &'static str,
    /// For an axis, with its unit.
    pub label: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Of the axis, for one of the metric.
    scale: f64,
    value: fn(&CellFigures) -> Value,
}

/// A figure with its interval; the estimate is none where nothing was seen.
#[derive(Debug, Clone, Copy)]
pub struct Value {
    /// Estimate.
    pub estimate: Option<f64>,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Metrics, the most important first.
pub const METRICS: [Metric; 4] = [
    Metric {
        name: "failure_ratio",
        words: "SNAT failures",
        label: "attempts that found no SNAT port (%)",
        unit: "%",
        scale: 100.0,
        value: |cell| ratio(&cell.failure_ratio),
    },
    Metric {
        name: "connection_failure_ratio",
        words: "Connections lost",
        label: "connections lost (%)",
        unit: "%",
        scale: 100.0,
        value: |cell| ratio(&cell.connection_failure_ratio),
    },
    Metric {
        name: "occupancy.mean",
        words: "Ports of the fullest row in use or at rest",
        label: "mean share of the fullest row (%)",
        unit: "%",
        scale: 100.0,
        value: |cell| exact(cell.occupancy.mean),
    },
    Metric {
        name: "connect_delay_s.p99",
        words: "Connect delay, 99th percentile",
        label: "connect delay, 99th percentile (s)",
        unit: "s",
        scale: 1.0,
        value: |cell| exact(cell.connect_delay_s.p99),
    },
];

fn ratio(ratio: &RatioEstimate) -> Value {
    Value { estimate: ratio.estimate, low: ratio.low, high: ratio.high }
}

fn exact(value: f64) -> Value {
    Value { estimate: Some(value), low: value, high: value }
}

impl Metric {
    /// The stem of its files.
    pub fn stem(&self) -> String {
        self.name.replace('.', "_")
    }

    /// Whether it is more than 0 anywhere; failures are shown anyhow.
    pub fn is_shown(&self, sweep: &SweepResults) -> bool {
        let seen = |(_, figures): (&Cell, &CellFigures)| (self.value)(figures).estimate.unwrap_or(0.0) > 0.0;
        self.name == METRICS[0].name || sweep.simulated().any(seen)
    }

    /// Its value in a cell, in the unit of the axis; none where the platform refuses.
    pub fn of(&self, cell: &Cell) -> Option<Value> {
        let Value { estimate, low, high } = cell.figures().map(self.value)?;
        let scaled = |value: f64| value * self.scale;
        Some(Value { estimate: estimate.map(scaled), low: scaled(low), high: scaled(high) })
    }

    /// Limits that thresholds set for it, in the unit of the axis.
    pub fn limits(&self, sweep: &SweepResults) -> Vec<f64> {
        let of_scenario = sweep.head.scenario.get("threshold").and_then(|all| all.as_array());
        let of_scenario =
            of_scenario.into_iter().flatten().filter_map(|threshold| threshold["expr"].as_str());
        let all = of_scenario.chain(sweep.head.thresholds.iter().map(String::as_str));
        let parsed = all.filter_map(|expression| crate::scenario::parse_threshold(expression).ok());
        parsed.filter(|limit| limit.metric == self.name).map(|limit| limit.limit * self.scale).collect()
    }

    /// A value in words.
    pub fn told(&self, value: &Value) -> String {
        match value.estimate {
            None => "none seen".into(),
            Some(estimate) => format!("{} {}", number(estimate), self.unit),
        }
    }

    /// The most and the least over some cells, as a sentence.
    pub fn finding(&self, sweep: &SweepResults, cells: &[&Cell]) -> String {
        let values = cells.iter().filter_map(|cell| Some((*cell, self.of(cell)?)));
        let mut values: Vec<(&Cell, Value)> = values.collect();
        values
            .sort_by(|one, other| one.1.estimate.unwrap_or(0.0).total_cmp(&other.1.estimate.unwrap_or(0.0)));
        let at = |cell: &Cell| {
            let keys = sweep.head.vary.iter().take(2);
            let keys: Vec<String> =
                keys.map(|varied| format!("{}={}", varied.key, cell.setting(varied))).collect();
            keys.join(", ")
        };
        match (values.first(), values.last()) {
            (Some(least), Some(most)) if most.1.estimate.unwrap_or(0.0) > 0.0 => format!(
                "{}: {} at {}, {} at {}",
                self.words,
                self.told(&most.1),
                at(most.0),
                self.told(&least.1),
                at(least.0)
            ),
            (Some(_), _) => format!("{}: none seen in any cell", self.words),
            _ => format!("{}: the platform would refuse every cell", self.words),
        }
    }
}
