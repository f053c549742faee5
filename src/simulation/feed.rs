//! Arrivals of a shard, in order of time.
//!
//! Poisson traffic, of a fixed or a varying rate, has one process per source, a closed loop one per client. Every other
//! process belongs to its workload and is regenerated in each shard that it feeds, which keeps the flows of its own
//! sources; so no shard can shift another's draws.

use super::arrival::{Arrival, Head, Place};
use super::processes::Process;
use super::{Shard, System, TrialKey};
use crate::flow::WorkloadId;
use crate::time::SimTime;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

type HeadKey = (SimTime, u64, u32);

/// Merges the processes of a shard.
pub struct Feed<'a> {
    processes: Vec<Process<'a>>,
    heads: BinaryHeap<Reverse<HeadKey>>,
    pending: Vec<Option<Arrival>>,
}

impl<'a> Feed<'a> {
    /// The processes that feed `shard` in one trial.
    pub fn new(system: &'a System, shard: &'a Shard, key: TrialKey) -> Self {
        let mut processes = Vec::new();
        for number in 0..system.workloads.len() {
            Process::add(&mut processes, Place { system, shard, id: WorkloadId(number as u32), key });
        }
        let pending = vec![None; processes.len()];
        let mut feed = Self { processes, heads: BinaryHeap::new(), pending };
        for process in 0..feed.processes.len() {
            feed.refill(process);
        }
        feed
    }

    /// When the next flow is asked for.
    #[inline]
    pub fn next_time(&self) -> Option<SimTime> {
        self.heads.peek().map(|Reverse((time, ..))| *time)
    }

    /// The next flow; after the end of the run, nothing where the process that comes next has only others' flows.
    #[inline]
    pub fn pop(&mut self) -> Option<Arrival> {
        let Reverse((_, _, process)) = self.heads.pop()?;
        let arrival = self.pending[process as usize].take();
        self.refill(process as usize);
        arrival
    }

    /// The request of a closed loop's client is over at `at`.
    pub fn come_back(&mut self, client: u32, at: SimTime) {
        if let Process::Client(waiting) = &mut self.processes[client as usize] {
            waiting.comes_back(at);
            self.refill(client as usize);
        }
    }

    fn refill(&mut self, process: usize) {
        if let Some(Head { time, order, arrival }) = self.processes[process].next()
            && time < SimTime::NEVER
        {
            self.heads.push(Reverse((time, order, process as u32)));
            self.pending[process] = arrival;
        }
    }
}
