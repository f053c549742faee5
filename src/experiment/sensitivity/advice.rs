//! What to measure first, and how.

use super::{Flips, KnobResults, MeasureNext, MeasureReason};
use crate::experiment::diff::Evidence;

/// What flips the decision; else what may; else what moves the metric most. Of several, the one with the widest swing; `knobs` are in that
/// order.
pub(super) fn measure_next(knobs: &[KnobResults]) -> Option<MeasureNext> {
    let first = |why, wanted: &dyn Fn(&KnobResults) -> bool| {
        knobs.iter().position(wanted).map(|knob| MeasureNext { knob, why })
    };
    let moves = |knob: &KnobResults| knob.swing.difference.evidence != Evidence::Same;
    first(MeasureReason::FlipsTheDecision, &|knob| knob.flips == Some(Flips::Yes))
        .or_else(|| {
            first(MeasureReason::MayFlipTheDecision, &|knob| {
                knob.flips == Some(Flips::CannotTell) && moves(knob)
            })
        })
        .or_else(|| first(MeasureReason::WidestSwing, &moves))
}

/// What a configuration says.
const DEPLOYED: [&str; 4] =
    ["outbound.public_ips", "outbound.ports_per_node", "outbound.idle_timeout", "outbound.instances"];

/// Tables whose other keys say how a platform behaves.
const OF_A_PLATFORM: [&str; 3] = ["outbound.", "way_out.", "cluster."];

/// How a quantity is found out, where its model does not say.
pub(super) fn how_to_measure(keys: &[String], of_a_model: bool) -> &'static str {
    let any = |part: &str| keys.iter().any(|key| key.contains(part));
    if any("arrivals") || any("lifetime") || any("destinations") || any(".ends") || any("packets") {
        "record a busy day (flow logs, conntrack, tcptracer) and let `snatsim import traffic` fit rates, lifetimes and destinations"
    } else if any("client_pool") || any("pool_max") || any("retry") || any("timeout") && any("workload") {
        "read it from the client's configuration or code, and count open connections of a pod under load (ss -tan)"
    } else if any("node_pool") || any("nodes") || any("pods") {
        "read it from the cluster: `kubectl get nodes`, `kubectl get pods`, autoscaler limits"
    } else if keys.iter().all(|key| DEPLOYED.contains(&key.as_str())) {
        "read it from what is deployed: `snatsim import config`"
    } else if of_a_model || keys.iter().any(|key| OF_A_PLATFORM.iter().any(|table| key.starts_with(table))) {
        "ask the platform's support, or try it in a cluster of your own"
    } else {
        "it is a choice: settle it with whoever makes it"
    }
}
