//! What happens next: one FIFO lane for each fixed delay, a heap for random ones.
//!
//! Events of one instant come in order of their class, then in the order they were scheduled. Nothing is
//! cancelled: whoever schedules carries a generation number that voids a stale event.

use crate::time::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Order within one instant; ports come free before any of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventClass {
    /// Flows and connections close.
    Close,
    /// The cluster changes.
    Cluster,
    /// Clients try again.
    Retry,
    /// New flows arrive.
    Arrival,
}

/// Something that can be scheduled.
pub trait Event: Copy + Ord {
    /// Its place within one instant.
    fn class(&self) -> EventClass;
}

type Key = (SimTime, EventClass, u64);

/// A queue of events of type `E`.
#[derive(Debug, Clone)]
pub struct EventQueue<E> {
    lanes: Vec<Lane<E>>,
    heap: BinaryHeap<Reverse<(Key, E)>>,
    scheduled: u64,
}

#[derive(Debug, Clone)]
struct Lane<E> {
    delay: SimDuration,
    class: EventClass,
    waiting: VecDeque<(Key, E)>,
}

impl<E: Event> EventQueue<E> {
    /// An empty queue.
    pub fn new() -> Self {
        Self { lanes: Vec::new(), heap: BinaryHeap::new(), scheduled: 0 }
    }

    /// Schedules `event` a fixed `delay` after `now`. `now` must not run back between calls.
    pub fn after(&mut self, now: SimTime, delay: SimDuration, event: E) {
        let key = self.key(now + delay, event);
        let class = event.class();
        let lane = self.lanes.iter_mut().find(|lane| lane.delay == delay && lane.class == class);
        match lane {
            Some(lane) => lane.waiting.push_back((key, event)),
            None => self.lanes.push(Lane { delay, class, waiting: VecDeque::from([(key, event)]) }),
        }
    }

    /// Schedules `event` at any instant.
    pub fn at(&mut self, time: SimTime, event: E) {
        let key = self.key(time, event);
        self.heap.push(Reverse((key, event)));
    }

    /// Schedules `event` at any instant; of those scheduled so for one instant and class, the last comes first.
    pub fn at_last_first(&mut self, time: SimTime, event: E) {
        let (time, class, scheduled) = self.key(time, event);
        self.heap.push(Reverse(((time, class, u64::MAX - scheduled), event)));
    }

    /// When the next event is due.
    #[inline]
    pub fn next_time(&self) -> Option<SimTime> {
        self.first().map(|((time, ..), _)| time)
    }

    /// Takes the next event.
    pub fn pop(&mut self) -> Option<(SimTime, E)> {
        match self.first()? {
            (_, Some(lane)) => self.lanes[lane].waiting.pop_front().map(|((time, ..), event)| (time, event)),
            (_, None) => self.heap.pop().map(|Reverse(((time, ..), event))| (time, event)),
        }
    }

    /// The least key and its lane; no lane for the heap.
    fn first(&self) -> Option<(Key, Option<usize>)> {
        let mut first = self.heap.peek().map(|Reverse((key, _))| (*key, None));
        for (position, lane) in self.lanes.iter().enumerate() {
            if let Some((key, _)) = lane.waiting.front()
                && first.is_none_or(|(least, _)| *key < least)
            {
                first = Some((*key, Some(position)));
            }
        }
        first
    }

    fn key(&mut self, time: SimTime, event: E) -> Key {
        self.scheduled += 1;
        (time, event.class(), self.scheduled)
    }
}

impl<E: Event> Default for EventQueue<E> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    struct Named(&'static str, EventClass);

    impl Event for Named {
        fn class(&self) -> EventClass {
            self.1
        }
    }

    fn names(mut queue: EventQueue<Named>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.pop()).map(|(_, Named(name, _))| name).collect()
    }

    #[test]
    fn one_instant_runs_by_class_then_first_come() {
        let mut queue = EventQueue::new();
        let second = SimDuration::from_secs(1);
        let due = SimTime::ZERO + second;
        queue.after(SimTime::ZERO, second, Named("retry", EventClass::Retry));
        queue.at(due, Named("second close", EventClass::Close));
        queue.after(SimTime::ZERO, second, Named("third close", EventClass::Close));
        queue.at(due, Named("cluster", EventClass::Cluster));
        queue.at(SimTime::ZERO, Named("earlier", EventClass::Retry));
        assert_eq!(names(queue), ["earlier", "second close", "third close", "cluster", "retry"]);
    }

    #[test]
    fn timers_may_come_in_the_reverse_order_of_their_arming() {
        let mut queue = EventQueue::new();
        let due = SimTime::from_nanos(5);
        queue.at_last_first(due, Named("armed first", EventClass::Retry));
        queue.at_last_first(due, Named("armed last", EventClass::Retry));
        queue.at(due, Named("in order", EventClass::Retry));
        queue.at(due, Named("close", EventClass::Close));
        assert_eq!(names(queue), ["close", "in order", "armed last", "armed first"]);
    }

    #[test]
    fn lanes_and_heap_give_the_order_of_one_sorted_list() {
        let mut queue = EventQueue::new();
        let mut stream = crate::random::Stream::new(1, 0, crate::random::Purpose::Shape, 0);
        let mut expected = Vec::new();
        for step in 0..2_000 {
            let now = SimTime::from_nanos(step / 3);
            let delay = SimDuration::from_nanos([5, 9, 40][stream.below(3) as usize]);
            if stream.uniform() < 0.5 {
                queue.after(now, delay, Named("", EventClass::Retry));
                expected.push(now + delay);
            } else {
                let time = now + SimDuration::from_nanos(stream.below(100));
                queue.at(time, Named("", EventClass::Retry));
                expected.push(time);
            }
        }
        expected.sort();
        let popped: Vec<SimTime> = std::iter::from_fn(|| queue.pop()).map(|(time, _)| time).collect();
        assert_eq!(popped, expected);
    }
}
