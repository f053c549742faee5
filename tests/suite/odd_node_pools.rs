//! `check` of node pools and devices as nobody should write them: what is refused, asked for or told.

use super::acceptance::{changed, check_files, check_text, codes};
use super::command_line::snatsim;
use serde_json::{Value, json};

/// A cluster with one node pool that differs in some keys.
fn pool(more: Value) -> Value {
    let mut pool = json!({ "name": "a", "count": 3, "mode": "System", "type": "VirtualMachineScaleSets" });
    more.as_object().unwrap().iter().for_each(|(key, value)| pool[key] = value.clone());
    pool
}

fn cluster(pools: Value) -> String {
    let body = json!({ "name": "aks1", "kubernetesVersion": "1.31", "agentPoolProfiles": pools,
        "networkProfile": { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 1024 } } });
    body.to_string()
}

fn told(check: &Value, key: &str) -> String {
    check[key].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn entries_that_are_no_node_pool_are_named() {
    for (pools, message) in [
        (json!([null, pool(json!({}))]), "`agentPoolProfiles[0]` is null; allowed is a table"),
        (json!([pool(json!({})), "x"]), "`agentPoolProfiles[1]` is the text \"x\"; allowed is a table"),
        (json!("abc"), "`agentPoolProfiles` is the text \"abc\""),
        (json!([pool(json!({ "count": -3 }))]), "`agentPoolProfiles[0].count` is the number -3"),
        (json!([pool(json!({ "count": 2.5 }))]), "`agentPoolProfiles[0].count` is the number 2.5"),
        (json!([pool(json!({ "count": "many" }))]), "is the text \"many\"; allowed is a whole number"),
        (json!([pool(json!({ "enableAutoScaling": 1 }))]), "allowed is true or false"),
        (json!([pool(json!({ "upgradeSettings": { "maxSurge": "200%" } }))]), "from \"0%\" to \"100%\""),
    ] {
        let output = snatsim(&["check", "-"]).write_stdin(cluster(pools)).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && error.contains(message), "{message}: {error}");
    }
}

#[test]
fn what_the_platform_refuses_of_a_node_pool_is_refused() {
    let scaled =
        |least: u64, most: u64| json!({ "enableAutoScaling": true, "minCount": least, "maxCount": most });
    let (status, check) = check_text(&cluster(json!([pool(scaled(8, 4))])), &[]);
    assert_eq!((status, codes(&check)), (4, vec!["MinCountAboveMaxCount"]), "{check}");
    let (status, check) = check_text(&cluster(json!([pool(json!({})), pool(json!({ "name": "A" }))])), &[]);
    assert_eq!((status, codes(&check)), (4, vec!["DuplicateNodePoolName"]), "{check}");
    for (least, warned) in [(1, false), (3, false), (4, true)] {
        let (status, check) = check_text(&cluster(json!([pool(scaled(least, 10))])), &[]);
        assert_eq!((status, &check["nodes_counted"]), (0, &json!(11)), "{check}");
        let warning = format!("has 3 nodes now, outside of the {least} to 10");
        assert_eq!(told(&check, "warnings").contains(&warning), warned, "{check}");
    }
    let (_, above) = check_text(&cluster(json!([pool(scaled(1, 2))])), &[]);
    assert!(told(&above, "warnings").contains("the platform counts 2"), "{above}");
}

#[test]
fn types_modes_and_systems_of_node_pools_are_known_or_told() {
    for (more, status, key, message) in [
        (json!({ "type": "Foo" }), 3, "missing", "what the machines of node pool a are (type Foo)"),
        (json!({ "type": "availabilityset" }), 0, "warnings", "is an availability set"),
        (json!({ "mode": "Banana" }), 0, "warnings", "known are System, User, Gateway"),
        (json!({ "mode": "Gateway" }), 0, "warnings", "azure/static-egress-gateway"),
        (json!({ "osType": "Windows" }), 0, "warnings", "64 ports of the node's own address"),
        (json!({ "enableNodePublicIp": true }), 0, "warnings", "azure/node-public-ip"),
        (json!({ "type": "VirtualMachines", "count": null }), 3, "missing", "the count of node pool a"),
    ] {
        let (found, check) = check_text(&cluster(json!([pool(more.clone())])), &[]);
        assert_eq!(found, status, "{more}: {check}");
        assert!(told(&check, key).contains(message), "{more}: {check}");
    }
    let machines = json!({ "type": "VirtualMachines", "count": null,
        "virtualMachinesProfile": { "scale": { "manual": [{ "count": 4, "size": "x" }, { "count": 2, "size": "y" }] } } });
    let (status, check) = check_text(&cluster(json!([pool(machines)])), &[]);
    assert_eq!((status, &check["nodes_counted"]), (0, &json!(7)), "4 + 2 and 1 of surge: {check}");
    // A node pool by itself has the type of its resource where others have that of their machines.
    let alone = json!({ "type": "Microsoft.ContainerService/managedClusters/agentPools", "name": "aks1/b", "properties": { "count": 1 } });
    let both = json!([serde_json::from_str::<Value>(&cluster(json!([pool(json!({}))]))).unwrap(), alone]);
    assert_eq!(check_text(&both.to_string(), &[]).0, 0);
}

#[test]
fn a_cluster_without_node_pools_is_a_cluster_all_the_same() {
    let (status, check) = check_text(&cluster(Value::Null), &[]);
    assert_eq!((status, &check["subject"]), (3, &json!("aks1")), "{check}");
    assert!(told(&check, "missing").contains("the node pools"), "{check}");
}

/// 801 nodes of 64,000 ports would need 801 public IPs, and 100 are the most; 56 ports a node would fit, 17 IPs too.
#[test]
fn advice_stays_within_what_the_platform_allows() {
    let with = |nodes: u64, ports: u64| {
        let pools = json!([{ "name": "a", "count": nodes, "upgradeSettings": { "maxSurge": "1" } }]);
        let ports = ("/networkProfile/loadBalancerProfile/allocatedOutboundPorts", json!(ports));
        check_text(&changed("config/aks-flat.json", &[("/agentPoolProfiles", pools), ports]), &[])
    };
    let (status, check) = with(800, 64_000);
    let help = check["problems"][0]["help"].as_str().unwrap();
    assert_eq!(
        (status, help),
        (
            4,
            "use at most 72 ports per node: no number of public IPs up to the 100 that the platform allows suffices"
        )
    );
    assert!(!told(&check, "smallest_changes").contains("public_ips"), "{check}");
    let (_, check) = with(1_001, 1_024);
    assert!(told(&check, "smallest_changes").contains("\"to\":17"), "{check}");
}

/// What is proposed for a firewall's capacity is one that the platform takes.
#[test]
fn firewall_capacities_that_are_proposed_are_allowed() {
    let help = |least: u64, most: u64| {
        let body = json!({ "name": "f", "type": "Microsoft.Network/azureFirewalls", "ipConfigurations": [{ "publicIPAddress": { "id": "/p" } }],
            "autoscaleConfiguration": { "minCapacity": least, "maxCapacity": most } });
        let (_, check) = check_text(&body.to_string(), &[]);
        let problems = check["problems"].as_array().unwrap().iter();
        let range = |problem: &&Value| problem["code"] == "FirewallCapacityRange";
        problems
            .filter(range)
            .map(|problem| problem["help"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(help(5, 6), ["write 5 and 5, or 5 and 7"]);
    assert_eq!(help(49, 50), ["write 49 and 49"]);
    assert_eq!(help(1, 2), ["write 2 and 2, or 2 and 4"]);
    assert!(help(5, 7).is_empty() && help(5, 5).is_empty());
}

/// Each body that the platform returned is judged, asked about, or named as what it is.
#[test]
fn every_recorded_body_has_an_answer() {
    let folder = "tests/data/azure-config";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut names: Vec<String> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    let expected = [
        ("aks-loadbalancer.json", Some(0)),
        ("aks-managed-nat-gateway.json", Some(0)),
        ("load-balancer-outbound-rules.json", Some(3)),
        ("nat-gateway.json", Some(3)),
        ("public-ip-prefix.json", None),
        ("public-ip.json", None),
    ];
    assert_eq!(names, expected.map(|(name, _)| name));
    for (name, status) in expected {
        let file = format!("{folder}/{name}");
        match status {
            Some(status) => assert_eq!(check_files(&[&file]).0, status, "{name}"),
            None => {
                let output = snatsim(&["check", &file]).output().unwrap();
                assert_eq!(output.status.code(), Some(2), "{name}");
            }
        }
    }
}
