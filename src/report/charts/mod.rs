//! The charts of a review, made from results.

pub mod connect_delay;
pub mod failure_ratio;
pub mod options;
pub mod port_pools;
pub mod sweep;
pub mod timeline;
pub mod tornado;

use super::chart::Chart;
use crate::experiment::results::Results;

/// Every chart of one run.
pub fn all(results: &Results) -> Vec<Chart> {
    vec![
        failure_ratio::chart(results),
        timeline::chart(results),
        port_pools::chart(results),
        connect_delay::chart(results),
    ]
}
