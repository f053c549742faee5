//! Everyone at each full period.

use crate::random::Stream;
use crate::time::{SimDuration, SimTime};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Everyone at each full period, also before time 0 as far as the warm-up reaches.
#[derive(Clone)]
pub struct Herd {
    period: SimDuration,
    clients: u32,
    jitter: SimDuration,
    next_period: SimTime,
    waiting: BinaryHeap<Reverse<(SimTime, u64, u32)>>,
    made: u64,
    draws: Stream,
}

impl Herd {
    /// `clients` flows at each full `period` from `origin`.
    pub fn new(
        origin: SimTime,
        period: SimDuration,
        clients: u32,
        jitter: SimDuration,
        draws: Stream,
    ) -> Self {
        let next_period = SimTime::from_nanos(origin.nanos() % period.nanos().max(1));
        Self { period, clients, jitter, next_period, waiting: BinaryHeap::new(), made: 0, draws }
    }

    /// The next flow's time and client.
    pub fn next(&mut self) -> Option<(SimTime, u32)> {
        while self.waiting.peek().is_none_or(|Reverse((time, ..))| *time >= self.next_period)
            && self.next_period < SimTime::NEVER
            && self.clients > 0
        {
            self.call_everyone();
        }
        self.waiting.pop().map(|Reverse((time, _, client))| (time, client))
    }

    fn call_everyone(&mut self) {
        for client in 0..self.clients {
            let late = SimDuration::from_nanos(self.draws.below(self.jitter.nanos().saturating_add(1)));
            self.waiting.push(Reverse((self.next_period + late, self.made, client)));
            self.made += 1;
        }
        self.next_period = self.next_period + self.period;
    }
}
