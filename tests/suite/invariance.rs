//! What must not matter: how things are called, what nobody uses, the unit of time, and in what a run is cut.

use crate::check::{run, scenario};
use crate::conservation::{PLACES, device, workload};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{RngSeed, TestCaseError};
use snatsim::experiment::Plan;
use snatsim::experiment::results::{FirstFailure, NamedFailures, Results};
use snatsim::simulation::{Attempt, Connected, Observer, PoolLevel, Sharding, TrialKey, run_shard, shards};
use snatsim::time::SimTime;
use std::sync::atomic::AtomicUsize;

/// Everything that was counted, without names.
fn counted(results: &Results) -> String {
    let unnamed = |failures: &[NamedFailures]| {
        failures.iter().map(|each| (each.attempts, each.snat_failures)).collect::<Vec<_>>()
    };
    // Ports that are allocated to idle nodes are allocated.
    let series = results.series.iter().map(|bin| (bin.successful, bin.failed, bin.in_use, bin.hold_down));
    let series: Vec<_> = series.collect();
    let first = results.first_failure.as_ref();
    let first =
        first.map(|FirstFailure { time_s, reason, replication, .. }| (*time_s, reason.clone(), *replication));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        results.totals,
        results.windows,
        series,
        unnamed(&results.failures_by_node),
        unnamed(&results.failures_by_destination),
        first,
        results.port_holding_s,
        results.connect_delay_s,
    )
}

const RUN: &str = "[run]\nduration = \"40s\"\nwarm_up = \"3s\"\nreplications = 2\nwindow = \"10s\"\nseed = ";

/// Keeps the times that a run tells, in the order in which it tells them.
#[derive(Default)]
struct Clock {
    last: SimTime,
    back: Option<(SimTime, SimTime)>,
}

impl Clock {
    fn see(&mut self, time: SimTime) {
        if time < self.last {
            self.back = self.back.or(Some((self.last, time)));
        }
        self.last = self.last.max(time);
    }
}

impl Observer for Clock {
    fn attempt(&mut self, attempt: Attempt) {
        self.see(attempt.time);
    }

    fn connected(&mut self, connected: Connected) {
        self.see(connected.time);
    }

    fn pool_level(&mut self, level: PoolLevel) {
        self.see(level.time);
    }

    fn backing_off(&mut self, time: SimTime, _more: i64) {
        self.see(time);
    }
}

fn time_runs_on(text: &str) -> Result<(), TestCaseError> {
    let plan = Plan::new(&scenario(text, &[])).unwrap();
    for shard in shards(&plan.system, Sharding::Smallest) {
        let mut clock = Clock::default();
        let key = TrialKey { seed: plan.seed, replication: 0 };
        run_shard(&plan.system, &shard, key, &AtomicUsize::new(0), &mut clock);
        prop_assert_eq!(clock.back, None);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn names_and_what_nobody_uses_change_no_count(
        device in device(),
        workloads in prop::collection::vec(workload(), 1..4),
        seed in 0u32..1_000_000,
    ) {
        let workloads = workloads.concat();
        let text = format!("{device}{PLACES}{workloads}{RUN}{seed}\n");
        time_runs_on(&text)?;
        let own = counted(&run(&text, &[]));
        let renamed = text.replace("name = \"a\"", "name = \"zebra\"").replace(" a = 1", " zebra = 1");
        prop_assert_eq!(&own, &counted(&run(&renamed, &[])), "a destination called otherwise");
        let nodes = text.replace("[[node_pool]]\n", "[[node_pool]]\nname = \"others\"\n");
        prop_assert_eq!(&own, &counted(&run(&nodes, &[])), "a node pool called otherwise");
        let titled = format!("title = \"another\"\n{text}");
        prop_assert_eq!(&own, &counted(&run(&titled, &[])), "a title");
        let destination = "[[destination]]\nname = \"unused\"\naddress = \"203.0.113.77\"\n";
        let first = text.replacen("[[destination]]\n", &format!("{destination}[[destination]]\n"), 1);
        prop_assert_eq!(&own, &counted(&run(&first, &[])), "a destination before the others");
        let last = text.replacen("[[workload]]\n", &format!("{destination}[[workload]]\n"), 1);
        prop_assert_eq!(&own, &counted(&run(&last, &[])), "a destination after the others");
        if !text.contains("by_node") {
            let pool = format!("[[node_pool]]\nname = \"idle\"\nnodes = 4\n{destination}[[workload]]\n");
            let nodes = text.replacen("[[workload]]\n", &pool, 1);
            prop_assert_eq!(&own, &counted(&run(&nodes, &[])), "nodes without pods");
        }
        let way = "[[way_out]]\nname = \"unused\"\nmodel = \"azure/nat-gateway\"\n[[workload]]\n";
        let ways = text.replacen("[[workload]]\n", way, 1);
        prop_assert_eq!(&own, &counted(&run(&ways, &[])), "a way out");
    }
}

/// A flow: start and lifetime in units, node, destination.
type Flow = (u64, u64, usize, usize);

/// Recorded flows, a unit being so many milliseconds.
#[derive(Clone, Copy)]
struct Recorded {
    unit: u64,
    nodes: [u8; 3],
    destinations: [u8; 3],
    ports: u32,
    shared: bool,
    hold_down: u64,
}

impl Recorded {
    fn run(&self, flows: &[Flow]) -> Results {
        let Self { unit, nodes, destinations, ports, shared, hold_down } = *self;
        let seconds = |units: u64| format!("{}.{:03}", units * unit / 1_000, units * unit % 1_000);
        let mut csv = String::from("start_s,duration_s,protocol,source,destination,port\n");
        for (start, lifetime, node, destination) in flows {
            let (start, lifetime) = (seconds(*start), seconds(*lifetime));
            let (node, destination) = (nodes[*node], destinations[*destination]);
            csv += &format!("{start},{lifetime},tcp,10.0.0.{node},203.0.113.{destination},443\n");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), csv).unwrap();
        let partition = if shared { "shared" } else { "node" };
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = {ports}\npartition = \"{partition}\"\nhold_down = \"{}ms\"\n[[node_pool]]\nnodes = 3\n\
             [[workload]]\narrivals.trace = {{ files = [\"{}\"] }}\nsyn = [\"{}ms\", \"{}ms\"]\nconnect_timeout = \"{}ms\"\n\
             [run]\nduration = \"{}ms\"\nreplications = 1\n",
            hold_down * unit,
            file.path().display(),
            2 * unit,
            4 * unit,
            9 * unit,
            200 * unit
        );
        run(&text, &[])
    }
}

/// Counts that have no unit.
fn tally(results: &Results) -> (u64, u64, u64, u64, u64) {
    let totals = &results.totals;
    (
        totals.flows,
        totals.attempts,
        totals.snat_failures,
        totals.connection_failures,
        results.occupancy_ports.max,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(6), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_unit_of_time_and_who_is_who_change_no_count(
        mut flows in prop::collection::vec((0u64..100, 0u64..30, 0usize..3, 0usize..3), 2..100),
        ports in 1u32..6,
        shared in any::<bool>(),
        hold_down in select(vec![0u64, 3, 20]),
        unit in select(vec![1u64, 7, 1_000, 3_600]),
        nodes in select(vec![[1, 2, 3], [3, 1, 2], [9, 8, 7]]),
        destinations in select(vec![[1, 2, 3], [2, 3, 1], [30, 20, 10]]),
    ) {
        flows.sort_by_key(|(start, ..)| *start);
        let own = Recorded { unit: 100, nodes: [1, 2, 3], destinations: [1, 2, 3], ports, shared, hold_down };
        let tallied = tally(&own.run(&flows));
        // Occupancy at sampled instants has a grid of its own.
        let scaled = tally(&Recorded { unit, ..own }.run(&flows));
        prop_assert_eq!((tallied.0, tallied.1, tallied.2, tallied.3), (scaled.0, scaled.1, scaled.2, scaled.3));
        prop_assert_eq!(tallied, tally(&Recorded { nodes, destinations, ..own }.run(&flows)));
    }

    /// Where a port is refused to nobody; where it is, a flow that is refused for a longer rest may leave a port free for longer.
    #[test]
    fn a_longer_hold_down_means_more_port_seconds(
        mut flows in prop::collection::vec((0u64..100, 0u64..30, 0usize..3, 0usize..3), 2..60),
        hold_down in 0u64..40,
        more in 0u64..40,
    ) {
        flows.sort_by_key(|(start, ..)| *start);
        let settings = |hold_down| Recorded {
            unit: 100, nodes: [1, 2, 3], destinations: [1, 2, 3], ports: 1_000, shared: true, hold_down
        };
        let (less, longer) = (settings(hold_down).run(&flows), settings(hold_down + more).run(&flows));
        prop_assert_eq!(less.totals.snat_failures + longer.totals.snat_failures, 0);
        let seconds = |results: &Results| results.port_holding_s.mean * results.totals.flows as f64;
        prop_assert!(seconds(&longer) >= seconds(&less) - 1e-9);
        prop_assert!(longer.occupancy_ports.mean >= less.occupancy_ports.mean);
    }
}

/// Random traffic in seconds and the same in minutes.
#[test]
fn random_traffic_of_sixty_times_the_length_is_the_same() {
    let text = |per: &str, unit: &str| {
        format!(
            "[outbound]\nmodel = \"custom\"\nports = 60\nhold_down = \"2{unit}\"\n[[workload]]\narrivals.poisson = {{ rate = \"20 per {per}\" }}\n\
             lifetime.exponential = {{ mean = \"1{unit}\" }}\nsyn = [\"1{unit}\", \"2{unit}\"]\nconnect_timeout = \"4{unit}\"\n\
             [run]\nwarm_up = \"10{unit}\"\nduration = \"300{unit}\"\nreplications = 3\n"
        )
    };
    let (seconds, minutes) = (run(&text("s", "s"), &[]), run(&text("m", "m"), &[]));
    assert!(seconds.totals.snat_failures > 500, "{:?}", seconds.totals);
    assert_eq!(seconds.totals, minutes.totals);
    let apart = minutes.occupancy_ports.mean / seconds.occupancy_ports.mean - 1.0;
    assert!(apart.abs() < 1e-6, "{apart}");
}
