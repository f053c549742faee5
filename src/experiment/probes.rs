//! Ports busy at chosen instants, over replications.

use super::estimate;
use super::results::ProbeFigures;
use crate::metrics::Summary;
use crate::scenario::Probe;

/// What the trials say about `probes`, in their order.
pub fn figures(probes: &[Probe], trials: &[Summary]) -> Vec<ProbeFigures> {
    let busy = |number: usize| trials.iter().filter_map(move |trial| trial.probes.get(number).copied());
    probes.iter().enumerate().map(|(number, probe)| figure(probe, busy(number).collect())).collect()
}

fn figure(probe: &Probe, busy: Vec<u64>) -> ProbeFigures {
    let count = busy.len() as f64;
    let mean = busy.iter().sum::<u64>() as f64 / count;
    let squares: f64 = busy.iter().map(|busy| (*busy as f64 - mean).powi(2)).sum();
    let exceeding = |above: u64| busy.iter().filter(|busy| **busy > above).count() as u64;
    let exceeding = probe.above.map(exceeding);
    let (low, high) = exceeding.map(|hits| estimate::chance(hits, busy.len() as u64)).unzip();
    ProbeFigures {
        at_s: probe.at.as_secs_f64(),
        mean,
        variance: (busy.len() > 1).then(|| squares / (count - 1.0)),
        above: probe.above,
        share_above: exceeding.map(|hits| hits as f64 / count),
        share_above_low: low,
        share_above_high: high,
    }
}
