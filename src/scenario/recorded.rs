//! The scenario that stands for a trace behind a shipped model: what `replay --model` simulates.

use super::file::read_recorded;
use super::{Override, Scenario};
use crate::error::Error;
use crate::import::Trace;
use std::collections::HashSet;
use std::path::PathBuf;

/// How a trace is laid behind a model.
#[derive(Debug, Clone, Copy)]
pub struct Behind<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// The files that the trace was read from.
    pub files: &'a [PathBuf],
    /// Prefixes inside, as text.
    pub inside: &'a [String],
    /// Arrivals come so many times faster.
    pub faster: u32,
}

/// Each source address is a node, ends are the recorded ones, SYNs are not sent again; measured from the first flow
/// until the second after the last has begun.
pub fn recorded(trace: &Trace, behind: &Behind<'_>, overrides: &[Override]) -> Result<Scenario, Error> {
    let (Some(first), Some(last)) = (trace.flows.first(), trace.flows.last()) else {
        return Err(Error::input("the trace", "holds no outbound flow; check `--inside`"));
    };
    let sources: HashSet<_> = trace.flows.iter().map(|flow| flow.source).collect();
    let seconds = (last.start_us - first.start_us) as u64 / 1_000_000 / u64::from(behind.faster) + 1;
    let files: Vec<String> = behind.files.iter().map(|file| file.display().to_string()).collect();
    let text = serde_json::json!({
        "title": format!("Recorded traffic behind {}", behind.model),
        "outbound": { "model": behind.model },
        "node_pool": [{ "name": "recorded", "nodes": sources.len(), "max_surge": 0 }],
        "workload": [{
            "name": "recorded",
            "arrivals": { "trace": { "files": files, "inside": behind.inside, "faster": behind.faster } },
            "syn": "none",
        }],
        "run": { "duration": format!("{seconds}s"), "replications": 1 },
    });
    read_recorded("--model", &text.to_string(), overrides, trace)
}
