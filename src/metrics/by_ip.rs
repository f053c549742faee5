//! Busy ports of each public IP of a row that chooses between its public IPs.

use super::Cuts;
use super::grid::Grid;
use crate::simulation::{Kept, RowId, System};
use crate::snat::IpChoice;

/// One public IP of a row over the measured time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IpSummary {
    /// Port-nanoseconds in use or at rest.
    pub busy_nanos: u128,
    /// Sum of busy ports over them.
    pub busy: u64,
    /// Sum of its squares.
    pub busy_squares: u128,
}

impl IpSummary {
    /// Adds the same public IP of another part or trial.
    pub fn add(&mut self, other: &Self) {
        let Self { busy_nanos, busy, busy_squares } = other;
        self.busy_nanos += busy_nanos;
        self.busy += busy;
        self.busy_squares += busy_squares;
    }
}

/// The public IPs of one row while it runs.
#[derive(Debug, Clone)]
pub(super) struct IpGrids(Vec<(u128, Grid)>);

impl IpGrids {
    /// Nothing in use on the public IPs of a row, where it chooses between several that are not all alike.
    pub(super) fn of(cuts: &Cuts, system: &System, row: RowId) -> Option<Self> {
        let ips = system.ports(row).len();
        let choice = &system.stage_of(row).rules.ip_choice;
        (ips > 1 && *choice != IpChoice::Uniform).then(|| Self(vec![(0, Grid::new(cuts)); ips]))
    }

    pub(super) fn note(&mut self, cuts: &Cuts, kept: &Kept) {
        let Kept { ip, start, close, release, .. } = *kept;
        if let Some((busy_nanos, grid)) = self.0.get_mut(ip as usize) {
            *busy_nanos += u128::from(cuts.measured(start, release));
            grid.note(start, close, release);
        }
    }

    pub(super) fn summaries(&self) -> Vec<IpSummary> {
        let sum_up = |(busy_nanos, grid): &(u128, Grid)| {
            let mut sum = IpSummary { busy_nanos: *busy_nanos, ..IpSummary::default() };
            for (in_use, resting) in grid.counts() {
                let busy = in_use + resting;
                sum.busy += busy;
                sum.busy_squares += u128::from(busy).pow(2);
            }
            sum
        };
        self.0.iter().map(sum_up).collect()
    }
}
