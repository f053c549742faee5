//! One shard of one trial, on one thread: arrivals meet ports, clients react.
//!
//! A shard is the smallest group of sources that can ever compete for a port or share a client. Shards run
//! apart, and together they give the numbers of one run: nothing here draws a random number that belongs to a
//! shard.

mod arrival;
mod batches;
mod client_pools;
mod closed_client;
mod connecting;
mod connections;
mod draws;
mod epoch;
mod events;
mod every_size;
mod feed;
mod half_open;
mod in_common;
mod key;
mod layout;
mod local_ports;
mod loss;
mod observer;
mod passage;
mod processes;
mod quota;
mod request;
mod requests;
mod run;
mod scaling;
mod settlement;
mod shard;
mod stationary;
mod system;
mod timeouts;
mod trajectory;
mod trial;
mod workload_process;

pub use arrival::Arrival;
pub use draws::FlowDraws;
pub use epoch::{Epoch, Moves, PodsOnNodes};
pub use every_size::first_attempt_ports;
pub use feed::Feed;
pub use key::TrialKey;
pub use observer::{
    Attempt, Connected, Fate, Flows, GaveUp, Kept, Observer, Outcome, PoolKey, PoolLevel, Used,
};
pub use quota::{Enforcement, QuotaSpec};
pub use shard::{Shard, Sharding, shards};
pub use stationary::unknown_law;
pub use system::{Hop, MOST_STAGES, RowId, RowSpec, Source, System, Timing};
pub use trajectory::{End, Excursion, Trajectory, undividable};
pub use trial::run_shard;
