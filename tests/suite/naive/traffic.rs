//! What is asked for, and when.

use super::case::{Arrivals, End, Millis, Protocol};
use super::placement::last;
use super::ports::Asker;
use super::simulator::{Event, Request, Simulator, nanos};

impl Simulator<'_> {
    /// Those of one instant come in the order of their numbers within their workloads, then of workloads.
    pub fn arrivals(&mut self) {
        let mut requests: Vec<Request> = Vec::new();
        for (number, workload) in self.case.workloads.iter().enumerate() {
            let request = |index: u32, asked: Millis| {
                let nodes = &last(&self.moments, asked).pods[number];
                let pod = index % nodes.len() as u32;
                let asker = Asker { node: nodes[pod as usize]?, destination: workload.destination };
                Some(Request {
                    workload: number,
                    number: index,
                    pod,
                    asker,
                    asked: nanos(asked),
                    lifetime: nanos(workload.lifetime),
                    end: workload.end,
                    tries: 0,
                    attempted: false,
                    stale: false,
                    deadline: u64::MAX,
                    arrived: false,
                    connecting: false,
                    backs_off: false,
                    over: false,
                })
            };
            match &workload.arrivals {
                Arrivals::Burst { at, flows } => {
                    requests.extend((0..*flows).filter_map(|index| request(index, *at)))
                }
                Arrivals::Even { gap } => {
                    let until = 2 * nanos(self.case.duration);
                    let flows = (until / nanos(*gap)) as u32;
                    requests
                        .extend((0..flows).filter_map(|index| request(index, u64::from(index + 1) * gap)));
                }
                Arrivals::Trace(records) => {
                    let mut sources = Vec::new();
                    let first = records.iter().map(|record| record.start).min().unwrap_or(0);
                    for (index, record) in (0..).zip(records) {
                        if !sources.contains(&record.source) {
                            sources.push(record.source);
                        }
                        let source = sources.iter().position(|source| *source == record.source).unwrap();
                        let node = source as u32 % self.case.nodes;
                        requests.push(Request {
                            pod: node,
                            asker: Asker { node, destination: record.destination },
                            lifetime: nanos(record.lasts),
                            end: record.end,
                            ..request(index, record.start - first).expect("nodes of recorded flows stay")
                        });
                    }
                }
            }
        }
        requests.sort_by_key(|request| (request.asked, request.number, request.workload));
        for (number, request) in requests.into_iter().enumerate() {
            let asked = request.asked;
            self.requests.push(request);
            if self.protocol(number) == Protocol::Udp {
                self.requests[number].end = End::Fin;
            }
            self.at(asked, Event::Arrive(number));
        }
    }

    pub fn arrive(&mut self, request: usize) {
        let Request { asker, .. } = self.requests[request];
        self.requests[request].arrived = true;
        self.tallies.entry(self.client(request)).or_default().0.push(self.now);
        let factor = self.slowness(asker.destination);
        self.requests[request].lifetime *= factor;
        self.try_once(request);
    }
}
