//! One node: its free ports, its counts and its random stream.

use crate::workload::{Counts, Hold, MEAN_HOLD, Workload};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Exp1};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::{Deserialize, Serialize};

/// 2^64 over the golden ratio: seeds that follow each other share few bits.
const SEED_STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// What becomes of a flow that arrives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Admission {
    /// It has a port, and ends after this many seconds.
    Open(f64),
    /// No port is free.
    Blocked,
}

/// A loss system: `busy` never exceeds `ports`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Node {
    stream: Xoshiro256PlusPlus,
    hold: Hold,
    mean_gap: f64,
    ports: u32,
    busy: u32,
    counts: Counts,
}

impl Node {
    pub(crate) fn new(workload: &Workload, seed: u64, index: u32) -> Self {
        Self {
            stream: Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(SEED_STEP) ^ u64::from(index)),
            hold: workload.hold,
            mean_gap: 1.0 / workload.arrival_rate(),
            ports: workload.ports,
            busy: 0,
            counts: Counts::default(),
        }
    }

    /// Takes a port for a flow that was open before the run began; its residual hold, in seconds.
    pub fn open_before(&mut self) -> f64 {
        self.busy += 1;
        match self.hold {
            Hold::Exponential => MEAN_HOLD * self.exponential(),
            Hold::Constant => MEAN_HOLD * self.stream.random::<f64>(),
        }
    }

    /// The time from one arrival to the next, in seconds.
    #[inline]
    pub fn gap(&mut self) -> f64 {
        self.mean_gap * self.exponential()
    }

    /// Counts an arrival and takes a port for it, where one is free.
    #[inline]
    pub fn arrive(&mut self) -> Admission {
        self.counts.arrivals += 1;
        if self.busy == self.ports {
            self.counts.blocked += 1;
            return Admission::Blocked;
        }
        self.busy += 1;
        Admission::Open(match self.hold {
            Hold::Exponential => MEAN_HOLD * self.exponential(),
            Hold::Constant => MEAN_HOLD,
        })
    }

    /// Counts a departure and gives its port back.
    #[inline]
    pub fn depart(&mut self) {
        self.counts.departures += 1;
        self.busy -= 1;
    }

    /// What has happened so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn exponential(&mut self) -> f64 {
        Exp1.sample(&mut self.stream)
    }
}
