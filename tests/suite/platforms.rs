//! The arithmetic of the platforms' own documents, and oracles O-HL1 to O-HL3.

use crate::check::scenario;
use snatsim::error::Error;
use snatsim::outbound::load_balancer::LoadBalancer;
use snatsim::scenario::{Outbound, read};

const TRAFFIC: &str =
    "[[workload]]\narrivals.poisson = { rate = \"1 per s\" }\nlifetime.constant = { value = \"1s\" }\n";

fn text(nodes: u32, surge: u32, outbound: &str) -> String {
    format!(
        "[outbound]\n{outbound}\n[[node_pool]]\nname = \"user\"\nnodes = {nodes}\nmax_surge = {surge}\n{TRAFFIC}"
    )
}

fn load_balancer(nodes: u32, public_ips: u32, ports: &str) -> Result<u32, Error> {
    let outbound =
        format!("model = \"azure/load-balancer\"\npublic_ips = {public_ips}\nports_per_node = {ports}");
    let scenario = read("test.toml", &text(nodes, 0, &outbound), &[])?;
    let egress = scenario.outbound.egress(&scenario.cluster).unwrap();
    Ok(egress.pools[0].ports[0].unwrap())
}

fn device() -> LoadBalancer {
    let scenario = scenario(&text(1, 0, "model = \"azure/load-balancer\""), &[]);
    match scenario.outbound {
        Outbound::LoadBalancer(device) => device,
        other => panic!("{other:?}"),
    }
}

#[test]
fn automatic_grants_follow_the_tiers() {
    let sizes = [1, 50, 51, 100, 101, 200, 201, 400, 401, 800, 801, 1000];
    let grants = sizes.map(|nodes| load_balancer(nodes, 1, "\"auto\"").unwrap());
    assert_eq!(grants, [1024, 1024, 512, 512, 256, 256, 128, 128, 64, 64, 32, 32]);
    assert_eq!([1, 2, 3].map(|ips| load_balancer(100, ips, "\"auto\"").unwrap()), [512, 1024, 1024]);
    assert_eq!(load_balancer(48, 1, "\"auto\"").unwrap(), 1024);
    assert_eq!(load_balancer(52, 1, "\"auto\"").unwrap(), 512);
    assert_eq!(load_balancer(52, 1, "0").unwrap(), 512, "0 means automatic");
}

#[test]
fn the_largest_manual_grant_divides_evenly() {
    let largest = |ips, nodes| LoadBalancer { public_ips: ips, ..device() }.largest_grant(nodes);
    let cases = [(1, 1), (1, 50), (2, 100), (3, 37), (1, 62), (1, 63), (7, 250)];
    assert_eq!(cases.map(|(ips, nodes)| largest(ips, nodes)), [64000, 1280, 1280, 5184, 1032, 1008, 1792]);
    assert_eq!(largest(2, 1), 64000, "one node gets the ports of one IP at most");
    let most = |ips, ports| LoadBalancer { public_ips: ips, ..device() }.most_nodes(ports);
    assert_eq!(
        [(1, 1024), (2, 1024), (1, 4000), (3, 1280)].map(|(ips, ports)| most(ips, ports)),
        [62, 125, 16, 150]
    );
    assert_eq!([most(2, 1000), most(7, 1000), most(2, 4000), most(7, 4000)], [128, 448, 32, 112]);
}

#[test]
fn what_the_platform_would_refuse_is_refused_with_its_numbers() {
    let refusal = |nodes, ports| match load_balancer(nodes, 1, ports) {
        Err(Error::PlatformRefuses(problems)) => problems[0].to_string(),
        other => panic!("{other:?}"),
    };
    let eight_thousand = refusal(9, "8000");
    assert!(
        eight_thousand.contains("need 72000 ports") && eight_thousand.contains("have 64000"),
        "{eight_thousand}"
    );
    assert!(refusal(7, "10000").contains("InvalidLoadBalancerProfileAllocatedOutboundPorts"));
    assert!(refusal(1, "1001").contains("write 1000 or 1008"));
    assert!(refusal(1001, "\"auto\"").contains("more than the automatic allocation covers"));
}

#[test]
fn surge_nodes_count_when_ports_are_checked() {
    let outbound = "model = \"azure/load-balancer\"\npublic_ips = 7\nports_per_node = 4000";
    assert!(read("test.toml", &text(100, 2, outbound), &[]).is_ok(), "408,000 of 448,000");
    let error = read("test.toml", &text(111, 2, outbound), &[]).unwrap_err();
    assert_eq!(error.exit_status().code(), 4);
}

fn pools(outbound: &str) -> u64 {
    let scenario = scenario(&text(1, 0, outbound), &[]);
    let egress = scenario.outbound.egress(&scenario.cluster).unwrap();
    egress.pools.iter().flat_map(|pool| &pool.ports).map(|ports| u64::from(ports.unwrap())).sum()
}

#[test]
fn gateway_and_firewall_inventories_match_their_documents() {
    for (ips, ports) in [(1, 64512), (2, 129024), (4, 258048), (16, 1032192)] {
        assert_eq!(pools(&format!("model = \"azure/nat-gateway\"\npublic_ips = {ips}")), ports);
    }
    for (ips, instances, ports) in [(1, 2, 4992), (2, 2, 9984), (5, 20, 249600), (250, 2, 1248000)] {
        assert_eq!(
            pools(&format!("model = \"azure/firewall\"\npublic_ips = {ips}\ninstances = {instances}")),
            ports
        );
    }
    let fifty = pools("model = \"azure/firewall\"\ninstances = 50");
    assert_eq!(fifty, 50 * 1280, "beyond 25 instances the ports of one IP are shared out");
}
