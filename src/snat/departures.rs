//! When the busy ports of a row come free, for who need not know them in order: a calendar, and for those that do not fit
//! into it a FIFO lane, where they rise, or a heap.

use super::calendar::Calendar;
use crate::time::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Instants at which ports come free, and which does. Time must not run back between calls.
#[derive(Debug, Clone)]
pub struct Departures<Port = ()> {
    lane: VecDeque<(SimTime, Port)>,
    /// The last instant that went into the lane.
    last: SimTime,
    calendar: Calendar<Port>,
    heap: BinaryHeap<Reverse<(SimTime, Port)>>,
    /// The earliest instant of lane and heap.
    next: SimTime,
}

impl<Port: Copy + Ord + Default> Default for Departures<Port> {
    /// For ports of which is not known how often they are taken: without a calendar.
    fn default() -> Self {
        Self::with(Calendar::none())
    }
}

impl<Port: Copy + Ord + Default> Departures<Port> {
    /// For ports that are taken one each `gap` and kept for `kept`, both on average.
    pub fn new(gap: SimDuration, kept: SimDuration) -> Self {
        Self::with(Calendar::new(gap, kept))
    }

    fn with(calendar: Calendar<Port>) -> Self {
        let (lane, heap) = (VecDeque::new(), BinaryHeap::new());
        Self { lane, last: SimTime::ZERO, calendar, heap, next: SimTime::NEVER }
    }

    /// A port comes free at `time`.
    #[inline]
    pub fn push(&mut self, time: SimTime, port: Port) {
        if !self.calendar.push(time, port) {
            self.push_in_order(time, port);
        }
    }

    #[inline(never)]
    fn push_in_order(&mut self, time: SimTime, port: Port) {
        if time >= self.last {
            self.last = time;
            self.lane.push_back((time, port));
        } else {
            self.heap.push(Reverse((time, port)));
        }
        self.next = self.next.min(time);
    }

    /// How many ports have come free, as far as that is told without a search; no later call tells of them again.
    #[inline]
    pub fn pass(&mut self, now: SimTime) -> u32 {
        let passed = self.calendar.pass(now);
        if now < self.next { passed } else { passed + self.pass_in_order(now) }
    }

    fn pass_in_order(&mut self, now: SimTime) -> u32 {
        let mut passed = 0;
        self.tell_in_order(now, |_| passed += 1);
        passed
    }

    #[inline(never)]
    fn tell_in_order(&mut self, now: SimTime, mut came: impl FnMut(Port)) {
        while let Some((first, port)) = self.lane.front().copied()
            && first <= now
        {
            self.lane.pop_front();
            came(port);
        }
        while let Some(Reverse((first, port))) = self.heap.peek().copied()
            && first <= now
        {
            self.heap.pop();
            came(port);
        }
        self.next = self.first_in_order().unwrap_or(SimTime::NEVER);
    }

    /// Tells each port that has come free by `now`; no later call tells of it again.
    #[inline(always)]
    pub fn tell(&mut self, now: SimTime, mut came: impl FnMut(Port)) {
        if now >= self.next {
            self.tell_in_order(now, &mut came);
        }
        self.calendar.tell(now, came);
    }

    #[inline]
    fn first_in_order(&self) -> Option<SimTime> {
        let heap = self.heap.peek().map(|Reverse((first, _))| *first);
        self.lane.front().map(|(first, _)| *first).into_iter().chain(heap).min()
    }

    /// How many more ports have come free at the instant of the last [`Self::pass`]: after both, all are told.
    #[inline]
    pub fn come(&mut self, now: SimTime) -> u32 {
        self.calendar.come(now)
    }

    /// The earliest instant of those that are not told.
    pub fn first(&self) -> Option<SimTime> {
        self.first_in_order().into_iter().chain(self.calendar.first()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};
    use crate::snat::ReleaseQueue;

    /// Against a queue that keeps all of them in order, for calendars of every fit.
    #[test]
    fn they_come_as_from_one_sorted_list() {
        let mut draws = Stream::new(1, 0, Purpose::Shape, 0);
        for (gap, kept) in
            [(1, 1), (100, 10_000), (1, 1 << 40), (100_000, 100_000), (1 << 40, 1), (100, 200_000)]
        {
            let mut departures = Departures::new(SimDuration::from_nanos(gap), SimDuration::from_nanos(kept));
            let mut sorted = ReleaseQueue::default();
            let (mut now, mut left) = (SimTime::ZERO, 0u32);
            for step in 0..20_000 {
                now = now + SimDuration::from_nanos((100.0 * draws.exponential()) as u64);
                let due = std::iter::from_fn(|| sorted.pop_due(now)).count() as u32;
                let passed = departures.pass(now);
                assert!(passed <= left);
                left -= passed;
                if draws.uniform() < 0.5 {
                    left -= departures.come(now);
                    assert_eq!(left as usize, sorted.len(), "step {step}, {due} due");
                    assert_eq!(departures.first(), sorted.first());
                }
                let long = [10_000.0, 10.0, 3e7][usize::from(step % 97 == 0) + usize::from(step % 89 == 0)];
                let time = now + SimDuration::from_nanos((long * draws.exponential()) as u64);
                departures.push(time, ());
                sorted.push(time);
                left += 1;
            }
        }
    }
}
