//! The plainest peer: one loop over one `std::collections::BinaryHeap`, one clock for all nodes.
//!
//! `heap-loop <workload> <expected arrivals> <seed>` prints its counts as one line of JSON.

use peers::workload::Report;
use peers::{Admission, Node, Request};
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::process::ExitCode;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Arrival,
    Departure,
}

/// Ordered by time, then first come; `seconds` is never NaN.
#[derive(Debug, Clone, Copy)]
struct Event {
    seconds: f64,
    order: u64,
    node: u32,
    kind: Kind,
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        self.seconds.total_cmp(&other.seconds).then(self.order.cmp(&other.order))
    }
}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Event {}

/// All pending events.
struct Queue {
    heap: BinaryHeap<Reverse<Event>>,
    pushed: u64,
}

impl Queue {
    fn with_capacity(events: usize) -> Self {
        Self { heap: BinaryHeap::with_capacity(events), pushed: 0 }
    }

    fn push(&mut self, seconds: f64, node: u32, kind: Kind) {
        self.pushed += 1;
        self.heap.push(Reverse(Event { seconds, order: self.pushed, node, kind }));
    }

    fn pop(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse(event)| event)
    }
}

fn warm_start(request: &Request, nodes: &mut [Node]) -> Queue {
    let open = request.workload.offered_load;
    let mut queue = Queue::with_capacity(nodes.len() * (open as usize + 2));
    for (index, node) in (0..).zip(nodes) {
        for _ in 0..open {
            queue.push(node.open_before(), index, Kind::Departure);
        }
        queue.push(node.gap(), index, Kind::Arrival);
    }
    queue
}

fn run_until(end: f64, nodes: &mut [Node], queue: &mut Queue) {
    while let Some(Event { seconds, order: _, node: index, kind }) = queue.pop() {
        if seconds > end {
            break;
        }
        let node = &mut nodes[index as usize];
        match kind {
            Kind::Arrival => {
                if let Admission::Open(hold) = node.arrive() {
                    queue.push(seconds + hold, index, Kind::Departure);
                }
                queue.push(seconds + node.gap(), index, Kind::Arrival);
            }
            Kind::Departure => node.depart(),
        }
    }
}

fn main() -> ExitCode {
    let request = match Request::read(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(sentence) => {
            eprintln!("heap-loop: {sentence}");
            return ExitCode::from(2);
        }
    };
    let mut nodes: Vec<Node> = request.nodes().collect();
    let mut queue = warm_start(&request, &mut nodes);
    run_until(request.end(), &mut nodes, &mut queue);
    let counts = nodes.iter().map(Node::counts).sum();
    println!("{}", Report { workload: request.workload.name, counts });
    ExitCode::SUCCESS
}
