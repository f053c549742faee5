//! A client of a closed loop: it thinks, asks, and thinks again when its request is over.

use super::System;
use super::arrival::{Arrival, Head, Place, pick};
use crate::flow::WorkloadId;
use crate::random::{Purpose, Stream};
use crate::time::SimTime;
use crate::workload::Law;

/// One client. It is met at a random instant of its thinking when the run begins.
pub(super) struct ClosedClient<'a> {
    system: &'a System,
    workload: WorkloadId,
    think: &'a Law,
    /// Its number in the workload; it lives in pod `number` mod pods.
    number: u32,
    /// Its number among the processes of its feed.
    process: u32,
    asks: Option<SimTime>,
    thinking: Stream,
    destinations: Stream,
}

impl<'a> ClosedClient<'a> {
    pub(super) fn new(place: Place<'a>, think: &'a Law, number: u32, process: usize) -> Self {
        let Place { system, id: workload, key, .. } = place;
        let owner = CLIENT_OWNER | u64::from(number) << 32 | u64::from(workload.0);
        let mut thinking = key.stream(Purpose::Arrivals, owner);
        let asks = Some(SimTime::ZERO + think.sample_rest(&mut thinking));
        Self {
            system,
            workload,
            think,
            number,
            process: process as u32,
            asks,
            thinking,
            destinations: key.stream(Purpose::Destination, owner),
        }
    }

    /// Its next request; nothing while one is under way.
    pub(super) fn next(&mut self) -> Option<Head> {
        let mut time = self.asks.take()?;
        let workload = &self.system.workloads[self.workload.index()];
        let (there, pod) = loop {
            let there = self.system.pods_at(self.workload, time);
            let pod = self.number as usize % there.nodes.len();
            // Whoever is in a pod of a lost node thinks on, until another pod does its work.
            if !there.away.contains(&there.nodes[pod]) {
                break (there, pod);
            }
            time = time + self.think.sample(&mut self.thinking);
        };
        let (node, pod) = (there.nodes[pod], Some(there.numbers[pod]));
        let destination = pick(workload, &mut self.destinations);
        let source = self.system.source_of(self.workload, node, destination)?;
        let arrival = Arrival { pod, client: Some(self.process), ..Arrival::of(source, time) };
        Some(Head { time, order: u64::from(self.number), arrival: Some(arrival) })
    }

    /// Its request is over at `at`.
    pub(super) fn comes_back(&mut self, at: SimTime) {
        self.asks = Some(at + self.think.sample(&mut self.thinking));
    }
}

/// Owners of streams that belong to a client are told from sources by this bit.
const CLIENT_OWNER: u64 = 1 << 63;
