//! Shapes of deployed configuration, and input that is none.

use super::acceptance::{changed, check_files, check_text};
use super::command_line::snatsim;
use serde_json::{Value, json};

/// The same cluster in the shape of Resource Manager, with other cases of its keys, and numbers as texts.
#[test]
fn the_shapes_and_cases_of_one_cluster_give_one_answer() {
    let flat: Value = serde_json::from_str(&changed("config/aks-flat.json", &[])).unwrap();
    let (_, expected) = check_text(&flat.to_string(), &[]);
    let nested = json!({
        "type": "Microsoft.ContainerService/ManagedClusters",
        "id": "/subscriptions/S/resourcegroups/prod/providers/Microsoft.ContainerService/managedClusters/publick8s",
        "Name": "publick8s", "kubernetesVersion": flat["kubernetesVersion"],
        "Properties": { "AgentPoolProfiles": flat["agentPoolProfiles"], "networkProfile": flat["networkProfile"] }
    });
    let upper = flat
        .to_string()
        .replace("managedOutboundIps", "managedOutboundIPs")
        .replace("outboundType", "OUTBOUNDTYPE");
    let texts = flat
        .to_string()
        .replace(":3200", ":\"3200\"")
        .replace(":10,", ":\"10\",")
        .replace(":true", ":\"true\"");
    let listed = json!([flat]).to_string();
    let of_rest = json!({ "value": [nested] }).to_string();
    for text in [nested.to_string(), upper, texts, listed, of_rest, format!("\u{feff}{flat}")] {
        let (status, found) = check_text(&text, &[]);
        assert_eq!(status, 4);
        for key in [
            "subject",
            "nodes_counted",
            "ports_needed",
            "ports_available",
            "max_nodes",
            "smallest_changes",
            "assumptions",
        ] {
            assert_eq!(found[key], expected[key], "{key} of {text}");
        }
    }
}

#[test]
fn what_the_shell_of_windows_redirects_is_read() {
    let text = changed("config/aks-flat.json", &[]);
    let bytes: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let output = snatsim(&["check", "-"]).write_stdin(bytes).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stderr));
}

/// 2 + 1, 10 + 1 and 10 + 1 nodes in a default pool, a pool with texts for numbers, and a pool of a module.
#[test]
fn a_terraform_plan_is_read_with_the_node_pools_of_its_modules() {
    let (status, check) = check_files(&["tests/data/config/terraform-plan.json"]);
    assert_eq!((status, &check["nodes_counted"], &check["ports_needed"]), (0, &json!(25), &json!(64_000)));
    let state = changed("config/terraform-plan.json", &[])
        .replacen("planned_values", "values", 1)
        .replace("2560", "2568");
    let (status, check) = check_text(&state, &[]);
    assert_eq!((status, &check["ports_needed"]), (4, &json!(64_200)));
}

/// What a plan leaves to its apply is found by what its configuration refers to: a /30 and one address are 5.
#[test]
fn resources_that_a_plan_has_yet_to_make_are_found_by_reference() {
    let (status, check) = check_files(&["tests/data/config/terraform-gateway.json"]);
    assert_eq!((status, &check["subject"], &check["public_ips"]), (0, &json!("privatek8s"), &json!(5)));
    assert_eq!(
        (&check["ports_available"], &check["nodes_counted"]),
        (&json!(322_560), &json!(5)),
        "34 % of 3 nodes are 2"
    );
    assert_eq!(check["outbound_type_changes"]["asked"], "userAssignedNATGateway");
    assert_eq!(check["outbound_type_changes"]["own_network"], true);
    assert!(check["assumptions"].to_string().contains("ends every open connection"));
    assert_eq!(check.get("also"), None, "the gateway is the cluster's");
}

#[test]
fn a_plan_may_not_change_the_outbound_type_as_it_likes() {
    let to = "/planned_values/root_module/resources/0/values/network_profile/0/outbound_type";
    let plan = changed("config/terraform-plan.json", &[(to, json!("userDefinedRouting"))]);
    let (status, check) = check_text(&plan, &[]);
    assert_eq!((status, &check["problems"][0]["code"]), (4, &json!("OutboundTypeChangeNotAllowed")));
    let anew = plan.replace("[\"update\"]", "[\"delete\",\"create\"]");
    let (status, check) = check_text(&anew, &[]);
    assert_eq!((status, &check["verdict"]), (3, &json!("needs_input")), "its appliance is in no file");
}

#[test]
fn expressions_of_a_template_that_have_no_literal_are_asked_for() {
    let count = "/resources/0/properties/agentPoolProfiles/0/count";
    let (status, check) =
        check_text(&changed("config/template.json", &[(count, json!("[parameters('nodeCount')]"))]), &[]);
    assert_eq!((status, &check["missing"][0]["what"]), (3, &json!("the count of node pool one")));
}

#[test]
fn defaults_are_those_of_the_platform_and_told() {
    let body = r#"{ "name": "a", "type": "Microsoft.ContainerService/managedClusters", "agentPoolProfiles": [ { "name": "p", "count": 3 } ], "networkProfile": null }"#;
    let (status, check) = check_text(body, &[]);
    assert_eq!(
        (status, &check["outbound_type"], &check["public_ips"]),
        (0, &json!("loadBalancer"), &json!(1))
    );
    assert_eq!(
        (&check["ports_per_node"], &check["idle_timeout_s"], &check["automatic"]),
        (&json!(1_024), &json!(1_800.0), &json!(true))
    );
    let told = check["assumptions"].to_string();
    for words in [
        "no outbound type is named",
        "no public IP is named",
        "no idle timeout is named",
        "1 node is counted as the surge",
    ] {
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_cluster_behind_a_firewall_needs_the_firewalls_file() {
    let kind = "/networkProfile/outboundType";
    let cluster = changed("config/aks-flat.json", &[(kind, json!("userDefinedRouting"))]);
    let (status, alone) = check_text(&cluster, &[]);
    assert_eq!((status, &alone["verdict"]), (3, &json!("needs_input")));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("aks.json");
    std::fs::write(&path, cluster).unwrap();
    let (status, both) = check_files(&[path.to_str().unwrap(), "tests/data/config/firewall.json"]);
    assert_eq!(
        (status, &both["ports_available"], &both["model"]),
        (0, &json!(9_984), &json!("azure/firewall"))
    );
}

fn refused(text: &[u8]) -> String {
    let output = snatsim(&["check", "-"]).write_stdin(text).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(output.status.code(), Some(2), "{error}{}", String::from_utf8_lossy(&output.stdout));
    assert!(output.stdout.is_empty());
    error
}

#[test]
fn input_that_is_no_configuration_is_refused_with_what_to_write() {
    let whole = changed("config/aks-flat.json", &[]);
    let ports = |value: Value| {
        changed(
            "config/aks-flat.json",
            &[("/networkProfile/loadBalancerProfile/allocatedOutboundPorts", value)],
        )
    };
    let where_ = "`networkProfile.loadBalancerProfile.allocatedOutboundPorts`";
    for (text, words) in [
        (String::new(), "is empty; give a scenario, or the JSON of `az aks show`"),
        (" \n\t ".into(), "is empty"),
        ("hello".into(), "not valid TOML"),
        ("{ hello".into(), "-:1:3: not valid JSON"),
        (whole[..whole.len() / 2].into(), "the file ends in the middle"),
        ("{}".into(), "holds nothing that decides on SNAT ports: an empty table"),
        ("[]".into(), "an empty list"),
        ("[{}]".into(), "a list of other things"),
        ("[1, 2]".into(), "a list of other things"),
        ("[[]]".into(), "a list of other things"),
        ("null".into(), "SNAT ports: a single value"),
        ("3".into(), "SNAT ports: a single value"),
        ("\"aks\"".into(), "SNAT ports: a single value"),
        ("{\"a\": 1}".into(), "a table with a"),
        ("{\"type\": \"Microsoft.Compute/virtualMachines\"}".into(), "a table with type"),
        (ports(json!(-8)), where_),
        (ports(json!(1.5)), "is the number 1.5; allowed is a whole number from 0 to 10000000"),
        (ports(json!(1e300)), where_),
        (ports(json!(u64::MAX)), where_),
        (ports(json!("many")), "is the text \"many\""),
        (ports(json!({})), "is a table"),
        (ports(json!([8])), "is a list"),
        (ports(json!(true)), "is true"),
        ("[".repeat(100_000), ""),
        (format!("[{}", "{\"a\":".repeat(100_000)), "recursion limit"),
    ] {
        let error = refused(text.as_bytes());
        assert!(error.contains(words), "{words}: {error}");
    }
    assert!(refused(&[0x00, 0xFF, 0x10, 0x80]).contains("is not UTF-8 text"));
    assert!(refused(&[0xFF, 0xFE, 0x00, 0xD8]).contains("is not UTF-16 text"));
}

#[test]
fn all_wrong_values_are_told_at_once() {
    let pools =
        json!([{ "name": "p", "count": "x", "maxCount": -1, "upgradeSettings": { "maxSurge": "200%" } }]);
    let error = refused(changed("config/aks-flat.json", &[("/agentPoolProfiles", pools)]).as_bytes());
    for words in ["agentPoolProfiles[0].count", "agentPoolProfiles[0].maxCount", "maxSurge"] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn files_that_cannot_be_read_or_do_not_go_together_are_refused() {
    let scenario = "models/scenarios/default-node.toml";
    let cluster = "tests/data/config/aks-flat.json";
    for (arguments, words) in [
        (&["check", "tests"][..], "is a directory; name a file in it"),
        (&["check", "no-such-file"], "cannot be read"),
        (&["check"], "required"),
        (&["check", scenario, cluster], "is a scenario, which is checked by itself"),
        (&["check", scenario, "--to", "none"], "a scenario has no outbound type"),
        (&["check", cluster, "--to", "nat"], "\"nat\" is no outbound type; allowed is"),
        (&["check", cluster, "--set", "public_ips=2"], "is for scenarios"),
        (&["check", "tests/data/azure-config/public-ip.json"], "nothing to check: only public IPs"),
        (&["import", "config", "tests/data/config/template.json"], "write --only NAME"),
        (&["import", "config", cluster, "--only", "x"], "there are publick8s"),
        (&["import", "config", scenario], "not valid JSON"),
    ] {
        let output = snatsim(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(words), "{arguments:?}: {error}");
    }
}

/// More than the limit, without end: what is read is bounded.
#[cfg(unix)]
#[test]
fn garbage_without_end_is_refused_before_it_fills_the_memory() {
    let output = snatsim(&["check", "/dev/zero"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("is larger than"), "{error}");
}

#[test]
fn an_outbound_type_that_nobody_knows_is_refused_with_those_that_are() {
    let (status, check) = check_text(
        &changed("config/aks-flat.json", &[("/networkProfile/outboundType", json!("teleport"))]),
        &[],
    );
    assert_eq!((status, &check["problems"][0]["code"]), (4, &json!("UnknownOutboundType")));
    assert!(check["problems"][0]["message"].as_str().unwrap().contains("userDefinedRouting"));
}
