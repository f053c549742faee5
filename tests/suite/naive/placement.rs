//! Which nodes there are, which node each pod is on, and when that changes.

use super::case::{Case, Change, Event, Millis};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    There,
    /// Its pods work elsewhere, and close what they have open here.
    Draining,
    Lost,
}

/// How a node ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaves {
    Drained,
    Lost,
}

/// What follows from an event, at once or later.
#[derive(Debug, Clone)]
enum Step {
    Begins,
    Drains(Vec<u32>),
    Drained(Vec<u32>),
    Anew(Vec<u32>),
    Noticed(Vec<u32>),
    Back(Vec<u32>),
}

/// From an instant on: where everybody is.
#[derive(Debug, Clone)]
pub struct Moment {
    pub at: Millis,
    /// The node of each pod of each workload; none while it asks for nothing.
    pub pods: Vec<Vec<Option<u32>>>,
    /// Nodes that end now.
    pub ends: Vec<(u32, Leaves)>,
    /// Nodes that there are, those that are drained too.
    pub nodes: Vec<u32>,
}

struct Cluster {
    nodes: BTreeMap<u32, Node>,
    pods: Vec<Vec<u32>>,
    /// Numbers that are wanted again while their nodes are drained: other nodes follow these at once.
    again: BTreeSet<u32>,
    /// In the order of time, of the file, and of what an event leads to.
    steps: BTreeMap<(Millis, usize, u32), Step>,
}

/// Everything that happens to nodes and pods; nothing where pods would have no node.
pub fn moments(case: &Case) -> Option<Vec<Moment>> {
    let on_turn = |pods: u32| (0..pods).map(|pod| pod % case.nodes).collect();
    let mut cluster = Cluster {
        nodes: (0..case.nodes).map(|node| (node, Node::There)).collect(),
        pods: case.workloads.iter().map(|workload| on_turn(workload.pods)).collect(),
        again: BTreeSet::new(),
        steps: (0..).zip(&case.events).map(|(number, event)| ((event.at, number, 0), Step::Begins)).collect(),
    };
    let mut moments = vec![cluster.moment(0, Vec::new())];
    while let Some(((at, number, _), step)) = cluster.steps.pop_first() {
        let ends = cluster.step(at, number, &case.events[number], step)?;
        moments.push(cluster.moment(at, ends));
    }
    Some(moments)
}

/// The moment that `time` belongs to.
pub fn last(moments: &[Moment], time: Millis) -> &Moment {
    moments.iter().rfind(|moment| moment.at <= time).expect("the first is at 0")
}

impl Cluster {
    fn moment(&self, at: Millis, ends: Vec<(u32, Leaves)>) -> Moment {
        let there = |node: &u32| (self.nodes.get(node) == Some(&Node::There)).then_some(*node);
        let pods = self.pods.iter().map(|pods| pods.iter().map(there).collect()).collect();
        let lost = |node: &&u32| self.nodes[*node] == Node::Lost;
        let nodes = self.nodes.keys().filter(|node| !lost(node)).copied().collect();
        Moment { at, pods, ends, nodes }
    }

    fn step(&mut self, at: Millis, number: usize, event: &Event, step: Step) -> Option<Vec<(u32, Leaves)>> {
        let mut ends = Vec::new();
        match (step, &event.change) {
            (Step::Begins, Change::Pods { workload, pods }) => self.count(*workload, *pods as usize)?,
            (Step::Begins, Change::Scale { nodes, drain }) => {
                for node in 0..*nodes {
                    if *self.nodes.entry(node).or_insert(Node::There) == Node::Draining {
                        self.again.insert(node);
                    }
                }
                self.again.retain(|node| node < nodes);
                let go: Vec<u32> = self.there().into_iter().filter(|node| node >= nodes).collect();
                let gone: Vec<u32> = self.nodes.keys().copied().filter(|node| node >= nodes).collect();
                self.nodes.retain(|node, state| node < nodes || *state != Node::Lost);
                self.drain(&go);
                self.evict(&gone)?;
                self.steps.insert((at + drain, number, 1), Step::Drained(go));
            }
            (Step::Begins, Change::Lose { nodes, noticed_after, back_after }) => {
                let there = self.there();
                let go = there[there.len().saturating_sub(*nodes as usize)..].to_vec();
                for node in &go {
                    self.nodes.insert(*node, Node::Lost);
                    ends.push((*node, Leaves::Lost));
                }
                self.steps.insert((at + noticed_after, number, 2), Step::Noticed(go.clone()));
                if let Some(after) = back_after {
                    self.steps.insert((at + after, number, 1), Step::Back(go));
                }
            }
            (Step::Begins, Change::Upgrade { surge, round, drain }) => {
                self.upgrade(at, number, *surge, (*round, *drain));
            }
            (Step::Begins, _) => {}
            (Step::Drains(nodes), _) => {
                self.drain(&nodes);
                self.evict(&nodes)?;
            }
            (Step::Anew(nodes), _) => {
                for node in nodes {
                    self.nodes.insert(node, Node::There);
                    ends.push((node, Leaves::Drained));
                }
            }
            (Step::Drained(nodes), _) => {
                for node in nodes {
                    match (self.nodes.get(&node), self.again.remove(&node)) {
                        (Some(Node::Draining), true) => self.nodes.insert(node, Node::There),
                        (Some(Node::Draining), false) => self.nodes.remove(&node),
                        _ => continue,
                    };
                    ends.push((node, Leaves::Drained));
                }
            }
            (Step::Noticed(nodes), _) => self.evict(&nodes)?,
            (Step::Back(nodes), _) => {
                for node in nodes {
                    if let Some(state @ Node::Lost) = self.nodes.get_mut(&node) {
                        *state = Node::There;
                    }
                }
            }
        }
        Some(ends)
    }

    /// Extra nodes come; each round drains as many and makes them anew; then the extra nodes go.
    fn upgrade(&mut self, at: Millis, number: usize, surge: u32, (round, drain): (Millis, Millis)) {
        let old = self.there();
        let extra: Vec<u32> = (0..surge).map(|more| old.len() as u32 + more).collect();
        extra.iter().for_each(|node| {
            self.nodes.insert(*node, Node::There);
        });
        let (mut begins, mut order) = (at, 1);
        for batch in old.chunks(surge as usize) {
            self.steps.insert((begins, number, order), Step::Drains(batch.to_vec()));
            self.steps.insert((begins + drain, number, order + 1), Step::Anew(batch.to_vec()));
            begins += round.max(drain);
            order += 2;
        }
        self.steps.insert((begins, number, order), Step::Drains(extra.clone()));
        self.steps.insert((begins + drain, number, order + 1), Step::Drained(extra));
    }

    fn there(&self) -> Vec<u32> {
        self.nodes.iter().filter(|(_, state)| **state == Node::There).map(|(node, _)| *node).collect()
    }

    fn fewest(&self) -> Option<u32> {
        let pods = |node: &u32| self.pods.iter().flatten().filter(|each| *each == node).count();
        self.there().into_iter().min_by_key(pods)
    }

    fn count(&mut self, workload: usize, pods: usize) -> Option<()> {
        self.pods[workload].truncate(pods);
        while self.pods[workload].len() < pods {
            let node = self.fewest()?;
            self.pods[workload].push(node);
        }
        Some(())
    }

    fn drain(&mut self, nodes: &[u32]) {
        nodes.iter().for_each(|node| {
            self.nodes.insert(*node, Node::Draining);
        });
    }

    /// The pods of `nodes` that are not there, one after the other, go to the nodes with the fewest.
    fn evict(&mut self, nodes: &[u32]) -> Option<()> {
        for workload in 0..self.pods.len() {
            for pod in 0..self.pods[workload].len() {
                let node = self.pods[workload][pod];
                if nodes.contains(&node) && self.nodes.get(&node) != Some(&Node::There) {
                    self.pods[workload][pod] = self.fewest()?;
                }
            }
        }
        Some(())
    }
}
