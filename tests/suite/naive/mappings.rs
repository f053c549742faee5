//! How mappings end: by a close, by silence, by a reset.

use super::case::{End, IdleExpiry, Millis, Protocol};
use super::note::Note;
use super::simulator::{Event, Simulator, nanos};

impl Simulator<'_> {
    pub fn end_mappings(&mut self, flow: usize, end: End) {
        self.flows[flow].closed = true;
        let mut known = true;
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            match known {
                true => {
                    known = self.ports.mappings[mapping].live;
                    self.end_mapping(mapping, end);
                }
                false => self.hears_nothing(flow, mapping),
            }
        }
    }

    /// A nearer stage has forgotten the flow, so its close does not come this far.
    pub fn hears_nothing(&mut self, flow: usize, mapping: usize) {
        let since = self.flows[flow].idle_since.unwrap_or(self.now);
        let time = since + nanos(self.ports.timers(mapping).idle);
        if self.ports.mappings[mapping].live && !self.silences.contains_key(&mapping) {
            self.silent_until(mapping, time);
        }
    }

    pub fn end_mapping(&mut self, mapping: usize, end: End) {
        if !self.ports.mappings[mapping].live {
            return;
        }
        let timers = self.ports.timers(mapping);
        let hold = match end {
            End::Fin => timers.fin,
            End::Rst => timers.rst,
            End::Refused => timers.refused.unwrap_or(timers.rst),
            End::Abandoned | End::HalfOpen => 0,
        };
        self.rest(mapping, hold);
    }

    pub fn rest(&mut self, mapping: usize, hold: Millis) {
        self.never_silent(mapping);
        self.ports.rest(mapping, self.now);
        match hold {
            0 => self.free(mapping),
            hold => {
                self.at(self.now + nanos(hold), Event::Free(mapping));
            }
        }
    }

    pub fn free(&mut self, mapping: usize) {
        self.ports.free(mapping);
        self.keep(mapping, self.now);
    }

    pub fn keep(&mut self, mapping: usize, release: u64) {
        let mapping = &self.ports.mappings[mapping];
        let (start, close, row) = (mapping.start, mapping.close, mapping.row);
        let kept = mapping.ports.iter().map(|_| Note::Kept { start, close, release, row });
        self.notes.extend(kept);
    }

    pub fn what_is_left(&mut self) {
        for mapping in 0..self.ports.mappings.len() {
            if self.ports.mappings[mapping].busy {
                self.keep(mapping, u64::MAX);
            }
        }
    }

    pub fn never_silent(&mut self, mapping: usize) {
        if let Some(key) = self.silences.remove(&mapping) {
            self.events.remove(&key);
        }
    }

    pub fn silent_until(&mut self, mapping: usize, time: u64) {
        self.never_silent(mapping);
        let key = self.at(time, Event::Silence(mapping));
        self.silences.insert(mapping, key);
    }

    /// The end of a connection that a client keeps counts as a close.
    pub fn forgotten_at(&mut self, mapping: usize, time: u64) {
        self.never_silent(mapping);
        let key = self.at(time, Event::Forgotten(mapping));
        self.silences.insert(mapping, key);
    }

    /// What the client does with a connection that a stage has forgotten reaches no other.
    pub fn others_will_be_silent(&mut self, flow: usize) {
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            if let Some((time, ..)) = self.silences.get(&mapping).copied() {
                self.silent_until(mapping, time);
            }
        }
    }

    /// The reset reaches as far as the flow is known.
    pub fn reset_by_the_device(&mut self, flow: usize) {
        let nearer = self.ports.stages.len() - 1;
        let nearer: Vec<usize> = self.flows[flow].mappings[..nearer].iter().flatten().copied().collect();
        let known = nearer.iter().all(|mapping| self.ports.mappings[*mapping].live);
        nearer.into_iter().for_each(|mapping| self.end_mapping(mapping, End::Rst));
        if known {
            self.forgotten(flow);
        }
    }

    /// A stage forgets a flow that has been silent for too long.
    pub fn fall_silent(&mut self, mapping: usize) {
        self.silences.remove(&mapping);
        let flow = self.owners[mapping];
        let udp = self.protocol(self.flows[flow].request) == Protocol::Udp;
        let hold = if udp { self.ports.timers(mapping).udp } else { 0 };
        self.rest(mapping, hold);
        self.others_will_be_silent(flow);
        let resets = self.ports.timers(mapping).idle_expiry == IdleExpiry::Reset;
        if resets && !udp && self.flows[flow].connected {
            self.reset_by_the_device(flow);
        }
    }
}
