//! Pure loss systems run without events, in blocks; the whole engine must give the same bytes.

use crate::check::{run_cut, scenario};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;
use snatsim::experiment::Plan;
use snatsim::scenario::Scenario;
use snatsim::simulation::{Sharding, TrialKey, first_attempt_ports, shards};
use std::sync::atomic::AtomicUsize;

const LIFETIMES: [&str; 6] = [
    "lifetime = \"7s\"",
    "lifetime.constant = { value = \"0s\" }",
    "lifetime.exponential = { mean = \"5s\" }",
    "lifetime.lognormal = { mean = \"3s\", cv2 = 9.0 }",
    "lifetime.pareto = { mean = \"1s\", alpha = 1.2 }",
    "lifetime.two_point = { branches = [[4, \"1s\"], [1, \"30s\"]] }",
];

const HOLD_DOWNS: [&str; 4] = [
    "idle_timeout = \"4m\"",
    "idle_timeout = \"10s\"\nhold_down = { fin = \"20s\", rst = \"0s\", udp = \"1s\" }",
    "idle_timeout = \"1s\"\nhold_down = { fin = \"1ns\", rst = \"15s\" }",
    "idle_timeout = \"30s\"\nudp_idle_timeout = \"9s\"",
];

const ENDS: [&str; 5] = [
    "",
    "ends = { rst = 1 }",
    "ends = { abandoned = 1 }",
    "ends = { fin = 0.5, rst = 0.3, abandoned = 0.2 }",
    "ends = { fin = 0.9, refused = 0.1 }",
];

const STARTS: [&str; 4] = [
    "warm_up = \"stationary\"",
    "warm_up = \"0s\"",
    "warm_up = \"11s\"",
    "warm_up = \"90s\"\nwindow = \"7s\"",
];

prop_compose! {
    /// Rates from a flow a minute to far more than the ports can serve; calendars that fit and such that do not.
    fn workload()(
        millis in select(vec![0.02f64, 1.0, 20.0, 300.0]),
        lifetime in select(&LIFETIMES[..]),
        ends in select(&ENDS[..]),
        pods in 1u32..4,
        destinations in select(vec!["{ tcp = 1 }", "{ udp = 1 }", "{ tcp = 1, udp = 2 }"]),
    ) -> String {
        format!(
            "[[workload]]\npods = {pods}\narrivals.poisson = {{ rate = \"{millis} per s\" }}\n{lifetime}\n{ends}\n\
             destinations = {destinations}\nsyn = \"none\"\n"
        )
    }
}

prop_compose! {
    fn system()(
        partition in select(vec!["node", "shared"]),
        ports in select(vec![1u32, 2, 16, 100, 3_000]),
        public_ips in 1u32..3,
        nodes in 1u32..4,
        hold_downs in select(&HOLD_DOWNS[..]),
        sharing in select(vec!["", "sharing = \"exclusive\""]),
        workloads in prop::collection::vec(workload(), 1..4),
        start in select(&STARTS[..]),
        seed in 0u32..1_000,
    ) -> String {
        format!(
            "[outbound]\nmodel = \"custom\"\npartition = \"{partition}\"\nports = {ports}\npublic_ips = {public_ips}\n{sharing}\n\
             {hold_downs}\n[[node_pool]]\nnodes = {nodes}\n[[destination]]\nname = \"tcp\"\n[[destination]]\nname = \"udp\"\n\
             protocol = \"udp\"\n{}[run]\nduration = \"100s\"\nreplications = 2\nseed = {seed}\n{start}\n",
            workloads.concat()
        )
    }
}

fn settings() -> ProptestConfig {
    ProptestConfig {
        cases: 400,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn a_pure_loss_system_gives_the_bytes_of_the_whole_engine(text in system()) {
        let scenario = scenario(&text, &[]);
        let in_blocks = serde_json::to_string(&run_cut(&scenario, 1, Sharding::Smallest)).unwrap();
        let in_full = serde_json::to_string(&run_cut(&scenario, 1, Sharding::Coupled)).unwrap();
        prop_assert_eq!(in_blocks, in_full, "{}", text);
        let in_blocks = taken_ports(&scenario, Sharding::Smallest);
        prop_assert_eq!(in_blocks, taken_ports(&scenario, Sharding::Coupled), "{}", text);
    }
}

/// How many flows took each port number on rows without a limit.
fn taken_ports(scenario: &Scenario, sharding: Sharding) -> Vec<u64> {
    let plan = Plan::new(scenario).unwrap();
    let key = TrialKey { seed: plan.seed, replication: 0 };
    let mut all = Vec::new();
    for shard in shards(&plan.system, sharding) {
        let taken = first_attempt_ports(&plan.system, &shard, key, &AtomicUsize::new(0));
        all.resize(all.len().max(taken.len()), 0);
        all.iter_mut().zip(taken).for_each(|(all, taken)| *all += taken);
    }
    all
}

/// The shards of a scenario that run in blocks, and all.
fn in_blocks(text: &str) -> (usize, usize) {
    let plan = Plan::new(&scenario(text, &[])).unwrap();
    let shards = shards(&plan.system, Sharding::Smallest);
    (shards.iter().filter(|shard| shard.pure_loss).count(), shards.len())
}

#[test]
fn the_plain_case_runs_in_blocks_and_what_reacts_does_not() {
    let plain = "[outbound]\nmodel = \"custom\"\npartition = \"node\"\nports = 8\n[[node_pool]]\nnodes = 3\n[[workload]]\npods = 3\n\
                 arrivals.poisson = { rate = \"9 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n[run]\nduration = \"1m\"\n";
    assert_eq!(in_blocks(plain), (3, 3));
    for reacts in [
        "syn = \"linux-6.5\"",
        "syn = \"none\"\nretry = { attempts = 2, backoff = { base = \"100ms\", jitter = \"none\" } }",
        "syn = \"none\"\nclient_pool = { max = 50 }",
        "syn = \"none\"\nends = { half_open = 1 }",
        "syn = \"none\"\nrequest_timeout = \"10s\"",
    ] {
        assert_eq!(in_blocks(&plain.replace("syn = \"none\"", reacts)), (0, 3), "{reacts}");
    }
    assert_eq!(in_blocks(&plain.replace("ports = 8", "ports = 8\nper_destination_cap = 4")), (0, 3));
}
