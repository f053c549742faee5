//! Whose ports are in use, so that a copy may draw anew how long they still will be.

use super::super::observer::{Attempt, Kept, Observer, Outcome};
use super::super::run::Run;
use super::super::{Arrival, RowId};
use crate::flow::SourceId;
use crate::snat::{Holding, Row};
use crate::time::SimTime;

/// Draws of a lifetime that has to be longer than the flow has lived; then the one that it has is kept.
const TRIES: u32 = 20;

/// Holdings that are over are forgotten when there are so many more than ports in use.
const SLACK: usize = 256;

/// Tells `told` of attempts and outcomes, and remembers who holds a port.
#[derive(Clone, Default)]
pub(super) struct Holders<O> {
    pub told: O,
    granted_to: Option<SourceId>,
    held: Vec<Held>,
    most: usize,
}

/// A port in use.
#[derive(Clone, Copy)]
struct Held {
    row: RowId,
    ip: u32,
    /// Nobody's that is known, where it was there when the run began.
    source: Option<SourceId>,
    start: SimTime,
    close: SimTime,
    release: SimTime,
}

impl<O: Observer> Observer for Holders<O> {
    #[inline]
    fn attempt(&mut self, attempt: Attempt) {
        self.granted_to = attempt.refused.is_none().then_some(attempt.source);
        self.told.attempt(attempt);
    }

    #[inline]
    fn kept(&mut self, kept: Kept) {
        let Kept { row, ip, start, close, release, initial } = kept;
        let source = self.granted_to.filter(|_| !initial);
        if self.held.len() >= self.most {
            self.held.retain(|held| held.release > start);
            self.most = 2 * self.held.len() + SLACK;
        }
        self.held.push(Held { row, ip, source, start, close, release });
    }

    #[inline]
    fn outcome(&mut self, outcome: Outcome) {
        self.told.outcome(outcome);
    }
}

impl<O: Observer> Run<'_, Holders<O>> {
    /// Draws anew how long each flow that is in use goes on. Nothing that happened depends on it, so what is drawn has the same
    /// law as what it replaces: that of a flow which lasts longer than it has lived. Only of rows that count their ports, and
    /// flows that take one.
    pub(super) fn redraw_holdings(&mut self) {
        if self.rows.iter().any(Row::tells_ends) || !self.system.takes_single_ports() {
            return;
        }
        let now = self.now;
        let mut held = std::mem::take(&mut self.observer.held);
        held.retain(|held| held.release > now);
        for each in &mut held {
            self.redraw_holding(each);
        }
        held.sort_by_key(|held| held.release);
        for (row, id) in self.rows.iter_mut().zip(&self.shard.rows) {
            let own = held.iter().filter(|held| held.row == *id);
            row.rebook(own.map(|held| (held.ip, Holding::until(held.close, held.release))));
        }
        self.observer.held = held;
    }

    /// The rest of a flow that has closed is known.
    fn redraw_holding(&mut self, held: &mut Held) {
        let Some(id) = held.source.filter(|_| held.close > self.now) else { return };
        let Ok(position) = self.shard.sources.binary_search(&id) else { return };
        let local = &mut self.sources[position];
        let timers = &local.hops[0].stage.timers;
        for _ in 0..TRIES {
            let arrival = Arrival::of(id, held.start);
            let flow = local.streams.draw(self.system, local.spec, &local.here, &arrival);
            let ends = (flow.lifetime, flow.end);
            let drawn = Holding::of(timers, local.protocol, ends, flow.hold_down, held.start);
            if drawn.close > self.now {
                (held.close, held.release) = (drawn.close, drawn.release);
                return;
            }
        }
    }
}
