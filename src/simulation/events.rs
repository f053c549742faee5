//! The system changes while it runs: ports come and go, pods move, nodes end with all they have.

use super::connections::{Connection, ConnectionId, PoolId, State};
use super::draws::Here;
use super::epoch::Epoch;
use super::observer::{Fate, Observer};
use super::request::{Request, TryId};
use super::run::{Happening, Run};
use super::{Source, System};
use crate::cluster::Departure;
use crate::flow::{EndKind, NodeId, Protocol};
use crate::outbound::{IdleExpiry, Partition, Timers};
use crate::snat::{Changed, CutOff, EndsBy, Holding, Slot};
use crate::time::{SimDuration, SimTime};
use crate::workload::Law;
use std::collections::{BTreeMap, HashSet};

/// What is over at another time than was said, by row in the shard.
pub(super) type Cut = Vec<(usize, Changed)>;

impl Here {
    pub(super) fn at_first(system: &System, source: &Source) -> Self {
        let pods = match source.moves {
            None => source.pods,
            Some(_) => system.pods_on(source, SimTime::ZERO),
        };
        let taking = match source.hops.last() {
            Some(hop) if hop.rows.len() > 1 && (!system.epochs.is_empty() || system.scales()) => {
                system.taking_at_first(hop.stage)
            }
            Some(hop) => (0..hop.rows.len() as u32).collect(),
            None => Vec::new(),
        };
        let tells_pods_apart = system.workload(source).tells_pods_apart()
            || system.choice_tells_pods_apart(source)
            || system.counts_local_ports(source);
        Self { pods, tells_pods_apart, taking, left: None, departure: None }
    }
}

impl System {
    /// Pods of a source; one where it has none, since nothing asks then.
    fn pods_on(&self, source: &Source, time: SimTime) -> u32 {
        self.pods_at(source.workload, time).on(source.node).max(1)
    }
}

/// Whether the stage before has forgotten a silent flow, after `nearer`, so that its close does not come this far.
fn hears_nothing(timers: &Timers, nearer: Option<SimDuration>, now: SimTime, planned: Holding) -> bool {
    let since = timers.idle_timeout.zip(nearer);
    since.is_some_and(|(own, nearer)| planned.close + nearer <= now + own)
}

/// How long a flow of a node that ends keeps its port, which it was granted at `start`. Nobody sends on it any more; a process that ends
/// closes its TCP connections. One that is not answered yet is closed without a word. Nothing, if the node had ended before.
fn ending(
    timers: &Timers,
    (departure, nearer): (Departure, Option<SimDuration>),
    now: SimTime,
    (start, planned): (SimTime, Holding),
) -> Option<Holding> {
    let silence = || timers.idle_timeout.map_or(SimTime::NEVER, |silence| now + silence);
    let (close, rest) = match (planned.by, departure) {
        (EndsBy::NodeEnded, _) => return None,
        (EndsBy::NoAnswer, _) => (planned.close, None),
        (EndsBy::UdpSilence, _) => {
            let silent = now + timers.udp_silence(now.since(start));
            (planned.close.min(silent), timers.hold_down(Protocol::Udp, EndKind::Fin))
        }
        (EndsBy::Silence, Departure::Closes) if hears_nothing(timers, nearer, now, planned) => {
            (planned.close, None)
        }
        (_, Departure::Closes) => (now, timers.hold_down(Protocol::Tcp, EndKind::Fin)),
        (EndsBy::Silence, Departure::FallsSilent) => (silence().min(planned.close), None),
        (EndsBy::Close, Departure::FallsSilent) => (silence(), None),
    };
    let rest = SimDuration::from_secs_f64(rest.map_or(0.0, Law::longest_or_mean));
    Some(Holding { by: EndsBy::NodeEnded, ..Holding::until(close, close + rest) })
}

impl<O: Observer> Run<'_, O> {
    /// Books the epochs of the system.
    pub(super) fn schedule_epochs(&mut self) {
        for (number, epoch) in self.system.epochs.iter().enumerate() {
            self.queue.at(self.system.timing.origin + epoch.at, Happening::Epoch(number as u32));
        }
    }

    /// The system changes.
    pub(super) fn enter_epoch(&mut self, number: u32) {
        let system = self.system;
        let epoch = &system.epochs[number as usize];
        let mut cut = Cut::new();
        if !epoch.left.is_empty() {
            self.flows_end(&epoch.left, &mut cut);
        }
        self.change_ports(epoch, &mut cut);
        self.quotas_follow(&cut);
        cut.retain(|(_, changed)| changed.was_live(self.now));
        let lost = cut.iter().filter(|(row, _)| system.is_of_device(self.shard.rows[*row])).count();
        if lost > 0 {
            self.observer.cut_off(number, lost as u64);
        }
        (0..self.rows.len()).for_each(|row| self.tell_ended(row));
        for local in self.sources.iter_mut().filter(|local| epoch.left.contains_key(&local.spec.node)) {
            local.here.left = Some(self.now);
            local.here.departure = epoch.left.get(&local.spec.node).copied();
        }
        self.cut_connections(&cut);
        if !epoch.left.is_empty() {
            self.clients_end();
        }
        self.look_around(epoch);
    }

    /// Live flows of nodes end in every row that has some.
    fn flows_end(&mut self, left: &BTreeMap<NodeId, Departure>, cut: &mut Cut) {
        let now = self.now;
        for row in 0..self.rows.len() {
            let spec = &self.system.rows[self.shard.rows[row].index()];
            let stage = self.system.stage(spec.stage);
            let flows = if stage.partition == Partition::Node {
                match left.contains_key(&NodeId(spec.pool.0)) {
                    true => self.rows[row].set_ports(now, &[], stage.rules.reclaim),
                    false => Vec::new(),
                }
            } else {
                let nearer = left.keys().filter_map(|node| Some((*node, self.silence_before(row, *node)?)));
                let nearer: BTreeMap<NodeId, SimDuration> = nearer.collect();
                self.rows[row].end_flows_of(now, |node, start, planned| {
                    let node = NodeId(node);
                    let nearer = nearer.get(&node).copied();
                    ending(&stage.timers, (*left.get(&node)?, nearer), now, (start, planned))
                })
            };
            cut.extend(flows.into_iter().map(|flow| (row, flow)));
        }
        self.syns_end(left, cut);
    }

    /// How long a stage that flows of `node` pass before they come to a row remembers a silent one.
    fn silence_before(&self, row: usize, node: NodeId) -> Option<SimDuration> {
        let of_node = self.sources.iter().filter(|local| local.spec.node == node);
        let mut nearer = of_node.flat_map(|local| local.hops.windows(2));
        let [stage, _] = nearer.find(|hops| hops[1].rows.contains(&row))? else { return None };
        stage.stage.timers.idle_timeout
    }

    fn change_ports(&mut self, epoch: &Epoch, cut: &mut Cut) {
        for row in 0..self.rows.len() {
            let id = self.shard.rows[row];
            if self.rows[row].tells_ends() && !self.system.scales_row(id) {
                let ports = self.system.ports_from(epoch, id);
                let flows =
                    self.rows[row].set_ports(self.now, &ports, self.system.stage_of(id).rules.reclaim);
                cut.extend(flows.into_iter().map(|flow| (row, flow)));
            }
        }
    }

    /// Kept-open connections whose port or whose client is gone.
    pub(super) fn cut_connections(&mut self, cut: &Cut) {
        let cut: HashSet<(usize, CutOff)> = cut.iter().map(|(row, changed)| (*row, changed.flow)).collect();
        if cut.is_empty() {
            return;
        }
        for number in 0..self.client_pools.connections.len() {
            let id = ConnectionId(number as u32);
            let connection = *self.client_pools.at(id);
            if !matches!(connection.state, State::Busy(_) | State::Idle) {
                continue;
            }
            if self.flows_of(&connection).any(|flow| cut.contains(&flow)) {
                self.cut_connection(id);
            }
        }
    }

    /// The ports of a connection, by row.
    fn flows_of(&self, connection: &Connection) -> impl Iterator<Item = (usize, CutOff)> {
        let hops = 0..self.sources[connection.owner.source].hops.len();
        hops.map(|hop| {
            let Slot { ip, port, grant, .. } = connection.slots[hop];
            (self.row_in(&connection.owner, hop), CutOff { ip, port, grant })
        })
    }

    /// What is over at another time counts towards quotas until then. Of kept-open connections nothing was said yet.
    pub(super) fn quotas_follow(&mut self, cut: &Cut) {
        if self.quotas.is_empty() || cut.is_empty() {
            return;
        }
        let open = self.client_pools.connections.iter();
        let open = open.filter(|connection| matches!(connection.state, State::Busy(_) | State::Idle));
        let open: HashSet<(usize, CutOff)> = open.flat_map(|connection| self.flows_of(connection)).collect();
        for (row, Changed { flow, node, said, now }) in cut {
            if !open.contains(&(*row, *flow)) {
                for quota in self.drawn_on(*row, NodeId(*node)) {
                    self.quotas[quota].leaves_otherwise(said, now);
                }
            }
        }
    }

    /// Quotas that flows of `node` in a row count towards, by position in the shard.
    fn drawn_on(&self, row: usize, node: NodeId) -> Vec<usize> {
        let hops = self.sources.iter().filter(|local| local.spec.node == node).flat_map(|local| &local.hops);
        let mut of_row = hops.flat_map(|hop| hop.rows.iter().zip(&hop.quotas));
        of_row.find(|(each, _)| **each == row).map_or(Vec::new(), |(_, quotas)| quotas.clone())
    }

    /// Whoever is served finds out by itself, and its client opens another connection; whoever is not meets a stale one, unless
    /// the device sends a reset.
    fn cut_connection(&mut self, id: ConnectionId) {
        let connection = *self.client_pools.at(id);
        let source = connection.owner.source;
        let departure = self.sources[source].here.departure.filter(|_| self.ends_now(source));
        self.end(&connection, |run, hop| match departure {
            Some(how) => run.ended_in(&connection, hop, how),
            None => run.closed_in(&connection, hop),
        });
        let stage = self.sources[connection.owner.source].hops.last().map(|hop| hop.stage);
        let resets = stage.is_some_and(|stage| stage.reclaim_signal == IdleExpiry::Reset);
        match connection.state {
            State::Busy(serving) => {
                self.drop_connection(id, serving);
                // Whoever is in line on a node that ends, ends with it.
                if !self.ends_now(connection.owner.source) {
                    self.next_in_line(&connection.owner);
                }
            }
            State::Idle if resets || self.sources[connection.owner.source].protocol == Protocol::Udp => {
                self.forget(id)
            }
            State::Idle => {
                self.client_pools.at(id).state = State::Lost;
            }
            State::Forgotten | State::Lost | State::Cut(_) | State::Closed => {}
        }
    }

    /// The client no longer counts a connection that serves requests.
    fn drop_connection(&mut self, id: ConnectionId, serving: u32) {
        let connection = self.client_pools.at(id);
        connection.state = State::Cut(serving);
        connection.generation += 1;
        let owner = connection.owner;
        let pool = self.client_pools.of(&owner);
        pool.drop_available(id);
        pool.open -= 1;
        self.local_ports.leave_at(&owner, self.now);
        self.tell_level(-1, 0);
    }

    /// A request ends that a connection without a port served; the last one frees its place in the table.
    pub(super) fn serves_in_vain(&mut self, id: ConnectionId, serving: u32) {
        let connection = self.client_pools.at(id);
        connection.state = if serving > 1 { State::Cut(serving - 1) } else { State::Closed };
        if serving == 1 {
            self.client_pools.free.push(id);
        }
    }

    /// What the clients on nodes that end now had under way ends with them.
    fn clients_end(&mut self) {
        for number in 0..self.client_pools.connections.len() {
            let id = ConnectionId(number as u32);
            let connection = *self.client_pools.at(id);
            let source = connection.owner.source;
            if !self.ends_now(source) || self.pools_of(source).is_empty() {
                continue;
            }
            match connection.state {
                State::Busy(serving) => self.drop_connection(id, serving),
                State::Idle | State::Forgotten | State::Lost => self.forget(id),
                State::Cut(_) | State::Closed => {}
            }
        }
        for source in (0..self.sources.len()).filter(|source| self.ends_now(*source)).collect::<Vec<_>>() {
            for pool in self.pools_of(source) {
                while let Some(waiting) = self.client_pools.pool(PoolId(pool)).line.pop_front() {
                    let request = self.left_line(waiting);
                    self.decided(&request, None, Some(Fate::Failed));
                }
                // Connections that were being opened, too.
                self.client_pools.pool(PoolId(pool)).open = 0;
            }
            self.local_ports.pods_end(source);
            self.budgets.pods_end(source);
        }
    }

    fn ends_now(&self, source: usize) -> bool {
        self.sources[source].here.left == Some(self.now)
    }

    /// Client pools of the pods of a source.
    fn pools_of(&self, source: usize) -> std::ops::Range<u32> {
        self.client_pools.of_pods(source, self.sources[source].spec.pods)
    }

    fn look_around(&mut self, epoch: &Epoch) {
        for local in &mut self.sources {
            let several = local.spec.hops.last().filter(|hop| hop.rows.len() > 1);
            if let Some(hop) = several.filter(|hop| self.system.stage(hop.stage).scaling.is_none()) {
                local.here.taking.clone_from(&epoch.taking[hop.stage.index()]);
            }
            if local.spec.moves.is_some() {
                local.here.pods = self.system.pods_on(local.spec, self.now);
            }
        }
    }

    /// A SYN that is sent again finds another instance where the one that it went to before takes no more flows.
    pub(super) fn rehash(&self, request: &mut Request) {
        let taking = &self.sources[request.source].here.taking;
        if !taking.contains(&request.draws.row) {
            request.draws.row = taking[request.draws.row as usize % taking.len()];
        }
    }

    /// Whether the node of what waits ended since it was asked for.
    #[inline]
    pub(super) fn has_left(&self, id: TryId) -> bool {
        let request = &self.waiting_try(id).request;
        self.sources[request.source].here.left > Some(request.asked)
    }

    /// The client that waited is no more; nobody else tries in its place.
    pub(super) fn dies_with_its_node(&mut self, id: TryId, backed_off: bool) {
        let flow = self.release_try(id);
        self.settle(flow.request.asked);
        if backed_off {
            self.observer.backing_off(self.node_left_after(&flow.request), -1);
        }
        let connecting = (!backed_off).then_some(Fate::Failed);
        // The pools of its pods were emptied with them; one that a proxy keeps goes on.
        let source = flow.request.source;
        if !backed_off && self.sources[source].client_pool.is_some() && self.pools_of(source).is_empty() {
            self.client_pools.of(&flow.request).open -= 1;
        }
        self.decided(&flow.request, connecting, Some(Fate::Failed));
    }

    /// When the node of a request ended first after it was asked for.
    fn node_left_after(&self, request: &Request) -> SimTime {
        let node = self.sources[request.source].spec.node;
        let ends = self.system.epochs.iter().filter(|epoch| epoch.left.contains_key(&node));
        let mut ends = ends.map(|epoch| self.system.timing.origin + epoch.at);
        ends.find(|end| *end > request.asked).unwrap_or(self.now)
    }
}
