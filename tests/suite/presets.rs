//! Ready-made workloads: what they supply, what keys beside them change, and which destinations they bring.

use crate::check::{run, scenario};
use snatsim::scenario::Scenario;
use snatsim::scenario::presets::WORKLOADS;
use snatsim::workload::{Arrivals, Reach};

/// A workload of that preset on 4 nodes, with keys beside it.
fn with(preset: &str, keys: &str) -> String {
    format!(
        "[outbound]\nmodel = \"azure/load-balancer\"\n[[node_pool]]\nname = \"user\"\nnodes = 4\n[[workload]]\n\
         preset = \"{preset}\"\n{keys}\n"
    )
}

fn names(scenario: &Scenario) -> Vec<&str> {
    scenario.destinations.iter().map(|each| each.name.as_str()).collect()
}

fn rate(scenario: &Scenario, workload: usize) -> f64 {
    let Arrivals::Poisson { rate } = scenario.workloads[workload].arrivals else { panic!("another process") };
    rate
}

#[test]
fn every_preset_runs_as_it_is() {
    for profile in WORKLOADS {
        let found = run(&with(profile.short_name(), "[run]\nduration = \"10m\"\nreplications = 1"), &[]);
        assert!(found.totals.requests > 0, "{}", profile.name);
        let beside = profile.short_name() == "dns-coredns-azure";
        assert_eq!(found.totals.attempts == 0, beside, "{}", profile.name);
    }
}

#[test]
fn core_dns_forwards_what_its_cache_lacks() {
    let whole = scenario(&with("dns-coredns-outside", ""), &[]);
    assert!((rate(&whole, 0) - 2.0 * 50.0 * 0.1).abs() < 1e-9);
    let own =
        with("dns-coredns-outside", "arrivals.poisson = { rate = \"40 per s\" }\ncache_hit_ratio = 0.75");
    let own = scenario(&own, &[]);
    assert!((rate(&own, 0) - 10.0).abs() < 1e-9);
    let pool = own.workloads[0].client_pool.as_ref().unwrap();
    assert_eq!(pool.idle_timeout.unwrap().as_secs_f64(), 10.0);
    let set = [("workload.0.cache_hit_ratio", "0.5"), ("workload.0.pods", "3")];
    assert!((rate(&scenario(&with("dns-coredns-outside", ""), &set), 0) - 75.0).abs() < 1e-9);
}

#[test]
fn local_dns_and_the_api_server_grow_with_the_cluster() {
    let of = |preset: &str, nodes: &str| scenario(&with(preset, ""), &[("node_pool.user.nodes", nodes)]);
    assert!((rate(&of("dns-localdns-outside", "10"), 0) - 20.0).abs() < 1e-9);
    for (nodes, clients) in [("4", 32), ("10", 80)] {
        let Arrivals::Closed { clients: found, .. } = of("api-server", nodes).workloads[0].arrivals else {
            panic!("another process")
        };
        assert_eq!(found, clients);
    }
}

#[test]
fn a_key_of_the_same_alternative_is_merged_and_another_one_replaces_it() {
    let merged = scenario(&with("api-server", "arrivals.closed = { clients_per_pod = 3 }"), &[]);
    let Arrivals::Closed { clients, think } = &merged.workloads[0].arrivals else {
        panic!("another process")
    };
    assert_eq!((*clients, think.mean()), (12, 1.0));
    let replaced = with("api-server", "arrivals.poisson = { rate = \"3 per s\" }\nlifetime = \"2s\"");
    let replaced = scenario(&replaced, &[]);
    assert_eq!((rate(&replaced, 0), replaced.workloads[0].lifetime.mean()), (3.0, 2.0));
}

#[test]
fn destinations_join_those_of_the_scenario_unless_they_are_there() {
    assert_eq!(names(&scenario(&with("dns-coredns-azure", ""), &[])), ["azure-dns"]);
    let own = "[[destination]]\nname = \"azure-dns\"\nprotocol = \"udp\"\nreach = \"internet\"";
    let own = scenario(&with("dns-coredns-azure", own), &[]);
    assert_eq!((names(&own), own.destinations[0].reach), (vec!["azure-dns"], Reach::Internet));
    let other = "destinations = { mine = 1.0 }\n[[destination]]\nname = \"mine\"";
    assert_eq!(names(&scenario(&with("api-server", other), &[])), ["mine"]);
    let two = with("api-server", "[[workload]]\npreset = \"aks-mandatory-egress\"");
    assert_eq!(names(&scenario(&two, &[])).len(), 7);
}

/// A workload beside a preset does not end up at the preset's destination.
#[test]
fn a_workload_without_a_preset_keeps_its_destination() {
    let plain = "[[workload]]\narrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\ndestinations = { internet = 1.0 }";
    let found = scenario(&with("dns-coredns-outside", plain), &[]);
    assert_eq!(names(&found), ["internet", "resolver"]);
    let reached = |workload: usize| found.workloads[workload].destinations[0].0.index();
    assert_eq!((reached(0), reached(1)), (1, 0));
}

#[test]
fn the_results_show_what_a_preset_supplied() {
    let resolved = scenario(&with("api-server", ""), &[]).resolved;
    assert_eq!(resolved["workload"][0]["arrivals"]["closed"]["clients_per_pod"], 8);
    assert_eq!(resolved["destination"][0]["name"], "api-server");
}
