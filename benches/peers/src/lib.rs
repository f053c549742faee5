//! The loss workloads that every peer runs, so that the peers differ in their event queues alone.
//!
//! Models nodes with a limited number of ports: flows arrive by a Poisson process, hold a port for a while, and
//! are blocked where none is free. A node starts warm, with as many busy ports as its offered load in erlang.
//! Leaves out everything else: port numbers, destinations, hold-downs, retries.
//!
//! Each node has one random stream (xoshiro256++, ziggurat), and draws in this order: the residual holds of the
//! warm start, the first gap, then at each arrival the hold (if a port was free) and the next gap. Peers that
//! keep to it count the same, whatever their event queue.

pub mod node;
pub mod workload;

pub use node::{Admission, Node};
pub use workload::{Request, Workload};
