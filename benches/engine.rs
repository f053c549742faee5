//! The engine's parts and whole runs; every bench asserts its answer.

use criterion::{BatchSize, Bencher, Criterion, Throughput, criterion_group, criterion_main};
use snatsim::event_queue::{Event, EventClass, EventQueue};
use snatsim::experiment::replay::{HoldDown, Question, Replayer};
use snatsim::experiment::{self, Control, Plan};
use snatsim::flow::{EndKind, Protocol};
use snatsim::import::{Length, Tally, TraceFlow};
use snatsim::outbound::Sharing;
use snatsim::random::{Purpose, Stream};
use snatsim::scenario::{Scenario, read};
use snatsim::simulation::{Sharding, TrialKey, first_attempt_ports, shards};
use snatsim::snat::{Asker, Departures, Holding, Identity, Rest, Row, RowStreams, Rules, Search, TakeOver};
use snatsim::time::{SimDuration, SimTime};
use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicUsize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Tick;

impl Event for Tick {
    fn class(&self) -> EventClass {
        EventClass::Retry
    }
}

fn event_queue(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event_queue");
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("two_lanes/hold", |bencher| {
        bencher.iter(|| {
            let mut queue = EventQueue::new();
            let mut popped = 0u64;
            for step in 0..10_000 {
                let now = SimTime::from_nanos(step * 1_000);
                queue.after(now, SimDuration::from_nanos([700, 90_000][step as usize % 2]), Tick);
                while queue.next_time().is_some_and(|time| time <= now) {
                    popped += u64::from(queue.pop().is_some());
                }
            }
            // All 5,000 of the short lane; of the long one those of steps 1, 3, ... 9,909.
            assert_eq!(popped, 5_000 + 4_955);
            black_box(popped)
        });
    });
    group.finish();
}

/// A row of 64,512 ports, so full; each step a flow asks and one port comes free.
fn port_choice(criterion: &mut Criterion) {
    const PORTS: u32 = 64_512;
    let mut group = criterion.benchmark_group("port_choice");
    for (name, ips, full) in [
        ("one_ip/50", 1, 50),
        ("one_ip/90", 1, 90),
        ("one_ip/99", 1, 99),
        ("one_ip/full", 1, 100),
        ("sixteen_ips/50", 16, 50),
        ("sixteen_ips/99", 16, 99),
        ("sixteen_ips/full", 16, 100),
    ] {
        let busy = u64::from(PORTS) * ips * full / 100;
        let filled = || {
            let stream = Stream::new(1, 0, Purpose::PortChoice, 0);
            let streams = RowStreams::all_from(stream);
            let mut row = Row::new(&vec![Some(PORTS); ips as usize], &Rules::default(), streams);
            for flow in 0..busy {
                let slot = row.open(SimTime::ZERO, &Asker::default()).expect("there is room");
                let release = SimTime::from_nanos(1_000 + flow * 10);
                row.keep_until(slot, Holding::until(release, release));
            }
            row
        };
        group.throughput(Throughput::Elements(1_000));
        group.bench_function(name, |bencher| {
            let ask = |mut row: Row| {
                let refused = (0..1_000u64).filter(|step| {
                    match row.open(SimTime::from_nanos(step * 10), &Asker::default()) {
                        Ok(slot) => {
                            row.keep_until(slot, Holding::until(SimTime::NEVER, SimTime::NEVER));
                            false
                        }
                        Err(_) => true,
                    }
                });
                let refused = refused.count();
                assert_eq!(refused, if full == 100 { 100 } else { 0 });
                row
            };
            bencher.iter_batched(filled, ask, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// Ports with names: as many come free as are asked for, so that `full` per cent stay busy. With take-over all rest.
fn named_ports(criterion: &mut Criterion) {
    const PORTS: u32 = 64_512;
    let mut group = criterion.benchmark_group("named_ports");
    group.throughput(Throughput::Elements(20_000));
    let linux = |take_over| Rules { search: Search::Linux, take_over, ..Rules::default() };
    let random = Rules { search: Search::Random, identity: Identity::Always, ..Rules::default() };
    for (name, rules, full) in [
        ("random/5", random.clone(), 5),
        ("random/50", random, 50),
        ("linux/50", linux(TakeOver::Never), 50),
        ("linux/95", linux(TakeOver::Never), 95),
        ("take_over/95", linux(TakeOver::AfterClose), 95),
    ] {
        let step = 1_000;
        let hold = u64::from(PORTS) * full / 100 * step;
        let ask = |row: &mut Row, step_of: std::ops::Range<u64>| {
            let granted = step_of.filter(|number| {
                let now = SimTime::from_nanos(number * step);
                let Ok(slot) = row.open(now, &Asker::default()) else { return false };
                let release = SimTime::from_nanos(number * step + hold);
                row.keep_until(slot, Holding { rest: Rest::MayBeTakenOver, ..Holding::until(now, release) });
                true
            });
            let granted = granted.count();
            row.take_ended().for_each(drop);
            granted
        };
        let warm = 2 * u64::from(PORTS);
        let filled = || {
            let streams = RowStreams::all_from(Stream::new(1, 0, Purpose::PortChoice, 0));
            let mut row = Row::new(&[Some(PORTS)], &rules, streams);
            ask(&mut row, 0..warm);
            row
        };
        group.bench_function(name, |bencher| {
            let steps = |mut row: Row| {
                let granted = ask(&mut row, warm..warm + 20_000);
                assert!(granted >= 19_800, "{granted}");
                row
            };
            bencher.iter_batched(filled, steps, BatchSize::LargeInput);
        });
    }
    group.finish();
}

/// A node pool whose nodes each offer 1,000 erlang to 1,024 ports.
fn loss(lifetime: &str, run: &str) -> Scenario {
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = 1024\n[[node_pool]]\nname = \"user\"\nnodes = 4\n[[workload]]\npods = 4\n\
         arrivals.poisson = {{ rate = \"4000 per s\" }}\nlifetime.{lifetime}\nsyn = \"none\"\n\
         [run]\nduration = \"60s\"\nreplications = 1\n{run}\n"
    );
    read("bench.toml", &text, &[]).expect("the bench's own scenario is good")
}

/// Erlang-B(1,024, 1,000) is 0.011989.
const EXPECTED: std::ops::Range<f64> = 0.008..0.016;

fn run_alone(bencher: &mut Bencher<'_>, scenario: &Scenario) {
    let stop = AtomicUsize::new(0);
    let control = Control { threads: 1, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
    bencher.iter(|| {
        let results = experiment::run(scenario, &control).expect("the run ends");
        let ratio = results.failure_ratio.estimate.expect("something fails");
        assert!(EXPECTED.contains(&ratio), "found {ratio}");
        results.totals
    });
}

fn whole_runs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run");
    group.sample_size(10);
    for (name, scenario) in [
        ("loss_1024/exponential", loss("exponential = { mean = \"1s\" }", "warm_up = \"stationary\"")),
        ("loss_1024/constant", loss("constant = { value = \"1s\" }", "warm_up = \"stationary\"")),
    ] {
        group.throughput(Throughput::Elements(480_000));
        group.bench_function(name, |bencher| run_alone(bencher, &scenario));
    }
    group.finish();
}

/// The failure ratio of every number of ports, beside a run with one.
fn failure_curve(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("failure_curve");
    group.sample_size(10).throughput(Throughput::Elements(480_000));
    let plan = Plan::new(&loss("exponential = { mean = \"1s\" }", "warm_up = \"10s\"")).expect("it is good");
    let (key, stop) = (TrialKey { seed: plan.seed, replication: 0 }, AtomicUsize::new(0));
    group.bench_function("loss_1024/every_size", |bencher| {
        bencher.iter(|| {
            let (mut refused, mut asked) = (0, 0);
            for shard in shards(&plan.system, Sharding::Smallest) {
                let taken = first_attempt_ports(&plan.system, &shard, key, &stop);
                refused += taken.iter().skip(1024).sum::<u64>();
                asked += taken.iter().sum::<u64>();
            }
            let ratio = refused as f64 / asked as f64;
            assert!(EXPECTED.contains(&ratio), "found {ratio}");
            ratio
        });
    });
    let one_size = loss("exponential = { mean = \"1s\" }", "warm_up = \"10s\"");
    group.bench_function("loss_1024/one_size", |bencher| run_alone(bencher, &one_size));
    group.finish();
}

/// When ports come free, in a calendar and in order.
fn departures(criterion: &mut Criterion) {
    const FLOWS: u64 = 100_000;
    let mut group = criterion.benchmark_group("departures");
    group.throughput(Throughput::Elements(FLOWS));
    let mut draws = Stream::new(1, 0, Purpose::Shape, 0);
    let flows: Vec<SimDuration> =
        (0..FLOWS).map(|_| SimDuration::from_nanos((1e6 * draws.exponential()) as u64)).collect();
    // A flow each microsecond, kept for a millisecond on average: 1,000 at a time.
    let count = |mut departures: Departures| {
        let mut open = 0;
        for (step, kept) in flows.iter().enumerate() {
            let now = SimTime::from_nanos(step as u64 * 1_000);
            open -= departures.pass(now);
            departures.push(now + *kept, ());
            open += 1;
        }
        let now = SimTime::from_nanos(FLOWS * 1_000);
        open -= departures.pass(now);
        open -= departures.come(now);
        assert!((850..1_150).contains(&open), "{open}");
        open
    };
    group.bench_function("calendar", |bencher| {
        let (gap, kept) = (SimDuration::from_nanos(1_000), SimDuration::from_nanos(1_000_000));
        bencher.iter(|| count(Departures::new(gap, kept)));
    });
    group.bench_function("in_order", |bencher| bencher.iter(|| count(Departures::default())));
    group.finish();
}

/// Recorded flows, a second long and a millisecond apart, towards 64 destinations in turn.
fn replayed(criterion: &mut Criterion) {
    const FLOWS: i64 = 100_000;
    let flow = |number: i64| TraceFlow {
        start_us: number * 1_000,
        duration_us: 1_000_000,
        length: Length::Whole,
        protocol: Protocol::Tcp,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(192, 0, 2, (number % 64) as u8),
        port: 443,
        end: EndKind::Fin,
    };
    let flows: Vec<TraceFlow> = (0..FLOWS).map(flow).collect();
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(FLOWS as u64));
    let hold_down = HoldDown::Fixed(SimDuration::from_nanos(1_000_000_000));
    for (name, ports) in [("smallest_pool", None), ("limited", Some(31))] {
        let question = Question { sharing: Sharing::Endpoint, ports, hold_down, arrivals_faster: 1 };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut replayer = Replayer::new(question);
                flows.iter().for_each(|flow| replayer.take(flow));
                let replay = replayer.finish(Tally::default());
                // Two seconds hold 31.25 of the flows that come each 64 ms.
                assert_eq!(replay.smallest_pool_without_failure, 32);
                assert_eq!(replay.failed.is_some_and(|failed| failed > 0), ports.is_some());
                replay
            });
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    event_queue,
    departures,
    port_choice,
    named_ports,
    replayed,
    failure_curve,
    whole_runs
);
criterion_main!(benches);
