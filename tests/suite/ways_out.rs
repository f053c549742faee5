//! Ways out beside `[outbound]`: who takes which, HTTP proxies at which connections end, Linux machines behind a route.

use crate::check::{run, run_cut, scenario};
use crate::relays::assert_identity;
use snatsim::experiment::results::{FailureCount, PoolOccupancy, Results};
use snatsim::scenario::read;
use snatsim::simulation::Sharding;

const LOAD_BALANCER: &str = "model = \"azure/load-balancer\"\nports_per_node = 64\n";
const GATEWAY: &str = "model = \"azure/nat-gateway\"\nports_per_ip = 700\n";
const PROXY: &str = "model = \"azure/http-proxy\"\nproxies = 2\nports_per_proxy = 300\n";
const NVA: &str = "model = \"azure/nva\"\ntracking_table = 1024\n";

/// Four workloads of three nodes, each towards a destination of its own.
const TRAFFIC: &str = "[[node_pool]]\nname = \"user\"\nnodes = 3\n\
    [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[destination]]\nname = \"c\"\n[[destination]]\nname = \"d\"\n\
    [[workload]]\npods = 6\ndestinations = { a = 1 }\narrivals.poisson = { rate = \"1 per s\" }\n\
    lifetime.exponential = { mean = \"3s\" }\nends = { fin = 0.7, rst = 0.2, abandoned = 0.1 }\nWAY 0\n\
    [[workload]]\npods = 9\ndestinations = { b = 1 }\narrivals.poisson = { rate = \"10 per s\" }\n\
    lifetime.lognormal = { mean = \"2s\", cv2 = 4.0 }\nends = { fin = 0.8, half_open = 0.2 }\nWAY 1\n\
    [[workload]]\npods = 3\ndestinations = { c = 1 }\narrivals.batch = { rate = \"2 per s\", size.constant = 5 }\n\
    lifetime = \"1s\"\nWAY 2\n\
    [[workload]]\npods = 3\ndestinations = { d = 1 }\narrivals.poisson = { rate = \"20 per s\" }\nlifetime = \"1s\"\nWAY 3\n\
    [run]\nduration = \"5m\"\nwarm_up = \"5m\"\nreplications = 2\n";

/// Each workload leaves by a way of its own, the first by `[outbound]`.
fn mixed() -> String {
    let ways = [("gateway", GATEWAY), ("proxy", PROXY), ("appliance", NVA)];
    let tables = ways.map(|(name, device)| format!("[[way_out]]\nname = \"{name}\"\n{device}"));
    let traffic = TRAFFIC.replace("WAY 0\n", "").replace("WAY 1", "way_out = \"gateway\"");
    let traffic = traffic.replace("WAY 2", "way_out = \"proxy\"").replace("WAY 3", "way_out = \"appliance\"");
    format!("[outbound]\n{LOAD_BALANCER}{}{traffic}", tables.concat())
}

/// Only the destination of that name needs a port, and all leave by one device.
fn alone(device: &str, destination: &str) -> String {
    let traffic = (0..4).fold(TRAFFIC.to_string(), |text, way| text.replace(&format!("WAY {way}\n"), ""));
    let inside = |text: String, name: &&str| {
        let table = format!("name = \"{name}\"\n");
        text.replacen(&table, &format!("{table}reach = \"private-endpoint\"\n"), 1)
    };
    let others = ["a", "b", "c", "d"].iter().filter(|name| **name != destination);
    others.fold(format!("[outbound]\n{device}{traffic}"), inside)
}

fn of_stage(results: &Results, stage: &str) -> (Vec<FailureCount>, Vec<PoolOccupancy>) {
    let failures = results.snat_failures_by.iter().filter(|each| each.stage == stage).cloned();
    let pools = results.occupancy_by_pool.iter().filter(|pool| pool.stage == stage).cloned();
    (failures.collect(), pools.collect())
}

/// The same traffic, refusals and occupancies, to the last bit.
#[test]
fn each_way_serves_its_workloads_as_if_there_were_no_other() {
    let together = run(&mixed(), &[]);
    for (device, stage, destination) in [
        (LOAD_BALANCER, "load-balancer", "a"),
        (GATEWAY, "nat-gateway", "b"),
        (PROXY, "http-proxy", "c"),
        (NVA, "nva", "d"),
    ] {
        let apart = run(&alone(device, destination), &[]);
        let (failures, pools) = of_stage(&together, stage);
        assert!(failures[0].count > 0 && !pools.is_empty(), "{stage}: something must fail");
        assert_eq!((failures, pools), of_stage(&apart, stage));
        let towards = |results: &Results| {
            let mut by = results.failures_by_destination.iter();
            by.find(|each| each.name == destination).map(|each| (each.attempts, each.snat_failures))
        };
        assert!(towards(&together).is_some());
        assert_eq!(towards(&together), towards(&apart), "{stage}");
    }
}

#[test]
fn threads_and_shards_leave_every_byte_as_it_is() {
    let pooled = mixed().replace("ports_per_proxy = 300", "ports_per_proxy = 300\nupstream = { max = 3 }")
        + "[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n";
    for text in [mixed(), pooled] {
        let scenario = scenario(&text, &[]);
        let bytes =
            |threads, sharding| serde_json::to_string(&run_cut(&scenario, threads, sharding)).unwrap();
        let one = bytes(1, Sharding::Smallest);
        assert_eq!(one, bytes(2, Sharding::Smallest));
        assert_eq!(one, bytes(2, Sharding::Coupled));
    }
}

fn refused(results: &Results) -> Vec<(&str, &str, u64)> {
    let by = results.snat_failures_by.iter();
    by.map(|each| (each.stage.as_str(), each.reason.as_str(), each.count)).collect()
}

/// Workloads `one` and `two` of one node, each with a burst of so many flows that last a minute.
fn bursts(flows: u32, one: &str, two: &str) -> String {
    let workload = |destination: &str, way: &str| {
        format!(
            "[[workload]]\ndestinations = {{ {destination} = 1 }}\narrivals.burst = {{ flows = {flows} }}\n\
             lifetime = \"1m\"\nsyn = \"none\"\n{way}\n"
        )
    };
    let destinations = "[[destination]]\nname = \"one\"\n[[destination]]\nname = \"two\"\n";
    let run = "[run]\nduration = \"5m\"\nreplications = 1\n";
    format!("{destinations}{}{}{run}", workload("one", one), workload("two", two))
}

#[test]
fn destinations_that_are_not_for_the_proxy_are_reached_directly() {
    let devices = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 40\n\
                   [[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\nproxies = 1\nports_per_proxy = 30\n";
    let by_proxy = bursts(100, "way_out = \"proxy\"", "way_out = \"proxy\"");
    let proxied = run(&format!("{devices}{by_proxy}"), &[]);
    assert_eq!(refused(&proxied), [("http-proxy", "no_free_port", 140)]);
    let partly = run(&format!("{devices}no_proxy = [\"two\"]\n{by_proxy}"), &[]);
    assert_eq!(refused(&partly), [("load-balancer", "no_free_port", 60), ("http-proxy", "no_free_port", 70)]);
    let direct = run(&format!("{devices}no_proxy = [\"two\", \"one\"]\n{by_proxy}"), &[]);
    assert_eq!(refused(&direct), [("load-balancer", "no_free_port", 120)]);
}

/// 10 tunnels a second for a second each, whose ports then rest for 60 s: 610 at a time. With 609 the 610th finds none, and the
/// next one takes the port that comes free as it asks; so it goes on.
#[test]
fn a_tunnel_costs_a_port_of_the_proxy_until_it_has_rested() {
    let with = |ports: u32| {
        let text = format!(
            "[outbound]\nmodel = \"azure/nat-gateway\"\n[[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\n\
             proxies = 1\nports_per_proxy = {ports}\n[[workload]]\nway_out = \"proxy\"\npods = 7\n\
             arrivals.even = {{ rate = \"10 per s\" }}\nlifetime = \"1s\"\nsyn = \"none\"\n\
             [run]\nduration = \"610s\"\nwarm_up = \"0s\"\nreplications = 1\n"
        );
        let results = run(&text, &[]);
        assert_eq!(results.totals.attempts, 6_099);
        results.totals.snat_failures
    };
    assert_eq!([610, 609, 600].map(with), [0, 9, 9 * 10 + 9]);
}

/// Where connections end at a proxy, the nodes' own ports are taken towards the proxy, whatever lies behind it.
#[test]
fn a_node_s_ports_are_taken_towards_the_proxy() {
    let node =
        "[cluster]\nnetwork_plugin = \"PLUGIN\"\nnode_stage = { first_port = 40000, last_port = 40099 }\n";
    let devices = "[outbound]\nmodel = \"azure/nat-gateway\"\n[[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\n\
                   proxies = 1\n";
    let through = |way: &str, plugin: &str| {
        let text = format!("{devices}{}{}", node.replace("PLUGIN", plugin), bursts(80, way, way));
        run(&text, &[]).totals.snat_failures
    };
    let proxied = "way_out = \"proxy\"";
    assert_eq!(through("", "kubenet"), 0, "80 towards each destination fit into 100 ports");
    assert_eq!(through(proxied, "kubenet"), 60, "160 towards the proxy do not");
    let of_nodes = NODE_OF_FLAT_PLUGIN;
    assert_eq!(through(proxied, of_nodes), 0, "a proxy inside the network is reached without translation");
}

/// Pods keep the addresses of the virtual network towards anything but the internet.
const NODE_OF_FLAT_PLUGIN: &str = "azure-cni";

/// Connections that the proxies keep are those of three client pools, however many pods and workloads ask.
#[test]
fn kept_connections_are_the_proxies_and_not_the_pods() {
    let workload = |pods: u32, rate: u32| {
        format!(
            "[[workload]]\nway_out = \"proxy\"\npods = {pods}\narrivals.poisson = {{ rate = \"{rate} per s\" }}\n\
             lifetime.exponential = {{ mean = \"100ms\" }}\nsyn = \"none\"\n"
        )
    };
    let text = format!(
        "[outbound]\nmodel = \"none\"\n[[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\nproxies = 3\n\
         hold_down = {{ fin = \"240s\" }}\nupstream = {{ idle_timeout = \"5s\" }}\n\
         [[node_pool]]\nname = \"apps\"\nnodes = 30\n{}{}[run]\nreplications = 1\nduration = \"1000s\"\n",
        workload(250, 100),
        workload(50, 50)
    );
    assert_identity(&text, 3.0, 50.0);
}

/// The proxy keeps its connections; those to destinations that are not for it are the pods' own, one a request unless they keep some.
#[test]
fn direct_connections_are_kept_by_pods_alone() {
    let devices = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 40\n\
                   [[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\nproxies = 1\nno_proxy = [\"two\"]\n\
                   upstream = { max = 5 }\n";
    // 100 requests at once, each for a minute: 5 are served, 95 wait in line; 100 direct ones meet 40 ports.
    let with = |more: &str| {
        let way = format!("way_out = \"proxy\"\n{more}");
        let results = run(&format!("{devices}{}", bursts(100, &way, &way)), &[]);
        (results.totals.attempts, results.totals.snat_failures)
    };
    assert_eq!(with(""), (5 + 100, 60));
    assert_eq!(with("client_pool = { max = 10 }"), (5 + 10, 0));
}

#[test]
fn a_tracking_table_is_a_machine_s_and_spans_destinations() {
    let with = |machines: u32, table: u32| {
        let device =
            format!("[outbound]\nmodel = \"azure/nva\"\ninstances = {machines}\ntracking_table = {table}\n");
        let results = run(&format!("{device}{}", bursts(2_000, "", "")), &[]);
        refused(&results).iter().map(|(_, reason, count)| (reason.to_string(), *count)).collect::<Vec<_>>()
    };
    let full = |count| vec![("tracking_table_full".to_string(), count)];
    // With flows hashed to two machines, each is asked for about 2,000 of the 4,000.
    assert_eq!(with(1, 1_024), full(4_000 - 1_024));
    assert_eq!(with(2, 1_024), full(4_000 - 2 * 1_024));
    assert_eq!(with(1, 4_000), []);
}

const GOOD: &str = "[outbound]\nmodel = \"azure/nat-gateway\"\n\
    [[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\nno_proxy = [\"registry\"]\n\
    [[destination]]\nname = \"api\"\n[[destination]]\nname = \"registry\"\n\
    [[workload]]\nway_out = \"proxy\"\ndestinations = { api = 1, registry = 1 }\n\
    arrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\n";

fn problems(text: &str) -> String {
    match read("bad.toml", text, &[]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_mistake_has_its_place_and_says_what_to_write() {
    assert!(read("good.toml", GOOD, &[]).is_ok());
    let pooled = GOOD.replace("no_proxy", "upstream = { max = 5 }\nno_proxy");
    assert!(read("good.toml", &pooled, &[]).is_ok());
    assert!(read("good.toml", &format!("{pooled}client_pool = {{ max = 5 }}\n"), &[]).is_ok());
    let cases = [
        (
            GOOD.replace("way_out = \"proxy\"", "way_out = \"poxy\""),
            "bad.toml:12:11: no way out is called \"poxy\"\n  help: did you mean `proxy`?",
        ),
        (
            GOOD.replace(
                "[[way_out]]\nname = \"proxy\"\nmodel = \"azure/http-proxy\"\nno_proxy = [\"registry\"]\n",
                "",
            ),
            "bad.toml:8:11: no way out is called \"proxy\"\n  help: write `[[way_out]]` with `name = \"proxy\"`",
        ),
        (
            GOOD.replace(
                "[[destination]]\nname = \"api\"",
                "[[way_out]]\nname = \"proxy\"\nmodel = \"none\"\n[[destination]]\nname = \"api\"",
            ),
            "bad.toml:7:1: two ways out are called \"proxy\"",
        ),
        (
            GOOD.replace("azure/http-proxy", "azure/nva"),
            "bad.toml:6:12: `no_proxy` is a key of \"azure/http-proxy\"\n  help: remove it, or write `model",
        ),
        (
            GOOD.replace(
                "model = \"azure/nat-gateway\"\n",
                "model = \"azure/nat-gateway\"\nno_proxy = [\"api\"]\n",
            ),
            "bad.toml:3:1: unknown key `no_proxy` in `outbound`",
        ),
        (
            GOOD.replace("[\"registry\"]", "[\"registri\"]"),
            "bad.toml:6:13: no destination is called \"registri\"\n  help: did you mean `registry`?",
        ),
        (
            GOOD.replace("[\"registry\"]", "[5]"),
            "bad.toml:6:13: `no_proxy` holds the number 5; allowed are names of destinations",
        ),
        (GOOD.replace("name = \"proxy\"\nmodel", "model"), "`way_out` lacks `name`"),
        (GOOD.replace("model = \"azure/http-proxy\"\n", ""), "`way_out` lacks `model`"),
        (GOOD.replace("azure/http-proxy", "azure/http-poxy"), "did you mean \"azure/http-proxy\"?"),
        (
            GOOD.replace("no_proxy", "proxys = 3\nno_proxy"),
            "unknown key `proxys` in `way_out`\n  help: did you mean `proxies`?",
        ),
        (
            GOOD.replace("azure/http-proxy\"\nno_proxy = [\"registry\"]", "azure/nva\"")
                + "ports_per_flow = 2\n",
            "bad.toml:15:18: `ports_per_flow` above 1 is not for a `search` that may give up",
        ),
        (
            format!("{GOOD}ports_per_flow = 2\n[cluster]\nnetwork_plugin = \"kubenet\"\n"),
            "bad.toml:16:18: `ports_per_flow` above 1 is not for a `search` that may give up",
        ),
        (GOOD.replace("no_proxy", "proxies = 0\nno_proxy"), "allowed is a whole number from 1 to 100"),
        (GOOD.replace("no_proxy", "upstream = {}\nno_proxy"), "needs `max`, `max_idle`"),
        (
            pooled.replace("no_proxy = [\"registry\"]\n", "") + "client_pool = { max = 5 }\n",
            "bad.toml:16:15: connections towards a proxy with `upstream` need no SNAT port\n  help: remove the client pool here",
        ),
        (
            GOOD.replace(
                "model = \"azure/http-proxy\"\nno_proxy = [\"registry\"]",
                "model = \"custom\"\nports = 64",
            ) + "ends = { abandoned = 1.0 }\n",
            "bad.toml:16:22: `ends.abandoned` needs an idle timeout, or its ports never come free\n  help: write `idle_timeout = \"4m\"` in \
             the way out \"proxy\"",
        ),
    ];
    let mut lacking = Vec::new();
    for (text, expected) in cases {
        let found = problems(&text);
        if !found.contains(expected) {
            lacking.push(format!("{found}\nlacks\n{expected}"));
        }
    }
    assert!(lacking.is_empty(), "{}", lacking.join("\n\n"));
}

/// What the platform refuses is told where it stands.
#[test]
fn a_refusal_names_the_way_out_and_its_place() {
    let text = GOOD.replace(
        "model = \"azure/http-proxy\"\nno_proxy = [\"registry\"]",
        "model = \"azure/load-balancer\"\nports_per_node = 12",
    );
    let found = problems(&text);
    assert!(
        found.contains("bad.toml:6:18: way out \"proxy\": 12 ports per node is not a multiple of 8"),
        "{found}"
    );
}

/// The headline names the stage that fails where it is not the outbound device's own.
#[test]
fn a_headline_tells_which_way_out_fails() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\n[[way_out]]\nname = \"egress\"\nmodel = \"azure/nat-gateway\"\nports_per_ip = 8\n\
        [[workload]]\nway_out = \"egress\"\narrivals.burst = { flows = 20 }\nlifetime = \"1s\"\nsyn = \"none\"\n[run]\nduration = \"1m\"\n";
    let results = crate::check::run(text, &[]);
    let headline = snatsim::report::text::results(&results);
    let headline = headline.lines().find(|line| line.contains("find no SNAT port")).unwrap();
    assert!(
        headline.ends_with("(azure/load-balancer, 1 public IP; the failures are in nat-gateway)"),
        "{headline}"
    );
}
