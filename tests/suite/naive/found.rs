//! Cases, shrunk, in which the engine and the naive simulator once disagreed.

use super::agree;
use super::case::{
    Arrivals, Budget, Caps, Case, Change, ClientPool, Device, End, Event, Grants, HalfOpenFrom, IdleExpiry,
    NodeStage, Order, Partition, Reclaim, Retry, Sharing, Syn, Timers, Workload,
};
use super::strategy::destinations;

/// No port rests, nobody forgets for a minute.
fn timers() -> Timers {
    Timers {
        fin: 0,
        rst: 0,
        refused: Some(0),
        udp: 0,
        idle: 60_000,
        idle_expiry: IdleExpiry::Silent,
        udp_idle: 60_000,
        udp_stream: Some(60_000),
        half_open: 0,
        half_open_from: HalfOpenFrom::FirstSyn,
    }
}

fn case(ports: u32, workloads: Vec<Workload>) -> Case {
    let (tcp, udp) = (Sharing::Endpoint, Sharing::Endpoint);
    let partition = Partition::Node;
    let device = Device {
        grants: None,
        tries: None,
        partition,
        ports,
        public_ips: 1,
        tcp,
        udp,
        caps: Caps::default(),
        timers: timers(),
    };
    let destinations = destinations();
    Case {
        device,
        node_stage: None,
        nodes: 1,
        destinations,
        workloads,
        events: Vec::new(),
        duration: 3_600_000,
    }
}

fn burst(at: u64, flows: u32, destination: usize, lifetime: u64) -> Workload {
    Workload {
        arrivals: Arrivals::Burst { at, flows },
        pods: 1,
        destination,
        lifetime,
        end: End::Fin,
        syn: Syn::None,
        connect_timeout: None,
        request_timeout: None,
        retry: None,
        client_pool: None,
        ports_per_flow: 1,
        talk: None,
    }
}

fn kept_open(workload: Workload) -> Workload {
    let pool = ClientPool {
        max: Some(2),
        max_idle: None,
        idle_timeout: None,
        max_lifetime: None,
        order: Order::Lifo,
        wait_order: Order::Fifo,
        wait_timeout: None,
        retry_stale: false,
    };
    Workload { client_pool: Some(pool), ..workload }
}

/// Its client does not know: of two connections that it keeps, one is more than `max_idle`.
#[test]
fn a_connection_that_was_silently_forgotten_is_idle_for_its_client() {
    let mut pooled = kept_open(burst(0, 3, 0, 500));
    pooled.syn = Syn::Linux65;
    if let Some(pool) = &mut pooled.client_pool {
        pool.max = None;
        pool.max_idle = Some(1);
    }
    let mut case = case(2, vec![pooled]);
    case.device.timers.idle = 100;
    agree(&case).unwrap();
}

/// A datagram is no SYN: the node keeps its port for `udp_idle_timeout`.
#[test]
fn a_datagram_that_the_device_refuses_holds_the_node_s_port_as_datagrams_do() {
    let node = Timers { udp_idle: 3_000, half_open: 20_000, ..timers() };
    let case = case(1, vec![burst(0, 2, 3, 500)]);
    agree(&Case { node_stage: Some(NodeStage { ports: 2, timers: node }), ..case }).unwrap();
}

/// From the first SYN on, whatever becomes of the mapping behind it.
#[test]
fn later_syns_do_not_keep_a_half_open_mapping_of_a_node() {
    let unanswered = Workload { end: End::HalfOpen, syn: Syn::Linux65, ..burst(0, 1, 0, 0) };
    let mut case = case(1, vec![Workload { connect_timeout: Some(7_000), ..unanswered }]);
    case.device.timers.half_open = 500;
    let node = Timers { half_open: 120_000, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 1, timers: node }), ..case }).unwrap();
}

/// Refused by the device at 1.5 s, half-open on the node until 3 s, connected at 2.5 s for 5 s: nobody else has its port then.
#[test]
fn a_kept_connection_keeps_the_half_open_mapping_that_it_goes_on_with() {
    let pooled = Workload { syn: Syn::Linux65, ..kept_open(burst(1_500, 1, 0, 5_000)) };
    let case = case(1, vec![burst(0, 1, 0, 2_000), pooled, burst(3_500, 1, 0, 0)]);
    let node = Timers { half_open: 1_500, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 3, timers: node }), ..case }).unwrap();
}

/// The close of a connection passes the node, though nobody behind it knows the connection any more.
#[test]
fn a_node_sees_the_close_of_a_connection_that_the_device_forgot() {
    let mut pooled = kept_open(burst(0, 1, 0, 500));
    if let Some(pool) = &mut pooled.client_pool {
        pool.idle_timeout = Some(10_000);
    }
    let mut case = case(1, vec![pooled]);
    case.device.timers.idle = 4_000;
    let node = Timers { fin: 120, idle: 60_000, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 1, timers: node }), ..case }).unwrap();
}

/// The node forgets at the instant at which the client closes: a silence that is no longer than the timeout loses nothing.
#[test]
fn a_close_at_the_idle_timeout_of_a_node_is_seen() {
    let mut pooled = kept_open(burst(0, 1, 0, 500));
    if let Some(pool) = &mut pooled.client_pool {
        pool.idle_timeout = Some(1_500);
    }
    let mut case = case(1, vec![pooled]);
    case.device.timers.idle = 500;
    let node = Timers { fin: 500, idle: 1_500, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 1, timers: node }), ..case }).unwrap();
}

/// From 500 ms on its SYNs come by another port of the node, and keep nothing of the first.
#[test]
fn syns_by_another_port_of_a_node_keep_no_mapping_of_the_device() {
    let unanswered = Workload { end: End::HalfOpen, syn: Syn::Linux65, ..burst(0, 1, 0, 0) };
    let mut case = case(1, vec![Workload { connect_timeout: Some(7_000), ..unanswered }]);
    (case.device.timers.half_open, case.device.timers.half_open_from) = (1_500, HalfOpenFrom::LastSyn);
    let node = Timers { half_open: 500, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 1, timers: node }), ..case }).unwrap();
}

/// Granted at 0 s and refused at 2 s behind another port of the node, it is another flow for the device at 3 s and 4 s too.
#[test]
fn a_mapping_of_the_device_belongs_to_one_port_of_the_node() {
    let unanswered = Workload { end: End::HalfOpen, syn: Syn::Linux65, ..burst(0, 1, 0, 0) };
    let mut case = case(1, vec![Workload { connect_timeout: Some(12_000), ..unanswered }]);
    case.device.timers.half_open = 2_500;
    let node = Timers { half_open: 1_500, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 1, timers: node }), ..case }).unwrap();
}

/// Two nodes that share the ports of a device.
fn two_nodes(workload: Workload, changes: Vec<(u64, Change)>) -> Case {
    let mut case = case(4, vec![Workload { pods: 2, ..workload }]);
    (case.nodes, case.device.partition) = (2, Partition::Shared);
    case.events = changes.into_iter().map(|(at, change)| Event { at, change }).collect();
    case
}

fn lose(nodes: u32) -> Change {
    Change::Lose { nodes, noticed_after: 1_000, back_after: None }
}

fn scale(nodes: u32) -> Change {
    Change::Scale { nodes, drain: 500 }
}

/// It would have closed at 2 s; the device waits until 61 s.
#[test]
fn a_node_that_is_lost_closes_nothing() {
    agree(&two_nodes(burst(0, 2, 0, 2_000), vec![(1_000, lose(1))])).unwrap();
}

#[test]
fn nothing_tells_a_device_that_a_drained_node_closed_a_udp_flow() {
    agree(&two_nodes(burst(0, 2, 3, 20_000), vec![(1_000, scale(1))])).unwrap();
}

#[test]
fn a_half_open_mapping_stays_when_its_node_ends() {
    for change in [lose(1), scale(1)] {
        let unanswered = Workload { end: End::HalfOpen, ..burst(0, 2, 0, 0) };
        let mut case = two_nodes(unanswered, vec![(1_000, change)]);
        (case.device.timers.half_open, case.device.timers.fin) = (30_000, 5_000);
        agree(&case).unwrap();
    }
}

/// Where TCP and UDP have their ports from one inventory, each goes by its own timers.
#[test]
fn a_tcp_flow_that_shares_its_ports_with_udp_is_not_silenced_as_udp_is() {
    let mut case = two_nodes(burst(0, 2, 0, 20_000), vec![(1_000, lose(1))]);
    case.workloads.insert(0, burst(0, 1, 3, 0));
    (case.device.tcp, case.device.udp) = (Sharing::ExclusiveAnyProtocol, Sharing::ExclusiveAnyProtocol);
    case.device.timers.udp = 500;
    agree(&case).unwrap();
}

/// Its flow is silent at the device when the node is scaled away at 2 s: nothing closes it, and it is cut off once.
#[test]
fn a_node_ends_once() {
    agree(&two_nodes(burst(0, 2, 0, 20_000), vec![(1_000, lose(1)), (2_000, scale(1))])).unwrap();
}

/// Two of three flows have no port; they wait for their next try, of which one ends with its node.
#[test]
fn whoever_backs_off_ends_with_its_node() {
    let retry = Some(Retry { attempts: 2, base: 5_000, cap: None, budget: None });
    let mut case = two_nodes(Workload { retry, ..burst(0, 3, 0, 20_000) }, vec![(1_000, lose(1))]);
    case.device.ports = 1;
    agree(&case).unwrap();
}

/// Of those that are there, not of those that were there at first.
#[test]
fn the_highest_numbers_of_the_present_nodes_are_lost() {
    for nodes in [1, 3] {
        let mut case = two_nodes(burst(3_000, 6, 0, 0), vec![(1_000, scale(nodes)), (2_000, lose(1))]);
        if let Change::Lose { back_after, .. } = &mut case.events[1].change {
            *back_after = Some(500);
        }
        agree(&case).unwrap();
    }
}

fn pooled_pods(pods: u32, gap: u64) -> Workload {
    let mut pooled = kept_open(burst(0, 0, 0, 100));
    (pooled.arrivals, pooled.pods) = (Arrivals::Even { gap }, pods);
    pooled
}

/// Pod 1 comes to node 0 at 2 s, where pod 2 has a connection that it keeps.
#[test]
fn a_pod_that_moves_keeps_nothing_of_those_that_were_there_before() {
    let mut case = two_nodes(pooled_pods(2, 500), vec![(2_000, scale(1))]);
    case.workloads[0].pods = 3;
    case.duration = 10_100;
    agree(&case).unwrap();
}

/// The device waits for 60 s from the last packet on.
#[test]
fn a_lost_node_does_not_close_the_connections_that_it_kept() {
    let mut case = two_nodes(pooled_pods(2, 500), vec![(2_250, lose(1))]);
    (case.device.timers.fin, case.duration) = (500, 10_100);
    agree(&case).unwrap();
}

/// What the pods before them tried is not theirs: neither the retries nor the connections that were being opened.
#[test]
fn pods_on_a_node_that_is_made_anew_begin_anew() {
    let anew = Change::Upgrade { surge: 1, round: 500, drain: 0 };
    let mut retries = Workload { pods: 3, ..pooled_pods(3, 1_000) };
    let budget = Some(Budget { tenths: 0, floor_tenths: 1 });
    retries.retry = Some(Retry { attempts: 4, base: 500, cap: None, budget });
    (retries.lifetime, retries.request_timeout) = (1_000, Some(500));
    let mut case = two_nodes(burst(0, 1, 0, 0), vec![(1_500, anew)]);
    (case.workloads, case.duration) = (vec![retries], 10_100);
    agree(&case).unwrap();
    let opens = Workload { syn: Syn::Gaps(vec![1_000]), connect_timeout: Some(5_000), ..pooled_pods(1, 500) };
    case.workloads = vec![Workload { lifetime: 500, ..opens }];
    case.device.ports = 1;
    case.device.timers.fin = 500;
    case.events[0] = Event { at: 2_500, change: Change::Upgrade { surge: 1, round: 500, drain: 1_000 } };
    if let Some(pool) = &mut case.workloads[0].client_pool {
        pool.max_lifetime = Some(1_500);
    }
    agree(&case).unwrap();
}

/// Two may be live: one closed with its node at 1.5 s.
#[test]
fn a_flow_counts_towards_a_cap_until_its_node_ends() {
    let mut case = two_nodes(burst(0, 2, 0, 20_000), vec![(1_000, scale(1))]);
    case.workloads.push(burst(3_000, 1, 0, 0));
    case.device.caps.total = Some(2);
    agree(&case).unwrap();
}

/// The ports of the node are no more, so nothing waits for its idle timeout there.
#[test]
fn a_kept_connection_counts_towards_a_cap_until_its_node_is_lost() {
    let mut case = two_nodes(pooled_pods(2, 500), vec![(5_500, lose(1))]);
    case.workloads.push(burst(6_000, 1, 3, 0));
    (case.device.partition, case.duration) = (Partition::Node, 10_100);
    case.device.caps.total = Some(2);
    agree(&case).unwrap();
}

/// Its SYNs at 4 s and after are never sent.
#[test]
fn a_node_that_ends_sends_no_more_syns_that_keep_a_mapping() {
    for change in [lose(1), scale(1)] {
        let unanswered = Workload { end: End::HalfOpen, syn: Syn::Linux65, ..burst(0, 2, 0, 0) };
        let mut case = two_nodes(unanswered, vec![(3_500, change)]);
        (case.device.timers.half_open, case.device.timers.half_open_from) = (2_500, HalfOpenFrom::LastSyn);
        agree(&case).unwrap();
        // Only one of the two is known to the device at 6 s.
        case.workloads.push(burst(6_000, 2, 0, 0));
        case.device.caps.total = Some(2);
        agree(&case).unwrap();
    }
}

/// Silent since 1 s, forgotten on the node at 1.5 s; the device waits until 61 s.
#[test]
fn a_device_hears_no_close_of_a_flow_that_its_drained_node_forgot() {
    let abandoned = Workload { end: End::Abandoned, ..burst(0, 2, 0, 1_000) };
    let case = two_nodes(abandoned, vec![(3_000, scale(1))]);
    let node = Timers { idle: 500, half_open: 500, ..timers() };
    agree(&Case { node_stage: Some(NodeStage { ports: 2, timers: node }), ..case }).unwrap();
}

/// It would be back at 3 s, and be drained until 5 s.
#[test]
fn a_lost_node_that_is_scaled_away_does_not_come_back() {
    let lose = Change::Lose { nodes: 1, noticed_after: 1_000, back_after: Some(2_000) };
    let scale = Change::Scale { nodes: 1, drain: 3_000 };
    let more = Change::Pods { workload: 0, pods: 3 };
    agree(&two_nodes(burst(4_000, 3, 0, 0), vec![(1_000, lose), (2_000, scale), (3_500, more)])).unwrap();
}

/// From 3 s on there are two nodes again.
#[test]
fn a_node_that_is_wanted_again_while_it_is_drained_is_there_afterwards() {
    let [less, more] = [1, 2].map(|nodes| Change::Scale { nodes, drain: 2_000 });
    let pods = Change::Pods { workload: 0, pods: 3 };
    agree(&two_nodes(burst(4_000, 3, 0, 0), vec![(1_000, less), (2_000, more), (3_500, pods)])).unwrap();
}

/// A load balancer that grants each node so many ports in each tier of nodes, with a delay of 2 s.
fn balanced(
    nodes: u32,
    tiers: [(u32, u32); 2],
    workloads: Vec<Workload>,
    changes: Vec<(u64, Change)>,
) -> Case {
    let mut case = case(0, workloads);
    case.nodes = nodes;
    case.device.timers.idle = 240_000;
    (case.device.timers.refused, case.device.timers.udp_stream) = (None, None);
    let (reclaim, reclaim_signal) = (Reclaim::Highest, IdleExpiry::Silent);
    case.device.grants =
        Some(Grants { tiers: tiers.to_vec(), reclaim, reclaim_signal, realloc_delay: 2_000 });
    case.events = changes.into_iter().map(|(at, change)| Event { at, change }).collect();
    case
}

/// Three nodes from 1 s to 2.5 s; their grants would follow at 3 s.
#[test]
fn grants_follow_the_cluster_as_it_is() {
    let flows = burst(0, 2, 0, 20_000);
    agree(&balanced(2, [(2, 2), (1_000, 1)], vec![flows], vec![(1_000, scale(3)), (2_000, scale(2))]))
        .unwrap();
}

/// It came at 1 s, and has 4 ports until 4 s, whatever comes at 2 s.
#[test]
fn a_node_that_came_lately_keeps_its_grant_for_a_while() {
    let flows = Workload { pods: 1, ..burst(1_600, 8, 0, 20_000) };
    let pods = Change::Pods { workload: 0, pods: 2 };
    let changes = vec![(1_000, scale(2)), (1_500, pods), (2_000, scale(3))];
    agree(&balanced(1, [(2, 4), (1_000, 2)], vec![flows], changes)).unwrap();
}

/// The highest port of the node goes at 6 s; its client closes the connection 2.5 s after its last use, and knows nothing before.
#[test]
fn a_client_closes_an_idle_connection_whose_port_went() {
    let mut pooled = pooled_pods(2, 1_500);
    if let Some(pool) = &mut pooled.client_pool {
        pool.idle_timeout = Some(2_500);
    }
    let mut case = balanced(1, [(1, 2), (1_000, 1)], vec![pooled], vec![(4_500, scale(2))]);
    (case.workloads[0].lifetime, case.duration) = (0, 20_100);
    agree(&case).unwrap();
}
