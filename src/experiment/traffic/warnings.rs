//! What should not be trusted in an import, and what to do about it.

use super::{Dispersion, FittedWorkload, Traffic};

/// Fewer flows say little.
const FEW_FLOWS: u64 = 100;

/// A greater share of lifetimes whose end nobody saw may change their law.
const MANY_OPEN: f64 = 0.05;

/// Fewer windows say little about their variance.
const FEW_WINDOWS: u64 = 20;

/// So many times the dispersion of the fit is far from it.
const FAR: f64 = 1.5;

/// A source with so many times its part of the flows is hot.
const HOT: f64 = 2.0;

pub fn warnings(traffic: &Traffic) -> Vec<String> {
    let mut warnings: Vec<String> = traffic.workloads.iter().filter_map(bursts).collect();
    let Traffic { flows, open_at_end, .. } = *traffic;
    if flows < FEW_FLOWS {
        warnings.push(format!("{flows} flows say little about rates and laws; record longer"));
    }
    if traffic.duration_s.is_some() && open_at_end as f64 > MANY_OPEN * flows as f64 {
        warnings.push(format!(
            "{open_at_end} of {flows} flows were open when the record ended and are left out of the law of lifetimes, which is too short if \
             they last long; record longer"
        ));
    }
    let sources = traffic.flows_by_source.len();
    if let Some(hottest) =
        traffic.flows_by_source.first().map(|hottest| *hottest as f64 / flows.max(1) as f64)
        && hottest > HOT / sources as f64
    {
        warnings.push(format!(
            "the busiest of {sources} sources opens {:.0} % of the flows; where ports belong to nodes, its node fails first",
            hottest * 100.0
        ));
    }
    warnings
}

/// Bursts that the fit does not have.
fn bursts(workload: &FittedWorkload) -> Option<String> {
    let ratio =
        |each: &Dispersion| each.recorded.zip(each.fitted).map(|(recorded, fitted)| recorded / fitted);
    let trusted = workload.arrivals.iter().flat_map(|arrivals| &arrivals.dispersion);
    let trusted = trusted.filter(|each| each.windows >= FEW_WINDOWS);
    let worst =
        trusted.filter_map(|each| Some((ratio(each)?, each))).max_by(|one, other| one.0.total_cmp(&other.0));
    let (ratio, worst) = worst.filter(|(ratio, _)| *ratio > FAR)?;
    Some(format!(
        "{} arrivals come in bursts: over {} s their index of dispersion is {:.1}, that of the workload {:.1}, {ratio:.1} times less; it \
         understates failures, so simulate the record itself too (`arrivals.trace`, or `replay`)",
        workload.protocol.name(),
        worst.window_s,
        worst.recorded.unwrap_or(0.0),
        worst.fitted.unwrap_or(0.0),
    ))
}
