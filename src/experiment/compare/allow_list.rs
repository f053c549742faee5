//! The addresses that partners must let in.

use crate::outbound::Addresses;
use crate::scenario::Scenario;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Public addresses from which connections may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AllowList {
    /// How many, of all ways out; the most at any time where events change them.
    pub addresses: u64,
    /// Bits of the public IP prefix that `[outbound]` has; null where it has none.
    pub prefix_length: Option<u32>,
}

/// What partners of a cluster as `scenario` describes it must allow.
pub fn allow_list(scenario: &Scenario) -> AllowList {
    let Scenario { outbound, ways_out, cluster, resolved, .. } = scenario;
    let Addresses { count, prefix_length } = outbound.addresses(cluster);
    let events = resolved.get("event").and_then(Value::as_array).into_iter().flatten();
    let later = events.filter_map(|event| event.pointer("/outbound/public_ips")?.as_u64()).max();
    let own = u64::from(count).max(later.unwrap_or(0));
    let others = ways_out.iter().map(|way| u64::from(way.device.addresses(cluster).count));
    AllowList { addresses: own + others.sum::<u64>(), prefix_length }
}
