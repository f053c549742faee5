//! Devices that change the number of their instances by themselves.

use super::PortPool;
use crate::time::SimDuration;

/// What fills an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Live flows, of so many.
    Flows {
        /// Flows that fill an instance.
        of: u32,
    },
    /// Ports that serve a flow or rest, of those towards the fullest destination.
    Ports,
}

/// When instances come and go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScalingRule {
    /// What is looked at, on average over instances.
    pub load: Load,
    /// One more is asked for at this share or above.
    pub out_at: f64,
    /// One goes below this share.
    pub in_below: f64,
    /// How often it is looked at.
    pub every: SimDuration,
    /// How long an instance takes to come; meanwhile no other is asked for.
    pub takes: SimDuration,
    /// Most instances.
    pub most: u32,
}

/// A rule, and what each number of instances has.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// The rule.
    pub rule: ScalingRule,
    /// Port pools from the fewest instances on, each with one more than the one before; the device begins with the first.
    pub layouts: Vec<Vec<PortPool>>,
}
