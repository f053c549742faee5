//! Ports in use and at rest at grid instants, without an event at each: differences are noted when a span is
//! known, and summed at the end.

use super::Cuts;
use crate::time::{Divider, SimTime};

/// Differences of the two counts of one row.
#[derive(Debug, Clone)]
pub struct Grid {
    origin: SimTime,
    step: Divider,
    in_use: Vec<i32>,
    resting: Vec<i32>,
}

impl Grid {
    /// Nothing in use.
    pub fn new(cuts: &Cuts) -> Self {
        let instants = cuts.grid_instants() + 1;
        let step = Divider::new(cuts.step.nanos());
        Self { origin: cuts.origin, step, in_use: vec![0; instants], resting: vec![0; instants] }
    }

    /// The first instant at or after `time`; the one beyond the last if there is none.
    #[inline]
    fn from(&self, time: SimTime) -> usize {
        let instant = self.step.div_ceil(time.since(self.origin).nanos());
        (instant as usize).min(self.in_use.len() - 1)
    }

    /// A port in use in [start, close) and at rest in [close, release).
    #[inline(always)]
    pub fn note(&mut self, start: SimTime, close: SimTime, release: SimTime) {
        let (first, over) = (self.from(start), self.from(close));
        self.in_use[first] += 1;
        self.in_use[over] -= 1;
        if close < release {
            let free = self.from(release);
            self.resting[over] += 1;
            self.resting[free] -= 1;
        }
    }

    /// Ports that are in use from `starts` on, which rise, where they are `granted`.
    pub fn begin_all(&mut self, starts: &[SimTime], granted: &[bool]) {
        let Some(first) = starts.first() else { return };
        let (last, step) = (self.in_use.len() - 1, self.step.by());
        let mut instant = self.from(*first);
        let mut at = self.origin.nanos() + instant as u64 * step;
        let mut begun = 0;
        for (start, granted) in starts.iter().zip(granted) {
            if start.nanos() > at && instant < last {
                self.in_use[instant] += std::mem::take(&mut begun);
                while start.nanos() > at && instant < last {
                    instant += 1;
                    at += step;
                }
            }
            begun += i32::from(*granted);
        }
        self.in_use[instant] += begun;
    }

    /// Their flows close, and they come free, where they are `granted`.
    pub fn end_all(&mut self, closes: &[SimTime], releases: &[SimTime], granted: &[bool]) {
        for ((close, release), granted) in closes.iter().zip(releases).zip(granted) {
            let (over, change) = (self.from(*close), i32::from(*granted));
            self.in_use[over] -= change;
            if close < release {
                let free = self.from(*release);
                self.resting[over] += change;
                self.resting[free] -= change;
            }
        }
    }

    /// (in use, at rest) at each instant.
    pub fn counts(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let instants = self.in_use.len() - 1;
        let differences = self.in_use.iter().zip(&self.resting).take(instants);
        differences.scan((0i64, 0i64), |(in_use, resting), (use_change, rest_change)| {
            *in_use += i64::from(*use_change);
            *resting += i64::from(*rest_change);
            Some((*in_use as u64, *resting as u64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SimDuration;

    /// Starts, closes and releases on the instants, between them, and beyond both ends.
    #[test]
    fn a_block_is_noted_as_its_ports_one_by_one() {
        let at = |nanos: u64| SimTime::from_nanos(nanos);
        let second = 1_000_000_000;
        let cuts = Cuts::new(at(5), at(5 + 9 * second), SimDuration::from_secs(1));
        let around = (1..9).flat_map(|k| [k * second + 4, k * second + 5]);
        let all: [Vec<u64>; 2] = [
            [0, 5, 6].into_iter().chain(around).collect(),
            (0..9).step_by(2).map(|k| k * second + 5).collect(),
        ];
        let spans = [
            (0, 0),
            (1, 0),
            (second, 0),
            (second - 1, 2 * second),
            (3 * second + 1, 1),
            (20 * second, second),
        ];
        for (starts, (lasts, rests)) in all.iter().flat_map(|starts| spans.map(|span| (starts, span))) {
            let (mut alone, mut block) = (Grid::new(&cuts), Grid::new(&cuts));
            let granted: Vec<bool> = (0..starts.len()).map(|number| number % 5 != 3).collect();
            let times: Vec<SimTime> = starts.iter().map(|start| at(*start)).collect();
            let closes: Vec<SimTime> = starts.iter().map(|start| at(start + lasts)).collect();
            let releases: Vec<SimTime> = starts.iter().map(|start| at(start + lasts + rests)).collect();
            for number in (0..starts.len()).filter(|number| granted[*number]) {
                alone.note(times[number], closes[number], releases[number]);
            }
            block.begin_all(&times, &granted);
            block.end_all(&closes, &releases, &granted);
            assert!(alone.counts().eq(block.counts()), "{lasts} {rests}");
        }
    }
}
