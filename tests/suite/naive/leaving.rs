//! Nodes that end, and what becomes of their clients, flows and ports.

use super::case::{End, Protocol};
use super::note::Note;
use super::placement::{Leaves, Moment};
use super::simulator::{Flow, Request, Simulator, nanos};

impl Simulator<'_> {
    pub fn moment(&mut self, number: usize) {
        let Moment { ends, .. } = self.moments[number].clone();
        for (node, how) in ends {
            self.node_ends(node, how);
        }
        self.nodes_have_grants(number);
    }

    /// What its clients wait for fails; what they have open they close, unless they are lost; its own ports go.
    fn node_ends(&mut self, node: u32, how: Leaves) {
        let cut_off = self.known_to_the_device(node);
        self.notes.push(Note::CutOff { time: self.now, flows: cut_off });
        let of_node = |simulator: &Self, request: usize| simulator.requests[request].asker.node == node;
        for flow in 0..self.flows.len() {
            if of_node(self, self.flows[flow].request) && !self.flows[flow].node_ended {
                self.flow_ends(flow, how);
            }
        }
        for request in 0..self.requests.len() {
            if of_node(self, request) && self.requests[request].arrived && !self.requests[request].over {
                self.waits_in_vain(request);
            }
        }
        self.kept.retain(|(_, _, of, _), _| *of != node);
        self.tallies.retain(|(_, _, of, _), _| *of != node);
        for mapping in 0..self.ports.mappings.len() {
            if self.ports.is_of_node(mapping, node) && self.ports.mappings[mapping].busy {
                match self.ports.mappings[mapping].live {
                    true => self.rest(mapping, 0),
                    false => self.free(mapping),
                }
            }
        }
    }

    /// Flows that end with their node.
    fn known_to_the_device(&self, node: u32) -> u64 {
        let mappings = self.ports.mappings.iter().zip(&self.owners);
        let ends = mappings.filter(|(mapping, flow)| {
            mapping.live
                && mapping.row.stage == 1
                && mapping.asker.node == node
                && !self.flows[**flow].node_ended
        });
        ends.count() as u64
    }

    fn flow_ends(&mut self, flow: usize, how: Leaves) {
        let Flow { request, connected, closed, idle_since, last_packet, .. } = self.flows[flow];
        self.flows[flow].gone = true;
        self.flows[flow].node_ended = true;
        if !connected {
            return self.no_more_syns(flow);
        }
        if closed {
            return;
        }
        if self.pool_of(request).is_some() {
            self.notes.push(Note::PoolLevel { time: self.now, open: -1, waiting: 0 });
        }
        let udp = self.protocol(request) == Protocol::Udp;
        if how == Leaves::Drained && !udp {
            return self.end_mappings(flow, End::Fin);
        }
        self.flows[flow].closed = true;
        let last = idle_since.unwrap_or(last_packet.min(self.now));
        self.falls_silent_after(flow, last);
    }

    /// The node has sent what it sent.
    fn no_more_syns(&mut self, flow: usize) {
        if let Some((number, granted)) = self.flows[flow].granted {
            let mapping = self.flows[flow].mappings.last().copied().flatten();
            if let Some(mapping) = mapping.filter(|mapping| self.ports.mappings[*mapping].live) {
                let (until, _) = self.half_open_until(flow, number, granted, self.now);
                self.silent_until(mapping, until);
            }
        }
    }

    fn waits_in_vain(&mut self, request: usize) {
        let Request { asked, backs_off, connecting, .. } = self.requests[request];
        let client = self.client(request);
        if connecting {
            self.notes.push(Note::Flow { asked, succeeded: false });
        }
        if backs_off {
            self.notes.push(Note::BackingOff { time: self.now, more: -1 });
        }
        if self.kept.get(&client).is_some_and(|kept| kept.waits(request)) {
            self.notes.push(Note::PoolLevel { time: self.now, open: 0, waiting: -1 });
        }
        self.comes_out(request, false);
    }

    /// As of `time` the flow sends nothing.
    fn falls_silent_after(&mut self, flow: usize, time: u64) {
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            if self.ports.mappings[mapping].live {
                let idle = self.idle(flow, mapping, time);
                self.silent_until(mapping, time + nanos(idle));
            }
        }
    }
}
