//! `import config`: a scenario that runs as it is, or says what must be filled in.

use super::acceptance::{PORTS, changed, check_files, check_text, codes};
use super::command_line::snatsim;
use serde_json::json;

fn imported(arguments: &[&str]) -> String {
    let output = snatsim(&[&["import", "config"][..], arguments].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn run(text: &str) -> Option<i32> {
    let short = ["run", "-", "--set", "run.duration=60s", "--replications", "1"];
    snatsim(&short).write_stdin(text.to_string()).output().unwrap().status.code()
}

const AKS: &str = "tests/data/azure-config/aks-loadbalancer.json";
const GATEWAY: &str = "tests/data/azure-config/nat-gateway.json";
const PREFIX: &str = "tests/data/azure-config/public-ip-prefix.json";

#[test]
fn each_value_says_where_it_came_from() {
    let text = imported(&[AKS]);
    for line in [
        "model = \"azure/load-balancer\" # outbound type loadBalancer",
        "public_ips = 2 # tests/data/azure-config/aks-loadbalancer.json: properties.networkProfile.loadBalancerProfile.managedOutboundIPs.count",
        "ports_per_node = 1024 # tests/data/azure-config/aks-loadbalancer.json: properties.networkProfile.loadBalancerProfile.allocatedOutboundPorts",
        "nodes = 3 # tests/data/azure-config/aks-loadbalancer.json: properties.agentPoolProfiles[0].count",
    ] {
        assert!(text.lines().any(|own| own == line), "no line is {line}:\n{text}");
    }
}

/// The check of what was imported is the check of the files, and what is accepted runs.
#[test]
fn what_is_imported_is_judged_as_the_files_are() {
    for (files, runs) in [
        (&[AKS][..], true),
        (&["tests/data/azure-config/aks-managed-nat-gateway.json"], true),
        (&[GATEWAY, PREFIX], true),
        (&["tests/data/config/firewall.json"], true),
        (&["tests/data/config/terraform-plan.json"], true),
        (&["tests/data/config/terraform-gateway.json"], true),
        (&["tests/data/config/aks-flat.json"], false),
        (&["tests/data/config/load-balancer.json"], false),
    ] {
        let text = imported(files);
        let ((status, of_files), (again, of_text)) = (check_files(files), check_text(&text, &[]));
        assert_eq!(status, again, "{files:?}:\n{text}");
        for key in [
            "verdict",
            "ports_per_node",
            "ports_needed",
            "ports_available",
            "public_ips",
            "max_nodes",
            "idle_timeout_s",
        ] {
            assert_eq!(of_files[key], of_text[key], "{key} of {files:?}:\n{text}");
        }
        match runs {
            true => assert!(matches!(run(&text), Some(0 | 1 | 3)), "{:?}: {text}", run(&text)),
            false => assert_eq!(run(&text), Some(4), "{text}"),
        }
    }
}

/// What is outside of a range is refused wherever it is judged, and wrong input of a run.
#[test]
fn values_outside_of_a_range_are_refused_of_files_and_of_scenarios_alike() {
    let idle = "/networkProfile/loadBalancerProfile/idleTimeoutInMinutes";
    let ips = "/networkProfile/loadBalancerProfile/managedOutboundIps/count";
    for (change, code) in [
        ((idle, json!(3)), "IdleTimeoutOutOfRange"),
        ((ips, json!(101)), "PublicIpsOutOfRange"),
        (
            (PORTS, json!(64_008)),
            "SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAllowedPortsPerRule",
        ),
    ] {
        let base = [(PORTS, json!(1_024))];
        let body = changed("config/aks-flat.json", &[&base[..], &[change]].concat());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("aks.json");
        std::fs::write(&path, &body).unwrap();
        let text = imported(&[path.to_str().unwrap()]);
        let ((status, of_files), (again, of_text)) = (check_text(&body, &[]), check_text(&text, &[]));
        assert_eq!((status, again), (4, 4), "{of_text}");
        assert_eq!((codes(&of_files), codes(&of_text)), (vec![code], vec![code]));
        for key in [
            "ports_per_node",
            "ports_available",
            "public_ips",
            "max_nodes",
            "idle_timeout_s",
            "smallest_changes",
        ] {
            assert_eq!(of_files[key], of_text[key], "{key} of {code}");
        }
        let place = of_text["problems"][0]["where"].as_str().unwrap();
        assert!(place.starts_with("-:"), "{place}");
        assert_eq!(run(&text), Some(2), "{text}");
    }
}

/// What is lacking is a value that no reader takes, with a comment on what would say it.
#[test]
fn what_no_file_says_must_be_filled_in() {
    let text = imported(&[GATEWAY]);
    assert!(
        text.contains(
            "# FILL IN: the length of public IP prefix prefix (give `az network public-ip prefix show"
        ),
        "{text}"
    );
    assert!(text.contains("public_ips = \"FILL IN\""), "{text}");
    assert_eq!(run(&text), Some(2));
    let filled = text.replace("\"FILL IN\"", "9");
    assert_eq!(check_text(&filled, &[]).1["ports_available"], 580_608);
    assert!(matches!(run(&filled), Some(0 | 1 | 3)));
}

#[test]
fn one_of_several_can_be_chosen() {
    let text = imported(&["tests/data/config/template.json", "--only", "egress"]);
    assert!(text.contains("model = \"azure/nat-gateway\""), "{text}");
    let text =
        imported(&["tests/data/azure-config/load-balancer-outbound-rules.json", "--only", "lb1/rule1"]);
    assert!(text.contains("ports_per_node = 512") && text.contains("idle_timeout = \"4m\""), "{text}");
}

/// Names come from users: no character of theirs may end a text or a comment.
#[test]
fn names_cannot_break_out_of_their_place() {
    let body = json!({
        "name": "a\" # \n[run]\nseed = 9", "type": "Microsoft.ContainerService/managedClusters",
        "agentPoolProfiles": [ { "name": "p\"\nnodes = 7", "count": 2 } ],
    });
    let output = snatsim(&["import", "config", "-"]).write_stdin(body.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (status, check) = check_text(&text, &[]);
    assert_eq!((status, &check["nodes_counted"]), (0, &json!(3)), "{text}");
}
