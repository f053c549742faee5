//! The arithmetic of the platforms' own documents, and oracles O-HL1 to O-HL3.

use crate::check::{run, scenario};
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

const TWO_REACHES: &str = "[[destination]]\nname = \"near\"\nreach = \"private-endpoint\"\n\
    [[destination]]\nname = \"far\"\n[[workload]]\ndestinations = { near = 0.5, far = 0.5 }\n\
    arrivals.even = { rate = \"1 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n\
    [run]\nduration = \"1000s\"\nreplications = 2\n";

#[test]
fn without_egress_every_internet_flow_fails_for_that_reason_and_nothing_else_does() {
    for model in ["none", "block"] {
        let results = run(&format!("[outbound]\nmodel = \"{model}\"\n{TWO_REACHES}"), &[]);
        let totals = &results.totals;
        assert_eq!((results.public_ips, totals.flows), (0, 1998));
        assert!((900..1100).contains(&totals.connection_failures), "{totals:?}");
        assert_eq!(results.failure_ratio.estimate, Some(1.0), "flows that need no port make no attempt");
        let reasons =
            results.snat_failures_by.iter().map(|by| (by.stage.as_str(), by.reason.as_str(), by.count));
        assert_eq!(reasons.collect::<Vec<_>>(), [(model, "no_egress", totals.snat_failures)]);
        assert_eq!(results.occupancy.full_time_ratio, 1.0);
    }
}

#[test]
fn a_batch_without_egress_fails_for_that_reason_too() {
    let traffic = TWO_REACHES.replace(
        "arrivals.even = { rate = \"1 per s\" }",
        "arrivals.batch = { rate = \"1 per s\", size.constant = 4, accept = \"whole\" }",
    );
    let results = run(&format!("[outbound]\nmodel = \"none\"\n{traffic}"), &[]);
    let reasons: Vec<&str> = results.snat_failures_by.iter().map(|by| by.reason.as_str()).collect();
    assert_eq!(reasons, ["no_egress"]);
}

#[test]
fn a_cluster_without_egress_has_no_settings() {
    let text = format!("[outbound]\nmodel = \"none\"\npublic_ips = 1\n{TRAFFIC}");
    let error = read("test.toml", &text, &[]).unwrap_err().to_string();
    assert!(error.contains("unknown key `public_ips`"), "{error}");
}

#[test]
fn a_public_ip_on_each_node_gives_each_node_the_ports_of_linux() {
    let outbound = "model = \"azure/node-public-ip\"";
    let scenario = scenario(&text(3, 0, outbound), &[]);
    let egress = scenario.outbound.egress(&scenario.cluster).unwrap();
    let ports: Vec<_> = egress.pools.iter().map(|pool| (pool.name.as_str(), pool.ports.clone())).collect();
    let of = |name| (name, vec![Some(64_512)]);
    assert_eq!(ports, [of("user-1"), of("user-2"), of("user-3")]);
    assert_eq!(scenario.outbound.public_ips(&scenario.cluster), 3);
}

#[test]
fn a_static_egress_gateway_has_an_address_of_its_prefix_for_each_gateway_node() {
    let gateway = |nodes: u32, prefix: u32| {
        let outbound = format!(
            "model = \"azure/static-egress-gateway\"\ngateway_nodes = {nodes}\nprefix_length = {prefix}"
        );
        read("test.toml", &text(1, 0, &outbound), &[])
    };
    for (prefix, most) in [(28, 16), (29, 8), (30, 4), (31, 2)] {
        let scenario = gateway(most, prefix).unwrap();
        let egress = scenario.outbound.egress(&scenario.cluster).unwrap();
        assert_eq!(egress.pools.len(), most as usize);
        assert!(egress.pools.iter().all(|pool| pool.ports == [Some(64_512)]));
        assert_eq!(scenario.outbound.public_ips(&scenario.cluster), most);
    }
    let error = gateway(3, 31).unwrap_err();
    assert_eq!(error.exit_status().code(), 4);
    let text = error.to_string();
    assert!(
        text.contains(":3:") && text.contains("prefix has 2") && text.contains("prefix_length = 30"),
        "{text}"
    );
    assert_eq!(gateway(17, 28).unwrap_err().exit_status().code(), 2);
}

#[test]
fn a_firewall_before_a_nat_gateway_has_its_ports_and_the_firewalls_idle_timeouts() {
    for (ips, ports) in [(1, 64_512), (16, 1_032_192)] {
        let outbound = format!("model = \"azure/firewall-nat-gateway\"\npublic_ips = {ips}");
        assert_eq!(pools(&outbound), ports);
    }
    let timers = |model: &str| {
        let scenario = scenario(&text(1, 0, &format!("model = \"{model}\"")), &[]);
        scenario.outbound.timers().clone()
    };
    let [both, firewall, gateway] =
        ["azure/firewall-nat-gateway", "azure/firewall", "azure/nat-gateway"].map(timers);
    assert_eq!((both.idle_timeout, both.idle_expiry), (firewall.idle_timeout, firewall.idle_expiry));
    assert_eq!(
        (both.hold_down_fin, both.hold_down_rst, both.half_open),
        (gateway.hold_down_fin, gateway.hold_down_rst, gateway.half_open)
    );
    assert_ne!(both.idle_expiry, gateway.idle_expiry);
}

#[test]
fn each_inbound_rule_takes_a_block_of_eight_ports_from_the_grants() {
    let with = |inbound_rules: u32, public_ips: u32| LoadBalancer { inbound_rules, public_ips, ..device() };
    assert_eq!(
        [0, 1, 10, 8000, 9000].map(|rules| with(rules, 1).inventory()),
        [64_000, 63_992, 63_920, 0, 0]
    );
    assert_eq!([0, 1, 8, 9].map(|rules| with(rules, 1).most_nodes(64)), [1000, 999, 999, 998]);
    assert_eq!([0, 1, 50, 51].map(|rules| with(rules, 1).largest_grant(50)), [1280, 1272, 1272, 1264]);
    let refusal = |nodes, keys: &str| {
        let outbound = format!("model = \"azure/load-balancer\"\n{keys}");
        read("test.toml", &text(nodes, 0, &outbound), &[]).map(|_| ()).map_err(|error| error.to_string())
    };
    let exact = "ports_per_node = 6400";
    assert_eq!(refusal(10, exact), Ok(()));
    let one_rule = refusal(10, &format!("{exact}\ninbound_rules = 1")).unwrap_err();
    assert!(one_rule.contains("have 63992") && one_rule.contains("at least 2 public IPs"), "{one_rule}");
    assert_eq!(refusal(50, "inbound_rules = 1600"), Ok(()), "the tiers grant 51,200 of 64,000");
    assert!(refusal(50, "inbound_rules = 1601").unwrap_err().contains("have 51192"));
}

#[test]
fn linux_counts_a_half_open_mapping_from_its_first_syn() {
    let kept = |keys: &str| {
        let traffic = "[[workload]]\narrivals.burst = { flows = 5 }\nlifetime = \"1s\"\nends = { half_open = 1 }\n\
            syn = \"linux-6.5\"\n[run]\nduration = \"1h\"\nreplications = 1\n";
        let outbound = format!("[outbound]\nmodel = \"azure/static-egress-gateway\"\n{keys}\n");
        let results = run(&(outbound + traffic), &[]);
        results.port_holding_s.mean * results.totals.attempts as f64 / 5.0
    };
    assert_eq!(kept(""), 120.0);
    assert_eq!(kept("half_open_from = \"last-syn\""), 67.0 + 120.0);
    assert_eq!(kept("half_open = \"10s\""), 4.0 * 10.0, "SYNs at 0, 11, 35 and 67 s each find no mapping");
}
