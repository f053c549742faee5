//! The scenario: what a person writes, checked once, and then trusted.

mod arrivals;
mod autoscale;
mod client_pool;
mod cluster;
pub mod deployed;
mod destinations;
pub mod devices;
mod epochs;
mod events;
pub mod file;
pub mod grid;
mod judged;
mod keys;
pub mod knobs;
mod later_devices;
mod laws;
pub mod load_factor;
pub mod network;
pub mod node_stage;
mod option;
pub mod overrides;
mod packets;
mod placement;
pub mod pod;
pub mod presets;
mod prices;
mod probes;
mod ranges;
mod rare;
mod reader;
mod recorded;
mod relay;
mod retry;
mod run;
pub mod schema;
pub mod shipped;
mod surroundings;
mod syn;
mod thresholds;
mod trace;
mod traffic;
pub mod tree;
pub mod units;
mod varying;
mod ways_out;

pub use epochs::{RefusedBy, RefusedLater};
pub use events::{Events, Mark};
pub use file::{read, read_judged, read_text};
pub use judged::Judged;
pub use option::ScenarioOption;
pub use overrides::Override;
pub use prices::{HOURS_PER_MONTH, Per, Price, Prices, read_prices};
pub use recorded::{Behind, recorded};
pub use thresholds::{METRICS as THRESHOLD_METRICS, parse_threshold};
pub use ways_out::NamedWay;

use crate::cluster::Cluster;
use crate::flow::NodeId;
use crate::outbound::masquerade::NodeStage;
pub use crate::outbound::{Outbound, WayOut};
use crate::outbound::{Partition, Paths, Refusal};
use crate::time::SimDuration;
use crate::workload::Workload;
pub use crate::workload::{Destination, Reach};

/// What happens before time 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarmUp {
    /// Chosen from the traffic.
    Auto,
    /// Start from the stationary law.
    Stationary,
    /// Simulated and thrown away.
    For(SimDuration),
}

/// Replications go on until the interval of `failure_ratio` is narrow enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision {
    /// Half-width of the interval as a share of the estimate, above 0 and at most 1.
    pub relative: f64,
    /// But no more replications than this, and no fewer than the first batch.
    pub most: u32,
}

/// How failures are found that plain simulation hardly sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RareMethod {
    /// By theory where that is exact, by splitting where plain simulation sees too few failures.
    Auto,
    /// By splitting, whatever theory says and plain simulation sees.
    Splitting,
}

/// How rare failures are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rare {
    /// By which method.
    pub method: RareMethod,
    /// Trajectories from each level, in each replication.
    pub trajectories: u32,
    /// Independent repetitions of the whole splitting, 20 or more.
    pub replications: u32,
    /// Ports in use at most while a row is at rest; the mean where nothing is said.
    pub base: Option<u64>,
}

/// How long, how often, from which seed.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// Measured time.
    pub duration: SimDuration,
    /// What comes before.
    pub warm_up: WarmUp,
    /// Independent repetitions; the first batch of them where a precision is asked for.
    pub replications: u32,
    /// How narrow an interval is to become by more of them.
    pub precision: Option<Precision>,
    /// How rare failures are found, where that is asked.
    pub rare: Option<Rare>,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Width of a window.
    pub window: SimDuration,
    /// So many times the traffic that the workloads say; they hold it already.
    pub load_factor: f64,
}

/// Comparison of a metric with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// A condition on a result, such as `failure_ratio < 0.001`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// As written.
    pub expression: String,
    /// Metric name: a field of the results, dotted.
    pub metric: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// The limit.
    pub limit: f64,
}

/// A question about the ports busy at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// When, after time 0.
    pub at: SimDuration,
    /// In how many replications are more ports busy than this?
    pub above: Option<u64>,
}

/// A checked scenario: nothing below it checks again.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Title, in the author's words.
    pub title: String,
    /// The outbound device.
    pub outbound: Outbound,
    /// Ways out beside it.
    pub ways_out: Vec<NamedWay>,
    /// What the nodes do to the source address before any, where that is modelled.
    pub node_stage: Option<NodeStage>,
    /// The machines.
    pub cluster: Cluster,
    /// Destinations of all workloads.
    pub destinations: Vec<Destination>,
    /// Workloads, in the order of the file.
    pub workloads: Vec<Workload>,
    /// Run settings.
    pub run: RunSettings,
    /// Thresholds.
    pub thresholds: Vec<Threshold>,
    /// Probes, in order of time.
    pub probes: Vec<Probe>,
    /// What happens while it runs.
    pub events: Events,
    /// The file with every default filled in, for the results.
    pub resolved: serde_json::Value,
}

impl Scenario {
    /// Judges by these thresholds too; one that stands there already counts once.
    pub fn judge_also(&mut self, thresholds: &[Threshold]) {
        for threshold in thresholds {
            if !self.thresholds.contains(threshold) {
                self.thresholds.push(threshold.clone());
            }
        }
    }

    /// The ways out of the cluster at first, or why the platform would refuse them.
    pub fn paths(&self) -> Result<Paths, Refusal> {
        self.paths_of(&self.cluster, &self.outbound)
    }

    /// The ways out of a cluster as it is at some time, with the outbound device as it is then. A node that is away has no ports of
    /// its own.
    fn paths_of(&self, cluster: &Cluster, outbound: &Outbound) -> Result<Paths, Refusal> {
        let node_stage = self.node_stage.iter().map(|stage| stage.egress(cluster));
        let mut paths = Paths::through(node_stage.chain([outbound.egress(cluster)?]).collect());
        for way in &self.ways_out {
            paths.add(way.egress(cluster)?, way.not_for.clone());
        }
        for stage in paths.stages.iter_mut().filter(|stage| stage.partition == Partition::Node) {
            for (number, pool) in stage.pools.iter_mut().enumerate() {
                if cluster.away.contains(&NodeId(number as u32)) {
                    pool.ports.fill(Some(0));
                }
            }
        }
        Ok(paths)
    }
}
