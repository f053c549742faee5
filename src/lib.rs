//! snatsim simulates how clusters run out of SNAT ports.
//!
//! A scenario is read and checked, simulated in shards, and summed up:
//!
//! ```
//! use snatsim::experiment::{self, Control};
//! use snatsim::simulation::Sharding;
//! use std::sync::atomic::AtomicUsize;
//!
//! let text = r#"
//!     [outbound]
//!     model = "custom"
//!     ports = 1024
//!     [[workload]]
//!     arrivals.burst = { flows = 1500 }
//!     lifetime.constant = { value = "2s" }
//!     syn = "none"
//! "#;
//! let scenario = snatsim::scenario::read("burst.toml", text, &[])?;
//! let stop = AtomicUsize::new(0);
//! let control = Control { threads: 1, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
//! let results = experiment::run(&scenario, &control)?;
//! assert_eq!(results.totals.snat_failures, 10 * 476, "ten replications of a burst that 1,024 ports cannot take");
//! # Ok::<(), snatsim::error::Error>(())
//! ```
//!
//! The layers, from the ground up: [`time`], [`error`], [`flow`], [`random`] and [`event_queue`] name things; [`snat`],
//! [`workload`], [`outbound`] and [`cluster`] describe a system; [`simulation`] runs it; [`metrics`] and [`analytic`]
//! count and check; [`scenario`], [`profile`] and [`import`] read files; [`experiment`] asks and judges; [`report`]
//! and [`cli`] tell.

pub mod analytic;
pub mod cli;
pub mod cluster;
pub mod error;
pub mod event_queue;
pub mod experiment;
pub mod flow;
pub mod import;
pub mod metrics;
pub mod outbound;
pub mod profile;
pub mod random;
pub mod report;
pub mod scenario;
pub mod simulation;
pub mod snat;
pub mod time;
pub mod workload;
