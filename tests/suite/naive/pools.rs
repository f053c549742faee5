//! Connections that clients keep open, one client pool for each workload, pod and destination.

use super::case::{ClientPool, Order};
use super::note::{Awaiting, Note};
use super::simulator::{Event, Flow, Request, Simulator, nanos};

/// Whose client pool it is.
pub type Client = (usize, u32, u32, usize);

#[derive(Debug, Default)]
pub struct Kept {
    /// Connections, those that are being opened too.
    open: u32,
    /// Flows, the one that has been idle for longest first.
    idle: Vec<usize>,
    /// Requests, the one that has waited for longest first.
    line: Vec<usize>,
}

impl Kept {
    pub fn waits(&self, request: usize) -> bool {
        self.line.contains(&request)
    }
}

/// What ends a wait in line; of equal ones that of the client pool.
#[derive(Debug, Clone, Copy)]
pub enum Patience {
    OfThePool,
    OfTheApplication,
}

impl Simulator<'_> {
    pub fn client(&self, request: usize) -> Client {
        let Request { workload, pod, asker, .. } = self.requests[request];
        (workload, pod, asker.node, asker.destination)
    }

    pub fn pool_of(&self, request: usize) -> Option<&ClientPool> {
        self.case.workloads[self.requests[request].workload].client_pool.as_ref()
    }

    fn level(&mut self, open: i64, waiting: i64) {
        self.notes.push(Note::PoolLevel { time: self.now, open, waiting });
    }

    /// A request uses an idle connection, opens one, or waits.
    pub fn ask_pool(&mut self, request: usize) {
        let client = self.client(request);
        let pool = self.pool_of(request).expect("it has one").clone();
        let kept = self.kept.entry(client).or_default();
        let idle = match (kept.idle.is_empty(), pool.order) {
            (true, _) => None,
            (false, Order::Lifo) => kept.idle.pop(),
            (false, Order::Fifo) => Some(kept.idle.remove(0)),
        };
        match idle {
            Some(flow) => self.use_connection(flow, request),
            None if pool.max.is_none_or(|max| kept.open < max) => self.open_connection(request),
            None => self.wait_in_line(request, &pool),
        }
    }

    fn open_connection(&mut self, request: usize) {
        let client = self.client(request);
        self.kept.entry(client).or_default().open += 1;
        self.open(request);
    }

    fn use_connection(&mut self, flow: usize, request: usize) {
        let known =
            self.flows[flow].mappings.iter().flatten().all(|mapping| self.ports.mappings[*mapping].live);
        if known {
            return self.serve(flow, request);
        }
        self.requests[request].stale = true;
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            self.hears_nothing(flow, mapping);
        }
        self.drop_connection(flow);
        match self.pool_of(request).is_some_and(|pool| pool.retry_stale) {
            true => self.ask_pool(request),
            false => self.failed(request),
        }
    }

    /// The request has the connection for its lifetime, or until its application gives up.
    pub fn serve(&mut self, flow: usize, request: usize) {
        let Request { lifetime, deadline, .. } = self.requests[request];
        self.flows[flow].request = request;
        self.flows[flow].idle_since = None;
        self.flows[flow].last_packet = u64::MAX;
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            self.never_silent(mapping);
        }
        if self.now.saturating_add(lifetime) > deadline {
            self.at(deadline, Event::ServedTooLate(flow));
            return;
        }
        self.succeeded(request);
        self.at(self.now + lifetime, Event::Served(flow));
    }

    pub fn served(&mut self, flow: usize) {
        let Flow { request, born, closed, .. } = self.flows[flow];
        if closed {
            return;
        }
        let client = self.client(request);
        let pool = self.pool_of(request).expect("it has one").clone();
        let too_old = pool.max_lifetime.is_some_and(|most| self.now >= born + nanos(most));
        if too_old {
            return self.close_connection(flow);
        }
        if let Some(next) = self.next_in_line(client) {
            return self.serve(flow, next);
        }
        let idle = &mut self.kept.entry(client).or_default().idle;
        if pool.max_idle.is_some_and(|most| idle.len() as u32 >= most) {
            return self.close_connection(flow);
        }
        idle.push(flow);
        self.flows[flow].idle_since = Some(self.now);
        let too_long = pool.idle_timeout.map_or(u64::MAX, |timeout| self.now + nanos(timeout));
        let closes = too_long.min(pool.max_lifetime.map_or(u64::MAX, |most| born + nanos(most)));
        if too_long < u64::MAX {
            self.at(too_long, Event::IdleTooLong(flow, self.now));
        }
        let keepalive = self.case.workloads[self.requests[request].workload].talk.as_ref();
        let keepalive = keepalive.and_then(|talk| talk.keepalive).unwrap_or(u64::MAX);
        // Silence that is no longer than the timeout loses nothing.
        for mapping in self.flows[flow].mappings.clone().into_iter().flatten() {
            if keepalive < self.ports.timers(mapping).idle {
                continue;
            }
            let forgotten = self.now + nanos(self.ports.timers(mapping).idle);
            if forgotten < closes {
                self.forgotten_at(mapping, forgotten);
            }
        }
    }

    /// The application gives the request up, and closes its connection.
    pub fn served_too_late(&mut self, flow: usize) {
        let Flow { request, closed, .. } = self.flows[flow];
        if !closed {
            self.end_mappings(flow, self.requests[request].end);
            self.drop_connection(flow);
            self.connection_may_open(self.client(request));
        }
        self.answer_too_late(flow);
    }

    pub fn idle_too_long(&mut self, flow: usize, since: u64) {
        if self.flows[flow].idle_since == Some(since) && !self.flows[flow].closed {
            self.close_connection(flow);
        }
    }

    /// The device has forgotten a connection, and its client learns it.
    pub fn forgotten(&mut self, flow: usize) {
        let Flow { idle_since, closed, .. } = self.flows[flow];
        if idle_since.is_some() && !closed {
            self.drop_connection(flow);
            self.connection_may_open(self.client(self.flows[flow].request));
        }
    }

    /// Whoever uses a connection whose port went finds out by itself; its client no longer counts it.
    pub fn serves_in_vain(&mut self, flow: usize) {
        let Flow { request, connected, closed, idle_since, .. } = self.flows[flow];
        if self.pool_of(request).is_some() && connected && !closed && idle_since.is_none() {
            self.drop_connection(flow);
            self.connection_may_open(self.client(request));
        }
    }

    pub fn close_connection(&mut self, flow: usize) {
        let end = self.requests[self.flows[flow].request].end;
        self.end_mappings(flow, end);
        self.drop_connection(flow);
        self.connection_may_open(self.client(self.flows[flow].request));
    }

    /// It counts no longer.
    pub fn drop_connection(&mut self, flow: usize) {
        let client = self.client(self.flows[flow].request);
        self.flows[flow].closed = true;
        let kept = self.kept.entry(client).or_default();
        kept.open -= 1;
        kept.idle.retain(|idle| *idle != flow);
        self.level(-1, 0);
    }

    /// A connection that was being opened did not come to be.
    pub fn no_connection(&mut self, request: usize) {
        let client = self.client(request);
        self.kept.entry(client).or_default().open -= 1;
        self.connection_may_open(client);
    }

    pub fn established(&mut self, flow: usize) {
        self.level(1, 0);
        if let Some(most) = self.pool_of(self.flows[flow].request).and_then(|pool| pool.max_lifetime) {
            self.at(self.now + nanos(most), Event::TooOld(flow));
        }
    }

    /// One that serves a request closes afterwards.
    pub fn too_old(&mut self, flow: usize) {
        if self.flows[flow].idle_since.is_some() && !self.flows[flow].closed {
            self.close_connection(flow);
        }
    }

    fn connection_may_open(&mut self, client: Client) {
        if let Some(next) = self.next_in_line(client) {
            self.open_connection(next);
        }
    }

    fn wait_in_line(&mut self, request: usize, pool: &ClientPool) {
        let Request { asked, deadline, .. } = self.requests[request];
        self.notes.push(Note::Waits { asked });
        self.level(0, 1);
        let client = self.client(request);
        self.kept.entry(client).or_default().line.push(request);
        let patience = pool.wait_timeout.map_or(u64::MAX, |timeout| self.now + nanos(timeout));
        let tries = self.requests[request].tries;
        if patience <= deadline && patience < u64::MAX {
            self.at(patience, Event::WaitedTooLong(request, tries, Patience::OfThePool));
        } else if deadline < u64::MAX {
            self.at(deadline, Event::WaitedTooLong(request, tries, Patience::OfTheApplication));
        }
    }

    /// Whoever is given up at this very instant is not served any more.
    fn next_in_line(&mut self, client: Client) -> Option<usize> {
        loop {
            let order = self.case.workloads[client.0].client_pool.as_ref()?.wait_order;
            let line = &mut self.kept.entry(client).or_default().line;
            let next = match order {
                Order::Lifo => line.pop()?,
                Order::Fifo if line.is_empty() => return None,
                Order::Fifo => line.remove(0),
            };
            self.level(0, -1);
            let Request { asked, deadline, .. } = self.requests[next];
            if deadline > self.now {
                return Some(next);
            }
            self.notes.push(Note::TimedOut { asked, awaiting: Awaiting::Line });
            self.failed(next);
        }
    }

    pub fn waited_too_long(&mut self, request: usize, tries: u32, whose: Patience) {
        let client = self.client(request);
        let Request { asked, tries: now_at, .. } = self.requests[request];
        let line = &mut self.kept.entry(client).or_default().line;
        let Some(place) = line.iter().position(|waiting| *waiting == request).filter(|_| now_at == tries)
        else {
            return;
        };
        line.remove(place);
        self.level(0, -1);
        self.notes.push(match whose {
            Patience::OfTheApplication => Note::TimedOut { asked, awaiting: Awaiting::Line },
            Patience::OfThePool => Note::WaitTimedOut { asked },
        });
        self.failed(request);
    }
}
