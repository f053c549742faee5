//! Flows that do not send packets all their lives.

use super::case::{End, Protocol, Talk};
use super::simulator::{Event, Flow, Request, Simulator, nanos};

impl Simulator<'_> {
    /// The first packet goes out now; a silence longer than the idle timeout loses the mapping.
    pub fn talks(&mut self, flow: usize) {
        let Flow { request, born, .. } = self.flows[flow];
        let Request { workload, lifetime, end, .. } = self.requests[request];
        let talk = self.case.workloads[workload].talk.clone().expect("it says when it sends");
        let mapping = self.flows[flow].mappings[0].expect("it is connected");
        let closes = self.protocol(request) == Protocol::Tcp && end != End::Abandoned;
        let over = born + lifetime;
        let packets = packets(&talk, born, over);
        for (number, packet) in packets.iter().enumerate() {
            let forgotten = packet + nanos(self.idle(flow, mapping, *packet));
            match packets.get(number + 1) {
                Some(next) if *next < forgotten => {}
                None if closes => {
                    self.flows[flow].last_packet = over;
                    self.at(over, Event::Close(flow));
                    return;
                }
                _ => {
                    self.flows[flow].last_packet = *packet;
                    self.silent_until(mapping, forgotten);
                    return;
                }
            }
        }
    }
}

/// When packets go out, from the first one to the end of the flow.
fn packets(talk: &Talk, born: u64, over: u64) -> Vec<u64> {
    let (mut packets, mut application) = (vec![born], born);
    let mut last = born;
    loop {
        let own = talk.gap.filter(|_| !talk.stops).map(|gap| application + nanos(gap));
        let alive = talk.keepalive.map(|keepalive| last + nanos(keepalive));
        let Some(next) = own.into_iter().chain(alive).min().filter(|next| *next < over) else {
            packets.push(over);
            return packets;
        };
        if own == Some(next) {
            application = next;
        }
        last = next;
        packets.push(next);
    }
}
