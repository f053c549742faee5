//! `check` against the platform's own arithmetic: published refusals, the examples of its pages, bodies that it returned.
//!
//! Expected numbers are computed by hand from those pages.

use super::command_line::snatsim;
use serde_json::{Value, json};

/// The verdict's exit status, and the JSON.
pub fn check_files(arguments: &[&str]) -> (i32, Value) {
    let output = snatsim(&[&["check", "-o", "json"][..], arguments].concat()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let found =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{arguments:?}: {why}: {error}"));
    (output.status.code().unwrap(), found)
}

/// The same of a text on standard input.
pub fn check_text(text: &str, arguments: &[&str]) -> (i32, Value) {
    let mut command = snatsim(&[&["check", "-", "-o", "json"][..], arguments].concat());
    let output = command.write_stdin(text.to_string()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let found = serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {error}\n{text}"));
    (output.status.code().unwrap(), found)
}

/// A fixture of `tests/data`, changed.
pub fn changed(file: &str, changes: &[(&str, Value)]) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let mut body: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (pointer, value) in changes {
        *body.pointer_mut(pointer).unwrap_or_else(|| panic!("{file} has no {pointer}")) = value.clone();
    }
    body.to_string()
}

pub const PORTS: &str = "/networkProfile/loadBalancerProfile/allocatedOutboundPorts";
const IPS: &str = "/networkProfile/loadBalancerProfile/managedOutboundIps/count";

/// Codes of the problems.
pub fn codes(check: &Value) -> Vec<&str> {
    let problems = check["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

/// Setting and value of each change that is proposed.
fn changes(check: &Value) -> Vec<(&str, u64)> {
    let changes = check["smallest_changes"].as_array().unwrap().iter();
    changes.map(|change| (change["setting"].as_str().unwrap(), change["to"].as_u64().unwrap())).collect()
}

const NOT_A_MULTIPLE: &str = "SpecifiedAllocatedOutboundPortsForOutboundRuleIsNotAMultipleOfEight";
const TOO_MANY: &str = "InvalidLoadBalancerProfileAllocatedOutboundPorts";

/// V1: three node pools (2 fixed, up to 10, up to 10) and a surge of one node each are 25 nodes.
#[test]
fn the_three_published_refusals_are_refused_and_the_value_that_passed_is_accepted() {
    let with = |ports: u64| check_text(&changed("config/aks-flat.json", &[(PORTS, json!(ports))]), &[]);
    for (ports, needed, expected) in [
        (3_200, 80_000, vec![TOO_MANY]),
        (2_900, 72_500, vec![NOT_A_MULTIPLE, TOO_MANY]),
        (2_560, 64_000, vec![]),
    ] {
        let (status, check) = with(ports);
        assert_eq!(
            (&check["nodes_counted"], &check["ports_needed"]),
            (&json!(25), &json!(needed)),
            "{ports}"
        );
        assert_eq!((&check["ports_available"], &check["public_ips"]), (&json!(64_000), &json!(1)));
        assert_eq!(codes(&check), expected, "{ports}");
        assert_eq!(status, if expected.is_empty() { 0 } else { 4 }, "{ports}");
        assert_eq!(check["verdict"], if expected.is_empty() { "accepted" } else { "refused" });
    }
    let (_, refused) = with(3_200);
    assert_eq!(changes(&refused), [("ports_per_node", 2_560), ("public_ips", 2)]);
    assert_eq!(refused["max_nodes"], 20, "64,000 / 3,200");
    let command = refused["smallest_changes"][0]["command"].as_str().unwrap();
    assert_eq!(
        command,
        "az aks update --resource-group prod --name publick8s --load-balancer-outbound-ports 2560"
    );
    assert!(refused["problems"][0]["where"].as_str().unwrap().ends_with("allocatedOutboundPorts"));
    let (_, odd) = with(2_900);
    assert_eq!(changes(&odd), [("ports_per_node", 2_560)], "no number of IPs makes 2,900 a multiple of 8");
}

const NODES: &str = "[outbound]\nmodel = \"azure/load-balancer\"\n[[node_pool]]\nname = \"user\"\nnodes = 8\n\
                     [[workload]]\narrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n";

/// The scenario above with keys set.
fn scenario(set: &[&str]) -> (i32, Value) {
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    check_text(NODES, &set)
}

/// V4: the numbers of the platform's own page on the error.
#[test]
fn nine_nodes_with_8000_ports_need_a_second_ip() {
    let (status, one) = scenario(&["ports_per_node=8000", "public_ips=1"]);
    assert_eq!((status, codes(&one)), (4, vec![TOO_MANY]));
    assert_eq!(
        (&one["nodes_counted"], &one["ports_needed"], &one["ports_available"]),
        (&json!(9), &json!(72_000), &json!(64_000))
    );
    let (status, two) = scenario(&["ports_per_node=8000", "public_ips=2"]);
    assert_eq!((status, &two["verdict"], &two["ports_available"]), (0, &json!("accepted"), &json!(128_000)));
    assert_eq!(two["outbound_type"], "loadBalancer");
}

/// V5: the examples of the page on the load balancer of AKS.
#[test]
fn most_nodes_are_what_the_pages_examples_say() {
    for (ports, ips, nodes) in [(1_000, 2, 128), (1_000, 7, 448), (4_000, 2, 32), (4_000, 7, 112)] {
        let (_, check) = scenario(&[&format!("ports_per_node={ports}"), &format!("public_ips={ips}")]);
        assert_eq!(check["max_nodes"], nodes, "{ports} ports, {ips} IPs");
    }
    let (status, check) = check_files(&["tests/data/config/template.json"]);
    assert_eq!((status, &check["nodes_counted"]), (0, &json!(102)), "100 nodes and 2 of surge");
    assert_eq!((&check["ports_needed"], &check["ports_available"]), (&json!(408_000), &json!(448_000)));
    // 64,000 / 2,600 is 24.6, and 25 nodes would need 65,000.
    assert_eq!(scenario(&["ports_per_node=2600"]).1["max_nodes"], 24);
}

/// V6: tiers of the automatic mode, by the nodes that are there.
#[test]
fn the_automatic_mode_grants_by_tier() {
    for (nodes, ips, ports) in [
        (48, 1, 1_024),
        (50, 1, 1_024),
        (52, 1, 512),
        (100, 1, 512),
        (100, 2, 1_024),
        (100, 3, 1_024),
        (200, 1, 256),
        (400, 1, 128),
        (800, 1, 64),
        (1_000, 1, 32),
    ] {
        let (status, check) =
            scenario(&["ports_per_node=auto", &format!("nodes={nodes}"), &format!("public_ips={ips}")]);
        assert_eq!((status, &check["ports_per_node"]), (0, &json!(ports)), "{nodes} nodes, {ips} IPs");
    }
    let (status, check) = scenario(&["ports_per_node=auto", "nodes=1001"]);
    assert_eq!((status, codes(&check)), (4, vec!["NoAutomaticTier"]));
    assert_eq!(changes(&check), [("ports_per_node", 56)], "64,000 / 1,002 nodes is 63.9");
    let (_, edge) = scenario(&["ports_per_node=auto", "nodes=50"]);
    let told = edge["warnings"].to_string();
    assert!(told.contains("allow 51 nodes, and beyond 50 each node has 512 ports instead of 1024"), "{told}");
    assert_eq!(scenario(&["ports_per_node=auto", "nodes=49"]).1["warnings"], json!([]));
    let (_, uncovered) = scenario(&["ports_per_node=auto", "nodes=1000"]);
    assert!(uncovered["warnings"].to_string().contains("does not cover"), "{uncovered}");
}

/// A warning stands right below the answer, in every format: 48 nodes that may become 60 cross the tier of 50.
#[test]
fn a_tier_that_autoscaling_crosses_is_a_warning() {
    let pools =
        json!([{ "name": "one", "count": 48, "enableAutoScaling": true, "minCount": 3, "maxCount": 60 }]);
    let body = changed("config/aks-flat.json", &[(PORTS, json!(0)), ("/agentPoolProfiles", pools)]);
    let words = "allow 61 nodes, and beyond 50 each node has 512 ports instead of 1024";
    for (format, prefix) in [
        ("text", "ports needed\n\nwarning: autoscaling"),
        ("markdown", "> **Warning:** autoscaling"),
        ("github", "::warning title=snatsim::publick8s: autoscaling"),
    ] {
        let output = snatsim(&["check", "-", "-o", format]).write_stdin(body.clone()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.contains(prefix) && text.contains(words), "{format}: {text}");
    }
}

/// 64,000 / 2,496 is 25.6; with 26 instances each has 2,456 ports of a public IP, with 50 1,280.
#[test]
fn a_firewall_with_more_instances_than_its_ports_suffice_for_is_a_warning() {
    let scale = |least: u64, most: u64| {
        let to = json!({ "minCapacity": least, "maxCapacity": most });
        check_text(&changed("config/firewall.json", &[("/autoscaleConfiguration", to)]), &[]).1
    };
    assert_eq!(scale(25, 25)["warnings"], json!([]));
    let crowded = scale(26, 26);
    assert!(crowded["warnings"][0].as_str().unwrap().contains("taken to have 2456 ports"), "{crowded}");
    let later = scale(2, 50);
    assert!(
        later["warnings"][0].as_str().unwrap().starts_with("50 instances are more than the 25"),
        "{later}"
    );
    let scenario = NODES.replace("azure/load-balancer", "azure/firewall");
    for (instances, warned) in [("25", false), ("26", true)] {
        let set = [format!("instances={instances}"), "run.duration=1s".into(), "run.replications=2".into()];
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        let output = snatsim(&[&["run", "-", "-o", "json"][..], &set].concat());
        let output = { output }.write_stdin(scenario.clone()).output().unwrap();
        let results: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = results["warnings"].to_string();
        assert_eq!(told.contains("instances are more than the 25"), warned, "{told}");
    }
}

/// Neither 4,096 public IPs nor a grant of 0 ports is anything that the platform would take.
#[test]
fn nothing_is_advised_that_the_platform_would_refuse() {
    for (set, help, proposed) in [
        (
            &["nodes=9", "ports_per_node=64000"][..],
            "use at least 10 public IPs, or at most 6400 ports per node",
            2,
        ),
        (
            &["nodes=4095", "ports_per_node=64000"],
            "use at most 8 ports per node: no number of public IPs up to the 100 that the platform allows suffices",
            1,
        ),
        (
            &["nodes=9999", "ports_per_node=64000"],
            "no grant of 8 ports or more fits on as many public IPs as the platform allows: use fewer nodes",
            0,
        ),
        (&["nodes=9999", "ports_per_node=8"], "use at least 2 public IPs", 1),
    ] {
        let (status, check) = scenario(set);
        assert_eq!((status, &check["problems"][0]["help"]), (4, &json!(help)), "{set:?}");
        assert_eq!(changes(&check).len(), proposed, "{check}");
    }
    let (_, odd) = scenario(&["ports_per_node=5"]);
    assert_eq!(odd["problems"][0]["help"], "write 8", "0 would be the automatic mode");
}

/// V7: 2 instances x 2,496 ports x public IPs; degraded above 95 %.
#[test]
fn a_firewalls_ports_grow_with_its_public_ips() {
    for (ips, ports) in [(1, 4_992), (5, 24_960), (20, 99_840), (250, 1_248_000)] {
        let ip = |number| json!({ "name": "c", "publicIPAddress": { "id": format!("/s/publicIPAddresses/p{number}") } });
        let all: Vec<Value> = (0..ips).map(ip).collect();
        let (status, check) =
            check_text(&changed("config/firewall.json", &[("/ipConfigurations", json!(all))]), &[]);
        assert_eq!((status, &check["ports_available"]), (0, &json!(ports)), "{ips} IPs");
        let degraded = check["degraded_above"].as_f64().unwrap();
        assert!((degraded - 0.95 * f64::from(ports)).abs() < 1e-6, "{degraded}");
    }
    let all: Vec<Value> =
        (0..251).map(|number| json!({ "publicIPAddress": { "id": format!("/s/p{number}") } })).collect();
    let (status, check) =
        check_text(&changed("config/firewall.json", &[("/ipConfigurations", json!(all))]), &[]);
    assert_eq!((status, codes(&check)), (4, vec!["PublicIpsOutOfRange"]));
}

/// V8: 14 IPs and 2,048 ports a machine on another platform, by both counts of ports per IP that its users and its pages have.
#[test]
fn another_platforms_ports_per_ip_can_be_written() {
    for (ports_per_ip, nodes) in [(65_536, 448), (64_512, 441)] {
        let set = [
            format!("outbound.ports_per_ip={ports_per_ip}"),
            "ports_per_node=2048".into(),
            "public_ips=14".into(),
        ];
        let (_, check) = scenario(&set.each_ref().map(String::as_str));
        assert_eq!(check["max_nodes"], nodes, "{ports_per_ip}");
    }
}

#[test]
fn bodies_that_the_platform_returned_are_accepted_with_their_numbers() {
    let (status, balancer) = check_files(&["tests/data/azure-config/aks-loadbalancer.json"]);
    assert_eq!((status, &balancer["outbound_type"]), (0, &json!("loadBalancer")));
    assert_eq!((&balancer["ports_available"], &balancer["max_nodes"]), (&json!(128_000), &json!(125)));
    assert_eq!((&balancer["ports_per_node"], &balancer["idle_timeout_s"]), (&json!(1_024), &json!(600.0)));
    let (status, managed) = check_files(&["tests/data/azure-config/aks-managed-nat-gateway.json"]);
    assert_eq!((status, &managed["ports_available"]), (0, &json!(129_024)));
    assert_eq!(
        (&managed["outbound_type"], &managed["idle_timeout_s"]),
        (&json!("managedNATGateway"), &json!(1_800.0))
    );
    assert_eq!(managed["ports_per_node"], Value::Null, "nodes share them");
    let folder = "tests/data/azure-config/";
    let gateway =
        ["nat-gateway.json", "public-ip-prefix.json", "public-ip.json"].map(|file| format!("{folder}{file}"));
    let (status, gateway) = check_files(&gateway.each_ref().map(String::as_str));
    assert_eq!(
        (status, &gateway["public_ips"], &gateway["ports_available"]),
        (0, &json!(9), &json!(580_608))
    );
}

#[test]
fn what_a_body_does_not_say_is_asked_for() {
    let (status, gateway) = check_files(&["tests/data/azure-config/nat-gateway.json"]);
    assert_eq!(
        (status, &gateway["verdict"], &gateway["ports_available"]),
        (3, &json!("needs_input"), &Value::Null)
    );
    assert_eq!(gateway["missing"][0]["what"], "the length of public IP prefix prefix");
    let (status, rules) = check_files(&["tests/data/azure-config/load-balancer-outbound-rules.json"]);
    assert_eq!(
        (status, &rules["subject"], &rules["verdict"]),
        (3, &json!("lb1/rule2"), &json!("needs_input"))
    );
    assert_eq!((&rules["ports_per_node"], &rules["ports_available"]), (&json!(1_024), &Value::Null));
    let first = &rules["also"][0];
    assert_eq!(
        (&first["subject"], &first["verdict"], &first["max_nodes"]),
        (&json!("lb1/rule1"), &json!("accepted"), &json!(125))
    );
    let (status, list) = check_files(&["tests/data/config/outbound-rules.json"]);
    assert_eq!((status, &list["automatic"]), (3, &json!(true)));
    assert!(list["missing"][0]["what"].as_str().unwrap().contains("backend pool"));
}

/// 443 and 444 lie in one block of 8, 80 in another, 50000 to 50019 in three: 40 ports fewer for outbound traffic.
#[test]
fn inbound_rules_on_the_same_frontend_take_blocks_of_8_ports() {
    let (status, check) = check_files(&["tests/data/config/load-balancer.json"]);
    assert_eq!(
        (status, &check["ports_available"], &check["ports_needed"]),
        (4, &json!(63_960), &json!(64_000))
    );
    assert_eq!(
        codes(&check),
        ["SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts"]
    );
    assert_eq!(changes(&check), [("ports_per_node", 15_984), ("public_ips", 2)], "63,960 / 4 is 15,990");
    let kubernetes = changed("config/load-balancer.json", &[("/name", json!("kubernetes"))]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lb.json");
    std::fs::write(&path, kubernetes).unwrap();
    let (_, cluster) = check_files(&["tests/data/config/aks-flat.json", path.to_str().unwrap()]);
    assert_eq!((&cluster["subject"], &cluster["ports_available"]), (&json!("publick8s"), &json!(63_960)));
    assert_eq!(cluster.get("also"), None, "the load balancer is the cluster's own");
}

/// A surge of 33 % of 10 nodes is 4; what is set counts instead of one node.
#[test]
fn a_smaller_surge_is_proposed_where_it_makes_room() {
    let set = ["nodes=10", "node_pool.user.max_surge=33%", "ports_per_node=4920"];
    let (status, check) = scenario(&set);
    assert_eq!((status, &check["nodes_counted"], &check["ports_needed"]), (4, &json!(14), &json!(68_880)));
    assert_eq!(
        changes(&check),
        [("ports_per_node", 4_568), ("public_ips", 2), ("max_surge", 3)],
        "13 x 4,920 = 63,960"
    );
}

/// 1,024 ports that rest for 240 s after a FIN and 15 s after an RST; a gateway's for 65 s and 16 s.
#[test]
fn rates_are_ports_over_their_rest() {
    let rate = |check: &Value, ends: &str| {
        let rates = check["rates"].as_array().unwrap();
        rates.iter().find(|rate| rate["ends"] == ends).unwrap()["connections_per_s"].as_f64().unwrap()
    };
    let near =
        |found: f64, expected: f64| assert!((found - expected).abs() < 0.005, "{found} against {expected}");
    let (_, node) = check_files(&["models/scenarios/default-node.toml"]);
    near(rate(&node, "fin"), 4.2667);
    near(rate(&node, "rst"), 68.2667);
    let (_, gateway) = check_files(&["models/scenarios/nat-gateway.toml"]);
    near(rate(&gateway, "fin"), 992.49);
    near(rate(&gateway, "rst"), 4_032.0);
    assert_eq!(gateway["connections_per_destination"], 50_000);
    assert!(node["assumptions"].to_string().contains("hold_down.fin"), "what they rest on is told");
}

#[test]
fn limits_of_gateways_firewalls_and_timeouts_are_known() {
    let idle = "/networkProfile/loadBalancerProfile/idleTimeoutInMinutes";
    let balancer = |minutes: u64| {
        check_text(&changed("config/aks-flat.json", &[(idle, json!(minutes)), (PORTS, json!(1_024))]), &[])
    };
    for (minutes, status) in [(3, 4), (4, 0), (120, 0), (121, 4)] {
        assert_eq!(balancer(minutes).0, status, "{minutes} min");
    }
    assert_eq!(codes(&balancer(3).1), ["IdleTimeoutOutOfRange"]);
    let managed = "/properties/networkProfile/natGatewayProfile/managedOutboundIPProfile/count";
    let gateway = |ips: u64| {
        check_text(&changed("azure-config/aks-managed-nat-gateway.json", &[(managed, json!(ips))]), &[])
    };
    assert_eq!(gateway(16).1["ports_available"], 1_032_192);
    let (status, many) = gateway(17);
    assert_eq!(
        (status, codes(&many), &many["ports_available"]),
        (4, vec!["PublicIpsOutOfRange"], &Value::Null)
    );
    let scale = |least: u64, most: u64| {
        let to = json!({ "minCapacity": least, "maxCapacity": most });
        check_text(&changed("config/firewall.json", &[("/autoscaleConfiguration", to)]), &[])
    };
    let (status, check) = scale(4, 20);
    assert_eq!((status, &check["ports_available"]), (0, &json!(19_968)), "4 x 2,496 x 2");
    assert_eq!((scale(4, 4).0, codes(&scale(4, 5).1)), (0, vec!["FirewallCapacityRange"]));
    assert_eq!(codes(&scale(1, 51).1), ["FirewallCapacityOutOfRange", "FirewallCapacityOutOfRange"]);
    let (status, check) =
        check_text(&changed("config/aks-flat.json", &[(PORTS, json!(64_008)), (IPS, json!(100))]), &[]);
    let code = "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAllowedPortsPerRule";
    assert_eq!((status, codes(&check)), (4, vec![code]));
}

/// What `run` refuses and what `check` refuses are one.
#[test]
fn check_and_run_refuse_the_same_scenarios() {
    let short = ["--set", "run.duration=10s", "--replications", "1"];
    for (set, refused) in [
        (&["ports_per_node=8000"][..], true),
        (&["ports_per_node=7112"], true),
        (&["ports_per_node=7104"], false),
        (&["ports_per_node=1001"], true),
        (&["ports_per_node=auto", "nodes=1001"], true),
        (&["ports_per_node=auto", "event=[{ at = \"5s\", scale = { nodes = 1001 } }]"], true),
    ] {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        let (status, check) = check_text(NODES, &set);
        let run = snatsim(&[&["run", "-"][..], &set, &short].concat()).write_stdin(NODES).output().unwrap();
        assert_eq!((status == 4, run.status.code() == Some(4)), (refused, refused), "{set:?}: {check}");
        let told = String::from_utf8_lossy(&run.stderr);
        for problem in check["problems"].as_array().unwrap() {
            assert!(told.contains(problem["message"].as_str().unwrap()), "{told}");
        }
    }
}

#[test]
fn every_shipped_scenario_is_accepted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/scenarios");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (status, check) = check_files(&[path.to_str().unwrap()]);
        assert_eq!((status, &check["verdict"]), (0, &json!("accepted")), "{}: {check}", path.display());
    }
}

#[test]
fn every_format_tells_the_verdict() {
    let file = "tests/data/config/aks-flat.json";
    for (format, words) in [
        ("text", &["REFUSED: publick8s", "TOO_MANY", "az aks update", "sustains"][..]),
        ("markdown", &["REFUSED: publick8s", "| max nodes | 20 |"]),
        ("csv", &["publick8s,refused,loadBalancer,25,3200,80000,64000,1,20,"]),
        ("junit", &["<failure", "publick8s is accepted"]),
        ("github", &["::error title=publick8s is accepted"]),
    ] {
        let output = snatsim(&["check", file, "-o", format]).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{format}");
        let text = String::from_utf8_lossy(&output.stdout);
        for word in words {
            let word = if *word == "TOO_MANY" { TOO_MANY } else { word };
            assert!(text.contains(word), "{format} lacks {word}:\n{text}");
        }
    }
    let verbose = snatsim(&["check", file, "-v"]).output().unwrap();
    let text = String::from_utf8_lossy(&verbose.stdout);
    assert!(
        text.contains(
            "(tests/data/config/aks-flat.json: networkProfile.loadBalancerProfile.idleTimeoutInMinutes)"
        ),
        "{text}"
    );
}
