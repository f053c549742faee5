//! Random clusters that change in time.

use super::case::{
    Arrivals, Caps, Case, Change, Device, Event, Grants, IdleExpiry, Millis, Partition, Reclaim, Sharing,
    Timers, Workload,
};
use super::placement;
use super::simulator::{Lucks, simulate};
use super::strategy::{
    HOUR, burst, client_pools, clients_that_try_again, destinations, device, impatient, two_stages,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::HashSet;
use std::mem::discriminant;

/// What happens to a cluster.
fn event() -> impl Strategy<Value = Event> {
    let change = prop_oneof![
        (1u32..7).prop_map(Change::Ports),
        (1u32..5).prop_map(Change::PublicIps),
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
    let case = prop_oneof![3 => case, 1 => client_pools()];
    (case, vec((event(), any::<bool>()), 1..4)).prop_map(|(case, events)| {
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
        let pooled = case.workloads.iter().any(|workload| workload.client_pool.is_some());
        let recorded = case.workloads.iter().any(|workload| matches!(workload.arrivals, Arrivals::Trace(_)));
        let unlike = |event: &Event| match event.change {
            Change::Pods { .. } => pooled || recorded,
            Change::Refuse { .. } => pooled,
            _ => false,
        };
        events.retain(|event| met.insert(discriminant(&event.change)) && !unlike(event));
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

/// The same where most flows count towards a cap.
pub fn nodes_where_flows_are_capped() -> impl Strategy<Value = Case> {
    let most = |most| option::weighted(0.6, 1u32..most);
    (nodes_that_come_and_go(), most(4), most(9), most(4)).prop_map(|(mut case, node, total, destination)| {
        let Device { tcp, udp, public_ips, caps, .. } = &mut case.device;
        let apart = (*tcp, *udp, *public_ips) == (Sharing::Endpoint, Sharing::Endpoint, 1);
        *caps = Caps { node, total, destination: destination.filter(|_| apart) };
        case
    })
}

/// Nodes that come and go with a stage of their own.
pub fn nodes_with_ports_of_their_own() -> impl Strategy<Value = Case> {
    let stays = |(event, _): &(Event, bool)| !matches!(event.change, Change::Pods { .. });
    (two_stages(), vec((of_nodes(), any::<bool>()), 1..4)).prop_map(move |(case, mut events)| {
        if case.workloads.iter().any(|workload| workload.client_pool.is_some()) {
            events.retain(stays);
        }
        let recorded = |workload: &Workload| matches!(workload.arrivals, Arrivals::Trace(_));
        if case.workloads.iter().any(recorded) {
            events.clear();
        }
        with_events(case, events)
    })
}

/// Firewall instances, of which each node has its own.
pub fn instances() -> impl Strategy<Value = Case> {
    let case = prop_oneof![clients_that_try_again(), nodes_that_come_and_go()];
    (case, vec(0u32..3, 8)).prop_map(|(mut case, mut by_node)| {
        let most = case.events.iter().map(|event| match event.change {
            Change::Scale { nodes, .. } => nodes,
            Change::Upgrade { surge, .. } => case.nodes + surge,
            _ => 0,
        });
        by_node.truncate(most.fold(case.nodes, u32::max) as usize);
        case.device.partition = Partition::Instances(by_node);
        case
    })
}

fn grants() -> impl Strategy<Value = Grants> {
    let tiers = prop_oneof![
        1 => Just(Vec::new()),
        3 => (1u32..5, 1u32..6, 1u32..5).prop_map(|(few, less, more)| vec![(few, less + more), (1_000, less)]),
    ];
    let reclaim = select(vec![Reclaim::Highest, Reclaim::Lowest, Reclaim::IdleFirst]);
    let signal = select(vec![IdleExpiry::Silent, IdleExpiry::Reset]);
    let delay = (0u64..6).prop_map(|delay| 500 * delay);
    (tiers, reclaim, signal, delay).prop_map(|(tiers, reclaim, reclaim_signal, realloc_delay)| Grants {
        tiers,
        reclaim,
        reclaim_signal,
        realloc_delay,
    })
}

/// A load balancer whose grants follow the number of nodes, or change by themselves.
pub fn ports_that_come_and_go() -> impl Strategy<Value = Case> {
    let granted =
        (1u64..24, 1u32..8).prop_map(|(at, ports)| Event { at: 500 * at, change: Change::Granted(ports) });
    let udp = select(vec![Sharing::Endpoint, Sharing::Address, Sharing::Exclusive]);
    let events = (vec((of_nodes(), any::<bool>()), 1..4), granted, any::<bool>());
    let case = prop_oneof![2 => nodes_that_come_and_go(), 1 => nodes_with_kept_connections()];
    let case = (case, grants(), udp, events);
    let case = case.prop_map(|(case, grants, udp, (mut events, granted, together))| {
        if grants.tiers.is_empty() {
            events.push((granted, together));
        }
        let device = balanced(case.device.clone(), grants, udp);
        let pooled = |workload: &Workload| workload.client_pool.is_some();
        if case.workloads.iter().any(pooled) {
            events.retain(|(event, _)| !matches!(event.change, Change::Pods { .. }));
        }
        with_events(Case { device, events: Vec::new(), ..case }, events)
    });
    case.prop_filter("nothing is drawn", |case| simulate(case, Lucks::new()).is_some())
}

/// Its idle timeout is four minutes at least.
fn balanced(device: Device, grants: Grants, udp: Sharing) -> Device {
    let idle = device.timers.idle + 240_000;
    let timers = Timers { idle, refused: None, udp_stream: None, ..device.timers };
    let (partition, tcp, public_ips, caps) = (Partition::Node, Sharing::Endpoint, 1, Caps::default());
    Device { grants: Some(grants), partition, tcp, udp, public_ips, caps, timers, ..device }
}

/// Those that leave every pod a node.
fn with_events(mut case: Case, events: Vec<(Event, bool)>) -> Case {
    let nodes = case.node_stage.iter_mut().map(|stage| &mut stage.timers);
    for timers in nodes.chain([&mut case.device.timers]) {
        // Talk does not make a flow forgotten sooner.
        timers.udp_stream = timers.udp_stream.map(|stream| stream.max(timers.udp_idle));
    }
    for (event, together) in events {
        let event = if together { as_traffic_comes(event, &case.workloads[0]) } else { event };
        let mut more = case.clone();
        more.events.push(event.clone());
        more.events.sort_by_key(|event| event.at);
        let same = |other: &&Event| discriminant(&other.change) == discriminant(&event.change);
        let most = if matches!(event.change, Change::Scale { .. }) { 2 } else { 1 };
        let met = case.events.iter().filter(same).count() >= most;
        // Whether a node is lost that is wanted again while it is drained is nobody's rule.
        let twice =
            more.events.iter().filter(|event| matches!(event.change, Change::Scale { .. })).count() > 1;
        let doubtful = twice && more.events.iter().any(|event| matches!(event.change, Change::Lose { .. }));
        let too_many = matches!(event.change, Change::Lose { nodes: many, .. } | Change::Upgrade { surge: many, .. } if many > case.nodes);
        let upgrade = |event: &Event| matches!(event.change, Change::Upgrade { .. });
        let moves = |event: &Event| matches!(event.change, Change::Scale { .. } | Change::Lose { .. });
        let upgraded = case.events.iter().any(upgrade) && moves(&event)
            || upgrade(&event) && case.events.iter().any(moves);
        let nobody =
            matches!(event.change, Change::Pods { workload, .. } if workload >= case.workloads.len());
        if !too_many && !nobody && !upgraded && !met && !doubtful && placement::moments(&more).is_some() {
            case = more;
        }
    }
    case
}
