//! Recorded flows as a workload: how many when, for how long, how they end and where to, and how well that describes them.
//!
//! Flows are taken in any order and not kept: memory grows with the seconds in which flows begin, and with the different
//! destinations and sources. Leaves out what ties one flow to another (sessions, retries).

mod arrivals;
mod counts;
mod destinations;
mod laws;
mod lifetimes;
mod warnings;

pub use arrivals::{Dispersion, FittedArrivals, Piece};
pub use destinations::{DestinationShare, Destinations, Others};
pub use laws::{Candidate, FittedLaw};
pub use lifetimes::FittedLifetime;

use crate::error::Error;
use crate::flow::{EndKind, Protocol};
use crate::import::{Length, Tally, TraceFlow, TraceFormat};
use crate::scenario::shipped;
use counts::Counts;
use foldhash::HashMap;
use lifetimes::Lifetimes;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What was imported.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Traffic {
    /// Version of this shape.
    pub schema_version: u32,
    /// What the files turned out to be.
    pub formats: Vec<&'static str>,
    /// What these formats leave unsaid, and what stands in its place.
    pub unsaid: Vec<&'static str>,
    /// Entries read.
    pub records: u64,
    /// Outbound flows.
    pub flows: u64,
    /// Entries that are no outbound flow, by reason.
    pub not_used: BTreeMap<&'static str, u64>,
    /// Flows without a duration, which counts as 0.
    pub missing_duration: u64,
    /// Flows that were still open when the record ended; their lifetimes are not known.
    pub open_at_end: u64,
    /// Entries that could not be read and were passed over.
    pub skipped_lines: u64,
    /// Whether addresses were replaced.
    pub anonymized: bool,
    /// Prefixes inside, replaced if addresses were.
    pub inside: Vec<String>,
    /// From the second of the first start to the end of that of the last, seconds; null for a list, which is an instant.
    pub duration_s: Option<u64>,
    /// Flows of each source address, the busiest first.
    pub flows_by_source: Vec<u64>,
    /// One for each protocol.
    pub workloads: Vec<FittedWorkload>,
    /// What should not be trusted, and what to do about it.
    pub warnings: Vec<String>,
}

/// The flows of one protocol.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FittedWorkload {
    /// Which.
    pub protocol: Protocol,
    /// Flows.
    pub flows: u64,
    /// Flows of each source, in the order of `flows_by_source`.
    pub flows_by_source: Vec<u64>,
    /// When they begin; null where the record does not say.
    pub arrivals: Option<FittedArrivals>,
    /// How long they last; null where the record does not say.
    pub lifetime: Option<FittedLifetime>,
    /// How they end; null for UDP, which only falls silent.
    pub ends: Option<EndShares>,
    /// Where they go.
    pub destinations: Destinations,
}

/// Shares of the kinds of end, which sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct EndShares {
    /// Closed by FIN, or not told.
    pub fin: f64,
    /// Closed or refused by RST.
    pub rst: f64,
    /// Never answered.
    pub half_open: f64,
}

impl EndShares {
    fn of(ends: &BTreeMap<EndKind, u64>) -> Self {
        let count = |kinds: &[EndKind]| kinds.iter().filter_map(|kind| ends.get(kind)).sum::<u64>() as f64;
        let all = count(&EndKind::ALL).max(1.0);
        let rst = count(&[EndKind::Rst, EndKind::Refused]) / all;
        let half_open = count(&[EndKind::HalfOpen]) / all;
        Self { fin: 1.0 - rst - half_open, rst, half_open }
    }
}

/// What is asked of the fit.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Destinations named one by one, of each protocol.
    pub destinations: usize,
    /// Prefixes inside, as they are to be shown.
    pub inside: Vec<String>,
    /// Whether addresses were replaced.
    pub anonymized: bool,
}

/// Traffic that is being taken.
#[derive(Debug, Default)]
pub struct Observer {
    by_protocol: BTreeMap<Protocol, OfProtocol>,
    sources: HashMap<Ipv4Addr, u64>,
}

/// What was taken of one protocol.
#[derive(Debug, Default)]
struct OfProtocol {
    flows: u64,
    starts: Counts,
    lifetimes: Lifetimes,
    ends: BTreeMap<EndKind, u64>,
    destinations: HashMap<(Ipv4Addr, u16), u64>,
    sources: HashMap<Ipv4Addr, u64>,
}

impl Observer {
    /// Takes a flow.
    pub fn take(&mut self, flow: &TraceFlow) {
        *self.sources.entry(flow.source).or_default() += 1;
        let of = self.by_protocol.entry(flow.protocol).or_default();
        of.flows += 1;
        of.starts.add(flow.start_us);
        // A duration that is not said counts as 0, as in a replay. TCP that was never opened has no lifetime.
        let opened = flow.protocol == Protocol::Udp || flow.end != EndKind::HalfOpen;
        if flow.length != Length::SoFar && opened {
            of.lifetimes.add(flow.duration_us);
        }
        *of.ends.entry(flow.end).or_default() += 1;
        *of.destinations.entry((flow.destination, flow.port)).or_default() += 1;
        *of.sources.entry(flow.source).or_default() += 1;
    }

    /// The workload of what was taken.
    pub fn finish(self, tally: Tally, wanted: &Wanted) -> Result<Traffic, Error> {
        let Self { by_protocol, sources } = self;
        if by_protocol.is_empty() {
            return Err(tally.no_flow());
        }
        let listed = tally.formats.contains(&TraceFormat::ConntrackList);
        if listed && tally.formats.len() > 1 {
            let message = "hold a list of conntrack, which has no times, beside records that have; import the list by itself";
            return Err(Error::input("the files", message));
        }
        let seconds = Counts::seconds(by_protocol.values().map(|of| &of.starts))?;
        let mut by_flows: Vec<(Ipv4Addr, u64)> = sources.into_iter().collect();
        by_flows.sort_by_key(|(address, flows)| (std::cmp::Reverse(*flows), *address));
        let hold_downs = shipped::hold_downs()?;
        let fitted = |(protocol, of): (Protocol, OfProtocol)| FittedWorkload {
            protocol,
            flows: of.flows,
            flows_by_source: by_flows
                .iter()
                .map(|(address, _)| of.sources.get(address).copied().unwrap_or(0))
                .collect(),
            arrivals: (!listed).then(|| FittedArrivals::of(&of.starts, &seconds, &hold_downs)),
            lifetime: if listed { None } else { of.lifetimes.fitted() },
            ends: (protocol == Protocol::Tcp).then(|| EndShares::of(&of.ends)),
            destinations: Destinations::of(of.destinations, of.flows, wanted.destinations),
        };
        let mut unsaid: Vec<&str> = tally.formats.iter().filter_map(|format| format.unsaid()).collect();
        unsaid.dedup();
        let mut traffic = Traffic {
            schema_version: 1,
            formats: tally.formats.iter().map(|format| format.name()).collect(),
            unsaid,
            records: tally.records,
            flows: by_flows.iter().map(|(_, flows)| flows).sum(),
            not_used: tally.not_used,
            missing_duration: tally.missing_duration,
            open_at_end: tally.open_at_end,
            skipped_lines: tally.skipped_lines,
            anonymized: wanted.anonymized,
            inside: wanted.inside.clone(),
            duration_s: (!listed).then_some((seconds.end - seconds.start) as u64),
            flows_by_source: by_flows.iter().map(|(_, flows)| *flows).collect(),
            workloads: by_protocol.into_iter().map(fitted).collect(),
            warnings: Vec::new(),
        };
        traffic.warnings = warnings::warnings(&traffic);
        Ok(traffic)
    }
}
