//! snatsim simulates how clusters run out of SNAT ports.

pub mod error;
pub mod time;
