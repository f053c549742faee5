//! Autoscaling by rule: pods follow the rate that is asked for, nodes follow the pods.
//!
//! The rules look at the rate that a workload has by its settings, not at the random numbers of one run, as autoscalers look at
//! averages over minutes; so the events are the same in every replication, and known beforehand. Left out: readiness, what a pod asks of
//! a node other than a place, and rules on anything but the rate.

use super::{Change, Event};
use crate::time::SimDuration;

/// How many pods a workload has, as the horizontal pod autoscaler does it.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRule {
    /// The workload, by position.
    pub workload: usize,
    /// The node pool of its pods, by position.
    pub pool: usize,
    /// Pods at first.
    pub first: u32,
    /// Requests per second that a pod is to have.
    pub rate_per_pod: f64,
    /// Fewest pods.
    pub least: u32,
    /// Most pods.
    pub most: u32,
    /// How often it looks.
    pub every: SimDuration,
    /// How long a new pod takes.
    pub takes: SimDuration,
    /// Pods go when fewer were enough for so long.
    pub calm: SimDuration,
}

/// How many nodes a node pool has, as the cluster autoscaler does it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRule {
    /// The node pool, by position.
    pub pool: usize,
    /// Nodes at first.
    pub first: u32,
    /// Pods that a node has room for.
    pub pods_per_node: u32,
    /// Fewest nodes.
    pub least: u32,
    /// Most nodes.
    pub most: u32,
    /// How long a new node takes.
    pub takes: SimDuration,
    /// Nodes go when fewer were enough for so long.
    pub calm: SimDuration,
}

/// A number that rises after a delay and falls after a calm.
struct Follower {
    now: u32,
    /// What was asked for, and from when on it is there.
    coming: Option<(SimDuration, u32)>,
    /// What was wanted lately, oldest first.
    wanted: Vec<(SimDuration, u32)>,
}

impl Follower {
    fn new(first: u32) -> Self {
        Self { now: first, coming: None, wanted: Vec::new() }
    }

    /// What was asked for is there, once it is due.
    fn arrive(&mut self, at: SimDuration) {
        if let Some((_, number)) = self.coming.take_if(|(ready, _)| *ready <= at) {
            self.now = self.now.max(number);
        }
    }

    /// Asks for what is wanted at `at`, or lets go of what has not been wanted for long.
    fn look(&mut self, at: SimDuration, wanted: u32, takes: SimDuration, calm: SimDuration) {
        self.wanted.retain(|(then, _)| then.plus(calm) > at);
        self.wanted.push((at, wanted));
        let most_lately = self.wanted.iter().map(|(_, wanted)| *wanted).max().unwrap_or(wanted);
        if wanted > self.now && self.coming.is_none() {
            self.coming = Some((at.plus(takes), wanted));
        } else if most_lately < self.now && at >= calm {
            self.now = most_lately;
        }
    }
}

impl PodRule {
    fn looks(&self, at: SimDuration) -> bool {
        at.nanos().is_multiple_of(self.every.nanos())
    }

    fn looks_after(&self, at: SimDuration) -> SimDuration {
        let every = self.every.nanos();
        SimDuration::from_nanos((at.nanos() / every).saturating_add(1).saturating_mul(every))
    }

    /// Pods that are needed for a rate.
    fn wants(&self, rate: f64) -> u32 {
        let needed = (rate / self.rate_per_pod).ceil().min(f64::from(u32::MAX)) as u32;
        needed.clamp(self.least, self.most)
    }
}

/// What the rules do up to `end`, with `rate` the requests per second of a workload at a time. Pods are there when they come,
/// not when their rule looks again; the rule of the nodes looks whenever one of the pods does.
pub fn by_rule(
    pods: &[PodRule],
    nodes: &[NodeRule],
    rate: impl Fn(usize, SimDuration) -> f64,
    drain: SimDuration,
    end: SimDuration,
) -> Vec<Event> {
    let mut wanted: Vec<Follower> = pods.iter().map(|rule| Follower::new(rule.first)).collect();
    let mut there: Vec<u32> = pods.iter().map(|rule| rule.first).collect();
    let mut machines: Vec<Follower> = nodes.iter().map(|rule| Follower::new(rule.first)).collect();
    let mut events = Vec::new();
    let mut at = SimDuration::ZERO;
    loop {
        let coming = wanted.iter().chain(&machines).filter_map(|follower| follower.coming);
        let looks = pods.iter().map(|rule| rule.looks_after(at));
        match coming.map(|(ready, _)| ready).filter(|ready| *ready > at).chain(looks).min() {
            Some(next) if next < end => at = next,
            _ => return events,
        }
        let looking = pods.iter().any(|rule| rule.looks(at));
        for (rule, follower) in pods.iter().zip(&mut wanted) {
            follower.arrive(at);
            if rule.looks(at) {
                follower.look(at, rule.wants(rate(rule.workload, at)), rule.takes, rule.calm);
            }
        }
        for (rule, follower) in nodes.iter().zip(&mut machines) {
            let before = follower.now;
            follower.arrive(at);
            if looking {
                let of_pool = pods.iter().zip(&wanted).filter(|(pods, _)| pods.pool == rule.pool);
                let all: u64 = of_pool.map(|(_, follower)| u64::from(follower.now)).sum();
                let needed = all.div_ceil(u64::from(rule.pods_per_node)).min(u64::from(u32::MAX)) as u32;
                follower.look(at, needed.clamp(rule.least, rule.most), rule.takes, rule.calm);
            }
            if follower.now != before {
                let change = Change::Scale { pool: rule.pool, nodes: follower.now };
                events.push(Event { at, change, drain });
            }
        }
        let room = |pool: usize| {
            let of_pool = nodes.iter().zip(&machines).find(|(rule, _)| rule.pool == pool);
            of_pool.map(|(rule, follower)| u64::from(follower.now) * u64::from(rule.pods_per_node))
        };
        for (number, rule) in pods.iter().enumerate() {
            let others = pods
                .iter()
                .zip(&there)
                .enumerate()
                .filter(|(other, (pods, _))| *other != number && pods.pool == rule.pool);
            let taken: u64 = others.map(|(_, (_, there))| u64::from(*there)).sum();
            let fit = room(rule.pool).map_or(u64::MAX, |room| room.saturating_sub(taken));
            let now = u64::from(wanted[number].now).min(fit.max(u64::from(rule.least))) as u32;
            if now != there[number] {
                there[number] = now;
                events.push(Event { at, change: Change::Pods { workload: rule.workload, pods: now }, drain });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> SimDuration {
        SimDuration::from_secs(seconds)
    }

    fn pods(most: u32) -> PodRule {
        PodRule {
            workload: 0,
            pool: 0,
            first: 2,
            rate_per_pod: 10.0,
            least: 2,
            most,
            every: secs(15),
            takes: secs(30),
            calm: secs(300),
        }
    }

    const NODES: NodeRule = NodeRule {
        pool: 0,
        first: 1,
        pods_per_node: 4,
        least: 1,
        most: 3,
        takes: SimDuration::from_secs(240),
        calm: SimDuration::from_secs(600),
    };

    /// 20 requests a second, 100 from 60 to 660 s.
    fn rate(_: usize, at: SimDuration) -> f64 {
        if (secs(60)..secs(660)).contains(&at) { 100.0 } else { 20.0 }
    }

    fn told(pods: &[PodRule], nodes: &[NodeRule]) -> Vec<(u64, String)> {
        let tell = |event: Event| {
            let what = match event.change {
                Change::Pods { pods, .. } => format!("{pods} pods"),
                Change::Scale { nodes, .. } => format!("{nodes} nodes"),
                other => format!("{other:?}"),
            };
            (event.at.nanos() / 1_000_000_000, what)
        };
        by_rule(pods, nodes, rate, secs(30), secs(3_600)).into_iter().map(tell).collect()
    }

    fn at(at: u64, what: &str) -> (u64, String) {
        (at, what.to_string())
    }

    #[test]
    fn pods_rise_after_a_delay_and_fall_after_a_calm() {
        assert_eq!(told(&[pods(50)], &[]), [at(90, "10 pods"), at(945, "2 pods")]);
        assert_eq!(told(&[pods(6)], &[]), [at(90, "6 pods"), at(945, "2 pods")]);
    }

    #[test]
    fn pods_wait_for_nodes_and_nodes_for_pods() {
        let expected = [
            at(90, "4 pods"),
            at(330, "3 nodes"),
            at(330, "10 pods"),
            at(945, "2 pods"),
            at(1_530, "1 nodes"),
        ];
        assert_eq!(told(&[pods(50)], &[NODES]), expected);
    }

    #[test]
    fn nothing_happens_without_need() {
        assert_eq!(told(&[PodRule { rate_per_pod: 50.0, ..pods(50) }], &[NODES]), []);
    }

    #[test]
    fn each_rule_looks_in_its_own_rhythm_and_pods_come_in_between() {
        let slow = PodRule { every: secs(100), takes: secs(7), ..pods(50) };
        let quick = PodRule { workload: 1, pool: 1, ..pods(50) };
        // The last looks that want ten are at 600 s and at 645 s.
        let expected = [at(90, "10 pods"), at(107, "10 pods"), at(900, "2 pods"), at(945, "2 pods")];
        assert_eq!(told(&[slow, quick], &[]), expected);
    }
}
