//! Times at which ports come free, looked at only when somebody asks.
//!
//! A release needs no event of its own: the next arrival that looks finds the port free.

use crate::time::SimTime;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// A queue of instants. Instants that come in order stay in a FIFO lane; the others go to a heap.
#[derive(Debug, Clone, Default)]
pub struct ReleaseQueue {
    lane: VecDeque<SimTime>,
    heap: BinaryHeap<Reverse<SimTime>>,
}

impl ReleaseQueue {
    /// Adds an instant.
    #[inline]
    pub fn push(&mut self, time: SimTime) {
        if self.lane.back().is_none_or(|last| *last <= time) {
            self.lane.push_back(time);
        } else {
            self.heap.push(Reverse(time));
        }
    }

    /// The earliest instant.
    #[inline]
    pub fn first(&self) -> Option<SimTime> {
        match (self.lane.front(), self.heap.peek()) {
            (Some(lane), Some(Reverse(heap))) => Some(*lane.min(heap)),
            (Some(lane), None) => Some(*lane),
            (None, heap) => heap.map(|Reverse(time)| *time),
        }
    }

    /// Takes the earliest instant if it is not after `now`.
    #[inline]
    pub fn pop_due(&mut self, now: SimTime) -> Option<SimTime> {
        let first = self.first()?;
        if first > now {
            return None;
        }
        if self.lane.front() == Some(&first) {
            self.lane.pop_front()
        } else {
            self.heap.pop().map(|Reverse(time)| time)
        }
    }

    /// How many instants wait.
    pub fn len(&self) -> usize {
        self.lane.len() + self.heap.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.lane.is_empty() && self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_come_out_in_order_whatever_order_they_went_in() {
        let mut queue = ReleaseQueue::default();
        for nanos in [5, 9, 7, 9, 30, 1, 12] {
            queue.push(SimTime::from_nanos(nanos));
        }
        assert_eq!(queue.len(), 7);
        let order: Vec<u64> =
            std::iter::from_fn(|| queue.pop_due(SimTime::from_nanos(12))).map(SimTime::nanos).collect();
        assert_eq!(order, [1, 5, 7, 9, 9, 12]);
        assert_eq!(queue.first(), Some(SimTime::from_nanos(30)));
    }
}
