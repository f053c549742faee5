//! What is compared: everything that an observer is told, in words that neither simulator owns.

use std::collections::{BTreeMap, BTreeSet};

/// A row: a stage (0 = node, 1 = device), a port pool of it, and what shares its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub stage: u8,
    pub pool: u32,
    pub scope: Scope,
}

/// Flows that may not have one port at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    Endpoint(usize),
    Address(super::case::Protocol, u8),
    Protocol(super::case::Protocol),
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    NoFreePort,
    DestinationCap,
    NodeCap,
    TotalCap,
    NoEgress,
    SearchGaveUp,
    /// More than one limit is met; which of them is told is nobody's rule.
    Several,
    /// No case has it.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Awaiting {
    Line,
    Connection,
    Answer,
}

/// Times in nanoseconds; `u64::MAX` is after everything that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    Attempt {
        time: u64,
        asked: u64,
        first: bool,
        workload: u32,
        node: u32,
        destination: usize,
        row: Row,
        refused: Option<Reason>,
    },
    Kept {
        start: u64,
        close: u64,
        release: u64,
        row: Row,
    },
    Connected {
        time: u64,
        asked: u64,
        first: u64,
    },
    Flow {
        asked: u64,
        succeeded: bool,
    },
    Request {
        asked: u64,
        succeeded: bool,
        stale: bool,
    },
    Waits {
        asked: u64,
    },
    WaitTimedOut {
        asked: u64,
    },
    TimedOut {
        asked: u64,
        awaiting: Awaiting,
    },
    RefusedByBudget {
        asked: u64,
    },
    BackingOff {
        time: u64,
        more: i64,
    },
    PoolLevel {
        time: u64,
        open: i64,
        waiting: i64,
    },
    CutOff {
        time: u64,
        flows: u64,
    },
}

impl Note {
    /// When it happened; of what has no time, when it was asked for.
    pub fn time(&self) -> u64 {
        match *self {
            Self::Attempt { time, .. }
            | Self::Connected { time, .. }
            | Self::BackingOff { time, .. }
            | Self::CutOff { time, .. }
            | Self::PoolLevel { time, .. } => time,
            Self::Kept { start, .. } => start,
            Self::Flow { asked, .. }
            | Self::Request { asked, .. }
            | Self::Waits { asked }
            | Self::WaitTimedOut { asked }
            | Self::TimedOut { asked, .. }
            | Self::RefusedByBudget { asked } => asked,
        }
    }
}

/// Makes the reasons of `others` as vague as those of `notes`.
pub fn as_vague_as(notes: &[Note], others: &mut [Note]) {
    let who = |note: &Note| match *note {
        Note::Attempt { time, asked, workload, node, refused: Some(reason), .. } => {
            Some(((time, asked, workload, node), reason))
        }
        _ => None,
    };
    let vague: BTreeSet<_> =
        notes.iter().filter_map(who).filter(|(_, reason)| *reason == Reason::Several).collect();
    for other in others {
        let known = who(other).is_some_and(|(who, _)| vague.contains(&(who, Reason::Several)));
        if let Note::Attempt { refused, .. } = other
            && known
        {
            *refused = Some(Reason::Several);
        }
    }
}

/// What is known when `duration` is over: later instants are one, changes of one instant are added up.
pub fn known(notes: Vec<Note>, duration: u64) -> Vec<Note> {
    let until = |time: u64| if time < duration { time } else { u64::MAX };
    let mut levels = BTreeMap::new();
    let mut waits = BTreeMap::new();
    let mut cut_off = BTreeMap::new();
    let mut known = Vec::new();
    for note in notes {
        match note {
            Note::Attempt { time, .. } | Note::Connected { time, .. } if time >= duration => {}
            Note::Kept { start, .. } if start >= duration => {}
            Note::Kept { start, close, release, row } => {
                known.push(Note::Kept { start, close: until(close), release: until(release), row });
            }
            Note::Flow { asked, .. }
            | Note::Request { asked, .. }
            | Note::Waits { asked }
            | Note::WaitTimedOut { asked }
            | Note::TimedOut { asked, .. }
            | Note::RefusedByBudget { asked }
                if asked >= duration => {}
            Note::BackingOff { time, more } if time < duration => *waits.entry(time).or_insert(0) += more,
            Note::PoolLevel { time, open, waiting } if time < duration => {
                let level: &mut (i64, i64) = levels.entry(time).or_default();
                *level = (level.0 + open, level.1 + waiting);
            }
            Note::CutOff { time, flows } => *cut_off.entry(time).or_insert(0) += flows,
            Note::BackingOff { .. } | Note::PoolLevel { .. } => {}
            other => known.push(other),
        }
    }
    known.extend(
        waits.into_iter().filter(|(_, more)| *more != 0).map(|(time, more)| Note::BackingOff { time, more }),
    );
    let cut_off = cut_off.into_iter().filter(|(_, flows)| *flows > 0);
    known.extend(cut_off.map(|(time, flows)| Note::CutOff { time, flows }));
    known.extend(
        levels
            .into_iter()
            .filter(|(_, level)| *level != (0, 0))
            .map(|(time, (open, waiting))| Note::PoolLevel { time, open, waiting }),
    );
    known.sort_unstable();
    known
}
