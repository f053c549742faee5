//! Changes of traffic that may push a system over: bursts, and steps or slopes of a rate.

use super::{Arrivals, Between, Series};
use crate::time::SimDuration;

/// One such change; both times count from time 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trigger {
    /// When it begins.
    pub begin: SimDuration,
    /// When it is over.
    pub end: SimDuration,
}

impl Arrivals {
    /// Changes that the scenario plans, in order of time. Herds, swings and phases are how the traffic always is.
    pub fn triggers(&self) -> Vec<Trigger> {
        match self {
            Self::Burst { at, spread, .. } => vec![Trigger { begin: *at, end: at.plus(*spread) }],
            Self::Piecewise(series) => changes(series),
            Self::Scaled { of, by } => of.triggers().into_iter().chain(changes(by)).collect(),
            _ => Vec::new(),
        }
    }
}

fn changes(series: &Series) -> Vec<Trigger> {
    let Series { before, points, between } = series;
    let mut last = (points.first().map_or(SimDuration::ZERO, |first| first.0), *before);
    let mut triggers = Vec::new();
    for (time, value) in points {
        // A slope begins where the last point was; the value before the first point steps.
        let begin = if *between == Between::Linear { last.0 } else { *time };
        if *value != last.1 {
            triggers.push(Trigger { begin, end: *time });
        }
        last = (*time, *value);
    }
    triggers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(between: Between, before: f64) -> Vec<(u64, u64)> {
        let points = [(10, 1.0), (20, 1.0), (30, 3.0), (40, 1.0), (50, 1.0)];
        let points = points.map(|(time, value)| (SimDuration::from_secs(time), value)).to_vec();
        let seconds = |time: SimDuration| time.as_secs_f64() as u64;
        let found = Arrivals::Piecewise(Series { before, points, between }).triggers();
        found.into_iter().map(|trigger| (seconds(trigger.begin), seconds(trigger.end))).collect()
    }

    #[test]
    fn steps_are_instants_and_slopes_last() {
        assert_eq!(changed(Between::Steps, 1.0), [(30, 30), (40, 40)]);
        assert_eq!(changed(Between::Linear, 1.0), [(20, 30), (30, 40)]);
        assert_eq!(changed(Between::Steps, 0.5), [(10, 10), (30, 30), (40, 40)]);
    }
}
