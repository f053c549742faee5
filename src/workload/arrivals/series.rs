//! A value over time, given at some instants.

use super::varying::Stretch;
use crate::time::{SimDuration, SimTime};

/// What a series is between its points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Between {
    /// The value of the point before.
    #[default]
    Steps,
    /// On the straight line from point to point.
    Linear,
}

/// A value, 0 or more, over time; after the last point it stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The value before the first point.
    pub before: f64,
    /// Times after time 0, rising, and the value from each on; never empty.
    pub points: Vec<(SimDuration, f64)>,
    /// What holds between them.
    pub between: Between,
}

impl Series {
    /// The value at `time`.
    pub fn at(&self, time: SimDuration) -> f64 {
        let past = self.points.partition_point(|(at, _)| *at <= time);
        let Some((from, first)) = past.checked_sub(1).map(|last| self.points[last]) else {
            return self.before;
        };
        match (self.points.get(past), self.between) {
            (Some((until, last)), Between::Linear) => {
                let part = (time.nanos() - from.nanos()) as f64 / (until.nanos() - from.nanos()) as f64;
                first + (last - first) * part
            }
            _ => first,
        }
    }
}

/// Goes along a series.
#[derive(Clone)]
pub struct SeriesPath<'a> {
    series: &'a Series,
    origin: SimTime,
    next: usize,
    line: Line,
}

/// From `first` at `from` to `last` at `until`.
#[derive(Clone, Copy)]
struct Line {
    from: SimTime,
    until: SimTime,
    first: f64,
    last: f64,
}

impl<'a> SeriesPath<'a> {
    /// Along `series`, whose time 0 is `origin`, from the beginning of the run.
    pub fn new(series: &'a Series, origin: SimTime) -> Self {
        let before = series.before;
        let line = Line { from: SimTime::ZERO, until: SimTime::ZERO, first: before, last: before };
        Self { series, origin, next: 0, line }
    }

    /// The largest value up to the next point.
    pub fn next_stretch(&mut self) -> Stretch {
        let Series { before, points, between } = self.series;
        let first = self.next.checked_sub(1).map_or(*before, |past| points[past].1);
        let point = points.get(self.next);
        let last = match between {
            Between::Linear if self.next > 0 => point.map_or(first, |point| point.1),
            _ => first,
        };
        let until = point.map_or(SimTime::NEVER, |point| self.origin + point.0);
        self.line = Line { from: self.line.until, until, first, last };
        self.next += 1;
        Stretch { until, most: first.max(last) }
    }

    /// The value at `time`, which lies in the stretch found last.
    pub fn at(&self, time: SimTime) -> f64 {
        let Line { from, until, first, last } = self.line;
        if first == last {
            return first;
        }
        let part = time.since(from).nanos() as f64 / until.since(from).nanos() as f64;
        first + (last - first) * part
    }
}
