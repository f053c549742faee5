//! The same case through the engine.

use super::case::{Arrivals, Case, Protocol, Sharing};
use super::note::{Awaiting, Note, Reason, Row, Scope};
use super::text;
use crate::check;
use snatsim::experiment::Plan;
use snatsim::simulation::{
    Attempt, Connected, Fate, GaveUp, Kept, Observer, Outcome, PoolLevel, RowId, Sharding, System, TrialKey,
    run_shard, shards,
};
use snatsim::snat::SnatFailure;
use snatsim::time::SimTime;
use std::sync::atomic::AtomicUsize;
use tempfile::NamedTempFile;

/// Everything that an observer is told of `case`.
pub fn run(case: &Case, sharding: Sharding) -> Vec<Note> {
    let mut files = Vec::new();
    let names: Vec<String> =
        case.workloads.iter().map(|workload| written(case, &workload.arrivals, &mut files)).collect();
    let text = text::scenario(case, &|workload| names[workload].clone());
    let plan = Plan::new(&check::scenario(&text, &[])).unwrap_or_else(|error| panic!("{error}"));
    let mut listener = Listener { case, system: &plan.system, notes: Vec::new() };
    for shard in shards(&plan.system, sharding) {
        let key = TrialKey { seed: plan.seed, replication: 0 };
        run_shard(&plan.system, &shard, key, &AtomicUsize::new(0), &mut listener);
    }
    listener.notes
}

/// The name of a file with a recorded trace, kept while `files` are.
fn written(case: &Case, arrivals: &Arrivals, files: &mut Vec<NamedTempFile>) -> String {
    let Arrivals::Trace(records) = arrivals else { return String::new() };
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text::csv(case, records)).unwrap();
    let name = file.path().display().to_string();
    files.push(file);
    name
}

struct Listener<'a> {
    case: &'a Case,
    system: &'a System,
    notes: Vec<Note>,
}

impl Listener<'_> {
    /// Named destinations are called after their place, recorded ones after their address.
    fn destination(&self, id: snatsim::flow::DestinationId) -> usize {
        let name = &self.system.destinations[id.index()].name;
        let recorded = |destination: &super::case::Destination| {
            let protocol = match destination.protocol {
                Protocol::Tcp => "tcp",
                Protocol::Udp => "udp",
            };
            format!("{protocol} 203.0.113.{}:{}", destination.address, destination.port)
        };
        let mut all = self.case.destinations.iter().enumerate();
        all.position(|(number, each)| *name == format!("d{number}") || *name == recorded(each))
            .expect("it is one of the case")
    }

    fn row(&self, id: RowId) -> Row {
        let spec = &self.system.rows[id.index()];
        let destination = self.destination(spec.destination);
        let of = &self.case.destinations[destination];
        let device = self.system.is_of_device(id);
        let sharing = match of.protocol {
            _ if !device => Sharing::Endpoint,
            _ if self.case.device.tcp == Sharing::ExclusiveAnyProtocol => Sharing::ExclusiveAnyProtocol,
            Protocol::Tcp => self.case.device.tcp,
            Protocol::Udp => self.case.device.udp,
        };
        let scope = match sharing {
            Sharing::Endpoint => Scope::Endpoint(destination),
            Sharing::Address => Scope::Address(of.protocol, of.address),
            Sharing::Exclusive => Scope::Protocol(of.protocol),
            Sharing::ExclusiveAnyProtocol => Scope::Any,
        };
        Row { stage: u8::from(device), pool: spec.pool.0, scope }
    }
}

fn nanos(time: SimTime) -> u64 {
    time.nanos()
}

impl Observer for Listener<'_> {
    fn attempt(&mut self, attempt: Attempt) {
        let Attempt { time, asked, is_first, source, row, refused } = attempt;
        let source = &self.system.sources[source.index()];
        let reason = |reason| match reason {
            SnatFailure::NoFreePort => Reason::NoFreePort,
            SnatFailure::DestinationCap => Reason::DestinationCap,
            SnatFailure::NodeCap => Reason::NodeCap,
            SnatFailure::TotalCap => Reason::TotalCap,
            SnatFailure::NoEgress => Reason::NoEgress,
            SnatFailure::SearchGaveUp => Reason::SearchGaveUp,
            SnatFailure::TrackingTableFull => Reason::Other,
        };
        self.notes.push(Note::Attempt {
            time: nanos(time),
            asked: nanos(asked),
            first: is_first,
            workload: source.workload.0,
            node: source.node.0,
            destination: self.destination(source.destination),
            row: self.row(row),
            refused: refused.map(reason),
        });
    }

    fn kept(&mut self, kept: Kept) {
        let Kept { row, ip: _, start, close, release, initial } = kept;
        assert!(!initial, "every case starts empty");
        let [start, close, release] = [start, close, release].map(nanos);
        self.notes.push(Note::Kept { start, close, release, row: self.row(row) });
    }

    fn connected(&mut self, connected: Connected) {
        let Connected { asked, first, time } = connected;
        let [time, asked, first] = [time, asked, first].map(nanos);
        self.notes.push(Note::Connected { time, asked, first });
    }

    fn outcome(&mut self, outcome: Outcome) {
        let Outcome { asked, flow, request, stale } = outcome;
        let asked = nanos(asked);
        if let Some(fate) = flow {
            self.notes.push(Note::Flow { asked, succeeded: fate == Fate::Succeeded });
        }
        if let Some(fate) = request {
            self.notes.push(Note::Request { asked, succeeded: fate == Fate::Succeeded, stale });
        }
    }

    fn pool_level(&mut self, level: PoolLevel) {
        let PoolLevel { time, open, waiting } = level;
        self.notes.push(Note::PoolLevel { time: nanos(time), open, waiting });
    }

    fn waits(&mut self, asked: SimTime) {
        self.notes.push(Note::Waits { asked: nanos(asked) });
    }

    fn wait_timed_out(&mut self, asked: SimTime) {
        self.notes.push(Note::WaitTimedOut { asked: nanos(asked) });
    }

    fn timed_out(&mut self, asked: SimTime, what: GaveUp) {
        let awaiting = match what {
            GaveUp::Line => Awaiting::Line,
            GaveUp::Connecting => Awaiting::Connection,
            GaveUp::Answer => Awaiting::Answer,
        };
        self.notes.push(Note::TimedOut { asked: nanos(asked), awaiting });
    }

    fn backing_off(&mut self, time: SimTime, more: i64) {
        self.notes.push(Note::BackingOff { time: nanos(time), more });
    }

    fn refused_by_budget(&mut self, asked: SimTime) {
        self.notes.push(Note::RefusedByBudget { asked: nanos(asked) });
    }

    fn cut_off(&mut self, epoch: u32, flows: u64) {
        let time = self.system.epochs[epoch as usize].at.nanos();
        self.notes.push(Note::CutOff { time, flows });
    }
}
