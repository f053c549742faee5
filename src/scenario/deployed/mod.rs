//! Deployed configuration as the settings of a scenario: what a file says, what the platform takes where it says nothing, what is
//! lacking. `check` judges these settings, `import config` writes them down, so the two cannot disagree.

mod addresses;
mod cluster;
mod devices;
mod exclusions;
mod figures;
mod node_pools;
mod oddities;
mod placement;
mod question;
mod repeats;
mod shared_frontends;
mod text;

pub use figures::{
    ACCEPTANCE, allowed_changes, figure, figure_is_true, outbound_type_of, outbound_types,
    outbound_types_behind,
};
pub use question::with_type;
pub use text::scenario_text;

use super::shipped;
use crate::cluster::{Cluster, NodePool};
use crate::error::Error;
use crate::flow::NodeId;
use crate::import::config::{Deployed, Origin};
use crate::outbound::{Outbound, Refusal};
use crate::scenario::tree::{Node, Value};

/// What a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// A cluster with its node pools.
    Cluster,
    /// An outbound rule of a load balancer.
    OutboundRule,
    /// A NAT gateway.
    NatGateway,
    /// A firewall.
    Firewall,
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A whole number.
    Number(u64),
    /// A text.
    Text(String),
    /// To be filled in.
    Missing,
}

/// A setting of the outbound device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Key of `[outbound]`.
    pub key: &'static str,
    /// Value.
    pub value: SettingValue,
    /// Where it stood, or why it is taken.
    pub origin: String,
}

/// A node pool as the platform counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPool {
    /// Name.
    pub name: String,
    /// Nodes now.
    pub nodes: u32,
    /// Fewest and most nodes by its autoscaler.
    pub autoscale: Option<(u32, u32)>,
    /// Extra nodes of an upgrade.
    pub surge: u32,
    /// Where the numbers stood.
    pub origin: String,
}

/// A node pool of which no file says the count, or the most by its autoscaler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsaidPool {
    /// Name.
    pub name: String,
    /// Nodes now.
    pub nodes: Option<u64>,
    /// Fewest nodes by its autoscaler, if it has one.
    pub least: Option<u64>,
}

/// Something that no file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What.
    pub what: String,
    /// What would say it.
    pub how: String,
}

/// A change of the outbound type that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeChange {
    /// From.
    pub from: String,
    /// To.
    pub to: String,
}

/// One thing to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Name.
    pub name: String,
    /// Resource group of a cluster.
    pub group: Option<String>,
    /// What it is.
    pub kind: SubjectKind,
    /// AKS's word for the way out; of a cluster only.
    pub outbound_type: Option<String>,
    /// Outbound model; absent where no file says what the way out is.
    pub model: Option<String>,
    /// Settings of the device, in the order in which they are written.
    pub settings: Vec<Setting>,
    /// Node pools.
    pub node_pools: Vec<CountedPool>,
    /// Node pools that cannot be counted.
    pub unsaid_pools: Vec<UnsaidPool>,
    /// What no file says.
    pub missing: Vec<Missing>,
    /// What the platform refuses whatever else is said.
    pub refusals: Vec<Refusal>,
    /// What a reader must know before the numbers.
    pub warnings: Vec<String>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
    /// Whether any of its public IPs is the owner's, not made by the platform.
    pub own_ips: bool,
    /// Most instances of a firewall, where that is said.
    pub most_instances: Option<u64>,
    /// Whether the virtual network is the owner's; of a cluster only.
    pub own_network: bool,
    /// A change of the outbound type that a plan makes, or that is asked about.
    pub change: Option<TypeChange>,
}

/// Everything that can be judged, clusters first. What a cluster leaves by is a part of it.
pub fn subjects(deployed: &Deployed) -> Vec<Subject> {
    let mut subjects: Vec<Subject> =
        deployed.clusters.iter().map(|cluster| cluster::subject(cluster, deployed)).collect();
    repeats::join(&mut subjects, deployed);
    subjects.extend(placement::without_cluster(deployed));
    let of_clusters = |balancer: &str| balancer.eq_ignore_ascii_case(cluster::ITS_LOAD_BALANCER);
    if !deployed.clusters.iter().any(|cluster| cluster::leaves_by_gateway(cluster, deployed)) {
        subjects.extend(deployed.nat_gateways.iter().map(|gateway| devices::nat_gateway(gateway, deployed)));
    }
    if !deployed.clusters.iter().any(cluster::leaves_by_route) {
        subjects.extend(deployed.firewalls.iter().map(|firewall| devices::firewall(firewall, deployed)));
    }
    let rules = deployed.outbound_rules.iter();
    let rules = rules.filter(|rule| deployed.clusters.is_empty() || !of_clusters(&rule.load_balancer));
    subjects.extend(rules.map(|rule| devices::outbound_rule(rule, deployed)));
    for what in &deployed.unsure {
        let how = "write it as a literal, or give what is deployed";
        subjects.iter_mut().for_each(|subject| subject.lacks(what.clone(), how));
    }
    subjects
}

impl Subject {
    fn new(kind: SubjectKind, name: &str) -> Self {
        Self {
            name: name.into(),
            group: None,
            kind,
            outbound_type: None,
            model: None,
            settings: Vec::new(),
            node_pools: Vec::new(),
            unsaid_pools: Vec::new(),
            missing: Vec::new(),
            refusals: Vec::new(),
            warnings: Vec::new(),
            assumptions: Vec::new(),
            own_ips: false,
            most_instances: None,
            own_network: false,
            change: None,
        }
    }

    fn set(&mut self, key: &'static str, value: SettingValue, origin: impl Into<String>) {
        self.settings.push(Setting { key, value, origin: origin.into() });
    }

    fn assume(&mut self, what: impl Into<String>) {
        self.assumptions.push(what.into());
    }

    fn lacks(&mut self, what: impl Into<String>, how: impl Into<String>) {
        self.missing.push(Missing { what: what.into(), how: how.into() });
    }

    /// The number of a setting, where it is one.
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.settings.iter().find(|setting| setting.key == key)?.value {
            SettingValue::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The machines; none where the files have no node.
    pub fn cluster(&self) -> Option<Cluster> {
        if self.node_pools.is_empty() {
            return None;
        }
        let mut first = 0;
        let pool = |pool: &CountedPool| {
            let numbers = pool.nodes.max(pool.autoscale.map_or(0, |(_, most)| most));
            let from = NodeId(first);
            first += numbers;
            NodePool {
                name: pool.name.clone(),
                first: from,
                nodes: pool.nodes,
                numbers,
                max_surge: pool.surge,
                most_by_autoscaler: pool.autoscale.map(|(_, most)| most),
                zones: 0,
            }
        };
        Some(Cluster::new(self.node_pools.iter().map(pool).collect(), None))
    }

    /// The device with every setting that is known and within the platform's limits, and the shipped figures of the others.
    pub fn device(&self, cluster: &Cluster) -> Result<Option<Outbound>, Error> {
        let Some(model) = &self.model else { return Ok(None) };
        let refused = |setting: &&Setting| self.refusals.iter().any(|refusal| refusal.key == setting.key);
        let mut table = Node::set(Value::Table(Vec::new()));
        let mut put = |key: &str, value: Value| {
            if let Some(entry) = table.entry(key) {
                *entry = Node::set(value);
            }
        };
        put("model", Value::Text(model.clone()));
        for setting in self.settings.iter().filter(|setting| !refused(setting)) {
            match &setting.value {
                SettingValue::Number(number) => put(setting.key, Value::Integer(*number as i64)),
                SettingValue::Text(text) => put(setting.key, Value::Text(text.clone())),
                SettingValue::Missing => {}
            }
        }
        super::devices::of_table(&self.name, &table, shipped::model_of(&table).as_ref(), cluster).map(Some)
    }
}

fn place(origin: Option<&Origin>) -> String {
    origin.map_or_else(String::new, Origin::to_string)
}
