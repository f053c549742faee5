//! One shard of one trial, on one thread: arrivals meet ports, clients react.
//!
//! A shard is the smallest group of sources that can ever compete for a port or share a client. Shards run
//! apart, and together they give the numbers of one run: nothing here draws a random number that belongs to a
//! shard.

mod batches;
mod client_pools;
mod closed_client;
mod every_size;
mod feed;
mod observer;
mod processes;
mod requests;
mod settlement;
mod shard;
mod stationary;
mod system;
mod trial;
mod workload_process;

pub use every_size::first_attempt_ports;
pub use feed::{Arrival, Feed};
pub use observer::{Attempt, Connected, Fate, Kept, Observer, Outcome, PoolLevel};
pub use settlement::FlowDraws;
pub use shard::{Shard, Sharding, shards};
pub use stationary::unknown_law;
pub use system::{RowId, RowSpec, Source, System, Timing};
pub use trial::{TrialKey, run_shard};
