//! What the load balancer's pages leave open: where a grant lies, which public IP a flow gets, what a SYN without a port meets.

use crate::check::{run, scenario};
use snatsim::experiment::results::Results;
use snatsim::scenario::read;

/// One node of a load balancer, and a burst of flows that last a minute.
fn burst(outbound: &str, flows: u32, workload: &str) -> String {
    format!(
        "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 64\n{outbound}\n\
         [[workload]]\narrivals.burst = {{ flows = {flows} }}\nlifetime = \"1m\"\n{workload}\n\
         [run]\nduration = \"5m\"\nreplications = 1\n"
    )
}

fn refused(results: &Results) -> Vec<(&str, &str, u64)> {
    let by = results.snat_failures_by.iter();
    by.map(|each| (each.stage.as_str(), each.reason.as_str(), each.count)).collect()
}

/// Ports of each node by public IP, where they are told apart.
fn grants(nodes: u32, ports: u32, more: &str) -> Vec<Vec<u32>> {
    let text = format!(
        "[outbound]\nmodel = \"azure/load-balancer\"\npublic_ip_choice = \"random\"\npublic_ips = 2\n\
         ports_per_node = {ports}\n{more}\n[[node_pool]]\nname = \"user\"\nnodes = {nodes}\nmax_surge = 0\n\
         [[workload]]\narrivals.poisson = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n"
    );
    let pools = scenario(&text, &[]).paths().unwrap().device().pools.clone();
    pools.iter().map(|pool| pool.ports.iter().map(|ports| ports.unwrap()).collect()).collect()
}

#[test]
fn a_grant_lies_on_one_public_ip_where_it_fits_or_on_all_alike() {
    assert_eq!(grants(3, 40_000, ""), [vec![40_000], vec![40_000], vec![24_000, 16_000]]);
    let halves = grants(40, 3_200, "");
    assert_eq!(halves, vec![vec![3_200]; 40]);
    assert_eq!(grants(2, 63_992, "inbound_rules = 1"), [[63_992], [63_992]]);
    assert_eq!(grants(2, 63_992, "inbound_rules = 2"), [vec![63_992], vec![63_984, 8]].map(|each| each));
    assert_eq!(grants(3, 40_000, "grant_layout = \"equal\""), vec![vec![20_000, 20_000]; 3]);
    assert_eq!(grants(1, 24, "grant_layout = \"equal\""), [[16, 8]]);
    assert_eq!(grants(1, 8, "grant_layout = \"equal\""), [[8]]);
}

/// 64 flows for 64 ports, half on each public IP: whoever tries no second IP loses what the first has no room for.
#[test]
fn the_choice_of_a_public_ip_costs_ports_where_no_other_is_tried() {
    let with = |choice: &str, layout: &str, flows: u32| {
        let outbound =
            format!("public_ips = 2\npublic_ip_choice = \"{choice}\"\ngrant_layout = \"{layout}\"");
        run(&burst(&outbound, flows, "syn = \"none\""), &[])
    };
    for choice in ["sticky", "sticky-random-start", "uniform", "in-turns"] {
        assert_eq!(refused(&with(choice, "equal", 64)), [], "{choice}");
        assert_eq!(refused(&with(choice, "equal", 70)), [("load-balancer", "no_free_port", 6)], "{choice}");
    }
    let random = with("random", "equal", 64);
    let [(_, "search_gave_up", lost)] = refused(&random)[..] else { panic!("{:?}", refused(&random)) };
    assert!((1..=20).contains(&lost), "half of the distance from 32 and 32 on average: {lost}");
    assert_eq!(refused(&with("random", "fewest-ips", 64)), [], "all of its ports are on one public IP");
}

/// 100 queries to each of three servers, two of them at one address.
#[test]
fn a_udp_port_serves_one_flow_a_destination_an_address_or_one_in_all() {
    let server = |name: &str, address: &str, port: u32| {
        format!(
            "[[destination]]\nname = \"{name}\"\naddress = \"{address}\"\nport = {port}\nprotocol = \"udp\"\n\
             [[workload]]\ndestinations = {{ {name} = 1 }}\narrivals.burst = {{ flows = 100 }}\nlifetime = \"1m\"\n"
        )
    };
    let servers =
        server("a", "203.0.113.1", 53) + &server("b", "203.0.113.1", 5353) + &server("c", "203.0.113.2", 53);
    let with = |sharing: &str| {
        let device = format!("[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 64\n{sharing}\n");
        run(&format!("{device}{servers}[run]\nduration = \"5m\"\nreplications = 1\n"), &[])
            .totals
            .snat_failures
    };
    assert_eq!(with("sharing = { udp = \"endpoint\" }"), 3 * 36);
    assert_eq!(with(""), 136 + 36, "a port an address, as its pages say today");
    assert_eq!(with("sharing = { udp = \"exclusive\" }"), 300 - 64);
}

#[test]
fn a_full_load_balancer_drops_or_resets() {
    let with = |more: &str| run(&burst(more, 100, ""), &[]).totals;
    let (drops, resets) = (with(""), with("when_full = \"reset\""));
    assert!(drops.attempts > 200, "the SYNs of 36 come again and again: {}", drops.attempts);
    assert_eq!((resets.attempts, resets.snat_failures, resets.connection_failures), (100, 36, 36));
    // Ten attempts of 36 flows, of which the last come when the 64 ports still serve or rest.
    assert_eq!(drops.connection_failures, 36);
}

/// The mapping that a dropped SYN leaves on the node stays half-open; a reset takes it along.
#[test]
fn a_reset_frees_the_node_s_port_too() {
    let node = "[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
                node_stage = { first_port = 40000, last_port = 40099, take_over = false }\n\
                [[workload]]\narrivals.burst = { at = \"1s\", flows = 36 }\nlifetime = \"1m\"\nsyn = \"none\"\n";
    let with = |more: &str| {
        let results = run(&(burst(more, 100, "syn = \"none\"") + node), &[]);
        let by = results.snat_failures_by.iter();
        by.map(|each| (each.stage.clone(), each.count)).collect::<Vec<_>>()
    };
    assert_eq!(with(""), [("masquerade".into(), 36), ("load-balancer".into(), 36)]);
    assert_eq!(with("when_full = \"reset\""), [("load-balancer".into(), 72)]);
}

#[test]
fn a_full_nat_gateway_resets_too() {
    let text = burst("", 100, "")
        .replace("azure/load-balancer\"\nports_per_node = 64", "azure/nat-gateway\"\nports_per_ip = 64");
    assert!(run(&text, &[]).totals.attempts > 200);
    assert_eq!(run(&text, &[("outbound.when_full", "reset")]).totals.attempts, 100);
}

/// Every port of a grant is looked at.
#[test]
fn how_a_port_is_searched_changes_no_count() {
    let with = |search: &str| {
        let results = run(&burst(&format!("search = \"{search}\""), 100, ""), &[]);
        Results { scenario: serde_json::Value::Null, ..results }
    };
    assert_eq!(with("lowest"), with("random"));
    assert_eq!(with("lowest"), with("round-robin"));
}

#[test]
fn each_mistake_says_what_is_allowed() {
    for (line, expected) in [
        (
            "grant_layout = \"all\"",
            "bad.toml:4:16: `grant_layout` is the text \"all\"; allowed is \"fewest-ips\", \"equal\"",
        ),
        ("public_ip_choice = \"stiky\"", "did you mean \"sticky\"?"),
        ("public_ip_of = { n1 = 0 }", "unknown key `public_ip_of` in `outbound`"),
        ("search = \"linux\"", "allowed is \"lowest\", \"random\", \"round-robin\""),
        ("when_full = \"rst\"", "allowed is \"drop\", \"reset\""),
        ("sharing = { udp = \"cone\" }", "allowed is \"endpoint\", \"address\", \"exclusive\""),
    ] {
        match read("bad.toml", &burst(line, 1, ""), &[]) {
            Ok(_) => panic!("accepted: {line}"),
            Err(error) => assert!(error.to_string().contains(expected), "{error}\nlacks\n{expected}"),
        }
    }
}
