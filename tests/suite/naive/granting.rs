//! The ports that a load balancer grants to each node, and what becomes of those that it takes back.

use super::case::{Change, Grants, IdleExpiry, Reclaim};
use super::note::Note;
use super::placement::{Leaves, last};
use super::simulator::{Event, Simulator, nanos};
use std::collections::BTreeSet;

impl Simulator<'_> {
    fn grants(&self) -> &Grants {
        self.case.device.grants.as_ref().expect("the device grants ports")
    }

    /// What each node should have, by what has happened up to now.
    fn target(&self) -> u32 {
        let Grants { tiers, .. } = self.grants();
        let nodes = last(&self.moments, self.now / nanos(1)).nodes.len() as u32;
        let tier = tiers.iter().find(|(most, _)| nodes <= *most);
        let set = self.case.events.iter().filter(|event| nanos(event.at) <= self.now);
        let mut set = set.filter_map(|event| match event.change {
            Change::Granted(ports) => Some(ports),
            _ => None,
        });
        set.next_back().or(tier.map(|(_, ports)| *ports)).unwrap_or(self.case.device.ports)
    }

    /// Whoever comes has its ports at once, whoever stays has them later.
    pub fn nodes_have_grants(&mut self, moment: usize) {
        if self.case.device.grants.is_none() {
            return;
        }
        let target = self.target();
        let there = last(&self.moments, self.now / nanos(1)).nodes.clone();
        let granted = self.ports.granted.as_mut().expect("the device grants ports");
        let anew = &self.moments[moment].ends;
        granted.retain(|node, _| there.contains(node) && !anew.contains(&(*node, Leaves::Drained)));
        let stay = !granted.is_empty();
        for node in there {
            granted.entry(node).or_insert_with(|| (0..target).collect());
        }
        match stay {
            true => self.granted_later(),
            false => self.should_have = Some(target),
        }
    }

    /// A while after it should be otherwise.
    pub fn granted_later(&mut self) {
        let target = self.target();
        if self.should_have.replace(target) == Some(target) {
            return;
        }
        let delay = nanos(self.grants().realloc_delay);
        self.at(self.now + delay, Event::Granted);
    }

    pub fn grants_follow(&mut self) {
        let target = self.target();
        let granted = self.ports.granted.clone().expect("the device grants ports");
        let mut cut_off = 0;
        for (node, mut ports) in granted {
            if target as usize > ports.len() {
                let missing: Vec<u32> =
                    (0..).filter(|port| !ports.contains(port)).take(target as usize - ports.len()).collect();
                ports.extend(missing);
            }
            let goes = self.goes(node, &ports, target as usize);
            ports.retain(|port| !goes.contains(port));
            self.ports.granted.as_mut().expect("as before").insert(node, ports);
            for mapping in 0..self.ports.mappings.len() {
                let of = &self.ports.mappings[mapping];
                if of.busy && (of.row.stage, of.row.pool) == (1, node) && goes.contains(&of.ports[0].2) {
                    cut_off += u64::from(of.live);
                    self.port_goes(mapping);
                }
            }
        }
        self.notes.push(Note::CutOff { time: self.now, flows: cut_off });
    }

    fn goes(&mut self, node: u32, ports: &BTreeSet<u32>, target: usize) -> BTreeSet<u32> {
        let many = ports.len().saturating_sub(target);
        match self.grants().reclaim {
            Reclaim::Highest => ports.iter().rev().take(many).copied().collect(),
            Reclaim::Lowest => ports.iter().take(many).copied().collect(),
            Reclaim::IdleFirst => {
                let of_node = self
                    .ports
                    .mappings
                    .iter()
                    .filter(|mapping| mapping.busy && (mapping.row.stage, mapping.row.pool) == (1, node));
                let used: BTreeSet<u32> = of_node.map(|mapping| mapping.ports[0].2).collect();
                self.drawn |= many > 0 && used.len() > target;
                ports.difference(&used).take(many).copied().collect()
            }
        }
    }

    pub fn port_goes(&mut self, mapping: usize) {
        let flow = self.owners[mapping];
        match self.ports.mappings[mapping].live {
            true => self.rest(mapping, 0),
            false => self.free(mapping),
        }
        let grants = self.case.device.grants.as_ref();
        if grants.is_some_and(|grants| grants.reclaim_signal == IdleExpiry::Reset) {
            self.forgotten(flow);
        }
        self.serves_in_vain(flow);
    }
}
