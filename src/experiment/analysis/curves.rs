//! What happened when: windows and series.

use super::Sums;
use super::phases::device_ports;
use crate::experiment::plan::Plan;
use crate::experiment::results::{SeriesBin, Window};
use crate::metrics::SERIES_BIN;
use crate::time::SimDuration;

impl Sums<'_> {
    pub fn windows(&self, plan: &Plan) -> Vec<Window> {
        let width = plan.cuts.window;
        let mut windows = Vec::new();
        for (replication, trial) in self.trials.iter().enumerate() {
            for (number, (attempts, snat_failures)) in trial.windows.iter().enumerate() {
                let until = (number as u64 + 1).saturating_mul(width.nanos());
                windows.push(Window {
                    replication: replication as u32,
                    start_s: number as f64 * width.as_secs_f64(),
                    attempts: *attempts,
                    snat_failures: *snat_failures,
                    partial: until > plan.cuts.nanos(),
                });
            }
        }
        windows.retain(|window| window.attempts > 0);
        windows
    }

    pub fn series(&self, plan: &Plan) -> Vec<SeriesBin> {
        let step = plan.cuts.step.nanos();
        let instants_in = |bin: usize| {
            let before = |nanos: u64| nanos.min(plan.cuts.nanos()).div_ceil(step);
            let (start, until) = (bin as u64 * SERIES_BIN.nanos(), (bin as u64 + 1) * SERIES_BIN.nanos());
            (before(until) - before(start)).max(1) as f64
        };
        let width = SERIES_BIN.nanos();
        let allocated_in = |bin: usize| match plan.system.scales() {
            true => None,
            false => device_ports(plan, SimDuration::from_nanos((bin as u64 + 1) * width)),
        };
        let allocated: Vec<Option<u64>> = (0..plan.cuts.count(SERIES_BIN)).map(allocated_in).collect();
        let asked = plan.system.paths.device().rules.in_common.is_some();
        let mut series = Vec::new();
        for (replication, trial) in self.trials.iter().enumerate() {
            for (bin, counts) in trial.series.iter().enumerate() {
                series.push(SeriesBin {
                    replication: replication as u32,
                    start_s: bin as f64 * SERIES_BIN.as_secs_f64(),
                    successful: counts.successful,
                    failed: counts.failed,
                    in_use: counts.in_use as f64 / instants_in(bin),
                    hold_down: counts.resting as f64 / instants_in(bin),
                    allocated: allocated[bin],
                    used: asked.then(|| counts.used as f64 / instants_in(bin)),
                });
            }
        }
        series
    }
}
