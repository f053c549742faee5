//! snatsim simulates how clusters run out of SNAT ports.
//!
//! The layers, from the ground up: [`time`], [`error`], [`flow`] and [`random`] name things; [`outbound`],
//! [`cluster`] and [`workload`] describe a system; [`simulation`](crate) runs it.

pub mod cluster;
pub mod error;
pub mod experiment;
pub mod flow;
pub mod outbound;
pub mod scenario;
pub mod time;
pub mod workload;
