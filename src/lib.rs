//! snatsim simulates how clusters run out of SNAT ports.
//!
//! The layers, from the ground up: [`time`], [`error`], [`flow`] and [`random`] name things; [`outbound`],
//! [`cluster`] and [`workload`] describe a system; [`simulation`] runs it.

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
