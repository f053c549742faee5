//! Devices that scale by themselves: they look at their load now and then, and it takes them a while.
//!
//! All who use such a device run in one shard. Its instances are those of a layout by number; one at a time comes, or goes after it has
//! drained.

use super::observer::Observer;
use super::run::{Happening, Run};
use super::{RowId, System};
use crate::flow::{DestinationId, StageId};
use crate::outbound::{Load, PortPool, Scaling};
use crate::time::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// Where a stage that scales stands.
#[derive(Clone)]
pub(super) struct Scaler<'a> {
    stage: StageId,
    scaling: &'a Scaling,
    drain: SimDuration,
    /// Instances that take new flows, beyond the fewest.
    taking: usize,
    /// An instance comes or goes.
    under_way: bool,
}

impl System {
    /// Whether a stage scales by itself.
    pub fn scales(&self) -> bool {
        self.paths.stages.iter().any(|stage| stage.scaling.is_some())
    }

    /// Whether a row belongs to a stage that does.
    pub(super) fn scales_row(&self, row: RowId) -> bool {
        self.stage_of(row).scaling.is_some()
    }
}

impl<'a> Scaler<'a> {
    pub(super) fn all(system: &'a System) -> Vec<Self> {
        let stages = system.paths.stages.iter().zip(0..);
        let scaler = |(stage, number): (&'a crate::outbound::Egress, u32)| {
            Some(Self {
                stage: StageId(number),
                scaling: stage.scaling.as_ref()?,
                drain: stage.drain,
                taking: 0,
                under_way: false,
            })
        };
        stages.filter_map(scaler).collect()
    }

    fn instances(&self) -> usize {
        self.scaling.layouts[self.taking].len()
    }

    fn layout(&self) -> &'a [PortPool] {
        &self.scaling.layouts[self.taking]
    }

    fn most(&self) -> usize {
        self.scaling.layouts.len() - 1
    }
}

impl<O: Observer> Run<'_, O> {
    /// Books the first look at each device that scales.
    pub(super) fn schedule_scaling(&mut self) {
        for number in 0..self.scalers.len() {
            let every = self.scalers[number].scaling.rule.every;
            self.queue.at(SimTime::ZERO + every, Happening::LooksAtLoad(number as u32));
        }
    }

    /// The device looks at its load.
    pub(super) fn look_at_load(&mut self, number: u32) {
        let load = self.load_of(number as usize);
        let scaler = &mut self.scalers[number as usize];
        let rule = &scaler.scaling.rule;
        self.queue.at(self.now + rule.every, Happening::LooksAtLoad(number));
        if scaler.under_way {
            return;
        }
        if load >= rule.out_at && scaler.taking < scaler.most() {
            scaler.under_way = true;
            self.queue.at(self.now + rule.takes, Happening::InstanceComes(number));
        } else if load < rule.in_below && scaler.taking > 0 {
            scaler.under_way = true;
            scaler.taking -= 1;
            let drain = scaler.drain;
            self.spread_over_instances(number as usize);
            self.queue.at(self.now + drain, Happening::InstanceGoes(number));
        }
    }

    /// The instance that was asked for is there.
    pub(super) fn instance_comes(&mut self, number: u32) {
        self.scalers[number as usize].taking += 1;
        self.spread_over_instances(number as usize);
        self.lay_out_instances(number as usize);
    }

    /// The last instance has drained; what it still serves is reset.
    pub(super) fn instance_goes(&mut self, number: u32) {
        self.lay_out_instances(number as usize);
    }

    /// Mean share of an instance that is in use.
    fn load_of(&mut self, number: usize) -> f64 {
        let now = self.now;
        let Scaler { stage, scaling, .. } = self.scalers[number];
        let (layout, instances) = (self.scalers[number].layout(), self.scalers[number].instances());
        let rows = self.rows.iter_mut().zip(&self.shard.rows).filter_map(|(row, id)| {
            let spec = &self.system.rows[id.index()];
            (spec.stage == stage).then_some((row, spec.destination))
        });
        match scaling.rule.load {
            Load::Flows { of } => {
                let live: u64 = rows.map(|(row, _)| row.live(now)).sum();
                live as f64 / (f64::from(of) * instances as f64)
            }
            Load::Ports => {
                let ports = layout.iter().flat_map(|pool| &pool.ports).flatten();
                let ports: u64 = ports.map(|ports| u64::from(*ports)).sum();
                let mut busy: BTreeMap<DestinationId, u64> = BTreeMap::new();
                rows.for_each(|(row, destination)| *busy.entry(destination).or_default() += row.busy(now));
                busy.into_values().max().unwrap_or(0) as f64 / ports.max(1) as f64
            }
        }
    }

    /// New flows go to the instances that take them.
    fn spread_over_instances(&mut self, number: usize) {
        let (stage, instances) = (self.scalers[number].stage, self.scalers[number].instances() as u32);
        for local in &mut self.sources {
            if local.spec.hops.last().is_some_and(|hop| hop.stage == stage) {
                local.here.taking = (0..instances).collect();
            }
        }
    }

    fn lay_out_instances(&mut self, number: usize) {
        let scaler = &mut self.scalers[number];
        scaler.under_way = false;
        let (stage, layout, instances) = (scaler.stage, scaler.layout(), scaler.instances() as u32);
        let mut cut = Vec::new();
        for row in 0..self.rows.len() {
            let spec = &self.system.rows[self.shard.rows[row].index()];
            if spec.stage == stage {
                let ports = layout.get(spec.pool.index()).map_or(&[][..], |pool| &pool.ports);
                let reclaim = self.system.stage(stage).rules.reclaim;
                let flows = self.rows[row].set_ports(self.now, ports, reclaim);
                cut.extend(flows.into_iter().map(|flow| (row, flow)));
                self.tell_ended(row);
            }
        }
        self.observer.scaled(self.now, instances, cut.len() as u64);
        self.cut_connections(&cut);
    }
}
