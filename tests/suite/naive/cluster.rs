//! The cluster in time: what its events change.

use super::case::Change;
use super::note::Note;
use super::simulator::{Flow, Simulator, nanos};

impl Simulator<'_> {
    pub fn change(&mut self, number: usize) {
        let (_, device) = self.ports.stages.last_mut().expect("there is a device");
        match self.case.events[number].change {
            Change::Ports(ports) => device.public_ips.fill(ports),
            Change::PublicIps(ips) => {
                let ports = device.public_ips[0];
                device.public_ips.resize(ips as usize, ports);
            }
            Change::Granted(_) => self.granted_later(),
            _ => {}
        }
        self.those_without_a_port_are_cut_off();
    }

    /// The highest ports of each public IP are gone, or all of it is.
    fn those_without_a_port_are_cut_off(&mut self) {
        let mut cut_off = 0;
        for mapping in 0..self.ports.mappings.len() {
            let of = &self.ports.mappings[mapping];
            if of.busy && !self.ports.has(of) {
                cut_off += u64::from(of.live);
                self.port_goes(mapping);
            }
        }
        self.notes.push(Note::CutOff { time: self.now, flows: cut_off });
    }

    /// How many times as long it takes what is asked for now.
    pub fn slowness(&self, towards: usize) -> u64 {
        let slow = self.case.events.iter().filter_map(|event| match event.change {
            Change::Slow { destination, factor, lasts } if destination == towards => {
                let (from, until) = (nanos(event.at), nanos(event.at + lasts));
                (from <= self.now && self.now < until).then_some(u64::from(factor))
            }
            _ => None,
        });
        slow.product()
    }

    /// Whether a reset answers a flow: as it was when its first SYN went out.
    pub fn refuses(&self, flow: usize) -> bool {
        let Flow { request, first, .. } = self.flows[flow];
        let towards = self.requests[request].asker.destination;
        self.case.events.iter().any(|event| match event.change {
            Change::Refuse { destination, lasts } if destination == towards => {
                let (from, until) = (nanos(event.at), nanos(event.at + lasts));
                from <= first && first < until
            }
            _ => false,
        })
    }
}
