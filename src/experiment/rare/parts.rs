//! The parts of a system that share no port: those that are alike are run once.

use crate::experiment::Plan;
use crate::flow::{Protocol, StageId, WorkloadId};
use crate::simulation::{Shard, Sharding, Source, System, Timing, shards, undividable};
use crate::time::SimTime;

/// More parts that differ are not run one by one.
const MOST_PARTS: usize = 64;

/// Parts of a system that behave alike.
pub struct Part {
    /// One of them.
    pub shard: Shard,
    /// How many there are.
    pub alike: u32,
    /// First attempts per second of each.
    pub rate: f64,
    /// Ports of each of its rows.
    pub ports: u64,
}

/// A system that never ends, in parts.
pub struct Parts {
    pub system: System,
    pub origin: SimTime,
    pub parts: Vec<Part>,
}

impl Parts {
    /// The parts of a plan whose flows need ports, or why its failures are not found by splitting.
    pub fn of(plan: &Plan) -> Result<Self, String> {
        let origin = plan.system.timing.origin;
        let mut system = plan.system.clone();
        system.timing = Timing { end: SimTime::NEVER, horizon: SimTime::NEVER, ..system.timing };
        let mut parts: Vec<(Likeness, Part)> = Vec::new();
        for shard in shards(&system, Sharding::Smallest).into_iter().filter(|shard| !shard.rows.is_empty()) {
            if let Some(why) = undividable(&system, &shard) {
                return Err(why.into());
            }
            let likeness = Likeness::of(&system, &shard);
            match parts.iter_mut().find(|(known, _)| *known == likeness) {
                Some((_, part)) => part.alike += 1,
                None => parts.push((likeness, Part::of(&system, shard))),
            }
            if parts.len() > MOST_PARTS {
                return Err(format!("more than {MOST_PARTS} parts that differ share no port"));
            }
        }
        match parts.is_empty() {
            true => Err("no flow needs a port".into()),
            false => Ok(Self { system, origin, parts: parts.into_iter().map(|(_, part)| part).collect() }),
        }
    }
}

impl Part {
    fn of(system: &System, shard: Shard) -> Self {
        let rate =
            |source: &Source| system.workload(source).arrivals.mean_rate().unwrap_or(0.0) * source.share;
        Self {
            rate: shard.sources.iter().map(|source| rate(&system.sources[source.index()])).sum(),
            ports: system.ports_in_row(shard.rows[0]).unwrap_or(u64::MAX),
            shard,
            alike: 1,
        }
    }
}

/// What the law of a part depends on.
#[derive(PartialEq)]
struct Likeness {
    /// Each source: its workload, share, protocol, pods, stage and the rows that it may meet, by position.
    sources: Vec<(WorkloadId, u64, Protocol, u32, StageId, Vec<usize>)>,
    /// Ports of each row, by public IP.
    ports: Vec<Vec<Option<u32>>>,
}

impl Likeness {
    fn of(system: &System, shard: &Shard) -> Self {
        let position = |row| shard.rows.binary_search(row).unwrap_or_default();
        let sources = shard.sources.iter().map(|id| &system.sources[id.index()]).filter_map(|source| {
            let hop = source.hops.last()?;
            let rows = hop.rows.iter().map(position).collect();
            Some((
                source.workload,
                source.share.to_bits(),
                system.protocol(source),
                source.pods,
                hop.stage,
                rows,
            ))
        });
        Self {
            sources: sources.collect(),
            ports: shard.rows.iter().map(|row| system.ports(*row).to_vec()).collect(),
        }
    }
}
