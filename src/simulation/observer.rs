//! What a run tells whoever keeps numbers.

use super::{RowId, Shard};
use crate::flow::{PortPoolId, Protocol, QuotaId, SourceId, StageId};
use crate::snat::{Holding, SnatFailure};
use crate::time::SimTime;

/// One try to get a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub time: SimTime,
    /// When the request was asked for that it serves.
    pub asked: SimTime,
    /// Whether it is the first for that request.
    pub is_first: bool,
    /// Whose flow.
    pub source: SourceId,
    /// Which row.
    pub row: RowId,
    /// Why it was refused, if it was.
    pub refused: Option<SnatFailure>,
}

/// A port that was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Which row.
    pub row: RowId,
    /// Its public IP, by position in the row.
    pub ip: u32,
    /// Granted; the beginning of the run for a flow of the stationary start.
    pub start: SimTime,
    /// The flow ended.
    pub close: SimTime,
    /// The port came free; [`SimTime::NEVER`] if the run ended first.
    pub release: SimTime,
    /// Whether it was there when the run began.
    pub initial: bool,
}

/// A port pool, of one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolKey {
    /// Its stage.
    pub stage: StageId,
    /// The port pool, of that stage.
    pub pool: PortPoolId,
    /// TCP and UDP have inventories of their own.
    pub protocol: Protocol,
}

/// A port that some row of a port pool held, towards one destination or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The port pool.
    pub pool: PoolKey,
    /// From when on somebody held it.
    pub since: SimTime,
    /// When nobody did any more; [`SimTime::NEVER`] if the run ended first.
    pub until: SimTime,
}

/// A flow got its port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connected {
    /// When the request was asked for that it serves.
    pub asked: SimTime,
    /// The flow's first try.
    pub first: SimTime,
    /// The try that succeeded.
    pub time: SimTime,
}

/// How something came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The flow was connected (or refused by the server); the request was served.
    Succeeded,
    /// The client gave up connecting; the application gave up.
    Failed,
}

/// How a flow, a request, or both came out. With retries a request has several flows; one on a kept-open connection
/// has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// When the request was asked for.
    pub asked: SimTime,
    /// A flow came out.
    pub flow: Option<Fate>,
    /// The request came out.
    pub request: Option<Fate>,
    /// It met a connection whose mapping had expired; told with the request's own outcome.
    pub stale: bool,
}

/// What an application was waiting for when its `request_timeout` was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaveUp {
    /// Its turn in the line of a client pool.
    Line,
    /// A connection.
    Connecting,
    /// The answer: the flow, or its part of a connection, was used in vain.
    Answer,
}

/// Client pools changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolLevel {
    /// When.
    pub time: SimTime,
    /// Connections open, by how many more or fewer.
    pub open: i64,
    /// Requests in line, by how many more or fewer.
    pub waiting: i64,
}

/// Flows that ask one row, each once, in order of time; what follows of each is settled at once.
#[derive(Debug, Clone)]
pub struct Flows {
    /// Which row.
    pub row: RowId,
    /// Of each flow, the position of its source in the shard; a single one if all have the same.
    pub sources: Vec<u32>,
    /// When each asks.
    pub times: Vec<SimTime>,
    /// When each would close.
    pub closes: Vec<SimTime>,
    /// When the port of each would come free.
    pub releases: Vec<SimTime>,
    /// Whether each gets a port; if not, none was free.
    pub granted: Vec<bool>,
    grants: usize,
}

impl Flows {
    /// None so far.
    pub(super) fn of(row: RowId) -> Self {
        let [times, closes, releases] = Default::default();
        Self { row, sources: Vec::new(), times, closes, releases, granted: Vec::new(), grants: 0 }
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// How many get a port.
    pub fn grants(&self) -> usize {
        self.grants
    }

    /// Tells each of them alone.
    pub fn tell_each(&self, shard: &Shard, observer: &mut impl Observer) {
        let row = self.row;
        for number in 0..self.len() {
            let (time, granted) = (self.times[number], self.granted[number]);
            let source = shard.sources[self.source(number)];
            let refused = (!granted).then_some(SnatFailure::NoFreePort);
            observer.attempt(Attempt { time, asked: time, is_first: true, source, row, refused });
            let fate = if granted { Fate::Succeeded } else { Fate::Failed };
            if granted {
                let (close, release) = (self.closes[number], self.releases[number]);
                observer.connected(Connected { asked: time, first: time, time });
                observer.kept(Kept { row, ip: 0, start: time, close, release, initial: false });
            }
            observer.outcome(Outcome { asked: time, flow: Some(fate), request: Some(fate), stale: false });
        }
    }

    /// The position of a flow's source in the shard.
    #[inline]
    pub fn source(&self, number: usize) -> usize {
        let number = if self.sources.len() == 1 { 0 } else { number };
        self.sources[number] as usize
    }

    pub(super) fn clear(&mut self) {
        self.sources.clear();
        self.times.clear();
        self.closes.clear();
        self.releases.clear();
    }

    #[inline]
    pub(super) fn push(&mut self, source: u32, time: SimTime, holding: Holding) {
        self.sources.push(source);
        self.times.push(time);
        self.closes.push(holding.close);
        self.releases.push(holding.release);
    }

    /// Decides on each by when it asks and when it would release its port.
    pub(super) fn grant(&mut self, mut takes: impl FnMut(SimTime, SimTime) -> bool) {
        let asked = self.times.iter().zip(&self.releases);
        self.granted.clear();
        self.granted.extend(asked.map(|(now, release)| takes(*now, *release)));
        self.grants = self.granted.iter().filter(|granted| **granted).count();
    }
}

/// Passes everything on to the one that is borrowed.
macro_rules! pass_on {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        impl<O: Observer> Observer for &mut O {
            #[inline]
            fn flows(&mut self, shard: &Shard, flows: &Flows) {
                (**self).flows(shard, flows);
            }
            $(
                #[inline]
                fn $name(&mut self, $($argument: $type),*) {
                    (**self).$name($($argument),*);
                }
            )*
        }
    };
}

pass_on! {
    attempt(attempt: Attempt);
    kept(kept: Kept);
    used(used: Used);
    full(row: RowId, since: SimTime, until: SimTime);
    connected(connected: Connected);
    outcome(outcome: Outcome);
    pool_level(level: PoolLevel);
    waits(asked: SimTime);
    wait_timed_out(asked: SimTime);
    timed_out(asked: SimTime, what: GaveUp);
    backing_off(time: SimTime, more: i64);
    refused_by_budget(asked: SimTime);
    denied(asked: SimTime);
    no_local_port(asked: SimTime);
    cut_off(epoch: u32, flows: u64);
    scaled(time: SimTime, instances: u32, cut_off: u64);
    unresolved(requests: u64);
    most_live(quota: QuotaId, live: u64);
}

/// Keeps numbers of a run. What it does not ask for, it is told in vain.
pub trait Observer {
    /// A try to get a port was granted or refused.
    fn attempt(&mut self, _attempt: Attempt) {}
    /// A port was kept; told when the end is known, in no particular order.
    fn kept(&mut self, _kept: Kept) {}
    /// Flows that nothing but a lack of ports befalls: each as if it had come alone.
    fn flows(&mut self, shard: &Shard, flows: &Flows)
    where
        Self: Sized,
    {
        flows.tell_each(shard, self);
    }
    /// A port was used, where that is asked for.
    fn used(&mut self, _used: Used) {}
    /// No port of the row was free from `since` to `until`.
    fn full(&mut self, _row: RowId, _since: SimTime, _until: SimTime) {}
    /// A flow got its port.
    fn connected(&mut self, _connected: Connected) {}
    /// A flow or request was decided.
    fn outcome(&mut self, _outcome: Outcome) {}
    /// Connections of client pools were opened or closed, requests joined or left the line.
    fn pool_level(&mut self, _level: PoolLevel) {}
    /// A request asked for at `asked` joins the line of its client pool.
    fn waits(&mut self, _asked: SimTime) {}
    /// It has waited for too long.
    fn wait_timed_out(&mut self, _asked: SimTime) {}
    /// An application gave up a try of a request asked for at `_asked`, waiting for `_what`.
    fn timed_out(&mut self, _asked: SimTime, _what: GaveUp) {}
    /// Applications began (1) or ended (-1) a wait before they try again.
    fn backing_off(&mut self, _time: SimTime, _more: i64) {}
    /// The retry budget of a client refused a retry of a request asked for at `asked`.
    fn refused_by_budget(&mut self, _asked: SimTime) {}
    /// A flow of a request asked for at `asked` was denied before it asked for a port.
    fn denied(&mut self, _asked: SimTime) {}
    /// The pod of a flow of a request asked for at `asked` had no local port left: no SYN was sent.
    fn no_local_port(&mut self, _asked: SimTime) {}
    /// Live flows that an epoch, by its number, cut off.
    fn cut_off(&mut self, _epoch: u32, _flows: u64) {}
    /// A device that scales by itself has so many instances now, and so many live flows were cut off by that.
    fn scaled(&mut self, _time: SimTime, _instances: u32, _cut_off: u64) {}
    /// Measured requests that were neither served nor given up when the run ended.
    fn unresolved(&mut self, _requests: u64) {}
    /// Most flows at one instant that counted towards a quota which was watched.
    fn most_live(&mut self, _quota: QuotaId, _live: u64) {}
}
