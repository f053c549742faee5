//! A cluster that changes: events become moments, between which nothing changes.

use super::presence::Presence;
use super::steps::{Step, steps_of};
use super::{Cluster, Event, Placement};
use crate::flow::NodeId;
use crate::time::SimDuration;
use std::collections::{BTreeMap, BTreeSet};

/// How the flows of a node end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Departure {
    /// Its pods close what they still have open.
    Closes,
    /// Nothing more is heard of it.
    FallsSilent,
}

/// An instant at which the cluster changes, and what it is like from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When, after the start of the measured time.
    pub at: SimDuration,
    /// Nodes that are away from now on.
    pub away: BTreeSet<NodeId>,
    /// Nodes whose flows end now.
    pub left: BTreeMap<NodeId, Departure>,
    /// Pods of each workload from now on.
    pub placements: Vec<Placement>,
}

/// What the cluster goes through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    /// Rising in time.
    pub moments: Vec<Moment>,
}

/// A node pool has no node left for the pods that must go there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRoom {
    /// When.
    pub at: SimDuration,
    /// The node pool's name.
    pub pool: String,
}

impl Timeline {
    /// What `events` do to `cluster` and the `placements` of its workloads, up to `end`.
    pub fn new(
        cluster: &Cluster,
        placements: &[Placement],
        events: &[Event],
        end: SimDuration,
    ) -> Result<Self, NoRoom> {
        let mut steps: Vec<(SimDuration, Step)> = Vec::new();
        let mut counts: Vec<u32> =
            cluster.node_pools.iter().map(|pool| cluster.nodes_there_in(pool)).collect();
        let mut in_order: Vec<&Event> = events.iter().collect();
        in_order.sort_by_key(|event| event.at);
        for event in in_order {
            steps.extend(steps_of(event, cluster, &mut counts));
        }
        steps.sort_by_key(|(at, _)| *at);
        let mut presence = Presence::new(cluster, placements);
        let steps: Vec<(SimDuration, Step)> = steps.into_iter().filter(|(at, _)| *at < end).collect();
        let moment = |steps: &[(SimDuration, Step)]| {
            let at = steps[0].0;
            let mut left = BTreeMap::new();
            for (_, step) in steps {
                left.extend(presence.take(step).map_err(|pool| NoRoom { at, pool })?);
            }
            let placements = presence.placements().to_vec();
            Ok(Moment { at, away: presence.away().clone(), left, placements })
        };
        let moments = steps.chunk_by(|(one, _), (other, _)| one == other).map(moment);
        Ok(Self { moments: moments.collect::<Result<_, NoRoom>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Change, NodePool};
    use super::*;

    fn secs(seconds: u64) -> SimDuration {
        SimDuration::from_secs(seconds)
    }

    /// A node pool of so many nodes, of which some are there at first.
    fn cluster(nodes: u32, there: u32) -> Cluster {
        let name = "user".to_string();
        let (first, numbers, nodes) = (NodeId(0), nodes, there);
        let pool = NodePool { name, first, nodes, numbers, max_surge: 1, most_by_autoscaler: None, zones: 0 };
        Cluster::new(vec![pool], None)
    }

    fn placement(pods: &[u32]) -> Placement {
        Placement { pods: pods.iter().copied().map(NodeId).collect(), one_a_node: false }
    }

    fn timeline(
        cluster: &Cluster,
        placement: Placement,
        changes: &[(u64, Change)],
    ) -> Result<Vec<Moment>, NoRoom> {
        let event =
            |(at, change): &(u64, Change)| Event { at: secs(*at), change: change.clone(), drain: secs(30) };
        let events: Vec<Event> = changes.iter().map(event).collect();
        Timeline::new(cluster, &[placement], &events, secs(100_000)).map(|timeline| timeline.moments)
    }

    fn pods(moment: &Moment) -> Vec<u32> {
        moment.placements[0].pods.iter().map(|node| node.0).collect()
    }

    fn away(moment: &Moment) -> Vec<u32> {
        moment.away.iter().map(|node| node.0).collect()
    }

    #[test]
    fn nodes_that_come_are_empty_and_nodes_that_go_are_drained_first() {
        let scale = |nodes| Change::Scale { pool: 0, nodes };
        let moments =
            timeline(&cluster(4, 2), placement(&[0, 1, 1]), &[(10, scale(4)), (50, scale(1))]).unwrap();
        assert_eq!(moments.iter().map(|moment| moment.at).collect::<Vec<_>>(), [10, 50, 80].map(secs));
        assert_eq!(pods(&moments[0]), [0, 1, 1]);
        assert!(away(&moments[0]).is_empty());
        assert_eq!(pods(&moments[1]), [0, 0, 0], "the last node that stays");
        assert!(away(&moments[1]).is_empty(), "drained, not gone");
        assert_eq!(away(&moments[2]), [1, 2, 3]);
        assert_eq!(moments[2].left, BTreeMap::from([1, 2, 3].map(|node| (NodeId(node), Departure::Closes))));
    }

    #[test]
    fn an_upgrade_goes_round_beside_its_surge() {
        let upgrade = Change::Upgrade { pool: 0, surge: 1, round: secs(100) };
        let moments = timeline(&cluster(3, 2), placement(&[0, 0, 1]), &[(0, upgrade)]).unwrap();
        let seen: Vec<(SimDuration, Vec<u32>, Vec<u32>)> =
            moments.iter().map(|moment| (moment.at, pods(moment), away(moment))).collect();
        let expected = [
            (0, vec![2, 1, 1], vec![]),
            (30, vec![2, 1, 1], vec![]),
            (100, vec![2, 0, 0], vec![]),
            (130, vec![2, 0, 0], vec![]),
            (200, vec![1, 0, 0], vec![]),
            (230, vec![1, 0, 0], vec![2]),
        ];
        assert_eq!(seen, expected.map(|(at, pods, away)| (secs(at), pods, away)));
        let left = |moment: &Moment| moment.left.keys().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(
            moments.iter().map(left).collect::<Vec<_>>(),
            [vec![], vec![0], vec![], vec![1], vec![], vec![2]]
        );
    }

    #[test]
    fn lost_nodes_fall_silent_and_their_pods_come_up_later() {
        let lose = Change::Lose {
            of: vec![NodeId(0)],
            most: 1,
            noticed_after: secs(300),
            back_after: Some(secs(900)),
        };
        let moments = timeline(&cluster(2, 2), placement(&[0, 1]), &[(60, lose)]).unwrap();
        assert_eq!(moments[0].left, BTreeMap::from([(NodeId(0), Departure::FallsSilent)]));
        assert_eq!((pods(&moments[0]), away(&moments[0])), (vec![0, 1], vec![0]));
        assert_eq!((moments[1].at, pods(&moments[1])), (secs(360), vec![1, 1]));
        assert_eq!((moments[2].at, pods(&moments[2]), away(&moments[2])), (secs(960), vec![1, 1], vec![]));
    }

    #[test]
    fn the_highest_numbers_of_those_that_are_wanted_are_lost() {
        let scale = |nodes| Change::Scale { pool: 0, nodes };
        let of = vec![NodeId(0), NodeId(1), NodeId(2)];
        let lose = Change::Lose { of, most: 1, noticed_after: secs(5), back_after: None };
        for (nodes, lost) in [(1, 0), (2, 1), (3, 2)] {
            let changes = [(10, scale(nodes)), (100, lose.clone())];
            let moments = timeline(&cluster(3, 2), placement(&[]), &changes).unwrap();
            let at = moments.iter().find(|moment| moment.at == secs(100)).unwrap();
            assert_eq!(at.left, BTreeMap::from([(NodeId(lost), Departure::FallsSilent)]));
        }
    }

    #[test]
    fn nodes_that_went_do_not_come_back_by_what_began_before() {
        let scale = |nodes| Change::Scale { pool: 0, nodes };
        let upgrade = Change::Upgrade { pool: 0, surge: 1, round: secs(100) };
        let moments =
            timeline(&cluster(4, 3), placement(&[0]), &[(0, upgrade.clone()), (10, scale(1))]).unwrap();
        assert_eq!(away(moments.last().unwrap()), [1, 2, 3], "scaled away during the upgrade");
        let lose =
            |back| Change::Lose { of: vec![NodeId(1)], most: 1, noticed_after: secs(5), back_after: back };
        let moments =
            timeline(&cluster(2, 2), placement(&[0]), &[(0, lose(Some(secs(500)))), (10, scale(1))]).unwrap();
        assert_eq!(away(moments.last().unwrap()), [1], "scaled away while it was lost");
        let moments = timeline(&cluster(3, 2), placement(&[0]), &[(0, lose(None)), (10, upgrade)]).unwrap();
        assert_eq!(away(moments.last().unwrap()), [1, 2], "lost before the upgrade");
    }

    #[test]
    fn pods_stay_on_nodes_that_are_back_before_anybody_notices() {
        let lose = |nodes: &[u32], back| Change::Lose {
            of: nodes.iter().copied().map(NodeId).collect(),
            most: nodes.len(),
            noticed_after: secs(300),
            back_after: Some(secs(back)),
        };
        let moments = timeline(&cluster(2, 2), placement(&[0, 1]), &[(60, lose(&[0, 1], 60))]).unwrap();
        assert!(moments.iter().all(|moment| pods(moment) == [0, 1]));
        let all = [(60, lose(&[0], 300)), (120, lose(&[0, 1], 60))];
        let moments = timeline(&cluster(2, 2), placement(&[0, 1]), &all).unwrap();
        let seen: Vec<(SimDuration, Vec<u32>)> =
            moments.iter().map(|moment| (moment.at, away(moment))).collect();
        let expected = [(60, vec![0]), (120, vec![0, 1]), (180, vec![0]), (360, vec![]), (420, vec![])];
        assert_eq!(
            seen,
            expected.map(|(at, away)| (secs(at), away)),
            "lost twice, one is back with the last"
        );
    }

    #[test]
    fn pods_come_where_there_are_fewest_and_the_last_go() {
        let to = |pods| Change::Pods { workload: 0, pods };
        let moments = timeline(&cluster(3, 3), placement(&[0, 0, 1]), &[(1, to(6)), (2, to(2))]).unwrap();
        assert_eq!(pods(&moments[0]), [0, 0, 1, 2, 1, 2]);
        assert_eq!(pods(&moments[1]), [0, 0]);
    }

    #[test]
    fn a_pod_on_each_node_comes_and_goes_with_the_node() {
        let everywhere = Placement { pods: vec![NodeId(0)], one_a_node: true };
        let scale = |nodes| Change::Scale { pool: 0, nodes };
        let moments = timeline(&cluster(3, 1), everywhere, &[(1, scale(3)), (2, scale(2))]).unwrap();
        assert_eq!(pods(&moments[0]), [0, 1, 2]);
        assert_eq!(pods(&moments[1]), [0, 1]);
    }

    #[test]
    fn pods_need_a_node() {
        let lose = Change::Lose { of: vec![NodeId(0)], most: 1, noticed_after: secs(5), back_after: None };
        let refused = timeline(&cluster(1, 1), placement(&[0]), &[(60, lose)]);
        assert_eq!(refused, Err(NoRoom { at: secs(65), pool: "user".into() }));
    }
}
