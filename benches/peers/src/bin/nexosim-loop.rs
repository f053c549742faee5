//! The same on `NeXosim`: a model per node, which schedules its own arrivals and departures.
//!
//! `nexosim-loop <workload> <expected arrivals> <seed>` prints its counts as one line of JSON. The executor has one
//! thread: an event here is far too small to be worth handing to another. Time is in whole nanoseconds, to the
//! nearest, so the counts are those of the heap loop unless two events of a node are closer than that.

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, QueryId, SimInit, Simulation, SimulationError};
use nexosim::time::MonotonicTime;
use peers::workload::{Counts, Report};
use peers::{Admission, Node, Request};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

/// A node that drives itself.
#[derive(Serialize, Deserialize)]
struct LossNode {
    node: Node,
    open_at_start: u32,
}

#[Model]
impl LossNode {
    #[nexosim(init)]
    async fn warm_start(&mut self, context: &Context<Self>) {
        for _ in 0..self.open_at_start {
            let residual = self.node.open_before();
            Self::depart_after(residual, context);
        }
        self.arrive_after_a_gap(context);
    }

    #[nexosim(schedulable)]
    async fn arrive(&mut self, _: (), context: &Context<Self>) {
        if let Admission::Open(hold) = self.node.arrive() {
            Self::depart_after(hold, context);
        }
        self.arrive_after_a_gap(context);
    }

    #[nexosim(schedulable)]
    async fn depart(&mut self) {
        self.node.depart();
    }

    /// What has happened so far: a replier port.
    async fn counts(&mut self) -> Counts {
        self.node.counts()
    }

    fn arrive_after_a_gap(&mut self, context: &Context<Self>) {
        context
            .schedule_event(nearest(self.node.gap()), schedulable!(Self::arrive), ())
            .expect("the delay is positive");
    }

    fn depart_after(seconds: f64, context: &Context<Self>) {
        context
            .schedule_event(nearest(seconds), schedulable!(Self::depart), ())
            .expect("the delay is positive");
    }
}

/// `seconds` to the nearest nanosecond, and at least one: an event cannot be scheduled for the current time.
fn nearest(seconds: f64) -> Duration {
    Duration::from_nanos(((seconds * 1e9 + 0.5) as u64).max(1))
}

type CountsQuery = QueryId<(), Counts>;

fn bench(request: &Request) -> Result<(Simulation, Vec<CountsQuery>), SimulationError> {
    let mut bench = SimInit::with_num_threads(1);
    let mut queries = Vec::new();
    for (index, node) in request.nodes().enumerate() {
        let mailbox = Mailbox::new();
        queries.push(QuerySource::new().connect(LossNode::counts, &mailbox).register(&mut bench));
        let model = LossNode { node, open_at_start: request.workload.offered_load };
        bench = bench.add_model(model, mailbox, &format!("node-{index}"));
    }
    Ok((bench.init(MonotonicTime::EPOCH)?, queries))
}

fn run(request: &Request) -> Result<Counts, Box<dyn Error>> {
    let (mut simulation, queries) = bench(request)?;
    simulation.step_until(MonotonicTime::EPOCH + nearest(request.end()))?;
    let each: Result<Vec<Counts>, _> =
        queries.iter().map(|query| simulation.process_query(query, ())).collect();
    Ok(each?.into_iter().sum())
}

fn main() -> ExitCode {
    let request = match Request::read(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(sentence) => {
            eprintln!("nexosim-loop: {sentence}");
            return ExitCode::from(2);
        }
    };
    match run(&request) {
        Ok(counts) => {
            println!("{}", Report { workload: request.workload.name, counts });
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("nexosim-loop: {error}");
            ExitCode::FAILURE
        }
    }
}
