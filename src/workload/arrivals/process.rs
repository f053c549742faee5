//! The process of a whole workload, whatever its kind.

use super::batch::{Batches, Instants};
use super::even::Even;
use super::herd::Herd;
use super::recorded::Player;
use super::renewal::Renewal;
use super::{Arrivals, Poisson, RatePath, TraceArrival, Varying, burst};
use crate::random::{Purpose, Stream};
use crate::time::SimTime;
use crate::workload::Workload;

/// One flow of a workload's process, before it has a source.
pub struct Asked {
    /// When.
    pub time: SimTime,
    /// By whom.
    pub by: By,
    /// How many of its batch follow, where the batch is granted or refused together.
    pub batch_left: Option<u64>,
}

/// Who asks for a flow.
pub enum By {
    /// A pod of the workload.
    Pod(usize),
    /// A recorded source address.
    Recorded(TraceArrival),
}

/// The flows of a workload in order of time.
#[derive(Clone)]
pub struct Process<'a> {
    kind: Kind<'a>,
    pods: usize,
    picks: Stream,
}

#[derive(Clone)]
enum Kind<'a> {
    /// Times already in order, with the pod of each.
    Listed(std::vec::IntoIter<(SimTime, usize)>),
    Even(Even),
    Herd(Herd),
    Batches(Batches<'a>),
    Renewal(Renewal<'a>),
    Trace(Player<'a>),
}

impl<'a> Process<'a> {
    /// The process of `workload`, whose time 0 is `origin`; `stream` gives its stream for a purpose.
    pub fn new(workload: &'a Workload, origin: SimTime, stream: impl Fn(Purpose) -> Stream) -> Self {
        let kind = Kind::new(workload, origin, &stream);
        Self { kind, pods: workload.pods.len(), picks: stream(Purpose::Pod) }
    }
}

impl Process<'_> {
    /// What follows is drawn from other streams, where the process draws anything from flow to flow.
    pub fn redraw(&mut self, stream: impl Fn(Purpose) -> Stream) {
        self.picks = stream(Purpose::Pod);
        match &mut self.kind {
            Kind::Batches(batches) => batches.redraw(stream),
            Kind::Renewal(renewal) => renewal.redraw(stream(Purpose::Arrivals)),
            Kind::Listed(_) | Kind::Even(_) | Kind::Herd(_) | Kind::Trace(_) => {}
        }
    }
}

impl Iterator for Process<'_> {
    type Item = Asked;

    fn next(&mut self) -> Option<Asked> {
        let pods = self.pods;
        let asked = |time, pod| Asked { time, by: By::Pod(pod), batch_left: None };
        Some(match &mut self.kind {
            Kind::Listed(flows) => flows.next().map(|(time, pod)| asked(time, pod))?,
            Kind::Even(even) => {
                let (time, number) = even.next();
                asked(time, number.rem_euclid(pods as i64) as usize)
            }
            Kind::Herd(herd) => herd.next().map(|(time, client)| asked(time, client as usize % pods))?,
            Kind::Batches(batches) => {
                let (time, batch_left) = batches.next()?;
                Asked { batch_left, ..asked(time, self.picks.below(pods as u64) as usize) }
            }
            Kind::Renewal(renewal) => asked(renewal.next_time(), self.picks.below(pods as u64) as usize),
            Kind::Trace(player) => {
                let (time, record) = player.next()?;
                Asked { time, by: By::Recorded(record), batch_left: None }
            }
        })
    }
}

impl<'a> Kind<'a> {
    fn new(workload: &'a Workload, origin: SimTime, stream: impl Fn(Purpose) -> Stream) -> Self {
        match workload.arrivals.unscaled() {
            Arrivals::Even { gap_s, first } => Self::Even(Even::new(origin, *first, *gap_s)),
            Arrivals::Burst { at, flows, spread } => {
                let draws = stream(Purpose::Shape);
                Self::Listed(burst::flows(&workload.pods, origin + *at, flows, *spread, draws).into_iter())
            }
            Arrivals::Herd { every, clients, jitter } => {
                Self::Herd(Herd::new(origin, *every, *clients, *jitter, stream(Purpose::Shape)))
            }
            Arrivals::Batch { rate, size, accept } => {
                let draws = stream(Purpose::Arrivals);
                let instants = match workload.arrivals.factor() {
                    None => Poisson::new(*rate, draws).map(Instants::Fixed),
                    Some(_) => RatePath::new(&workload.arrivals, origin, stream(Purpose::Phases))
                        .map(|path| Instants::Varying(Varying::new(path, 1.0, draws))),
                };
                Self::Batches(Batches::new(instants, size, *accept, stream(Purpose::Shape)))
            }
            Arrivals::Renewal { gap } => Self::Renewal(Renewal::new(gap, stream(Purpose::Arrivals))),
            Arrivals::Trace(recorded) => Self::Trace(Player::new(recorded, origin, stream(Purpose::Shape))),
            Arrivals::Poisson { .. }
            | Arrivals::Phased(_)
            | Arrivals::Sinusoid(_)
            | Arrivals::Scaled { .. }
            | Arrivals::Closed { .. }
            | Arrivals::Piecewise(_) => Self::Listed(Vec::new().into_iter()),
        }
    }
}
