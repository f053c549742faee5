//! Ports that a row loses or gets while it runs. What is lost takes its flows with it.

use super::Ended;
use super::named_row::{NamedPorts, NamedRow};
use crate::time::SimTime;
use std::ops::Range;

/// A change of a row's ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Ports of a public IP go away.
    Remove {
        /// The public IP, by position.
        ip: u32,
        /// Which, counted from its first port.
        ports: Range<u32>,
    },
    /// Ports come to a public IP, or come back; those that are there stay as they are.
    Add {
        /// The public IP, by position.
        ip: u32,
        /// Which, counted from its first port.
        ports: Range<u32>,
    },
    /// A public IP goes away with all its ports; the others keep their positions.
    RemoveIp {
        /// The public IP, by position.
        ip: u32,
    },
    /// A public IP comes, behind the others.
    AddIp {
        /// How many ports it has.
        ports: u32,
    },
}

impl NamedRow {
    /// Changes the ports; gives the holdings that end by it, which [`super::Row::take_ended`] tells of too.
    pub fn change(&mut self, now: SimTime, change: &Change) -> Vec<Ended> {
        self.free_due(now);
        let told = self.ended.len();
        match change {
            Change::Remove { ip, ports } => self.remove(now, *ip, ports.clone()),
            Change::Add { ip, ports } => self.add(now, *ip, ports.clone()),
            Change::RemoveIp { ip } => self.remove(now, *ip, 0..u32::MAX),
            Change::AddIp { ports } => {
                self.ips.push(NamedPorts::new(Some(*ports)));
                self.add(now, self.ips.len() as u32 - 1, 0..0);
            }
        }
        self.ended[told..].to_vec()
    }

    fn remove(&mut self, now: SimTime, ip: u32, ports: Range<u32>) {
        let here = &mut self.ips[ip as usize];
        for port in ports.start..ports.end.min(here.map.total()) {
            if here.map.is_free(port) {
                here.map.remove(port);
            } else if here.grants.is_held(port) {
                self.ended.extend(here.grants.end(ip, port, Some(now)));
                here.map.forget();
            }
        }
        self.note_full(now);
    }

    fn add(&mut self, now: SimTime, ip: u32, ports: Range<u32>) {
        let here = &mut self.ips[ip as usize];
        here.map.reach(ports.end);
        for port in ports {
            if !here.map.is_free(port) && !here.grants.is_held(port) {
                here.map.add(port);
            }
        }
        if self.ips.iter().any(|ports| ports.map.free() > 0) {
            self.full.end(now);
        }
    }
}
