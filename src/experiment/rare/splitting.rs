//! Fixed-effort multilevel splitting (M. and J. Villen-Altamirano 1991; M. Garvels 2000).
//!
//! A part of the system cycles: it is at rest while few ports are in use, leaves that, and comes back. The first stage
//! runs it plainly and keeps how it was whenever a cycle reached the first level. Each later stage starts a fixed number
//! of trajectories from what was kept on its level and follows each until it reaches the next level or is at rest again.
//! What happens before the first level is counted as it is; what happens beyond is weighted by the chance to get there.

use super::levels::Levels;
use super::parts::{Part, Parts};
use crate::metrics::{Counts, Tally};
use crate::simulation::{End, Trajectory, TrialKey};
use std::sync::atomic::AtomicUsize;

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Trajectories from each level.
    pub trajectories: u32,
    /// Ports in use at most while a part is at rest, where that is told.
    pub base: Option<u64>,
}

/// States kept on a level are no more than hold so many ports in all: memory.
const MOST_KEPT_PORTS: u64 = 1 << 23;

/// Stages of the pilot that begin at kept states are told from its others by this.
pub(super) const LATER: u32 = 1;

/// Trajectories of one stage.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stage {
    /// How many there were; cycles of the first stage.
    pub begun: u64,
    /// How many reached the next level.
    pub reached: u64,
    /// How many had every port of a row in use.
    pub full: u64,
    /// How many ended nowhere.
    pub endless: u64,
    /// What happened on them; in the first stage also while at rest.
    pub counts: Counts,
}

/// What one replication found: its stages, the first one first.
pub type Replication = Vec<Stage>;

type State<'a> = Trajectory<'a, Tally>;

/// One replication of the whole splitting.
pub fn replicate(
    all: &Parts,
    part: &Part,
    levels: &Levels,
    effort: Effort,
    key: TrialKey,
    stop: &AtomicUsize,
) -> Replication {
    let (first, mut states) = first_stage(all, part, levels, effort, key.of_trajectory(0, 0), stop);
    let mut stages = vec![first];
    for number in 0..levels.ports.len() {
        if states.is_empty() {
            break;
        }
        let next = levels.ports.get(number + 1).copied();
        let (stage, kept) = later_stage(part, levels, &states, next, effort, (key, number as u32 + 1));
        stages.push(stage);
        states = kept;
    }
    stages
}

fn most_kept(part: &Part, effort: Effort) -> usize {
    u64::from(effort.trajectories).min((MOST_KEPT_PORTS / part.ports.max(1)).max(1)) as usize
}

/// Cycles from rest to rest. Those that reach the first level are not counted beyond it.
pub fn first_stage<'a>(
    all: &'a Parts,
    part: &'a Part,
    levels: &Levels,
    effort: Effort,
    key: TrialKey,
    stop: &'a AtomicUsize,
) -> (Stage, Vec<State<'a>>) {
    let mut shard: State<'a> = Trajectory::new(&all.system, &part.shard, key, stop);
    shard.mean_height(all.origin);
    shard.rise(levels.base, u64::MAX);
    shard.take_told();
    let goal = levels.ports.first().copied();
    let (mut stage, mut kept) = (Stage::default(), Vec::new());
    let end = shard.now() + levels.span;
    while shard.leaves(levels.base, end) {
        stage.begun += 1;
        let excursion = shard.rise(levels.base, goal.unwrap_or(u64::MAX));
        stage.full += u64::from(excursion.highest >= part.ports);
        stage.endless += u64::from(excursion.end == End::Nowhere);
        if excursion.end == End::Nowhere {
            break;
        }
        if excursion.end == End::Goal {
            stage.counts.add(&shard.take_told().counts);
            if stage.reached.is_multiple_of(levels.every) && kept.len() < most_kept(part, effort) {
                kept.push(shard.clone());
            }
            stage.reached += 1;
            let rest = shard.rise(levels.base, u64::MAX);
            stage.endless += u64::from(rest.end == End::Nowhere);
            shard.take_told();
        }
    }
    stage.counts.add(&shard.take_told().counts);
    (stage, kept)
}

/// Trajectories from the states kept on one level until they reach the next, or rest.
pub fn later_stage<'a>(
    part: &Part,
    levels: &Levels,
    states: &[State<'a>],
    next: Option<u64>,
    effort: Effort,
    (key, number): (TrialKey, u32),
) -> (Stage, Vec<State<'a>>) {
    let (mut stage, mut kept) = (Stage::default(), Vec::new());
    for trajectory in 0..effort.trajectories {
        let state = &states[trajectory as usize % states.len()];
        let mut branch = state.branch(key.of_trajectory(number, trajectory));
        let excursion = branch.rise(levels.base, next.unwrap_or(u64::MAX));
        stage.begun += 1;
        stage.full += u64::from(excursion.highest >= part.ports);
        stage.endless += u64::from(excursion.end == End::Nowhere);
        stage.counts.add(&branch.take_told().counts);
        if excursion.end == End::Goal {
            stage.reached += 1;
            if kept.len() < most_kept(part, effort) {
                kept.push(branch);
            }
        }
    }
    (stage, kept)
}
