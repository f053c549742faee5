//! From a checked scenario to results: plan, shards, runner, estimates, verdict.

pub mod results;
