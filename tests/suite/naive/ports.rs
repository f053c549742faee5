//! Ports, each by its name, and who has it.

use super::case::{Caps, Case, Partition, Protocol, Sharing, Timers};
use super::note::{Reason, Row, Scope};
use std::collections::BTreeMap;

/// A port of a row: its public IP, its number.
type Port = (Row, u32, u32);

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
    pub port: Port,
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
            partition: device.partition,
            tcp: device.tcp,
            udp: device.udp,
            caps: device.caps.clone(),
            timers: device.timers.clone(),
        };
        stages.push((1, stage));
        let endpoints = case.destinations.iter().map(|each| (each.protocol, each.address)).collect();
        Self { stages, endpoints, busy: BTreeMap::new(), mappings: Vec::new() }
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
        let pool = match stage.partition {
            Partition::Node => asker.node,
            Partition::Shared => 0,
        };
        Row { stage: *number, pool, scope }
    }

    fn live(&self, of: impl Fn(&Mapping) -> bool) -> u32 {
        self.mappings.iter().filter(|mapping| mapping.live && of(mapping)).count() as u32
    }

    /// A port for `asker`, or why there is none.
    pub fn take(&mut self, stage: usize, asker: Asker, now: u64) -> Result<usize, Reason> {
        let row = self.row(stage, asker);
        let (number, of) = &self.stages[stage];
        let number = *number;
        let all = of
            .public_ips
            .iter()
            .zip(0u32..)
            .flat_map(|(ports, ip)| (0..*ports).map(move |port| (row, ip, port)));
        let free: Vec<Port> = all.filter(|port| !self.busy.contains_key(port)).collect();
        if of.public_ips.iter().sum::<u32>() == 0 {
            return Err(Reason::NoEgress);
        }
        let in_stage = |mapping: &Mapping| mapping.row.stage == number;
        let of_node = |mapping: &Mapping| in_stage(mapping) && mapping.asker.node == asker.node;
        let of_ip = |mapping: &Mapping, ip: u32| {
            (mapping.row.stage, mapping.row.pool, mapping.port.1) == (number, row.pool, ip)
                && mapping.asker.destination == asker.destination
        };
        let reached = |cap: Option<u32>, live: u32| cap.is_some_and(|cap| live >= cap);
        let fits = |ip: u32| !reached(of.caps.destination, self.live(|mapping| of_ip(mapping, ip)));
        let port = free.iter().copied().find(|(_, ip, _)| fits(*ip));
        let mut reasons = Vec::new();
        if free.is_empty() {
            reasons.push(Reason::NoFreePort);
        } else if port.is_none() {
            reasons.push(Reason::DestinationCap);
        }
        if reached(of.caps.node, self.live(of_node)) {
            reasons.push(Reason::NodeCap);
        }
        if reached(of.caps.total, self.live(in_stage)) {
            reasons.push(Reason::TotalCap);
        }
        let port = match (reasons.as_slice(), port) {
            ([], Some(port)) => port,
            ([reason], _) => return Err(*reason),
            _ => return Err(Reason::Several),
        };
        let id = self.mappings.len();
        self.busy.insert(port, id);
        self.mappings.push(Mapping { row, port, asker, live: true, busy: true, start: now, close: u64::MAX });
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
        if self.busy.get(&mapping.port) == Some(&id) {
            self.busy.remove(&mapping.port);
        }
    }
}
