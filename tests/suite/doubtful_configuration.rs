//! Deployed configuration that leaves a doubt: what cannot be placed, repeats itself or contradicts itself is asked for, never dropped.

use super::acceptance::{changed, check_files, check_text, codes};
use super::command_line::snatsim;
use serde_json::{Value, json};

/// Check of several texts, each in a file of its own.
fn check_together(texts: &[&str], arguments: &[&str]) -> (i32, Value) {
    let folder = tempfile::tempdir().unwrap();
    let write = |(number, text): (usize, &&str)| {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_string()
    };
    let files: Vec<String> = texts.iter().enumerate().map(write).collect();
    check_files(&[&files.iter().map(String::as_str).collect::<Vec<_>>()[..], arguments].concat())
}

/// The check of a subject, wherever it stands.
fn of<'a>(check: &'a Value, subject: &str) -> &'a Value {
    let also = check["also"].as_array().into_iter().flatten();
    let mut all = std::iter::once(check).chain(also);
    all.find(|check| check["subject"] == subject).unwrap_or_else(|| panic!("no {subject} in {check}"))
}

fn missing(check: &Value) -> String {
    check["missing"].to_string()
}

/// A cluster of Terraform with 2 nodes and 3,200 ports a node.
fn cluster(address: &str, name: &str, group: &str) -> Value {
    let profile = json!([{ "outbound_ports_allocated": 3200, "managed_outbound_ip_count": 1, "idle_timeout_in_minutes": 4 }]);
    json!({ "address": format!("azurerm_kubernetes_cluster.{address}"), "type": "azurerm_kubernetes_cluster", "values": {
        "name": name, "resource_group_name": group, "default_node_pool": [{ "name": "system", "node_count": 2 }],
        "network_profile": [{ "outbound_type": "loadBalancer", "load_balancer_profile": profile }] } })
}

/// A node pool of 20 nodes in it.
fn pool(address: &str, id: Option<&str>) -> Value {
    json!({ "address": format!("azurerm_kubernetes_cluster_node_pool.{address}"), "type": "azurerm_kubernetes_cluster_node_pool",
        "values": { "name": address, "node_count": 20, "kubernetes_cluster_id": id } })
}

/// A plan in which `pool` is yet to be made, in the cluster that it names by `references`.
fn plan(resources: &[Value], pool: &str, references: &[&str]) -> String {
    let address = format!("azurerm_kubernetes_cluster_node_pool.{pool}");
    let unknown = json!({ "address": address, "change": { "actions": ["create"], "after_unknown": { "kubernetes_cluster_id": true } } });
    let expressions = json!({ "address": address, "expressions": { "kubernetes_cluster_id": { "references": references } } });
    json!({ "planned_values": { "root_module": { "resources": resources } }, "resource_changes": [unknown],
        "configuration": { "root_module": { "resources": [expressions] } } })
    .to_string()
}

#[test]
fn node_pools_stay_with_the_cluster_of_their_file() {
    let folder = "tests/data/config/";
    let files = ["terraform-plan.json", "terraform-gateway.json"].map(|file| format!("{folder}{file}"));
    let (_, check) = check_files(&files.each_ref().map(String::as_str));
    assert_eq!(of(&check, "publick8s")["nodes_counted"], 25, "as in the plan alone");
}

#[test]
fn a_node_pool_that_cannot_be_placed_is_asked_for_by_every_cluster_that_may_have_it() {
    let clusters = [cluster("a", "one", "g"), cluster("b", "two", "g"), pool("x", None)];
    let either = [
        "azurerm_kubernetes_cluster.a.id",
        "azurerm_kubernetes_cluster.a",
        "azurerm_kubernetes_cluster.b.id",
    ];
    for references in
        [&["var.cluster_id"][..], &["each.value.id", "each.value"], &["local.ids"], &[], &either]
    {
        let (status, check) = check_text(&plan(&clusters, "x", references), &[]);
        assert_eq!(status, 3, "{references:?}: {check}");
        for name in ["one", "two"] {
            let words = missing(of(&check, name));
            assert!(words.contains("which cluster node pool x belongs to"), "{references:?}: {words}");
        }
    }
    let known = ["azurerm_kubernetes_cluster.b.id", "azurerm_kubernetes_cluster.b"];
    let (status, check) = check_text(&plan(&clusters, "x", &known), &[]);
    assert_eq!(
        (status, &of(&check, "one")["nodes_counted"], &of(&check, "two")["nodes_counted"]),
        (4, &json!(3), &json!(24))
    );
}

#[test]
fn one_of_several_instances_is_no_certain_cluster() {
    let instances = [cluster("c[\"a\"]", "one", "g"), cluster("c[\"b\"]", "two", "g"), pool("x", None)];
    let (status, check) =
        check_text(&plan(&instances, "x", &["azurerm_kubernetes_cluster.c", "each.key"]), &[]);
    assert_eq!(status, 3, "{check}");
    assert!(
        missing(of(&check, "one")).contains("node pool x")
            && missing(of(&check, "two")).contains("node pool x")
    );
    let exact = ["azurerm_kubernetes_cluster.c[\"b\"].id", "azurerm_kubernetes_cluster.c[\"b\"]"];
    let (_, check) = check_text(&plan(&instances, "x", &exact), &[]);
    assert_eq!(of(&check, "two")["nodes_counted"], 24);
}

#[test]
fn clusters_of_one_name_are_told_apart_by_their_resource_groups() {
    let id = |group: &str| {
        format!(
            "/subscriptions/s/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters/k"
        )
    };
    let resources = json!([
        cluster("a", "k", "g0"),
        cluster("b", "k", "g1"),
        pool("x", Some(&id("g0"))),
        pool("y", Some(&id("G1")))
    ]);
    let plan = json!({ "planned_values": { "root_module": { "resources": resources } } });
    let (_, check) = check_text(&plan.to_string(), &[]);
    for check in [&check, &check["also"][0]] {
        assert_eq!(check["nodes_counted"], 24, "2 + 1 and 20 + 1: {check}");
    }
}

fn template(resources: Value) -> String {
    json!({ "$schema": "https://x/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": resources }).to_string()
}

fn managed(name: &str) -> Value {
    json!({ "type": "Microsoft.ContainerService/managedClusters", "name": name,
        "properties": { "agentPoolProfiles": [{ "name": "one", "count": 3 }], "networkProfile": { "outboundType": "loadBalancer" } } })
}

#[test]
fn node_pools_of_a_template_whose_names_are_expressions_are_asked_for() {
    let child = json!({ "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "name": "[format('{0}/{1}', parameters('c'), 'zz')]", "properties": { "count": 40 } });
    let (status, check) = check_text(&template(json!([managed("a"), managed("b"), child])), &[]);
    assert_eq!(status, 3, "{check}");
    assert!(
        missing(&check)
            .contains("which cluster node pool [format('{0}/{1}', parameters('c'), 'zz')] belongs to"),
        "{check}"
    );
    let mut parent = managed("a");
    parent["resources"] = json!([{ "type": "agentPools", "name": "two", "properties": { "count": 40 } }]);
    let (status, check) = check_text(&template(json!([parent, managed("b")])), &[]);
    assert_eq!(
        (status, &of(&check, "a")["nodes_counted"], &of(&check, "b")["nodes_counted"]),
        (0, &json!(45), &json!(4))
    );
}

/// 50,000 live connections of 240 s, and 240 s + 65 s of a port's rest over UDP: 208.3 each, not 64,512 / 240 and / 305.
#[test]
fn a_gateway_promises_no_rate_above_its_cap_on_live_connections() {
    let gateway = json!({ "name": "g", "type": "Microsoft.Network/natGateways", "idleTimeoutInMinutes": 4, "publicIpAddresses": [{ "id": "/p1" }] });
    let (_, check) = check_text(&gateway.to_string(), &[]);
    let rate = |ends: &str| {
        let rates = check["rates"].as_array().unwrap();
        rates.iter().find(|rate| rate["ends"] == ends).unwrap()["connections_per_s"].as_f64().unwrap()
    };
    for (ends, expected) in [("abandoned", 208.333), ("udp", 208.333), ("fin", 992.492)] {
        assert!((rate(ends) - expected).abs() < 0.001, "{ends}: {}", rate(ends));
    }
}

const OUTBOUND: &str = "/networkProfile/outboundType";

/// The cluster of the refusals with its nodes on a subnet of its owner.
fn on_subnet(outbound_type: &str) -> String {
    let mut body: Value =
        serde_json::from_str(&changed("config/aks-flat.json", &[(OUTBOUND, json!(outbound_type))])).unwrap();
    for pool in body["agentPoolProfiles"].as_array_mut().unwrap() {
        pool["vnetSubnetId"] = json!("/s/virtualNetworks/v/subnets/nodes");
    }
    body.to_string()
}

#[test]
fn a_gateway_of_another_subnet_is_not_the_clusters() {
    let gateway = |subnet: &str| {
        json!({ "name": "g", "type": "Microsoft.Network/natGateways", "idleTimeoutInMinutes": 4, "publicIpAddresses": [{ "id": "/p1" }],
            "subnets": [{ "id": format!("/s/virtualNetworks/v/subnets/{subnet}") }] })
        .to_string()
    };
    let cluster = on_subnet("userAssignedNATGateway");
    let (status, check) = check_together(&[&cluster, &gateway("other")], &[]);
    assert_eq!(status, 3, "{check}");
    assert!(missing(&check).contains("the NAT gateway on the subnet of node pool"), "{check}");
    let (status, check) = check_together(&[&cluster, &gateway("NODES")], &[]);
    assert_eq!((status, &check["ports_available"]), (0, &json!(64_512)));
}

#[test]
fn one_public_ip_that_is_named_twice_is_one() {
    let ips = |all: Value| {
        json!({ "name": "g", "type": "Microsoft.Network/natGateways", "publicIpAddresses": all }).to_string()
    };
    let (_, check) = check_text(&ips(json!([{ "id": "/g/p" }, { "id": "/G/P" }])), &[]);
    assert_eq!(check["public_ips"], 1);
    let (_, check) = check_text(&ips(json!([{ "id": "/g/p" }, { "id": "/h/p" }])), &[]);
    assert_eq!(check["public_ips"], 2, "one name in two resource groups");
}

/// 4 machines with 9,000 and 8,000 ports: 68,000 of the 63,960 that inbound rules leave.
#[test]
fn outbound_rules_on_one_frontend_share_its_ports() {
    let body: Value = serde_json::from_str(&changed("config/load-balancer.json", &[])).unwrap();
    let with = |first: u64, second: u64| {
        let mut body = body.clone();
        body["outboundRules"][0]["allocatedOutboundPorts"] = json!(first);
        let mut other = body["outboundRules"][0].clone();
        other["name"] = json!("second");
        other["allocatedOutboundPorts"] = json!(second);
        body["outboundRules"].as_array_mut().unwrap().push(other);
        check_text(&body.to_string(), &[])
    };
    let (status, check) = with(9_000, 8_000);
    assert_eq!(status, 4, "{check}");
    assert!(check["problems"][0]["message"].as_str().unwrap().contains("68000 ports of 63960"), "{check}");
    assert_eq!(with(8_000, 7_984).0, 0, "4 x 15,984 = 63,936");
    assert_eq!(with(9_000, 0).0, 3, "how many ports the automatic one takes is not said");
}

#[test]
fn one_cluster_in_two_files_is_one_and_a_contradiction_is_asked_for() {
    let one = changed("config/aks-flat.json", &[]);
    let (status, check) = check_together(&[&one, &one], &[]);
    assert_eq!((status, check.get("also")), (4, None), "{check}");
    let ports = "/networkProfile/loadBalancerProfile/allocatedOutboundPorts";
    let accepted = |ports_per_node: u64| changed("config/aks-flat.json", &[(ports, json!(ports_per_node))]);
    let (status, check) = check_together(&[&accepted(1_024), &accepted(2_048)], &[]);
    assert_eq!(status, 3, "{check}");
    assert!(missing(&check).contains("which of the files is right about publick8s"), "{check}");
}

fn refused(text: &str) -> String {
    let output = snatsim(&["check", "-"]).write_stdin(text.to_string()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(output.status.code(), Some(2), "{error}{}", String::from_utf8_lossy(&output.stdout));
    error
}

#[test]
fn a_key_with_two_values_is_a_problem() {
    let text = changed("config/aks-flat.json", &[]);
    let twice = |other: &str| {
        text.replacen(
            "\"allocatedOutboundPorts\":3200",
            &format!("\"allocatedOutboundPorts\":3200,\"{other}\":8"),
            1,
        )
    };
    for key in ["allocatedOutboundPorts", "AllocatedOutboundPorts"] {
        let error = refused(&twice(key));
        assert!(error.contains("llocatedOutboundPorts") && error.contains("two values"), "{error}");
    }
    let same = text.replacen(
        "\"allocatedOutboundPorts\":3200",
        "\"allocatedOutboundPorts\":3200,\"allocatedOutboundPorts\":3200",
        1,
    );
    assert_eq!(check_text(&same, &[]).0, 4, "the same value twice is no contradiction");
}

/// 33 % of the 10 that the autoscaler may make is 4, of the 4 nodes now 2: 3 + 14 + 11 nodes.
#[test]
fn a_share_of_surge_is_that_of_the_nodes_that_are_counted() {
    let mut body: Value = serde_json::from_str(&changed("config/aks-flat.json", &[])).unwrap();
    body["agentPoolProfiles"][1]["upgradeSettings"] = json!({ "maxSurge": "33%" });
    let (_, check) = check_text(&body.to_string(), &[]);
    assert_eq!(check["nodes_counted"], 28, "{check}");
    assert!(check["assumptions"].to_string().contains("33 % of its 10 nodes at most"), "{check}");
}

/// 10 % of 100 nodes are 10 from 1.32 on, one node before.
#[test]
fn the_surge_that_nothing_sets_depends_on_the_version_of_kubernetes() {
    let with = |version: &str| {
        let body = json!({ "name": "c", "resourceGroup": "r", "kubernetesVersion": version,
            "agentPoolProfiles": [{ "name": "p", "count": 100 }], "networkProfile": { "outboundType": "loadBalancer" } });
        check_text(&body.to_string(), &[]).1["nodes_counted"].clone()
    };
    for (version, nodes) in [("1.31.9", 101), ("1.32.0", 110), ("1.32", 110), ("1.4", 101), ("2.0", 110)] {
        assert_eq!(with(version), nodes, "{version}");
    }
}

#[test]
fn a_managed_gateway_in_the_owners_network_is_refused() {
    let (_, check) = check_text(&on_subnet("managedNATGateway"), &[]);
    assert_eq!(codes(&check), ["OutboundTypeNeedsManagedNetwork"], "{check}");
}

#[test]
fn a_section_that_is_no_table_is_a_problem() {
    for (section, value) in [
        ("/networkProfile", json!("x")),
        ("/networkProfile/loadBalancerProfile/managedOutboundIps", json!(3)),
        ("/agentPoolProfiles/0/upgradeSettings", json!("x")),
        ("/networkProfile", json!([])),
        ("/networkProfile", json!([{}, {}])),
        ("/networkProfile", json!([3])),
        ("/agentPoolProfiles", json!(3)),
        ("/agentPoolProfiles", json!([3])),
        ("/agentPoolProfiles", json!(["one"])),
        ("/agentPoolProfiles", json!([[]])),
    ] {
        let error = refused(&changed("config/aks-flat.json", &[(section, value)]));
        assert!(error.contains("allowed is a table"), "{error}");
    }
}

#[test]
fn commands_quote_the_names_in_them() {
    let command = |name: &str| {
        let (_, check) = check_text(&changed("config/aks-flat.json", &[("/name", json!(name))]), &[]);
        check["smallest_changes"][0]["command"].clone()
    };
    assert!(command("a; b'c").as_str().unwrap().contains("--name 'a; b'\\''c' "), "{}", command("a; b'c"));
    assert_eq!(command("a\nb"), Value::Null);
}

/// A number of managed IPs would take the place of the owner's.
#[test]
fn no_command_takes_the_owners_addresses_away() {
    let profile =
        json!({ "allocatedOutboundPorts": 3_200, "outboundIPs": { "publicIPs": [{ "id": "/p" }] } });
    let body = changed("config/aks-flat.json", &[("/networkProfile/loadBalancerProfile", profile)]);
    let (_, check) = check_text(&body, &[]);
    let ips = check["smallest_changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["setting"] == "public_ips")
        .unwrap();
    assert_eq!((&ips["to"], &ips["command"]), (&json!(2), &Value::Null), "{check}");
}

/// The provider of Terraform has them as conflicting: they are not added up.
#[test]
fn managed_addresses_beside_the_owners_are_a_contradiction() {
    let profile = json!({ "allocatedOutboundPorts": 2_560, "managedOutboundIPs": { "count": 1 }, "outboundIPs": { "publicIPs": [{ "id": "/p" }] } });
    let (status, check) = check_text(
        &changed("config/aks-flat.json", &[("/networkProfile/loadBalancerProfile", profile)]),
        &[],
    );
    assert_eq!(status, 3, "{check}");
    assert!(missing(&check).contains("which public IPs hold"), "{check}");
}

#[test]
fn a_linked_template_is_told() {
    let link = json!({ "type": "Microsoft.Resources/deployments", "name": "net", "properties": { "templateLink": { "uri": "https://x" } } });
    let (status, check) = check_text(&template(json!([managed("a"), link])), &[]);
    assert_eq!(status, 0, "{check}");
    assert!(check["assumptions"].to_string().contains("linked template of deployment net"), "{check}");
}

#[test]
fn a_node_pool_without_its_numbers_is_imported_with_what_to_fill_in() {
    for (key, words) in [
        ("/agentPoolProfiles/1/maxCount", "autoscale = { min = 1, max = \"FILL IN\" }"),
        ("/agentPoolProfiles/0/count", "nodes = \"FILL IN\""),
    ] {
        let body = changed("config/aks-flat.json", &[(key, Value::Null)]);
        let output = snatsim(&["import", "config", "-"]).write_stdin(body).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(words) && text.matches("[[node_pool]]").count() == 3, "{text}");
    }
}

/// An empty list is how Terraform writes that there is no table.
#[test]
fn an_empty_block_of_a_plan_is_none() {
    let profile = "/planned_values/root_module/resources/0/values/network_profile/0/load_balancer_profile";
    let (status, check) = check_text(&changed("config/terraform-plan.json", &[(profile, json!([]))]), &[]);
    assert_eq!((status, &check["automatic"]), (0, &json!(true)), "{check}");
}

#[test]
fn a_reference_to_nothing_is_a_problem() {
    for ips in [json!([{}]), json!([3]), json!([{ "id": null }]), json!([{ "id": "/p" }, {}])] {
        let gateway =
            json!({ "name": "g", "type": "Microsoft.Network/natGateways", "publicIpAddresses": ips });
        let error = refused(&gateway.to_string());
        assert!(error.contains("names no id"), "{error}");
    }
}

#[test]
fn a_node_pool_of_a_cluster_in_no_file_is_asked_for() {
    let id = "/subscriptions/s/resourceGroups/r/providers/Microsoft.ContainerService/managedClusters/other/agentPools/x";
    let pool = |name: &str| json!({ "name": name, "id": id, "type": "Microsoft.ContainerService/managedClusters/agentPools", "count": 40 });
    let alone = json!([pool("x"), pool("y")]).to_string();
    let (status, check) = check_text(&alone, &[]);
    assert_eq!(
        (status, &check["subject"], &check["nodes_counted"]),
        (3, &json!("other"), &json!(82)),
        "{check}"
    );
    assert!(missing(&check).contains("what the cluster of node pool x, y is"), "{check}");
    let accepted = changed(
        "config/aks-flat.json",
        &[("/networkProfile/loadBalancerProfile/allocatedOutboundPorts", json!(2_560))],
    );
    let (status, check) = check_together(&[&accepted, &alone], &[]);
    assert_eq!(
        (status, &check["subject"], &of(&check, "publick8s")["verdict"]),
        (3, &json!("other"), &json!("accepted"))
    );
}

/// The cluster of the refusals with an availability set and a way out.
fn in_a_set(outbound_type: &str, kind: &str, subnet: Value) -> String {
    let ports = ("/networkProfile/loadBalancerProfile/allocatedOutboundPorts", json!(2_560));
    let text = changed("config/aks-flat.json", &[(OUTBOUND, json!(outbound_type)), ports]);
    let mut body: Value = serde_json::from_str(&text).unwrap();
    body["agentPoolProfiles"][0]["type"] = json!(kind);
    body["agentPoolProfiles"][0]["vnetSubnetId"] = subnet;
    body.to_string()
}

/// An outbound type may be set for scale sets only. The default is shown for every cluster, set or not.
#[test]
fn availability_sets_have_no_outbound_type_but_the_default() {
    for (outbound_type, subnet) in [
        ("managedNATGateway", Value::Null),
        ("userAssignedNATGateway", json!("/s/subnets/nodes")),
        ("userDefinedRouting", json!("/s/subnets/nodes")),
        ("none", Value::Null),
        ("block", Value::Null),
    ] {
        let of = |kind: &str| check_text(&in_a_set(outbound_type, kind, subnet.clone()), &[]);
        let (status, check) = of("AvailabilitySet");
        assert_eq!(
            (status, codes(&check)),
            (4, vec!["OutboundTypeNeedsScaleSets"]),
            "{outbound_type}: {check}"
        );
        assert!(codes(&of("VirtualMachineScaleSets").1).is_empty());
    }
    let (status, check) = check_text(&in_a_set("loadBalancer", "availabilityset", Value::Null), &[]);
    assert_eq!(status, 0, "{check}");
    assert!(check["warnings"][0].as_str().unwrap().contains("may be set only for scale sets"), "{check}");
}

#[test]
fn skus_decide_and_unknown_ones_are_asked_about() {
    let sku = "/networkProfile/loadBalancerSku";
    for (outbound_type, found, status, code) in [
        ("loadBalancer", "basic", 4, Some("OutboundRulesNeedStandardLoadBalancer")),
        ("managedNATGateway", "Basic", 4, Some("OutboundRulesNeedStandardLoadBalancer")),
        ("managedNATGateway", "STANDARD", 0, None),
        ("managedNATGateway", "premium", 3, None),
    ] {
        let (found_status, check) = check_text(
            &changed("config/aks-flat.json", &[(OUTBOUND, json!(outbound_type)), (sku, json!(found))]),
            &[],
        );
        assert_eq!(found_status, status, "{outbound_type}, {found}: {check}");
        assert_eq!(code.is_some_and(|code| codes(&check).contains(&code)), code.is_some(), "{check}");
    }
    let gateway = |sku: Value, zones: Value| {
        let body = json!({ "name": "g", "type": "Microsoft.Network/natGateways", "publicIpAddresses": [{ "id": "/p" }], "sku": { "name": sku }, "zones": zones });
        check_text(&body.to_string(), &[])
    };
    assert_eq!(gateway(json!("Standard"), json!(["1"])).0, 0);
    assert_eq!(codes(&gateway(json!("Standard"), json!(["1", "2"])).1), ["NatGatewayInSeveralZones"]);
    assert_eq!(gateway(json!("StandardV2"), json!(["1", "2", "3"])).0, 0);
    let (status, check) = gateway(json!("Turbo"), json!([]));
    assert_eq!(status, 3, "{check}");
    assert!(missing(&check).contains("what the SKU of the NAT gateway is (Turbo)"), "{check}");
}

#[test]
fn a_cluster_has_at_most_5000_nodes() {
    let with = |count: u64| {
        let pools = json!([{ "name": "one", "count": count, "upgradeSettings": { "maxSurge": "1" } }]);
        let changes = [("/agentPoolProfiles", pools), (OUTBOUND, json!("managedNATGateway"))];
        check_text(&changed("config/aks-flat.json", &changes), &[])
    };
    assert_eq!(with(5_000).0, 0);
    let (status, check) = with(5_001);
    assert_eq!((status, codes(&check)), (4, vec!["TooManyNodes"]), "{check}");
}
