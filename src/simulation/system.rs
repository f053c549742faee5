//! The system to simulate, laid out as tables: sources, rows, timing.

use crate::cluster::Cluster;
use crate::flow::{DestinationId, NodeId, PortPoolId, Protocol, SourceId, WorkloadId};
use crate::outbound::{Egress, Partition, Sharing};
use crate::time::{SimDuration, SimTime};
use crate::workload::{Destination, Reach, Workload};
use std::collections::HashMap;

/// A row, numbered over the whole system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub u32);

impl RowId {
    /// Position in [`System::rows`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is fixed about a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowSpec {
    /// Its port pool.
    pub pool: PortPoolId,
    /// A destination it serves: the first met; others share the row unless sharing is by endpoint.
    pub destination: DestinationId,
    /// Whether it serves that destination alone.
    pub one_destination: bool,
}

/// A fixed (workload, node, destination).
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Its workload.
    pub workload: WorkloadId,
    /// Its node.
    pub node: NodeId,
    /// Its destination.
    pub destination: DestinationId,
    /// Its share of the workload's flows.
    pub share: f64,
    /// Pods of the workload on the node.
    pub pods: u32,
    /// Rows it may meet, one a port pool; none where no port is needed.
    pub rows: Vec<RowId>,
}

/// When things are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// Time 0 of the scenario: the end of the warm-up.
    pub origin: SimTime,
    /// End of the measured time.
    pub end: SimTime,
    /// The run goes on after `end` until each measured request is resolved, but not beyond this.
    pub horizon: SimTime,
    /// Rows start from their stationary law instead of empty.
    pub stationary: bool,
}

impl Timing {
    /// Whether `time` is measured.
    pub fn measures(&self, time: SimTime) -> bool {
        self.origin <= time && time < self.end
    }

    /// Measured time.
    pub fn duration(&self) -> SimDuration {
        self.end.since(self.origin)
    }
}

/// Everything a run needs, checked and laid out.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// The outbound device.
    pub egress: Egress,
    /// The machines.
    pub cluster: Cluster,
    /// Destinations.
    pub destinations: Vec<Destination>,
    /// Workloads.
    pub workloads: Vec<Workload>,
    /// Sources: by workload, then node, then destination.
    pub sources: Vec<Source>,
    /// Rows, in the order that sources meet them.
    pub rows: Vec<RowSpec>,
    /// When things are measured.
    pub timing: Timing,
    layouts: Vec<WorkloadLayout>,
}

/// Where the sources of a workload stand.
#[derive(Debug, Clone, PartialEq)]
struct WorkloadLayout {
    first: u32,
    /// Slot of each node that has pods.
    node_slots: HashMap<NodeId, u32>,
    destination_slots: HashMap<DestinationId, u32>,
}

impl System {
    /// Lays out the sources and rows.
    pub fn new(
        egress: Egress,
        cluster: Cluster,
        destinations: Vec<Destination>,
        workloads: Vec<Workload>,
        timing: Timing,
    ) -> Self {
        let mut system = Self {
            egress,
            cluster,
            destinations,
            workloads,
            sources: Vec::new(),
            rows: Vec::new(),
            timing,
            layouts: Vec::new(),
        };
        let mut row_ids = HashMap::new();
        for number in 0..system.workloads.len() {
            system.lay_out(WorkloadId(number as u32), &mut row_ids);
        }
        system
    }

    /// How many sources a system of these workloads has, before it is laid out.
    pub fn sources_needed(workloads: &[Workload]) -> u64 {
        let needed = workloads.iter().map(|workload| {
            let mut nodes = workload.pods.clone();
            nodes.sort_unstable();
            nodes.dedup();
            nodes.len() as u64 * workload.destinations.len() as u64
        });
        needed.fold(0, u64::saturating_add)
    }

    /// The source of a flow.
    pub fn source_of(
        &self,
        workload: WorkloadId,
        node: NodeId,
        destination: DestinationId,
    ) -> Option<SourceId> {
        let layout = &self.layouts[workload.index()];
        let node = layout.node_slots.get(&node)?;
        let slot = layout.destination_slots.get(&destination)?;
        Some(SourceId(layout.first + node * layout.destination_slots.len() as u32 + slot))
    }

    /// The first source of a workload.
    pub fn first_source(&self, workload: WorkloadId) -> SourceId {
        SourceId(self.layouts[workload.index()].first)
    }

    /// The workload of a source.
    pub fn workload(&self, source: &Source) -> &Workload {
        &self.workloads[source.workload.index()]
    }

    /// Transport protocol of a source.
    pub fn protocol(&self, source: &Source) -> Protocol {
        self.destinations[source.destination.index()].protocol
    }

    /// Ports that each flow of a source takes at once, or none.
    pub fn ports_per_flow(&self, source: &Source) -> u32 {
        self.workload(source).ports_per_flow.unwrap_or(self.egress.ports_per_flow)
    }

    /// Whether every flow takes one port.
    pub fn takes_single_ports(&self) -> bool {
        self.sources.iter().all(|source| self.ports_per_flow(source) == 1)
    }

    /// Ports of a row by public IP; `None` is unlimited.
    pub fn ports(&self, row: RowId) -> &[Option<u32>] {
        &self.egress.pools[self.rows[row.index()].pool.index()].ports
    }

    /// All ports of a row; `None` is unlimited.
    pub fn ports_in_row(&self, row: RowId) -> Option<u64> {
        self.ports(row).iter().map(|ports| ports.map(u64::from)).sum()
    }

    /// The share of a source's flows that meets each of its rows.
    pub fn share_per_row(&self, source: &Source) -> f64 {
        match self.egress.partition {
            Partition::Instances => 1.0 / source.rows.len().max(1) as f64,
            _ => 1.0,
        }
    }

    fn lay_out(&mut self, id: WorkloadId, row_ids: &mut HashMap<(u32, u64), RowId>) {
        let workload = self.workloads[id.index()].clone();
        let mut pods_by_node: Vec<(NodeId, u32)> = Vec::new();
        let mut sorted = workload.pods.clone();
        sorted.sort_unstable();
        for node in sorted {
            match pods_by_node.last_mut() {
                Some((last, pods)) if *last == node => *pods += 1,
                _ => pods_by_node.push((node, 1)),
            }
        }
        let first = self.sources.len() as u32;
        for (node, pods) in &pods_by_node {
            for (destination, weight) in &workload.destinations {
                let rows = self.rows_of(*node, *destination, row_ids);
                let share = weight * f64::from(*pods) / workload.pods.len() as f64;
                let (node, destination, pods) = (*node, *destination, *pods);
                self.sources.push(Source { workload: id, node, destination, share, pods, rows });
            }
        }
        let slots = pods_by_node.iter().enumerate().map(|(slot, (node, _))| (*node, slot as u32));
        let destinations = workload.destinations.iter().enumerate();
        self.layouts.push(WorkloadLayout {
            first,
            node_slots: slots.collect(),
            destination_slots: destinations.map(|(slot, (id, _))| (*id, slot as u32)).collect(),
        });
    }

    fn rows_of(
        &mut self,
        node: NodeId,
        id: DestinationId,
        row_ids: &mut HashMap<(u32, u64), RowId>,
    ) -> Vec<RowId> {
        let destination = &self.destinations[id.index()];
        if destination.reach != Reach::Internet {
            return Vec::new();
        }
        let sharing = self.egress.sharing(destination.protocol);
        let protocol = destination.protocol as u64;
        let exclusive_of = match sharing {
            Sharing::Endpoint => (u64::from(id.0) << 3) | 4,
            Sharing::Address => (destination.address << 3) | protocol << 1 | 1,
            Sharing::Exclusive => protocol << 1,
            Sharing::ExclusiveAnyProtocol => 0,
        };
        let rows = &mut self.rows;
        let pools = self.egress.pools_of(node);
        let row_of = |pool| {
            *row_ids.entry((pool, exclusive_of)).or_insert_with(|| {
                rows.push(RowSpec {
                    pool: PortPoolId(pool),
                    destination: id,
                    one_destination: sharing == Sharing::Endpoint,
                });
                RowId(rows.len() as u32 - 1)
            })
        };
        pools.map(row_of).collect()
    }
}
