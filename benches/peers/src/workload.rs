//! What is asked for on the command line, and the line of JSON that answers it.
//!
//! The numbers are those of the file of the same name in `benches/scenarios`.

use crate::node::Node;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Mean hold, in seconds.
pub(crate) const MEAN_HOLD: f64 = 240.0;

/// How long a flow holds its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// Exponentially distributed around the mean.
    Exponential,
    /// The mean, always.
    Constant,
}

/// One of the three loss systems.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Workload {
    /// The scenario's name, without `.toml`.
    pub name: &'static str,
    /// Nodes, which do not interact.
    pub nodes: u32,
    /// Ports of one node.
    pub ports: u32,
    /// Offered load of one node, in erlang; also the busy ports it starts with.
    pub offered_load: u32,
    /// The distribution of holds.
    pub hold: Hold,
}

const WORKLOADS: [Workload; 3] = [
    Workload { name: "loss-1024", nodes: 64, ports: 1_024, offered_load: 1_000, hold: Hold::Exponential },
    Workload { name: "loss-det", nodes: 64, ports: 1_024, offered_load: 1_000, hold: Hold::Constant },
    Workload {
        name: "nat-pool",
        nodes: 1,
        ports: 16 * 64_512,
        offered_load: 1_000_000,
        hold: Hold::Exponential,
    },
];

impl Workload {
    /// Arrivals at one node, per second.
    pub fn arrival_rate(&self) -> f64 {
        f64::from(self.offered_load) / MEAN_HOLD
    }
}

/// A workload, how long to run it, and with which seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The loss system to run.
    pub workload: Workload,
    /// Arrivals expected by the end, at all nodes together.
    pub arrivals: f64,
    /// The seed of all nodes' streams.
    pub seed: u64,
}

impl Request {
    /// Reads `<workload> <expected arrivals> <seed>`.
    ///
    /// # Errors
    ///
    /// A sentence that says what was found and what to write.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let arguments: Vec<String> = arguments.into_iter().collect();
        let [name, arrivals, seed] = arguments.as_slice() else {
            return Err("write <workload> <expected arrivals> <seed>, as in `loss-1024 1e7 1`".into());
        };
        let workload = WORKLOADS
            .into_iter()
            .find(|workload| workload.name == name)
            .ok_or_else(|| format!("no workload `{name}`; write loss-1024, loss-det or nat-pool"))?;
        let arrivals = arrivals
            .parse()
            .ok()
            .filter(|arrivals: &f64| arrivals.is_finite() && *arrivals > 0.0)
            .ok_or_else(|| format!("`{arrivals}` expected arrivals; write a number above 0, as in 1e7"))?;
        let seed = seed.parse().map_err(|_| format!("seed `{seed}`; write a whole number"))?;
        Ok(Self { workload, arrivals, seed })
    }

    /// The instant at which as many arrivals are expected as asked for, in seconds.
    pub fn end(&self) -> f64 {
        self.arrivals / (self.workload.arrival_rate() * f64::from(self.workload.nodes))
    }

    /// The nodes, idle, each with its own stream.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + use<> {
        let Self { workload, arrivals: _, seed } = *self;
        (0..workload.nodes).map(move |index| Node::new(&workload, seed, index))
    }
}

/// What happened at one node, or at all of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Flows that arrived, blocked ones among them.
    pub arrivals: u64,
    /// Flows that found no free port.
    pub blocked: u64,
    /// Flows that ended.
    pub departures: u64,
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            arrivals: sum.arrivals + one.arrivals,
            blocked: sum.blocked + one.blocked,
            departures: sum.departures + one.departures,
        })
    }
}

/// Counts as one line of JSON; an event is an arrival or a departure that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The workload's name.
    pub workload: &'static str,
    /// The sum over all nodes.
    pub counts: Counts,
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { workload, counts: Counts { arrivals, blocked, departures } } = self;
        let events = arrivals + departures;
        write!(
            formatter,
            r#"{{"workload":"{workload}","arrivals":{arrivals},"blocked":{blocked},"events":{events}}}"#
        )
    }
}
