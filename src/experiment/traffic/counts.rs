//! How many flows begin in each second.

use crate::error::Error;
use foldhash::HashMap;
use std::ops::Range;

/// Longer than any record: starts further apart are those of different clocks.
const MOST_SECONDS: i64 = 366 * 86_400;

/// Flows by the second of their start; seconds without a flow take no memory.
#[derive(Debug, Default)]
pub struct Counts {
    by_second: HashMap<i64, u64>,
}

impl Counts {
    /// Adds a flow.
    pub fn add(&mut self, start_us: i64) {
        *self.by_second.entry(start_us.div_euclid(1_000_000)).or_default() += 1;
    }

    /// The seconds from the first start of all to the last.
    pub fn seconds<'c>(all: impl Iterator<Item = &'c Self>) -> Result<Range<i64>, Error> {
        let (first, last) = all
            .flat_map(|counts| counts.by_second.keys())
            .fold((i64::MAX, i64::MIN), |(first, last), second| (first.min(*second), last.max(*second)));
        let seconds = first..last.saturating_add(1);
        if seconds.end.saturating_sub(first) > MOST_SECONDS {
            let days = (seconds.end.saturating_sub(first)) / 86_400;
            let message = format!(
                "hold starts that are {days} days apart; import records of one clock, and of a year at most"
            );
            return Err(Error::input("the files", message));
        }
        Ok(seconds)
    }

    /// Flows in each whole window of so many seconds, those without any left out, in no order.
    pub fn in_windows(&self, seconds: &Range<i64>, width: i64) -> Vec<u64> {
        let whole = whole_windows(seconds, width);
        let mut windows: HashMap<i64, u64> = HashMap::default();
        for (second, flows) in &self.by_second {
            *windows.entry((second - seconds.start) / width).or_default() += flows;
        }
        windows.into_iter().filter(|(window, _)| *window < whole).map(|(_, flows)| flows).collect()
    }

    /// Flows in each of `count` parts of so many seconds; the last holds what is left.
    pub fn in_parts(&self, seconds: &Range<i64>, width: i64, count: usize) -> Vec<u64> {
        let mut parts = vec![0; count];
        for (second, flows) in &self.by_second {
            let part = usize::try_from((second - seconds.start) / width).unwrap_or(0);
            parts[part.min(count - 1)] += flows;
        }
        parts
    }
}

/// Windows of so many seconds that fit.
pub fn whole_windows(seconds: &Range<i64>, width: i64) -> i64 {
    (seconds.end - seconds.start) / width
}
