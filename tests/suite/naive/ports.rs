//! Ports, each by its name, and who has it.

use super::case::{Caps, Case, Partition, Protocol, Sharing, Timers, Tries};
use super::note::{Reason, Row, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// A port of a row: its public IP, its number.
type Port = (Row, u32, u32);

/// How a search comes out that may miss every free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    Good,
    Bad,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker {
    pub node: u32,
    pub destination: usize,
}

/// A port while it serves a flow or rests.
#[derive(Debug, Clone)]
pub struct Mapping {
    pub row: Row,
    pub ports: Vec<Port>,
    pub asker: Asker,
    /// Counts against caps.
    pub live: bool,
    pub busy: bool,
    pub start: u64,
    pub close: u64,
}

#[derive(Debug)]
pub struct Stage {
    /// Ports of each public IP.
    pub public_ips: Vec<u32>,
    partition: Partition,
    tcp: Sharing,
    udp: Sharing,
    caps: Caps,
    pub timers: Timers,
}

#[derive(Debug)]
pub struct Ports {
    /// Nearest the pod first; the number is 0 for nodes, 1 for the device.
    pub stages: Vec<(u8, Stage)>,
    endpoints: Vec<(Protocol, u8)>,
    /// The ports that the device grants to each node, where it does.
    pub granted: Option<BTreeMap<u32, BTreeSet<u32>>>,
    /// Ports of the device that a search looks at.
    tries: Option<usize>,
    busy: BTreeMap<Port, usize>,
    pub mappings: Vec<Mapping>,
}

impl Ports {
    pub fn new(case: &Case) -> Self {
        let device = &case.device;
        let mut stages = Vec::new();
        if let Some(node) = &case.node_stage {
            let stage = Stage {
                public_ips: vec![node.ports],
                partition: Partition::Node,
                tcp: Sharing::Endpoint,
                udp: Sharing::Endpoint,
                caps: Caps::default(),
                timers: node.timers.clone(),
            };
            stages.push((0, stage));
        }
        let stage = Stage {
            public_ips: vec![device.ports; device.public_ips as usize],
            partition: device.partition.clone(),
            tcp: device.tcp,
            udp: device.udp,
            caps: device.caps.clone(),
            timers: device.timers.clone(),
        };
        stages.push((1, stage));
        let endpoints = case.destinations.iter().map(|each| (each.protocol, each.address)).collect();
        let granted = device.grants.as_ref().map(|_| BTreeMap::new());
        let tries = device.tries.map(|(Tries::Sequential(tries) | Tries::Random(tries))| tries as usize);
        Self { stages, endpoints, granted, tries, busy: BTreeMap::new(), mappings: Vec::new() }
    }

    /// Whether it is a port that `node` has of its own.
    pub fn is_of_node(&self, mapping: usize, node: u32) -> bool {
        let row = self.mappings[mapping].row;
        let stage = self.stages.iter().find(|(number, _)| *number == row.stage);
        row.pool == node && stage.is_some_and(|(_, stage)| stage.partition == Partition::Node)
    }

    pub fn timers(&self, mapping: usize) -> &Timers {
        let row = self.mappings[mapping].row;
        let stage = self.stages.iter().find(|(number, _)| *number == row.stage);
        &stage.expect("a mapping is of a stage").1.timers
    }

    /// The row of `asker` in a stage.
    pub fn row(&self, stage: usize, asker: Asker) -> Row {
        let (number, stage) = &self.stages[stage];
        let (protocol, address) = self.endpoints[asker.destination];
        let sharing = match protocol {
            Protocol::Tcp => stage.tcp,
            Protocol::Udp if stage.tcp == Sharing::ExclusiveAnyProtocol => stage.tcp,
            Protocol::Udp => stage.udp,
        };
        let scope = match sharing {
            Sharing::Endpoint => Scope::Endpoint(asker.destination),
            Sharing::Address => Scope::Address(protocol, address),
            Sharing::Exclusive => Scope::Protocol(protocol),
            Sharing::ExclusiveAnyProtocol => Scope::Any,
        };
        let pool = match &stage.partition {
            Partition::Node => asker.node,
            Partition::Shared => 0,
            Partition::Instances(of) => of[asker.node as usize],
        };
        Row { stage: *number, pool, scope }
    }

    fn live(&self, of: impl Fn(&Mapping) -> bool) -> u32 {
        self.mappings.iter().filter(|mapping| mapping.live && of(mapping)).count() as u32
    }

    /// Whether its ports are still there.
    pub fn has(&self, mapping: &Mapping) -> bool {
        let stage = self.stages.iter().position(|(number, _)| *number == mapping.row.stage);
        let all = self.all(stage.expect("a mapping is of a stage"), mapping.row);
        mapping.ports.iter().all(|port| all.contains(port))
    }

    /// The ports of a row, the lowest of the first public IP first.
    fn all(&self, stage: usize, row: Row) -> Vec<Port> {
        let (number, of) = &self.stages[stage];
        match &self.granted {
            Some(granted) if *number == 1 => {
                let ports = granted.get(&row.pool).into_iter().flatten();
                ports.map(|port| (row, 0, *port)).collect()
            }
            _ => {
                let ports = of.public_ips.iter().zip(0u32..);
                ports.flat_map(|(ports, ip)| (0..*ports).map(move |port| (row, ip, port))).collect()
            }
        }
    }

    /// So many ports for `asker`, or why there are not. A search that may miss the free ones does so if `luck` says so.
    pub fn take(
        &mut self,
        stage: usize,
        asker: Asker,
        many: usize,
        now: u64,
        luck: Luck,
    ) -> Result<usize, Reason> {
        let row = self.row(stage, asker);
        let (number, of) = &self.stages[stage];
        let number = *number;
        let all = self.all(stage, row);
        if all.is_empty() {
            return Err(Reason::NoEgress);
        }
        let looked_at = self.tries.unwrap_or(all.len());
        let there = all.len();
        let free: Vec<Port> = all.into_iter().filter(|port| !self.busy.contains_key(port)).collect();
        let in_stage = |mapping: &Mapping| mapping.row.stage == number;
        let of_node = |mapping: &Mapping| in_stage(mapping) && mapping.asker.node == asker.node;
        let of_ip = |mapping: &Mapping, ip: u32| {
            (mapping.row.stage, mapping.row.pool, mapping.ports[0].1) == (number, row.pool, ip)
                && mapping.asker.destination == asker.destination
        };
        let reached = |cap: Option<u32>, live: u32| cap.is_some_and(|cap| live >= cap);
        let fits = |ip: u32| !reached(of.caps.destination, self.live(|mapping| of_ip(mapping, ip)));
        // The ports of a flow lie on one public IP: the first that has so many, and whose cap allows it.
        let free_of = |ip: u32| free.iter().copied().filter(move |port| port.1 == ip);
        let ips: BTreeSet<u32> = free.iter().map(|(_, ip, _)| *ip).collect();
        let enough: Vec<u32> = ips.into_iter().filter(|ip| free_of(*ip).count() >= many).collect();
        let chosen = enough.iter().copied().find(|ip| fits(*ip));
        let ports: Vec<Port> = chosen.into_iter().flat_map(free_of).take(many).collect();
        let mut reasons = Vec::new();
        if enough.is_empty() {
            reasons.push(Reason::NoFreePort);
        } else if chosen.is_none() {
            reasons.push(Reason::DestinationCap);
        }
        if reached(of.caps.node, self.live(of_node)) {
            reasons.push(Reason::NodeCap);
        }
        if reached(of.caps.total, self.live(in_stage)) {
            reasons.push(Reason::TotalCap);
        }
        let may_miss = there - free.len() >= looked_at && !free.is_empty();
        match reasons.as_slice() {
            [] if may_miss && luck == Luck::Bad => return Err(Reason::SearchGaveUp),
            [] => {}
            [reason] => return Err(*reason),
            _ => return Err(Reason::Several),
        }
        let id = self.mappings.len();
        self.busy.extend(ports.iter().map(|port| (*port, id)));
        self.mappings.push(Mapping {
            row,
            ports,
            asker,
            live: true,
            busy: true,
            start: now,
            close: u64::MAX,
        });
        Ok(id)
    }

    /// The flow is over; the port rests.
    pub fn rest(&mut self, mapping: usize, now: u64) {
        let mapping = &mut self.mappings[mapping];
        mapping.live = false;
        mapping.close = now;
    }

    pub fn free(&mut self, mapping: usize) {
        let id = mapping;
        let mapping = &mut self.mappings[mapping];
        mapping.busy = false;
        for port in &mapping.ports {
            if self.busy.get(port) == Some(&id) {
                self.busy.remove(port);
            }
        }
    }
}
