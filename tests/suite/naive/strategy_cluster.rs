//! Random clusters that change in time.

use super::case::{Arrivals, Caps, Case, Change, Event, HalfOpenFrom, Millis, Workload};
use super::placement;
use super::strategy::{HOUR, burst, client_pools, destinations, device, impatient};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::HashSet;
use std::mem::discriminant;

/// What happens to a cluster: ports only come, since which of those in use go is drawn.
fn event(ports: u32, ips: u32) -> impl Strategy<Value = Event> {
    let change = prop_oneof![
        (1u32..4).prop_map(move |more| Change::Ports(ports + more)),
        (1u32..3).prop_map(move |more| Change::PublicIps(ips + more)),
        (0usize..5, 2u32..4, 1u64..8).prop_map(|(destination, factor, lasts)| Change::Slow {
            destination,
            factor,
            lasts: 500 * lasts
        }),
        (0usize..5, 1u64..8)
            .prop_map(|(destination, lasts)| Change::Refuse { destination, lasts: 500 * lasts }),
        (0usize..2, 1u32..6).prop_map(|(workload, pods)| Change::Pods { workload, pods }),
    ];
    (1u64..24, change).prop_map(|(at, change)| Event { at: 500 * at, change })
}

/// A cluster that changes in time.
pub fn changing_clusters() -> impl Strategy<Value = Case> {
    let case = (device(), 1u32..4, vec(impatient(burst()), 2..6));
    let case = case.prop_map(|(device, nodes, workloads)| Case {
        device,
        node_stage: None,
        nodes,
        destinations: destinations(),
        workloads,
        events: Vec::new(),
        duration: HOUR,
    });
    let events = |case: &Case| vec((event(case.device.ports, case.device.public_ips), any::<bool>()), 1..4);
    case.prop_flat_map(move |case| (events(&case), Just(case))).prop_map(|(events, case)| {
        let mut events: Vec<Event> = events
            .into_iter()
            .map(
                |(event, together)| {
                    if together { as_traffic_comes(event, &case.workloads[0]) } else { event }
                },
            )
            .collect();
        events.sort_by_key(|event| event.at);
        let mut met = HashSet::new();
        events.retain(|event| met.insert(std::mem::discriminant(&event.change)));
        Case { events, ..case }
    })
}

/// The same event at the instant of a burst, and about its destination.
fn as_traffic_comes(event: Event, burst: &Workload) -> Event {
    let Arrivals::Burst { at, .. } = burst.arrivals else { return event };
    let to = burst.destination;
    let change = match event.change {
        Change::Slow { factor, lasts, .. } => Change::Slow { destination: to, factor, lasts },
        Change::Refuse { lasts, .. } => Change::Refuse { destination: to, lasts },
        other => other,
    };
    Event { at: at.max(500), change }
}

/// Nodes come, are drained, are lost and come back, others take up their work.
fn of_nodes() -> impl Strategy<Value = Event> {
    let half_seconds = |most: u64| (0..=most).prop_map(|time: Millis| 500 * time);
    let drain = prop_oneof![1 => Just(0), 2 => half_seconds(8)];
    let back_after = option::of((1u64..16).prop_map(|time| 500 * time));
    let change = prop_oneof![
        3 => (1u32..6, drain).prop_map(|(nodes, drain)| Change::Scale { nodes, drain }),
        2 => (1u32..3, half_seconds(10), back_after).prop_map(|(nodes, noticed_after, back_after)| Change::Lose {
            nodes,
            noticed_after,
            back_after
        }),
        1 => (0usize..2, 1u32..6).prop_map(|(workload, pods)| Change::Pods { workload, pods }),
        1 => (1u32..3, 1u64..8, half_seconds(6)).prop_map(|(surge, round, drain)| Change::Upgrade {
            surge,
            round: 500 * round,
            drain
        }),
    ];
    (1u64..24, change).prop_map(|(at, change)| Event { at: 500 * at, change })
}

/// A cluster whose nodes come and go.
pub fn nodes_that_come_and_go() -> impl Strategy<Value = Case> {
    let case = (device(), 1u32..5, vec(impatient(burst()), 2..6));
    let case = case.prop_map(|(device, nodes, workloads)| Case {
        device,
        node_stage: None,
        nodes,
        destinations: destinations(),
        workloads,
        events: Vec::new(),
        duration: HOUR,
    });
    (case, vec((of_nodes(), any::<bool>()), 1..4)).prop_map(|(case, events)| with_events(case, events))
}

/// The same with kept connections.
pub fn nodes_with_kept_connections() -> impl Strategy<Value = Case> {
    let case = client_pools();
    // What becomes of the kept connections of a pod that goes while its node stays is nobody's rule.
    let stays = |(event, _): &(Event, bool)| !matches!(event.change, Change::Pods { .. });
    (case, vec((of_nodes(), any::<bool>()), 1..4)).prop_map(move |(case, mut events)| {
        events.retain(stays);
        with_events(case, events)
    })
}

/// Those that leave every pod a node.
fn with_events(mut case: Case, events: Vec<(Event, bool)>) -> Case {
    case.device.caps = Caps { destination: case.device.caps.destination, ..Caps::default() };
    let nodes = case.node_stage.iter_mut().map(|stage| &mut stage.timers);
    for timers in nodes.chain([&mut case.device.timers]) {
        // A SYN that a node does not send any more may not keep a port.
        timers.half_open_from = HalfOpenFrom::FirstSyn;
        timers.udp_stream = timers.udp_stream.map(|stream| stream.max(timers.udp_idle));
    }
    for (event, together) in events {
        let event = if together { as_traffic_comes(event, &case.workloads[0]) } else { event };
        let mut more = case.clone();
        more.events.push(event.clone());
        more.events.sort_by_key(|event| event.at);
        let met = |other: &Event| discriminant(&other.change) == discriminant(&event.change);
        let too_many = matches!(event.change, Change::Lose { nodes: many, .. } | Change::Upgrade { surge: many, .. } if many > case.nodes);
        let upgrade = |event: &Event| matches!(event.change, Change::Upgrade { .. });
        let moves = |event: &Event| matches!(event.change, Change::Scale { .. } | Change::Lose { .. });
        let upgraded = case.events.iter().any(upgrade) && moves(&event)
            || upgrade(&event) && case.events.iter().any(moves);
        if !too_many && !upgraded && !case.events.iter().any(met) && placement::moments(&more).is_some() {
            case = more;
        }
    }
    case
}
