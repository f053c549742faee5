//! The observer that keeps everything a report needs.

use super::by_ip::IpGrids;
use super::grid::Grid;
use super::phases::Phases;
use super::summary::{Counts, FirstFailureAt, RowSummary, Summary};
use super::used::UsedGrids;
use super::watch::Watch;
use super::{BATCHES, Cuts, SERIES_BIN};
use crate::flow::{QuotaId, SourceId};
use crate::simulation::{
    Attempt, Connected, Fate, Flows, GaveUp, Kept, Observer, Outcome, PoolLevel, RowId, Shard, System, Used,
};
use crate::snat::SnatFailure;
use crate::time::SimTime;

/// Keeps the numbers of one shard in one trial.
pub struct Recorder<'a> {
    pub(super) cuts: Cuts,
    shard: &'a Shard,
    rows: Vec<LocalRow>,
    pub(super) sources: Vec<(u64, u64)>,
    pub(super) watch: Watch<'a>,
    phases: Phases<'a>,
    used: UsedGrids,
    pub(super) summary: Summary,
    windows: Ticker,
    bins: Ticker,
    batches: Ticker,
}

/// A row of the shard.
pub(super) struct LocalRow {
    pub figures: RowSummary,
    pub grid: Grid,
    stage: usize,
    /// Whether it belongs to an outbound device: only such ports enter sums over rows.
    pub is_of_device: bool,
    /// By public IP, where it chooses between several that are not all alike.
    by_ip: Option<IpGrids>,
}

/// Finds the span of a fixed width that an instant lies in; remembers the last, because instants mostly rise.
struct Ticker {
    width: u64,
    start: u64,
    number: usize,
}

impl Ticker {
    fn new(width: u64) -> Self {
        Self { width: width.max(1), start: 0, number: 0 }
    }

    #[inline]
    fn at(&mut self, nanos: u64) -> usize {
        if nanos.wrapping_sub(self.start) >= self.width {
            self.number = (nanos / self.width) as usize;
            self.start = self.number as u64 * self.width;
        }
        self.number
    }
}

impl<'a> Recorder<'a> {
    /// Nothing recorded yet.
    pub fn new(cuts: Cuts, system: &System, shard: &'a Shard) -> Self {
        let row = |id: &RowId| LocalRow {
            figures: RowSummary::default(),
            grid: Grid::new(&cuts),
            stage: system.rows[id.index()].stage.index(),
            is_of_device: system.is_of_device(*id),
            by_ip: IpGrids::of(&cuts, system, *id),
        };
        Self {
            cuts,
            shard,
            rows: shard.rows.iter().map(row).collect(),
            sources: vec![(0, 0); shard.sources.len()],
            watch: Watch::default(),
            phases: Phases::default(),
            used: UsedGrids::default(),
            summary: Summary::empty(&cuts),
            windows: Ticker::new(cuts.window.nanos()),
            bins: Ticker::new(SERIES_BIN.nanos()),
            batches: Ticker::new(cuts.nanos().div_ceil(BATCHES as u64)),
        }
    }

    /// Counts busy ports at `instants` too, which rise.
    pub fn watching(self, instants: &'a [SimTime]) -> Self {
        Self { watch: Watch::new(instants), ..self }
    }

    /// Counts tries between `instants` too, which rise.
    pub fn telling_apart(self, instants: &'a [SimTime]) -> Self {
        Self { phases: Phases::new(instants), ..self }
    }

    /// The numbers, with the events that the run reported.
    pub fn finish(mut self, events: u64) -> Summary {
        for (row, mut local) in self.shard.rows.iter().zip(std::mem::take(&mut self.rows)) {
            self.sum_up(&mut local);
            let LocalRow { mut figures, by_ip, .. } = local;
            figures.by_ip = by_ip.as_ref().map_or_else(Vec::new, IpGrids::summaries);
            if figures.attempts > 0 || figures.busy_nanos > 0 {
                self.summary.rows.insert(*row, figures);
            }
        }
        let sources = self.shard.sources.iter().zip(&self.sources);
        self.summary.by_source =
            sources.filter(|(_, (attempts, _))| *attempts > 0).map(|(id, n)| (*id, *n)).collect();
        self.summary.used = self.used.sum_up(&self.cuts, &mut self.summary.series);
        self.summary.probes = self.watch.counts();
        self.summary.phases = self.phases.counts;
        self.summary.events = events;
        self.summary
    }

    fn sum_up(&mut self, local: &mut LocalRow) {
        let LocalRow { figures, grid, is_of_device, .. } = local;
        let step = self.cuts.step.nanos();
        let mut busy: Vec<u64> = Vec::new();
        for (instant, (in_use, resting)) in grid.counts().enumerate() {
            busy.push(in_use + resting);
            figures.in_use += in_use;
            figures.resting += resting;
            let bin = (instant as u64 * step / SERIES_BIN.nanos()) as usize;
            if let Some(bin) = self.summary.series.get_mut(bin).filter(|_| *is_of_device) {
                bin.in_use += in_use;
                bin.resting += resting;
            }
        }
        busy.sort_unstable();
        figures.instants =
            busy.chunk_by(|one, other| one == other).map(|alike| (alike[0], alike.len() as u64)).collect();
    }

    #[inline]
    pub(super) fn row(&mut self, id: RowId) -> &mut LocalRow {
        let position = match self.rows.len() {
            1 => 0,
            _ => self.shard.rows.binary_search(&id).unwrap_or_default(),
        };
        &mut self.rows[position]
    }

    #[inline]
    fn source(&mut self, id: SourceId) -> &mut (u64, u64) {
        let position = match self.sources.len() {
            1 => 0,
            _ => self.shard.sources.binary_search(&id).unwrap_or_default(),
        };
        &mut self.sources[position]
    }

    #[inline]
    fn batch(&mut self, first: SimTime) -> &mut Counts {
        let batch = self.batches.at(first.since(self.cuts.origin).nanos());
        &mut self.summary.batches[batch]
    }

    /// Counts at the instant of the try, of any flow.
    #[inline]
    fn count_now(&mut self, attempt: &Attempt, refused: u64) {
        self.phases.note(attempt.time, refused);
        let since = attempt.time.since(self.cuts.origin).nanos();
        let window = self.windows.at(since);
        let window = &mut self.summary.windows[window];
        *window = (window.0 + 1, window.1 + refused);
        let bin = self.bins.at(since);
        let bin = &mut self.summary.series[bin];
        bin.failed += refused;
        bin.successful += 1 - refused;
        let first = u64::from(attempt.is_first);
        let row = &mut self.row(attempt.row).figures;
        row.attempts += 1;
        row.snat_failures += refused;
        row.first_attempts += first;
        row.first_failures += first & refused;
    }

    /// Counts of requests that were asked for in the measured time.
    #[inline]
    fn count_flow(&mut self, attempt: &Attempt, refused: u64) {
        let first = u64::from(attempt.is_first);
        let batch = self.batch(attempt.asked);
        batch.attempts += 1;
        batch.snat_failures += refused;
        batch.first_attempts += first;
        batch.first_failures += first & refused;
        let source = self.source(attempt.source);
        *source = (source.0 + 1, source.1 + refused);
        if let Some(reason) = attempt.refused {
            self.refused(attempt, reason);
        }
    }

    pub(super) fn refused(&mut self, attempt: &Attempt, reason: SnatFailure) {
        let stage = self.row(attempt.row).stage;
        self.summary.reasons_of(stage)[reason as usize] += 1;
        let failure = FirstFailureAt { time: attempt.time, source: attempt.source, row: attempt.row, reason };
        self.summary.last_failure = self.summary.last_failure.max(Some(attempt.time));
        let first = &mut self.summary.first_failure;
        *first = Some(first.map_or(failure, |earlier| earlier.min(failure)));
    }
}

impl Observer for Recorder<'_> {
    #[inline]
    fn attempt(&mut self, attempt: Attempt) {
        let refused = u64::from(attempt.refused.is_some());
        if self.cuts.hold(attempt.time) {
            self.count_now(&attempt, refused);
        }
        if self.cuts.hold(attempt.asked) {
            self.count_flow(&attempt, refused);
        }
    }

    fn flows(&mut self, shard: &Shard, flows: &Flows) {
        match self.phases.counts.is_empty() && self.row(flows.row).by_ip.is_none() {
            true => self.count_block(shard, flows),
            false => flows.tell_each(shard, self),
        }
    }

    #[inline]
    fn kept(&mut self, kept: Kept) {
        let Kept { row, start, close, release, initial, .. } = kept;
        let cuts = self.cuts;
        let LocalRow { figures, grid, is_of_device, by_ip, .. } = self.row(row);
        if let Some(grids) = by_ip {
            grids.note(&cuts, &kept);
        }
        figures.busy_nanos += u128::from(cuts.measured(start, release));
        grid.note(start, close, release);
        if !*is_of_device {
            return;
        }
        self.watch.note(start, release);
        if !initial && release < SimTime::NEVER && cuts.hold(start) {
            let nanos = release.since(start).nanos();
            self.summary.holdings += 1;
            self.summary.holding_nanos += u128::from(nanos);
            self.summary.holding_square_micros += u128::from(nanos / 1_000).pow(2);
        }
    }

    fn used(&mut self, used: Used) {
        self.used.note(&self.cuts, used);
    }

    fn full(&mut self, row: RowId, since: SimTime, until: SimTime) {
        let nanos = self.cuts.measured(since, until);
        self.row(row).figures.full_nanos += nanos;
    }

    #[inline]
    fn connected(&mut self, connected: Connected) {
        if self.cuts.hold(connected.asked) {
            let micros = connected.time.since(connected.first).nanos() / 1_000;
            *self.summary.connect_delays.entry(micros).or_default() += 1;
        }
    }

    #[inline]
    fn outcome(&mut self, outcome: Outcome) {
        let Outcome { asked, flow, request, stale } = outcome;
        self.summary.simulated_flows += u64::from(flow.is_some());
        if self.cuts.hold(asked) {
            let batch = self.batch(asked);
            batch.flows += u64::from(flow.is_some());
            batch.connection_failures += u64::from(flow == Some(Fate::Failed));
            batch.requests += u64::from(request.is_some());
            batch.request_failures += u64::from(request == Some(Fate::Failed));
            batch.stale += u64::from(stale);
        }
    }

    fn pool_level(&mut self, level: PoolLevel) {
        let left = i128::from(self.cuts.measured(level.time, self.cuts.end));
        let pools = &mut self.summary.pools;
        pools.open_nanos += left * i128::from(level.open);
        pools.waiting_nanos += left * i128::from(level.waiting);
        if level.open > 0 && self.cuts.hold(level.time) {
            pools.opened += 1;
        }
    }

    fn waits(&mut self, asked: SimTime) {
        self.summary.pools.waited += u64::from(self.cuts.hold(asked));
    }

    fn wait_timed_out(&mut self, asked: SimTime) {
        self.summary.pools.wait_timeouts += u64::from(self.cuts.hold(asked));
    }

    fn timed_out(&mut self, asked: SimTime, what: GaveUp) {
        let timeouts = &mut self.summary.timeouts;
        let count = match what {
            GaveUp::Line => &mut timeouts.in_line,
            GaveUp::Connecting => &mut timeouts.connecting,
            GaveUp::Answer => &mut timeouts.awaiting_answer,
        };
        *count += u64::from(self.cuts.hold(asked));
    }

    fn backing_off(&mut self, time: SimTime, more: i64) {
        let left = i128::from(self.cuts.measured(time, self.cuts.end));
        self.summary.retries.waiting_nanos += left * i128::from(more);
        if more > 0 && self.cuts.hold(time) {
            self.summary.retries.begun += 1;
        }
    }

    fn refused_by_budget(&mut self, asked: SimTime) {
        self.summary.retries.refused_by_budget += u64::from(self.cuts.hold(asked));
    }

    fn denied(&mut self, asked: SimTime) {
        self.summary.denied += u64::from(self.cuts.hold(asked));
    }

    fn no_local_port(&mut self, asked: SimTime) {
        self.summary.no_local_port += u64::from(self.cuts.hold(asked));
    }

    fn unresolved(&mut self, requests: u64) {
        self.summary.unresolved += requests;
    }

    fn cut_off(&mut self, epoch: u32, flows: u64) {
        *self.summary.cut_off.entry(epoch).or_default() += flows;
    }

    fn scaled(&mut self, time: SimTime, instances: u32, cut_off: u64) {
        self.summary.scaled.push((time, instances, cut_off));
    }

    fn most_live(&mut self, quota: QuotaId, live: u64) {
        *self.summary.most_live.entry(quota).or_default() += live;
    }
}
