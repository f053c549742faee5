//! The system to simulate, laid out as tables: sources, rows, timing.

use super::epoch::{Epoch, Moves, PodsOnNodes, Whereabouts, make_room};
use super::layout::RowIds;
use super::quota::{QuotaSpec, lay_out_quotas};
use crate::cluster::Cluster;
use crate::flow::{DestinationId, NodeId, PortPoolId, Protocol, QuotaId, SourceId, StageId, WorkloadId};
use crate::outbound::{Connections, Egress, Partition, Paths, PortPool};
use crate::time::{SimDuration, SimTime};
use crate::workload::{ClientPool, Destination, Workload};
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
    /// Its stage.
    pub stage: StageId,
    /// Its port pool, of that stage.
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
    /// Its share of the workload's flows at first.
    pub share: f64,
    /// Where that changes.
    pub moves: Option<Box<Moves>>,
    /// Pods of the workload on the node, the most at a time.
    pub pods: u32,
    /// The stages that its flows pass, nearest the pod first; none where no port is needed.
    pub hops: Vec<Hop>,
}

/// A stage that the flows of a source pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The stage.
    pub stage: StageId,
    /// Rows that a flow may meet there, one a port pool. Only the last stage of a path has several.
    pub rows: Vec<RowId>,
    /// Quotas that a flow draws on there, by row.
    pub quotas: Vec<Vec<QuotaId>>,
}

impl Hop {
    /// Quotas that its flows may draw on; some come several times.
    pub fn all_quotas(&self) -> impl Iterator<Item = QuotaId> {
        self.quotas.iter().flatten().copied()
    }
}

impl Source {
    /// Rows that its flows may meet in the last stage; none where no port is needed.
    pub fn rows(&self) -> &[RowId] {
        self.hops.last().map_or(&[], |hop| &hop.rows)
    }

    /// Rows that its flows may meet in any stage.
    pub fn all_rows(&self) -> impl Iterator<Item = RowId> {
        self.hops.iter().flat_map(|hop| hop.rows.iter().copied())
    }
}

/// More stages than this have no path.
pub const MOST_STAGES: usize = 2;

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
    /// Stages, and the ways through them.
    pub paths: Paths,
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
    /// Limits that span rows.
    pub quotas: Vec<QuotaSpec>,
    /// When things are measured.
    pub timing: Timing,
    /// How it changes, rising in time.
    pub epochs: Vec<Epoch>,
    pub(super) whereabouts: Vec<Whereabouts>,
    pub(super) layouts: Vec<WorkloadLayout>,
}

/// Where the sources of a workload stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct WorkloadLayout {
    pub first: u32,
    /// Slot of each node that has pods.
    pub node_slots: HashMap<NodeId, u32>,
    pub destination_slots: HashMap<DestinationId, u32>,
}

impl System {
    /// Lays out the sources and rows of a system that stays as it is.
    pub fn new(
        paths: Paths,
        cluster: Cluster,
        destinations: Vec<Destination>,
        workloads: Vec<Workload>,
        timing: Timing,
    ) -> Self {
        Self::over_time(paths, cluster, destinations, workloads, timing, Vec::new())
    }

    /// Lays out the sources and rows of a system that changes.
    pub fn over_time(
        mut paths: Paths,
        cluster: Cluster,
        destinations: Vec<Destination>,
        workloads: Vec<Workload>,
        timing: Timing,
        epochs: Vec<Epoch>,
    ) -> Self {
        make_room(&mut paths.stages, &epochs);
        let whereabouts = |(workload, number): (&Workload, u32)| {
            Whereabouts::new(&workload.pods, &epochs, WorkloadId(number))
        };
        let whereabouts = workloads.iter().zip(0..).map(whereabouts).collect();
        let mut system = Self {
            paths,
            cluster,
            destinations,
            workloads,
            sources: Vec::new(),
            rows: Vec::new(),
            quotas: Vec::new(),
            timing,
            epochs,
            whereabouts,
            layouts: Vec::new(),
        };
        let mut row_ids = RowIds::new();
        for number in 0..system.workloads.len() {
            system.lay_out(WorkloadId(number as u32), &mut row_ids);
        }
        system.quotas = lay_out_quotas(&system.paths, &system.cluster, &system.rows, &mut system.sources);
        system.drop_idle_quotas();
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

    /// The pods of a workload at `time`.
    #[inline]
    pub fn pods_at(&self, workload: WorkloadId, time: SimTime) -> &PodsOnNodes {
        self.whereabouts[workload.index()].at(time, self.timing.origin)
    }

    /// Whether the pods of a workload ever move.
    pub fn pods_stay(&self, workload: WorkloadId) -> bool {
        self.whereabouts[workload.index()].stay()
    }

    /// The workload of a source.
    pub fn workload(&self, source: &Source) -> &Workload {
        &self.workloads[source.workload.index()]
    }

    /// Transport protocol of a source.
    pub fn protocol(&self, source: &Source) -> Protocol {
        self.destinations[source.destination.index()].protocol
    }

    /// A stage.
    pub fn stage(&self, id: StageId) -> &Egress {
        &self.paths.stages[id.index()]
    }

    /// The stage of a row.
    pub fn stage_of(&self, row: RowId) -> &Egress {
        self.stage(self.rows[row.index()].stage)
    }

    /// The outbound device of a source: the last stage that its flows pass.
    pub fn device_of(&self, source: &Source) -> &Egress {
        source.hops.last().map_or_else(|| self.paths.device(), |hop| self.stage(hop.stage))
    }

    /// The client pool whose connections serve the requests of a source: the device's that keeps them, or else its pods'.
    pub fn client_pool_of(&self, source: &Source) -> Option<&ClientPool> {
        let workload = self.workload(source);
        match self.device_of(source).connections {
            Connections::Pooled if !source.hops.is_empty() => workload.upstream.as_ref(),
            _ => workload.client_pool.as_ref(),
        }
    }

    /// Whether a public IP is chosen by the pod that asks, in a stage that the flows of `source` pass.
    pub fn choice_tells_pods_apart(&self, source: &Source) -> bool {
        source.hops.iter().any(|hop| self.stage(hop.stage).rules.ip_choice.tells_pods_apart())
    }

    /// Whether a row belongs to an outbound device, the last stage of a way out.
    pub fn is_of_device(&self, row: RowId) -> bool {
        let stage = self.rows[row.index()].stage;
        self.paths.ways.iter().any(|way| way.stages.last() == Some(&stage))
    }

    fn pool_of(&self, row: RowId) -> &PortPool {
        &self.stage_of(row).pools[self.rows[row.index()].pool.index()]
    }

    /// The name of a row's port pool.
    pub fn pool_name(&self, row: RowId) -> &str {
        &self.pool_of(row).name
    }

    /// Ports that each flow of a source takes at once, or none.
    pub fn ports_per_flow(&self, source: &Source) -> u32 {
        self.workload(source).ports_per_flow.unwrap_or(self.device_of(source).ports_per_flow)
    }

    /// Whether every flow takes one port.
    pub fn takes_single_ports(&self) -> bool {
        self.sources.iter().all(|source| self.ports_per_flow(source) == 1)
    }

    /// Ports of a row by public IP; `None` is unlimited.
    pub fn ports(&self, row: RowId) -> &[Option<u32>] {
        &self.pool_of(row).ports
    }

    /// All ports of a row; `None` is unlimited.
    pub fn ports_in_row(&self, row: RowId) -> Option<u64> {
        self.pool_of(row).all_ports()
    }

    /// The share of a source's flows that meets each row of its last stage.
    pub fn share_per_row(&self, source: &Source) -> f64 {
        match self.device_of(source).partition {
            Partition::Instances => 1.0 / source.rows().len().max(1) as f64,
            _ => 1.0,
        }
    }
}
