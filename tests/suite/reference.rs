//! A naive simulation of one row, with a plain list of busy ports and every time in it, against the engine.

use crate::check::run;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A flow of the reference: start and lifetime in milliseconds, destination.
type Flow = (u64, u64, u8);

/// Refused flows when each destination has `ports` ports, or all share them.
fn refused(flows: &[Flow], ports: usize, hold_down: u64, shared: bool) -> u64 {
    let mut busy: Vec<(u64, u8)> = Vec::new();
    let mut refused = 0;
    for (start, lifetime, destination) in flows {
        busy.retain(|(free, _)| free > start);
        let taken = busy.iter().filter(|(_, other)| shared || other == destination).count();
        if taken < ports {
            busy.push((start + lifetime + hold_down, *destination));
        } else {
            refused += 1;
        }
    }
    refused
}

fn trace(flows: &[Flow]) -> String {
    let mut csv = String::from("start_s,duration_s,protocol,source,destination,port\n");
    for (start, lifetime, destination) in flows {
        let seconds = |millis: &u64| format!("{}.{:03}", millis / 1_000, millis % 1_000);
        csv +=
            &format!("{},{},tcp,10.0.0.1,203.0.113.{destination},443\n", seconds(start), seconds(lifetime));
    }
    csv
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    /// Recorded flows through the scenario interface, under both sharing rules.
    #[test]
    fn recorded_flows_fail_exactly_where_the_naive_simulation_says(
        mut flows in prop::collection::vec((0u64..20_000, 0u64..5_000, 0u8..3), 1..120),
        ports in 1usize..12,
        hold_down in prop::sample::select(vec![0u64, 500, 3_000]),
        shared in any::<bool>(),
    ) {
        flows.sort_by_key(|(start, ..)| *start);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), trace(&flows)).unwrap();
        let sharing = if shared { "exclusive" } else { "endpoint" };
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = {ports}\nsharing = \"{sharing}\"\nhold_down = \"{hold_down}ms\"\n\
             [[workload]]\narrivals.trace = {{ files = [\"{}\"] }}\nsyn = \"none\"\n[run]\nduration = \"30s\"\nreplications = 1\n",
            file.path().display()
        );
        let results = run(&text, &[]);
        prop_assert_eq!(results.totals.attempts, flows.len() as u64);
        prop_assert_eq!(results.totals.snat_failures, refused(&flows, ports, hold_down, shared));
        prop_assert_eq!(results.totals.connection_failures, results.totals.snat_failures);
        prop_assert!(results.occupancy_ports.max <= ports as u64);
    }
}
