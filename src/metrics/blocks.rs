//! Blocks of flows that come in order of time: what is told one by one elsewhere is added up here, with the same sums.

use super::recorder::Recorder;
use super::{BATCHES, SERIES_BIN};
use crate::simulation::{Attempt, Flows, Shard};
use crate::snat::SnatFailure;
use crate::time::SimTime;
use std::ops::Range;

/// Calls `count` with each span of `width` nanoseconds from `origin` on in which there are `times`, and which those are.
fn by_span(times: &[SimTime], origin: SimTime, width: u64, mut count: impl FnMut(usize, Range<usize>)) {
    let mut at = 0;
    while at < times.len() {
        let span = times[at].since(origin).nanos() / width;
        let next = (span + 1).saturating_mul(width);
        let here = times[at..].partition_point(|time| time.since(origin).nanos() < next);
        count(span as usize, at..at + here);
        at += here;
    }
}

impl Recorder<'_> {
    /// Counts a block of flows.
    pub(super) fn count_block(&mut self, shard: &Shard, flows: &Flows) {
        self.summary.simulated_flows += flows.len() as u64;
        let from = flows.times.partition_point(|time| *time < self.cuts.origin);
        let until = flows.times.partition_point(|time| *time < self.cuts.end);
        self.count_asked(flows, from..until);
        self.count_sources(flows, from..until);
        if flows.grants() < flows.len() {
            self.count_refused(shard, flows, from..until);
        }
        self.count_kept(flows, from..until);
    }

    fn count_asked(&mut self, flows: &Flows, measured: Range<usize>) {
        let (times, granted) = (&flows.times[measured.clone()], &flows.granted[measured.clone()]);
        let any_refused = flows.grants() < flows.len();
        let refused = |span: Range<usize>| match any_refused {
            true => granted[span].iter().filter(|granted| !**granted).count() as u64,
            false => 0,
        };
        let origin = self.cuts.origin;
        let summary = &mut self.summary;
        by_span(times, origin, self.cuts.window.nanos().max(1), |window, span| {
            let window = &mut summary.windows[window];
            *window = (window.0 + span.len() as u64, window.1 + refused(span));
        });
        by_span(times, origin, SERIES_BIN.nanos(), |bin, span| {
            let refused = refused(span.clone());
            summary.series[bin].failed += refused;
            summary.series[bin].successful += span.len() as u64 - refused;
        });
        let batch = self.cuts.nanos().div_ceil(BATCHES as u64).max(1);
        by_span(times, origin, batch, |batch, span| {
            let (asked, refused) = (span.len() as u64, refused(span));
            let batch = &mut summary.batches[batch];
            batch.attempts += asked;
            batch.first_attempts += asked;
            batch.flows += asked;
            batch.requests += asked;
            batch.snat_failures += refused;
            batch.first_failures += refused;
            batch.connection_failures += refused;
            batch.request_failures += refused;
        });
        let (asked, refused) = (times.len() as u64, refused(0..granted.len()));
        if asked > refused {
            *summary.connect_delays.entry(0).or_default() += asked - refused;
        }
        let row = &mut self.row(flows.row).figures;
        row.attempts += asked;
        row.first_attempts += asked;
        row.snat_failures += refused;
        row.first_failures += refused;
    }

    fn count_sources(&mut self, flows: &Flows, measured: Range<usize>) {
        if let [source] = self.sources.as_mut_slice() {
            source.0 += measured.len() as u64;
            return;
        }
        for number in measured {
            self.sources[flows.source(number)].0 += 1;
        }
    }

    fn count_refused(&mut self, shard: &Shard, flows: &Flows, measured: Range<usize>) {
        for number in measured.filter(|number| !flows.granted[*number]) {
            let source = flows.source(number);
            self.sources[source].1 += 1;
            let (time, row, reason) = (flows.times[number], flows.row, SnatFailure::NoFreePort);
            let source = shard.sources[source];
            let attempt = Attempt { time, asked: time, is_first: true, source, row, refused: Some(reason) };
            self.refused(&attempt, reason);
        }
    }

    fn count_kept(&mut self, flows: &Flows, measured: Range<usize>) {
        let cuts = self.cuts;
        let row = self.row(flows.row);
        row.grid.begin_all(&flows.times, &flows.granted);
        row.grid.end_all(&flows.closes, &flows.releases, &flows.granted);
        let last = flows.releases.iter().max().copied().unwrap_or(SimTime::NEVER);
        let mut all = Kept::default();
        let spans = flows.times.iter().zip(&flows.releases).zip(&flows.granted);
        if measured.len() == flows.len() && last <= cuts.end {
            for ((start, release), granted) in spans {
                if *granted {
                    all.add(release.since(*start).nanos());
                }
            }
            all.busy_nanos = all.holding_nanos;
        } else {
            for (((start, release), granted), number) in spans.zip(0..) {
                if *granted {
                    all.busy_nanos += u128::from(cuts.measured(*start, *release));
                    if measured.contains(&number) && *release < SimTime::NEVER {
                        all.add(release.since(*start).nanos());
                    }
                }
            }
        }
        row.figures.busy_nanos += all.busy_nanos;
        if !row.is_of_device {
            return;
        }
        self.summary.holdings += all.holdings;
        self.summary.holding_nanos += all.holding_nanos;
        self.summary.holding_square_micros += all.square_micros;
        if self.watch.is_asked() {
            for number in (0..flows.len()).filter(|number| flows.granted[*number]) {
                self.watch.note(flows.times[number], flows.releases[number]);
            }
        }
    }
}

/// Sums over the holdings of a block.
#[derive(Default)]
struct Kept {
    busy_nanos: u128,
    holdings: u64,
    holding_nanos: u128,
    square_micros: u128,
}

impl Kept {
    #[inline(always)]
    fn add(&mut self, nanos: u64) {
        let micros = u128::from(nanos / 1_000);
        self.holdings += 1;
        self.holding_nanos += u128::from(nanos);
        self.square_micros += micros * micros;
    }
}
