//! Recorded flows against a port pool of given size: exact counts, no chance.

mod rows;

use crate::flow::{EndKind, Protocol};
use crate::import::{Tally, TraceFlow};
use crate::outbound::Sharing;
use crate::time::{SimDuration, SimTime};
use rows::{PoolRows, Towards};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// How long a port rests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldDown {
    /// The same after every flow.
    Fixed(SimDuration),
    /// By the kind of end.
    ByEnd {
        /// After FIN, and after anything that is neither of the others.
        fin: SimDuration,
        /// After RST.
        rst: SimDuration,
        /// A SYN that was not answered.
        half_open: SimDuration,
        /// UDP.
        udp: SimDuration,
    },
}

impl HoldDown {
    fn after(self, flow: &TraceFlow) -> SimDuration {
        match self {
            Self::Fixed(span) => span,
            Self::ByEnd { udp, .. } if flow.protocol == Protocol::Udp => udp,
            Self::ByEnd { rst, .. } if flow.end == EndKind::Rst => rst,
            Self::ByEnd { half_open, .. } if flow.end == EndKind::HalfOpen => half_open,
            Self::ByEnd { fin, .. } => fin,
        }
    }
}

/// What to replay against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// Which destinations exclude one another from a port.
    pub sharing: Sharing,
    /// Ports; without, only the smallest pool is found.
    pub ports: Option<u32>,
    /// Hold-down.
    pub hold_down: HoldDown,
    /// Arrivals come so many times faster; durations stay.
    pub arrivals_faster: u64,
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Replay {
    /// Records read.
    pub records: u64,
    /// Outbound flows.
    pub flows: u64,
    /// TCP flows.
    pub tcp: u64,
    /// UDP flows.
    pub udp: u64,
    /// Different (protocol, address, port).
    pub destinations: u64,
    /// Records that are no outbound flow, by reason.
    pub not_used: BTreeMap<&'static str, u64>,
    /// Flows without a duration, which counts as 0.
    pub missing_duration: u64,
    /// Lines that could not be read and were passed over.
    pub skipped_lines: u64,
    /// Sharing rule.
    pub sharing: &'static str,
    /// Ports of the pool; null when only the smallest pool was asked for.
    pub ports: Option<u32>,
    /// Hold-down, seconds; null when it goes by the kind of end.
    pub hold_down_s: Option<f64>,
    /// Hold-down by the kind of end, seconds.
    pub hold_down_by_end: Option<BTreeMap<&'static str, f64>>,
    /// Arrivals came so many times faster.
    pub arrivals_faster: u64,
    /// Flows that found no port.
    pub failed: Option<u64>,
    /// TCP flows among them.
    pub failed_tcp: Option<u64>,
    /// UDP flows among them.
    pub failed_udp: Option<u64>,
    /// The first of them, microseconds after the first flow; null when nothing failed.
    pub first_failed_us: Option<u64>,
    /// SHA-256 of the positions of failed flows in order of start, from 0, each followed by a line feed.
    pub failed_sha256: Option<String>,
    /// The least number of ports with which nothing fails.
    pub smallest_pool_without_failure: u32,
    /// Most flows at one instant.
    pub peak_concurrent: u32,
    /// Most flows towards one destination at one instant.
    pub peak_concurrent_destination: u32,
}

/// A replay under way: takes flows in order of start and keeps only those whose ports are busy, beside the set of
/// destinations met.
#[derive(Debug)]
pub struct Replayer {
    question: Question,
    first_us: Option<i64>,
    position: u64,
    tcp: u64,
    pools: PoolRows,
    towards: Towards,
    failed: Failed,
}

/// The flows that found no port.
#[derive(Debug, Default)]
struct Failed {
    tcp: u64,
    udp: u64,
    first_us: Option<u64>,
    positions: Sha256,
}

impl Failed {
    fn add(&mut self, position: u64, since_us: u64, protocol: Protocol) {
        match protocol {
            Protocol::Tcp => self.tcp += 1,
            Protocol::Udp => self.udp += 1,
        }
        self.first_us.get_or_insert(since_us);
        self.positions.update(format!("{position}\n"));
    }

    fn digest(self) -> String {
        self.positions.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl Replayer {
    /// Begins with every port free.
    pub fn new(question: Question) -> Self {
        Self {
            question,
            first_us: None,
            position: 0,
            tcp: 0,
            pools: PoolRows::new(question.sharing, question.ports),
            towards: Towards::default(),
            failed: Failed::default(),
        }
    }

    /// Takes the next flow in order of start; equal starts in the order of the input. Arrivals are moved to
    /// `first + (start - first) div arrivals_faster`.
    pub fn take(&mut self, flow: &TraceFlow) {
        let first = *self.first_us.get_or_insert(flow.start_us);
        let since_us = (flow.start_us - first) as u64 / self.question.arrivals_faster;
        let start = SimTime::from_nanos(since_us.saturating_mul(1_000));
        let close = start + SimDuration::from_nanos(flow.duration_us.saturating_mul(1_000));
        if self.pools.refuses(flow, start, close + self.question.hold_down.after(flow)) {
            self.failed.add(self.position, since_us, flow.protocol);
        }
        self.towards.take(flow, start, close);
        self.position += 1;
        self.tcp += u64::from(flow.protocol == Protocol::Tcp);
    }

    /// What was found, with what was read beside the flows.
    pub fn finish(self, tally: Tally) -> Replay {
        let Question { sharing, ports, hold_down, arrivals_faster } = self.question;
        let limited = ports.is_some();
        let count = |failed: u64| limited.then_some(failed);
        Replay {
            records: tally.records,
            flows: self.position,
            tcp: self.tcp,
            udp: self.position - self.tcp,
            destinations: self.towards.destinations(),
            not_used: tally.not_used,
            missing_duration: tally.missing_duration,
            skipped_lines: tally.skipped_lines,
            sharing: name(sharing),
            ports,
            hold_down_s: match hold_down {
                HoldDown::Fixed(span) => Some(span.as_secs_f64()),
                HoldDown::ByEnd { .. } => None,
            },
            hold_down_by_end: by_end(hold_down),
            arrivals_faster,
            failed: count(self.failed.tcp + self.failed.udp),
            failed_tcp: count(self.failed.tcp),
            failed_udp: count(self.failed.udp),
            first_failed_us: self.failed.first_us,
            failed_sha256: limited.then(|| self.failed.digest()),
            smallest_pool_without_failure: self.pools.smallest_without_failure(),
            peak_concurrent: self.towards.peak_of_all(),
            peak_concurrent_destination: self.towards.peak_of_one(),
        }
    }
}

/// The name of a sharing rule on the command line.
pub fn name(sharing: Sharing) -> &'static str {
    match sharing {
        Sharing::Endpoint => "endpoint",
        Sharing::Address => "address",
        Sharing::Exclusive => "exclusive",
        Sharing::ExclusiveAnyProtocol => "exclusive-any-protocol",
    }
}

fn by_end(hold_down: HoldDown) -> Option<BTreeMap<&'static str, f64>> {
    let HoldDown::ByEnd { fin, rst, half_open, udp } = hold_down else { return None };
    let named = [("fin", fin), ("rst", rst), ("half_open", half_open), ("udp", udp)];
    Some(named.map(|(name, span)| (name, span.as_secs_f64())).into())
}
