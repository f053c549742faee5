//! The run loop of one shard in one trial.

use super::observer::{Kept, Observer};
use super::quota::Enforcement;
use super::request::Request;
use super::run::{Happening, Run};
use super::{Arrival, Feed, Shard, System, Timing, TrialKey, loss, stationary};
use crate::snat::{Asker, Holding};
use crate::time::SimTime;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs `shard` and tells `observer` what happens; returns the number of events (arrivals and releases).
///
/// The run stops in the middle once `stop` is not 0; what was told then means nothing.
pub fn run_shard<O: Observer>(
    system: &System,
    shard: &Shard,
    key: TrialKey,
    stop: &AtomicUsize,
    observer: &mut O,
) -> u64 {
    if shard.pure_loss {
        return loss::run(system, shard, key, stop, observer);
    }
    let mut run = Run::new(system, shard, key, observer);
    if system.timing.stationary {
        run.seat_residents(key);
    }
    run.schedule_epochs();
    run.schedule_scaling();
    run.play(Feed::new(system, shard, key), stop);
    run.finish()
}

/// How often a run looks whether it is to stop.
pub(super) const EVENTS_BETWEEN_LOOKS: u64 = 1 << 16;

impl<'a, O: Observer> Run<'a, O> {
    pub(super) fn seat_residents(&mut self, key: TrialKey) {
        for (position, id) in self.shard.rows.iter().enumerate() {
            for resident in stationary::residents(self.system, &self.shard.sources, *id, key) {
                if let Ok(slot) = self.open_row(position, &Asker::default()) {
                    let row = &mut self.rows[position];
                    let stationary::Resident { close, release } = resident;
                    row.keep_until(slot, Holding::until(close, release));
                    let kept =
                        Kept { row: *id, ip: slot.ip, start: SimTime::ZERO, close, release, initial: true };
                    if !row.tells_ends() {
                        self.observer.kept(kept);
                    }
                }
            }
        }
    }

    fn play(&mut self, mut feed: Feed<'a>, stop: &AtomicUsize) {
        let Timing { end, horizon, .. } = self.system.timing;
        loop {
            let event = self.queue.next_time();
            let arrival = feed.next_time();
            let (time, is_event) = match (event, arrival) {
                (Some(event), Some(arrival)) => (event.min(arrival), event <= arrival),
                (Some(event), None) => (event, true),
                (None, Some(arrival)) => (arrival, false),
                (None, None) => break,
            };
            if time >= end && (self.unresolved == 0 || time >= horizon) {
                break;
            }
            if self.events.is_multiple_of(EVENTS_BETWEEN_LOOKS) && stop.load(Ordering::Relaxed) != 0 {
                break;
            }
            self.now = time;
            self.events += 1;
            if is_event {
                if let Some((_, happening)) = self.queue.pop() {
                    self.happen(happening);
                }
            } else if let Some(arrival) = feed.pop() {
                self.arrive(&arrival);
            }
            while let Some((client, at)) = self.coming_back.pop() {
                feed.come_back(client, at);
            }
        }
    }

    fn finish(mut self) -> u64 {
        let end = self.system.timing.end;
        for connection in self.client_pools.still_open() {
            self.tell_still_open(&connection);
        }
        for row in 0..self.rows.len() {
            self.rows[row].end_all();
            self.tell_ended(row);
        }
        self.tell_used();
        for (row, id) in self.rows.into_iter().zip(&self.shard.rows) {
            for (since, until) in row.full_spans(self.now.max(end)) {
                self.observer.full(*id, since, until);
            }
        }
        for (quota, (id, enforcement)) in self.quotas.iter().zip(&self.shard.quotas) {
            if *enforcement == Enforcement::Watches {
                self.observer.most_live(*id, quota.most_live());
            }
        }
        self.observer.unresolved(self.unresolved);
        self.events
    }

    pub(super) fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Epoch(number) => self.enter_epoch(number),
            Happening::LooksAtLoad(number) => self.look_at_load(number),
            Happening::InstanceComes(number) => self.instance_comes(number),
            Happening::InstanceGoes(number) => self.instance_goes(number),
            Happening::Resend(id) | Happening::GivesUp(id) | Happening::Retry(id) if self.has_left(id) => {
                self.dies_with_its_node(id, matches!(happening, Happening::Retry(_)))
            }
            Happening::Resend(id) => {
                let mut flow = self.release_try(id);
                self.settle(flow.request.asked);
                flow.syns.next_resend += 1;
                self.rehash(&mut flow.request);
                self.attempt(&flow.request, flow.syns, &flow.seats);
            }
            Happening::GivesUp(id) => {
                let flow = self.release_try(id);
                self.settle(flow.request.asked);
                self.connecting_failed(&flow.request, self.now);
            }
            Happening::Retry(id) => {
                let flow = self.release_try(id);
                self.retry(flow.request);
            }
            Happening::AnswerTimesOut(id) => self.answer_times_out(id),
            Happening::StreamTimesOut(connection, id) => self.stream_times_out(connection, id),
            Happening::RequestEnds(connection) => self.request_ends(connection),
            Happening::IdleCloses(connection, generation) => self.idle_closes(connection, generation),
            Happening::MappingExpires(connection, generation) => self.mapping_expires(connection, generation),
            Happening::LifeEnds(connection, born) => self.life_ends(connection, born),
            Happening::WaitEnds { pool, ticket } => self.wait_ends(pool, ticket),
        }
    }

    #[inline]
    pub(super) fn arrive(&mut self, arrival: &Arrival) {
        let Ok(source) = self.shard.sources.binary_search(&arrival.source) else { return };
        let local = &mut self.sources[source];
        let draws = local.streams.draw(self.system, local.spec, &local.here, arrival);
        let (number, workload) = (local.streams.drawn(), local.spec.workload);
        let request = Request::new(source, self.now, number, draws);
        self.budgets.book(&request);
        match arrival.batch_left {
            Some(left) => self.join_batch(workload, request, left),
            None => self.ask(&request),
        }
    }
}
