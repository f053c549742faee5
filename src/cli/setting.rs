//! Settings that `size` can vary, and the values that they may take.

use crate::error::Error;
use crate::experiment::size::Sought;
use crate::profile::Profile;
use crate::scenario::grid::parse_varied;
use crate::scenario::{Outbound, Scenario, shipped, units};
use serde_json::Value;

/// A setting that can be sized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// Public IPs of the outbound device.
    PublicIps,
    /// Ports granted to each node (load balancer), or ports of a port pool (custom).
    PortsPerNode,
    /// Nodes of the only node pool.
    Nodes,
    /// Idle timeout of the outbound device.
    IdleTimeout,
    /// The most connections of the only workload's client pool.
    PoolMax,
    /// Instances of the firewall.
    Instances,
}

/// What `--vary` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Varied {
    /// The setting.
    pub setting: Setting,
    /// Its values, where the flag lists them.
    listed: Option<Vec<u64>>,
}

/// All ports of an address.
const MOST_CUSTOM_PORTS: u64 = 65_536;

/// As many connections of a client pool as are tried.
const MOST_POOLED: u64 = 1_024;

impl Setting {
    const ALL: [Self; 6] =
        [Self::PublicIps, Self::PortsPerNode, Self::Nodes, Self::IdleTimeout, Self::PoolMax, Self::Instances];

    /// As the command line names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PublicIps => "public_ips",
            Self::PortsPerNode => "ports_per_node",
            Self::Nodes => "nodes",
            Self::IdleTimeout => "idle_timeout",
            Self::PoolMax => "pool_max",
            Self::Instances => "instances",
        }
    }

    /// What is looked for among the values that meet the target.
    pub fn sought(self) -> Sought {
        match self {
            Self::PublicIps | Self::PortsPerNode | Self::Nodes | Self::Instances => Sought::Smallest,
            Self::IdleTimeout | Self::PoolMax => Sought::Largest,
        }
    }

    /// The key to set.
    pub fn key(self, base: &Scenario) -> Result<&'static str, Error> {
        match (self, &base.outbound) {
            (Self::PublicIps, _) => Ok("outbound.public_ips"),
            (Self::PortsPerNode, Outbound::LoadBalancer(_)) => Ok("outbound.ports_per_node"),
            (Self::PortsPerNode, Outbound::Custom(_)) => Ok("outbound.ports"),
            (Self::PortsPerNode, _) => Err(Error::input(
                "--vary",
                "ports_per_node belongs to azure/load-balancer and custom; write public_ips",
            )),
            (Self::Nodes, _) => Ok("nodes"),
            (Self::IdleTimeout, _) => Ok("outbound.idle_timeout"),
            (Self::PoolMax, _) => Ok("pool_max"),
            (Self::Instances, _) => Ok("outbound.instances"),
        }
    }

    /// A value as `--set` takes it.
    pub fn written(self, value: u64) -> String {
        match self {
            Self::IdleTimeout => format!("{value}s"),
            _ => value.to_string(),
        }
    }

    /// A value as people write it: a whole number, of a timeout in seconds.
    fn read(self, text: &str) -> Result<u64, String> {
        match self {
            Self::IdleTimeout => {
                let seconds = units::duration(text)?.as_secs_f64();
                match seconds.fract() == 0.0 {
                    true => Ok(seconds as u64),
                    false => Err(format!("\"{text}\" is no whole number of seconds")),
                }
            }
            _ => text.parse().map_err(|_| format!("\"{text}\" is no whole number")),
        }
    }

    /// Every value that may be asked for, rising.
    fn all(self, base: &Scenario) -> Vec<u64> {
        match (self, &base.outbound) {
            (Self::PublicIps, _) => (1..=most(base, "public_ips")).collect(),
            (Self::PortsPerNode, Outbound::LoadBalancer(device)) => {
                let step = u64::from(device.granularity);
                let most = device.largest_grant(base.cluster.nodes_counted());
                (1..=most / step).map(|grants| grants * step).collect()
            }
            (Self::PortsPerNode, _) => (1..=MOST_CUSTOM_PORTS).collect(),
            (Self::Nodes, _) => (1..=most(base, "nodes")).collect(),
            (Self::Instances, _) => {
                let least = model_of(base).and_then(|model| bound(&model, "instances", "least"));
                (least.unwrap_or(1)..=most(base, "instances")).collect()
            }
            (Self::IdleTimeout, _) => {
                let least = model_of(base).and_then(|model| bound(&model, "idle_timeout", "least"));
                (least.unwrap_or(60)..=most(base, "idle_timeout")).step_by(60).collect()
            }
            (Self::PoolMax, _) => (1..=MOST_POOLED).collect(),
        }
    }
}

impl Varied {
    /// Reads `public_ips` or `public_ips=1,2,4..8`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let name = text.split('=').next().unwrap_or_default().trim();
        let Some(setting) = Setting::ALL.into_iter().find(|setting| setting.name() == name) else {
            let all = Setting::ALL.map(Setting::name).join(", ");
            return Err(format!("\"{name}\" cannot be sized; there are {all}"));
        };
        let listed = match text.contains('=') {
            false => None,
            true => {
                let values = parse_varied(text)?.values;
                let mut values =
                    values.iter().map(|value| setting.read(value)).collect::<Result<Vec<_>, _>>()?;
                values.sort_unstable();
                values.dedup();
                Some(values)
            }
        };
        Ok(Self { setting, listed })
    }

    /// Its values, the one most wanted first.
    pub fn candidates(&self, base: &Scenario) -> Result<Vec<u64>, Error> {
        let mut values = self.listed.clone().unwrap_or_else(|| self.setting.all(base));
        if self.setting.sought() == Sought::Largest {
            values.reverse();
        }
        match values.is_empty() {
            true => Err(Error::input("--vary", format!("there is no `{}` to vary", self.setting.name()))),
            false => Ok(values),
        }
    }
}

fn model_of(base: &Scenario) -> Option<Profile> {
    let model = base.resolved.pointer("/outbound/model").and_then(Value::as_str);
    model.and_then(shipped::named)
}

/// The most that the platform allows: its model, or the network plugin; where neither says, as much as any other.
fn most(base: &Scenario, key: &str) -> u64 {
    let plugin = base.resolved.pointer("/cluster/network_plugin").and_then(Value::as_str);
    let plugin = plugin.and_then(|plugin| shipped::all().find(|profile| profile.short_name() == plugin));
    let own = [model_of(base), plugin].into_iter().flatten().find_map(|model| bound(&model, key, "most"));
    let any = || shipped::all().filter_map(|model| bound(&model, key, "most")).max();
    own.or_else(any).unwrap_or(1)
}

/// An end of a model's range: a number, or seconds.
fn bound(model: &Profile, key: &str, end: &str) -> Option<u64> {
    match model.range(key, end)? {
        Value::String(text) => Some(units::duration(&text).ok()?.as_secs_f64() as u64),
        number => number.as_u64(),
    }
}
