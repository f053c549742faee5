//! Random small cases. Times lie on a coarse grid, so that much happens at one instant.

use super::case::{
    Arrivals, Budget, Caps, Case, ClientPool, Destination, Device, End, HalfOpenFrom, IdleExpiry, Millis,
    NodeStage, Order, Partition, Protocol, Record, Retry, Sharing, Syn, Talk, Timers, Tries, Workload,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

pub const HOUR: Millis = 3_600_000;

/// Multiples of half a second, often the same.
fn grid(most: u64) -> impl Strategy<Value = Millis> {
    (0..=most).prop_map(|half_seconds| 500 * half_seconds)
}

fn sharing() -> impl Strategy<Value = (Sharing, Sharing)> {
    let one = || select(vec![Sharing::Endpoint, Sharing::Address, Sharing::Exclusive]);
    let any = (Just(Sharing::ExclusiveAnyProtocol), Just(Sharing::ExclusiveAnyProtocol));
    prop_oneof![4 => (one(), one()), 1 => any]
}

pub fn timers() -> impl Strategy<Value = Timers> {
    let holds = (grid(6), grid(4), option::of(grid(4)), grid(4));
    let silence = (grid(8), select(vec![IdleExpiry::Silent, IdleExpiry::Reset]));
    let udp = (grid(6), option::of(grid(9)));
    let half_open = (grid(8), select(vec![HalfOpenFrom::FirstSyn, HalfOpenFrom::LastSyn]));
    (holds, silence, udp, half_open).prop_map(
        |(
            (fin, rst, refused, udp),
            (idle, idle_expiry),
            (udp_idle, udp_stream),
            (half_open, half_open_from),
        )| Timers {
            fin,
            rst,
            refused,
            udp,
            idle,
            idle_expiry,
            udp_idle,
            udp_stream,
            half_open,
            half_open_from,
        },
    )
}

/// A cap for each public IP depends on which of them was chosen, so it goes with one. Where flows of several
/// destinations share a row, it is refused.
pub fn device() -> impl Strategy<Value = Device> {
    let caps =
        (option::weighted(0.2, 1u32..6), option::weighted(0.2, 1u32..9), option::weighted(0.3, 1u32..4));
    (select(vec![Partition::Node, Partition::Shared]), 1u32..5, 1u32..4, sharing(), caps, timers()).prop_map(
        |(partition, ports, public_ips, (tcp, udp), (node, total, destination), timers)| {
            let destination = destination.filter(|_| tcp == Sharing::Endpoint && udp == Sharing::Endpoint);
            Device {
                grants: None,
                tries: None,
                partition,
                ports,
                public_ips: if destination.is_some() { 1 } else { public_ips },
                tcp,
                udp,
                caps: Caps { node, total, destination },
                timers,
            }
        },
    )
}

/// Three of one address, one apart; two of each protocol.
pub fn destinations() -> Vec<Destination> {
    let of = |(address, port, protocol)| Destination { address, port, protocol };
    [
        (1, 443, Protocol::Tcp),
        (1, 8443, Protocol::Tcp),
        (2, 443, Protocol::Tcp),
        (1, 53, Protocol::Udp),
        (2, 53, Protocol::Udp),
    ]
    .map(of)
    .to_vec()
}

fn end() -> impl Strategy<Value = End> {
    select(vec![End::Fin, End::Fin, End::Rst, End::Abandoned, End::HalfOpen, End::Refused])
}

pub fn burst() -> impl Strategy<Value = Workload> {
    ((grid(20), 1u32..8), 1u32..5, 0usize..5, grid(8), end()).prop_map(
        |((at, flows), pods, destination, lifetime, end)| Workload {
            arrivals: Arrivals::Burst { at, flows },
            pods,
            destination,
            lifetime,
            end,
            syn: Syn::None,
            connect_timeout: None,
            request_timeout: None,
            retry: None,
            client_pool: None,
            ports_per_flow: 1,
            talk: None,
        },
    )
}

fn recorded() -> impl Strategy<Value = Workload> {
    let end = select(vec![End::Fin, End::Fin, End::Rst, End::HalfOpen]);
    let record =
        (grid(30), grid(8), 0usize..5, 1u8..5, end).prop_map(|(start, lasts, destination, source, end)| {
            Record { start, lasts, destination, source, end }
        });
    (burst(), vec(record, 1..40)).prop_map(|(burst, mut records)| {
        records.sort_by_key(|record| record.start);
        Workload { arrivals: Arrivals::Trace(records), ..burst }
    })
}

/// Flows that need several ports at a time.
pub fn flows_of_several_ports() -> impl Strategy<Value = Case> {
    (clients_that_try_again(), vec(1usize..4, 6)).prop_map(|(mut case, many)| {
        case.workloads.iter_mut().zip(many).for_each(|(workload, many)| workload.ports_per_flow = many);
        case.device.ports *= 2;
        case
    })
}

/// Searches that give up.
pub fn searches_that_give_up() -> impl Strategy<Value = Case> {
    let tries = (1u32..5).prop_flat_map(|tries| select(vec![Tries::Sequential(tries), Tries::Random(tries)]));
    (clients_that_try_again(), tries, 2u32..9).prop_map(|(mut case, tries, ports)| {
        let device = &mut case.device;
        (device.tries, device.ports, device.public_ips, device.caps) =
            (Some(tries), ports, 1, Caps::default());
        case
    })
}

/// Flows that fall silent, or are kept from it.
pub fn flows_that_fall_silent() -> impl Strategy<Value = Case> {
    let time = || option::of((1u64..8).prop_map(|time| 500 * time));
    let talk = (time(), any::<bool>(), time()).prop_map(|(gap, stops, keepalive)| Talk {
        gap,
        stops: stops && gap.is_some(),
        keepalive,
    });
    let talk = talk.prop_map(|talk| (talk.gap.is_some() || talk.keepalive.is_some()).then_some(talk));
    let case = prop_oneof![2 => clients_that_try_again(), 1 => client_pools()];
    (case, vec(talk, 6)).prop_map(|(mut case, talks)| {
        for (workload, talk) in case.workloads.iter_mut().zip(talks) {
            if workload.client_pool.is_some() {
                let keepalive = talk.and_then(|talk| talk.keepalive);
                workload.talk = keepalive.map(|_| Talk { gap: None, stops: false, keepalive });
            } else if !matches!(workload.arrivals, Arrivals::Trace(_)) && talk.is_some() {
                (workload.talk, workload.request_timeout) = (talk, None);
                workload.lifetime *= 2;
            }
        }
        let timers = &mut case.device.timers;
        timers.idle = timers.idle.max(500);
        // Talk does not make a flow forgotten sooner.
        timers.udp_stream = timers.udp_stream.map(|stream| stream.max(timers.udp_idle));
        case
    })
}

/// One stage, one SYN a flow.
pub fn one_stage() -> impl Strategy<Value = Case> {
    let traffic = prop_oneof![3 => vec(burst(), 1..7), 1 => vec(recorded(), 1)];
    (device(), 1u32..4, traffic).prop_map(|(device, nodes, workloads)| Case {
        device,
        node_stage: None,
        nodes,
        destinations: destinations(),
        workloads,
        events: Vec::new(),
        duration: HOUR,
    })
}

fn syn() -> impl Strategy<Value = Syn> {
    let gaps = vec(1u64..6, 1..5).prop_map(|gaps| Syn::Gaps(gaps.iter().map(|gap| gap * 500).collect()));
    prop_oneof![1 => Just(Syn::None), 1 => Just(Syn::Linux65), 1 => Just(Syn::LinuxClassic), 3 => gaps]
}

fn retry() -> impl Strategy<Value = Retry> {
    let budget = option::weighted(0.3, (0u32..11, 0u32..4))
        .prop_map(|budget| budget.map(|(tenths, floor_tenths)| Budget { tenths, floor_tenths }));
    (2u32..5, 1u64..6, option::of(2u64..8), budget).prop_map(|(attempts, base, cap, budget)| Retry {
        attempts,
        base: 500 * base,
        cap: cap.map(|more| 500 * base.max(more)),
        budget,
    })
}

/// How a retry ends is drawn anew; there is nothing to draw where all end alike.
fn alike(arrivals: Arrivals) -> Arrivals {
    let Arrivals::Trace(records) = arrivals else { return arrivals };
    let end = records[0].end;
    Arrivals::Trace(records.into_iter().map(|record| Record { end, ..record }).collect())
}

/// The same traffic by clients that send SYNs again, give up and try again.
pub fn impatient(workload: impl Strategy<Value = Workload>) -> impl Strategy<Value = Workload> {
    let client = (syn(), option::of(1u64..16), option::weighted(0.3, 1u64..12), option::of(retry()));
    (workload, client).prop_map(|(workload, (syn, connect_timeout, request_timeout, retry))| {
        let listed = matches!(syn, Syn::Gaps(_));
        let connect_timeout = connect_timeout.or(listed.then_some(10)).map(|timeout| 500 * timeout);
        let request_timeout = request_timeout.map(|timeout| 500 * timeout);
        let arrivals = if retry.is_some() { alike(workload.arrivals) } else { workload.arrivals };
        Workload { arrivals, syn, connect_timeout, request_timeout, retry, ..workload }
    })
}

/// One stage, clients that try again.
pub fn clients_that_try_again() -> impl Strategy<Value = Case> {
    let traffic = prop_oneof![3 => vec(impatient(burst()), 1..6), 1 => vec(impatient(recorded()), 1)];
    (one_stage(), traffic).prop_map(|(case, workloads)| Case { workloads, ..case })
}

fn client_pool() -> impl Strategy<Value = ClientPool> {
    let order = || select(vec![Order::Lifo, Order::Fifo]);
    let sizes = (option::of(1u32..4), option::of(1u32..3));
    let times = (option::of(1u64..10), option::of(1u64..14));
    let line = (order(), option::of(1u64..8));
    (sizes, times, order(), line, any::<bool>()).prop_map(
        |((max, max_idle), (idle_timeout, max_lifetime), order, (wait_order, wait_timeout), retry_stale)| {
            ClientPool {
                max: max.or(max_idle.is_none().then_some(2)),
                max_idle,
                idle_timeout: idle_timeout.map(|time| 500 * time),
                max_lifetime: max_lifetime.map(|time| 500 * time),
                order,
                wait_order,
                wait_timeout: wait_timeout.map(|time| 500 * time),
                retry_stale,
            }
        },
    )
}

/// Bursts and steady traffic by clients that keep connections.
fn pooled() -> impl Strategy<Value = Workload> {
    let end = select(vec![End::Fin, End::Rst]);
    let gap = select(vec![500u64, 1_000, 1_500, 2_500]);
    (impatient(burst()), client_pool(), option::of(gap), end, 0usize..3).prop_map(
        |(workload, pool, gap, end, destination)| Workload {
            arrivals: gap.map_or(workload.arrivals, |gap| Arrivals::Even { gap }),
            destination,
            client_pool: Some(pool),
            end,
            ..workload
        },
    )
}

/// Whoever is next in line asks within the close of another connection. The engine has freed every port whose flow ends
/// without a hold-down at that instant by then, the rules only those of flows that closed before: a tie that nothing else depends on.
fn rest_where_clients_wait_in_line(case: &mut Case) {
    let waits = |workload: &Workload| workload.client_pool.as_ref().is_some_and(|pool| pool.max.is_some());
    if case.workloads.iter().any(waits) {
        let timers = &mut case.device.timers;
        timers.fin = timers.fin.max(500);
        timers.rst = timers.rst.max(500);
    }
}

/// One stage, kept connections beside others.
pub fn client_pools() -> impl Strategy<Value = Case> {
    let traffic = (vec(pooled(), 1..4), vec(impatient(burst()), 0..3));
    (one_stage(), traffic).prop_map(|(case, (mut workloads, others))| {
        workloads.extend(others);
        // Nobody is more patient than the run is long.
        for workload in &mut workloads {
            workload.connect_timeout.get_or_insert(7_000);
        }
        let mut case = Case { workloads, duration: 60_100, ..case };
        // Nothing could be kept open otherwise.
        case.device.timers.idle = case.device.timers.idle.max(500);
        rest_where_clients_wait_in_line(&mut case);
        case
    })
}

/// A node before the device, for all that a single stage has met.
pub fn two_stages() -> impl Strategy<Value = Case> {
    let node = (1u32..7, timers()).prop_map(|(ports, timers)| NodeStage {
        ports,
        // Linux has a value of its own for what is left out.
        timers: Timers {
            half_open_from: HalfOpenFrom::FirstSyn,
            idle_expiry: IdleExpiry::Silent,
            refused: timers.refused.or(Some(0)),
            udp_stream: timers.udp_stream.or(Some(4_000)),
            ..timers
        },
    });
    let case = prop_oneof![one_stage(), clients_that_try_again(), client_pools()];
    (case, node).prop_map(|(case, mut node)| {
        // Nothing could be kept open, or be half-open, otherwise.
        node.timers.idle = node.timers.idle.max(500);
        node.timers.half_open = node.timers.half_open.max(500);
        Case { node_stage: Some(node), ..case }
    })
}
