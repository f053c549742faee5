//! Would the platform accept this configuration? Arithmetic only: nothing is simulated.
//!
//! A scenario and deployed configuration meet in one rule, that of the outbound devices, which refuse the same when they are to be
//! simulated. Leaves out: quotas of subscriptions, and whatever has nothing to do with SNAT ports.

mod changes;
mod numbers;
mod of_deployed;
mod of_scenario;
mod rates;

pub use of_deployed::of_subjects;
pub use of_scenario::of_scenario;

use super::results::SCHEMA_VERSION;
use crate::outbound::Refusal;
use schemars::JsonSchema;
use serde::Serialize;

/// What the platform would say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// It would take the configuration.
    Accepted,
    /// The files do not say enough.
    NeedsInput,
    /// It would refuse it.
    Refused,
}

/// What was found of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Check {
    /// Version of the shape.
    pub schema_version: u32,
    /// What was judged: a cluster, a rule of a load balancer, a device, a scenario.
    pub subject: String,
    /// Refused if anything is, whatever is lacking besides.
    pub verdict: Acceptance,
    /// What a reader must know before the numbers.
    pub warnings: Vec<String>,
    /// Way out in AKS's word, or the model's name where AKS has none for it or several.
    pub outbound_type: Option<String>,
    /// Outbound model.
    pub model: Option<String>,
    /// Nodes that the platform counts: of each node pool the most by its autoscaler, or the nodes now, and the surge of an upgrade.
    pub nodes_counted: Option<u64>,
    /// The same by node pool.
    pub node_pools: Vec<PoolCount>,
    /// Ports of a node: those asked for, or those of its tier for the nodes now; null where nodes share their ports.
    pub ports_per_node: Option<u64>,
    /// Whether tiers decide on them; null where nodes share their ports.
    pub automatic: Option<bool>,
    /// Ports asked for: by the nodes counted, or with tiers by the nodes now; null where nodes share their ports.
    pub ports_needed: Option<u64>,
    /// Ports towards one destination, of all public IPs and instances together; null where they are not known or have no limit.
    pub ports_available: Option<u64>,
    /// Public IPs.
    pub public_ips: Option<u64>,
    /// Most nodes for which the ports suffice, surge included; with tiers the most that they cover.
    pub max_nodes: Option<u64>,
    /// Live connections towards one destination, at most, where the platform limits them besides.
    pub connections_per_destination: Option<u64>,
    /// Ports in use above which the platform calls the device degraded.
    pub degraded_above: Option<f64>,
    /// TCP idle timeout, seconds; null where there is none.
    pub idle_timeout_s: Option<f64>,
    /// What the ports sustain.
    pub rates: Vec<Rate>,
    /// Why it is refused.
    pub problems: Vec<PlatformProblem>,
    /// The smallest change of each setting that would be accepted.
    pub smallest_changes: Vec<Remedy>,
    /// What no file says, without which nothing can be said.
    pub missing: Vec<MissingInput>,
    /// What a change of the outbound type would mean; of clusters only.
    pub outbound_type_changes: Option<TypeChanges>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Each setting with where it came from.
    pub values: Vec<ValueOrigin>,
    /// Everything else that the files hold, each judged by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Check>,
}

/// Nodes of a node pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PoolCount {
    /// Name.
    pub name: String,
    /// Nodes now, or the most by its autoscaler.
    pub nodes: u64,
    /// Extra nodes of an upgrade.
    pub surge: u64,
}

/// What ports sustain of short connections towards one destination.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Rate {
    /// Who has the ports: `node`, `gateway`, `instance`.
    pub per: String,
    /// Those ports.
    pub ports: u64,
    /// How the connections end: `fin`, `rst`, `udp`, `abandoned`.
    pub ends: String,
    /// How long a port is taken for one connection that takes no time itself, seconds.
    pub port_rests_s: f64,
    /// New connections a second, towards one destination.
    pub connections_per_s: f64,
}

/// A reason to refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlatformProblem {
    /// The platform's code, or one in its manner.
    pub code: String,
    /// The numbers.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Where it stands: line and column of a scenario, path of JSON.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A change that would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Remedy {
    /// Setting: `ports_per_node`, `public_ips`, `max_surge`.
    pub setting: String,
    /// Value now.
    pub from: Option<u64>,
    /// Nearest value that is accepted.
    pub to: u64,
    /// In words.
    pub message: String,
    /// How to apply it to a deployed cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What no file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MissingInput {
    /// What.
    pub what: String,
    /// What would say it.
    pub how: String,
}

/// Changes of a cluster's outbound type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TypeChanges {
    /// From.
    pub from: String,
    /// Whether the virtual network is the owner's (else AKS manages it).
    pub own_network: bool,
    /// Types that it may become.
    pub allowed: Vec<String>,
    /// The type asked for, by a plan or on the command line.
    pub asked: Option<String>,
    /// Whether that is among them, or is what the cluster has; null where nothing is asked for.
    pub asked_is_allowed: Option<bool>,
    /// Whether a change drops the connections that are open.
    pub drops_connections: bool,
}

/// A setting and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ValueOrigin {
    /// Key of a scenario.
    pub key: String,
    /// Value.
    pub value: String,
    /// File and path, or source of a model.
    pub origin: String,
}

impl Check {
    fn new(subject: &str) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            subject: subject.into(),
            verdict: Acceptance::NeedsInput,
            warnings: Vec::new(),
            outbound_type: None,
            model: None,
            nodes_counted: None,
            node_pools: Vec::new(),
            ports_per_node: None,
            automatic: None,
            ports_needed: None,
            ports_available: None,
            public_ips: None,
            max_nodes: None,
            connections_per_destination: None,
            degraded_above: None,
            idle_timeout_s: None,
            rates: Vec::new(),
            problems: Vec::new(),
            smallest_changes: Vec::new(),
            missing: Vec::new(),
            outbound_type_changes: None,
            assumptions: Vec::new(),
            values: Vec::new(),
            also: Vec::new(),
        }
    }

    /// The verdict that follows from what was found.
    fn decided(mut self) -> Self {
        self.verdict = match (self.problems.is_empty(), self.missing.is_empty()) {
            (false, _) => Acceptance::Refused,
            (true, false) => Acceptance::NeedsInput,
            (true, true) => Acceptance::Accepted,
        };
        self
    }

    /// It and all that goes with it.
    pub fn all(&self) -> impl Iterator<Item = &Check> {
        std::iter::once(self).chain(&self.also)
    }
}

/// One check of several: the first with the worst verdict, the others with it in their order.
fn together(mut checks: Vec<Check>) -> Option<Check> {
    let worst = checks.iter().map(|check| check.verdict).max()?;
    let first = checks.iter().position(|check| check.verdict == worst)?;
    let mut check = checks.remove(first);
    check.also = checks;
    Some(check)
}

fn problem(refusal: &Refusal, place: Option<String>) -> PlatformProblem {
    let Refusal { code, key: _, message, help } = refusal;
    PlatformProblem { code: (*code).into(), message: message.clone(), help: help.clone(), place }
}
