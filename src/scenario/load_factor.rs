//! `run.load_factor`: so many times as much traffic of every workload.

use super::reader::Reader;
use super::tree::Node;
use crate::workload::Workload;

/// Factors outside of these are slips.
pub const LEAST: f64 = 0.001;
/// The largest.
pub const MOST: f64 = 1_000.0;

/// Multiplies the arrivals of all workloads.
pub fn apply(reader: &Reader<'_>, run: Option<&Node>, factor: f64, workloads: &mut [Option<Workload>]) {
    if factor == 1.0 {
        return;
    }
    for workload in workloads.iter_mut().flatten() {
        match workload.arrivals.times(factor) {
            Some(arrivals) => workload.arrivals = arrivals,
            None => {
                let span = run.and_then(|run| run.get("load_factor")).map_or(0..0, |node| node.span.clone());
                let message = format!(
                    "`load_factor` is {factor}, and `{}` has no rate to multiply (`trace`, `renewal`)",
                    workload.name
                );
                let help = "write `arrivals.trace.faster`, or a shorter `gap`".to_string();
                reader.problem(&span, message, Some(help));
            }
        }
    }
}
