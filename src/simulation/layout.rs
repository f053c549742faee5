//! From workloads to sources and rows: who may meet whom.

use super::epoch::Moves;
use super::system::{Hop, RowId, RowSpec, Source, System, WorkloadLayout};
use crate::flow::{DestinationId, NodeId, PortPoolId, StageId, WorkloadId};
use crate::outbound::{Connections, Sharing, Translates};
use crate::workload::Reach;
use std::collections::HashMap;

/// Rows so far, by stage, port pool and whatever they serve alone.
pub(super) type RowIds = HashMap<(StageId, u32, u64), RowId>;

impl System {
    /// Adds the sources of a workload, and the rows that nobody met before.
    pub(super) fn lay_out(&mut self, id: WorkloadId, row_ids: &mut RowIds) {
        let workload = self.workloads[id.index()].clone();
        let whereabouts = self.whereabouts[id.index()].clone();
        let pods_by_node = whereabouts.most_on_nodes();
        let first = self.sources.len() as u32;
        for (node, pods) in &pods_by_node {
            for (destination, weight) in &workload.destinations {
                let hops = self.hops_of(workload.way_out, *node, *destination, row_ids);
                let (node, destination, pods, weight) = (*node, *destination, *pods, *weight);
                let (share, moves) = match whereabouts.stay() {
                    true => (weight * f64::from(pods) / workload.pods.len() as f64, None),
                    false => {
                        let of_node = whereabouts.share_of(node);
                        (weight * of_node.before, Some(Box::new(Moves { weight, of_node })))
                    }
                };
                self.sources.push(Source { workload: id, node, destination, share, moves, pods, hops });
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

    fn hops_of(
        &mut self,
        way_out: usize,
        node: NodeId,
        destination: DestinationId,
        row_ids: &mut RowIds,
    ) -> Vec<Hop> {
        let reach = self.destinations[destination.index()].reach;
        let way = self.paths.way_to(way_out, destination).clone();
        let Some(device) = way.stages.last().copied() else { return Vec::new() };
        let ends_at_device =
            self.stage(device).connections != Connections::PassedOn && reach == Reach::Internet;
        let translates = |stage: &StageId| match self.stage(*stage).translates {
            Translates::Internet => reach == Reach::Internet && (*stage == device || !ends_at_device),
            Translates::Everything => reach != Reach::Blocked,
        };
        let stages: Vec<StageId> = way.stages.iter().copied().filter(translates).collect();
        let hop = |stage| {
            let rows = match stage == device || !ends_at_device {
                true => self.rows_of(stage, node, destination, row_ids),
                false => self.rows_towards(device, stage, node, destination, row_ids),
            };
            let quotas = vec![Vec::new(); rows.len()];
            Hop { stage, rows, quotas }
        };
        stages.into_iter().map(hop).collect()
    }

    /// Rows of a stage towards the instances of a device at which connections end.
    fn rows_towards(
        &mut self,
        device: StageId,
        stage: StageId,
        node: NodeId,
        id: DestinationId,
        row_ids: &mut RowIds,
    ) -> Vec<RowId> {
        let Self { paths, rows, .. } = self;
        let pool = paths.stages[stage.index()].pools_of(node).start;
        let instances = paths.stages[device.index()].pools_of(node);
        let row_of = |instance: u32| {
            let exclusive_of = (u64::from(device.0) << 32 | u64::from(instance)) << 3 | 5;
            *row_ids.entry((stage, pool, exclusive_of)).or_insert_with(|| {
                let (pool, destination) = (PortPoolId(pool), id);
                rows.push(RowSpec { stage, pool, destination, one_destination: false });
                RowId(rows.len() as u32 - 1)
            })
        };
        instances.map(row_of).collect()
    }

    fn rows_of(
        &mut self,
        stage: StageId,
        node: NodeId,
        id: DestinationId,
        row_ids: &mut RowIds,
    ) -> Vec<RowId> {
        let destination = &self.destinations[id.index()];
        let egress = &self.paths.stages[stage.index()];
        let sharing = egress.sharing(destination.protocol);
        let protocol = destination.protocol as u64;
        let exclusive_of = match sharing {
            Sharing::Endpoint => (u64::from(id.0) << 3) | 4,
            Sharing::Address => (destination.address << 3) | protocol << 1 | 1,
            Sharing::Exclusive => protocol << 1,
            Sharing::ExclusiveAnyProtocol => 0,
        };
        let rows = &mut self.rows;
        let row_of = |pool| {
            *row_ids.entry((stage, pool, exclusive_of)).or_insert_with(|| {
                rows.push(RowSpec {
                    stage,
                    pool: PortPoolId(pool),
                    destination: id,
                    one_destination: sharing == Sharing::Endpoint,
                });
                RowId(rows.len() as u32 - 1)
            })
        };
        egress.pools_of(node).map(row_of).collect()
    }
}
