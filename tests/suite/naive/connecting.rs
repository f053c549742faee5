//! SYNs, and what comes of them.

use super::case::{End, HalfOpenFrom, Millis, Protocol, Syn};
use super::note::{Awaiting, Note};
use super::ports::Luck;
use super::simulator::{Event, Flow, Request, SECOND, Simulator, nanos};
use std::collections::VecDeque;

impl Simulator<'_> {
    pub fn try_once(&mut self, request: usize) {
        self.requests[request].tries += 1;
        let workload = &self.case.workloads[self.requests[request].workload];
        self.requests[request].deadline = match workload.request_timeout {
            Some(timeout) => self.now + nanos(timeout),
            None => u64::MAX,
        };
        match self.pool_of(request) {
            Some(_) => self.ask_pool(request),
            None => self.open(request),
        }
    }

    /// A new flow.
    pub fn open(&mut self, request: usize) {
        let mappings = vec![None; self.ports.stages.len()];
        self.flows.push(Flow {
            request,
            first: self.now,
            mappings,
            connected: false,
            born: 0,
            idle_since: None,
            closed: false,
            last_packet: u64::MAX,
            granted: None,
            gone: false,
            node_ended: false,
        });
        self.requests[request].connecting = true;
        self.syn(self.flows.len() - 1, 0);
    }

    /// When SYNs go out after the first one, and when their sender gives up.
    pub fn schedule(&self, request: usize) -> (Vec<u64>, u64) {
        let workload = &self.case.workloads[self.requests[request].workload];
        let seconds = |list: &[u64]| list.iter().map(|each| each * SECOND).collect::<Vec<u64>>();
        let timeout = workload.connect_timeout.map(nanos);
        let udp = self.protocol(request) == Protocol::Udp;
        let (mut sent, end) = match &workload.syn {
            _ if udp => return (vec![0], 0),
            Syn::None => return (vec![0], 0),
            Syn::Linux65 => (seconds(&[0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]), 131 * SECOND),
            Syn::LinuxClassic => (seconds(&[0, 1, 3, 7, 15, 31, 63]), 127 * SECOND),
            Syn::Gaps(gaps) => {
                let sums = gaps.iter().scan(0, |sum, gap| {
                    *sum += nanos(*gap);
                    Some(*sum)
                });
                (std::iter::once(0).chain(sums).collect(), timeout.expect("a list has a connect timeout"))
            }
        };
        let end = end.min(timeout.unwrap_or(u64::MAX));
        sent.retain(|offset| *offset < end);
        (sent, end)
    }

    pub fn syn(&mut self, flow: usize, number: usize) {
        let request = self.flows[flow].request;
        let answered = self.refuses(flow) || self.requests[request].end != End::HalfOpen;
        match (self.ask(flow), answered) {
            (false, _) => self.next_syn(flow, number),
            (true, false) => {
                self.flows[flow].granted = Some((number, self.now));
                self.later_syns_meet_the_mapping(flow, number);
            }
            (true, _) => self.connect(flow),
        }
    }

    /// SYNs of a flow that is never answered meet its mapping while the device knows it, and may keep it. The next that
    /// does not counts as armed now.
    pub fn later_syns_meet_the_mapping(&mut self, flow: usize, number: usize) {
        let mapping = self.flows[flow].mappings.last().copied().flatten().expect("it was granted");
        let (until, next) = self.half_open_until(flow, number, self.now, u64::MAX);
        self.silent_until(mapping, until);
        self.next_syn(flow, next);
    }

    /// How long the device knows a flow that got its port at `granted`, and the last of its SYNs before `end` that it meets with.
    pub fn half_open_until(&self, flow: usize, number: usize, granted: u64, end: u64) -> (u64, usize) {
        let Flow { request, first, .. } = self.flows[flow];
        let (sent, _) = self.schedule(request);
        let deadline = self.requests[request].deadline.min(end);
        let mapping = self.flows[flow].mappings.last().copied().flatten().expect("it was granted");
        let (half_open, from) = {
            let timers = self.ports.timers(mapping);
            (nanos(timers.half_open), timers.half_open_from)
        };
        let nearer = self.flows[flow].mappings.iter().flatten().filter(|nearer| **nearer != mapping);
        let nearer = nearer.filter_map(|nearer| self.silences.get(nearer)).map(|(time, ..)| *time).min();
        let mut until = granted + half_open;
        let mut next = number;
        for offset in &sent[number + 1..] {
            let time = first + offset;
            if time >= until || time >= deadline || nearer.is_some_and(|until| time >= until) {
                break;
            }
            next += 1;
            if from == HalfOpenFrom::LastSyn {
                until = time + half_open;
            }
        }
        (until, next)
    }

    pub fn next_syn(&mut self, flow: usize, number: usize) {
        let Flow { request, first, .. } = self.flows[flow];
        let (sent, end) = self.schedule(request);
        let deadline = self.requests[request].deadline;
        let next = sent.get(number + 1).map(|offset| first + offset).filter(|next| *next < deadline);
        match next {
            Some(next) => {
                self.at(next, Event::Syn(flow, number + 1));
            }
            None if sent.len() == 1 && end == 0 => self.give_up(flow),
            None => {
                self.at((first + end).min(deadline), Event::GiveUp(flow));
            }
        }
    }

    /// A port in each stage that does not know the flow yet.
    pub fn ask(&mut self, flow: usize) -> bool {
        let request = self.flows[flow].request;
        let Request { workload, asker, asked, attempted, .. } = self.requests[request];
        self.requests[request].attempted = true;
        let udp = self.protocol(request) == Protocol::Udp;
        let many = self.case.workloads[workload].ports_per_flow;
        let told = self.luck.get_mut(&(self.now, asked, workload as u32, asker.node, asker.destination));
        let luck = told.and_then(VecDeque::pop_front).unwrap_or(Luck::Good);
        let (mut refused, mut same_port) = (None, true);
        let stages = self.ports.stages.len();
        let mut row = self.ports.row(stages - 1, asker);
        for stage in 0..stages {
            let known = self.flows[flow].mappings[stage];
            // Behind another port it is another flow.
            if same_port && known.is_some_and(|mapping| self.ports.mappings[mapping].live) {
                continue;
            }
            match self.ports.take(stage, asker, many, self.now, luck) {
                Ok(mapping) => {
                    same_port = false;
                    self.flows[flow].mappings[stage] = Some(mapping);
                    self.flows[flow].mappings[stage + 1..].fill(None);
                    self.owners.push(flow);
                    let timers = self.ports.timers(mapping);
                    let unanswered = if udp { timers.udp_idle } else { timers.half_open };
                    let until = self.now + nanos(unanswered);
                    self.silent_until(mapping, until);
                }
                Err(reason) => {
                    refused = Some(reason);
                    row = self.ports.row(stage, asker);
                    break;
                }
            }
        }
        self.notes.push(Note::Attempt {
            time: self.now,
            asked,
            first: !attempted,
            workload: workload as u32,
            node: asker.node,
            destination: asker.destination,
            row,
            refused,
        });
        refused.is_none()
    }

    pub fn connect(&mut self, flow: usize) {
        let Flow { request, first, .. } = self.flows[flow];
        let Request { asked, lifetime, end, deadline, .. } = self.requests[request];
        self.notes.push(Note::Connected { time: self.now, asked, first });
        self.notes.push(Note::Flow { asked, succeeded: true });
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            self.never_silent(mapping);
        }
        self.flows[flow].born = self.now;
        self.flows[flow].connected = true;
        self.requests[request].connecting = false;
        let pooled = self.pool_of(request).is_some();
        let tcp = self.protocol(request) == Protocol::Tcp;
        if tcp && (end == End::Refused || self.refuses(flow)) {
            self.end_mappings(flow, End::Refused);
            self.failed(request);
            if pooled {
                self.no_connection(request);
            }
            return;
        }
        if pooled {
            self.established(flow);
            return self.serve(flow, request);
        }
        if self.now.saturating_add(lifetime) > deadline {
            self.live_until(flow, deadline);
            self.at(deadline, Event::TooLate(flow));
            return;
        }
        self.succeeded(request);
        match self.case.workloads[self.requests[request].workload].talk {
            Some(_) => self.talks(flow),
            None => self.live_until(flow, self.now + lifetime),
        }
    }

    /// The flow sends its last packet at `time`.
    pub fn live_until(&mut self, flow: usize, time: u64) {
        let request = self.flows[flow].request;
        let udp = self.protocol(request) == Protocol::Udp;
        self.flows[flow].last_packet = time;
        if !udp && self.requests[request].end != End::Abandoned {
            self.at(time, Event::Close(flow));
            return;
        }
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            let idle = self.idle(flow, mapping, time);
            self.silent_until(mapping, time + nanos(idle));
        }
    }

    /// How long the port of a flow is kept after its last packet at `time`.
    pub fn idle(&self, flow: usize, mapping: usize, time: u64) -> Millis {
        let timers = self.ports.timers(mapping);
        let talked = time - self.ports.mappings[mapping].start;
        match (self.protocol(self.flows[flow].request), timers.udp_stream) {
            (Protocol::Tcp, _) => timers.idle,
            (Protocol::Udp, Some(stream)) if talked > 2 * SECOND => stream,
            (Protocol::Udp, _) => timers.udp_idle,
        }
    }

    pub fn close(&mut self, flow: usize) {
        let request = self.flows[flow].request;
        self.end_mappings(flow, self.requests[request].end);
    }

    /// The client has closed already, or has vanished if it would have.
    pub fn answer_too_late(&mut self, flow: usize) {
        let request = self.flows[flow].request;
        let asked = self.requests[request].asked;
        self.notes.push(Note::TimedOut { asked, awaiting: Awaiting::Answer });
        self.failed(request);
    }

    pub fn give_up(&mut self, flow: usize) {
        let Flow { request, first, .. } = self.flows[flow];
        let Request { asked, deadline, .. } = self.requests[request];
        self.requests[request].connecting = false;
        self.flows[flow].gone = true;
        let (_, end) = self.schedule(request);
        if end > 0 && deadline <= first + end {
            self.notes.push(Note::TimedOut { asked, awaiting: Awaiting::Connection });
        }
        self.notes.push(Note::Flow { asked, succeeded: false });
        self.failed(request);
        if self.pool_of(request).is_some() {
            self.no_connection(request);
        }
    }
}
