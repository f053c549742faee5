//! What an outbound type may be changed to.

use super::acceptance::{PORTS, changed, check_text, codes};
use super::command_line::snatsim;
use serde_json::{Value, json};

/// Both tables of the page on outbound types.
#[test]
fn a_change_of_the_outbound_type_is_judged_by_the_platforms_tables() {
    let types = [
        "loadBalancer",
        "managedNATGateway",
        "managedNATGatewayV2",
        "userAssignedNATGateway",
        "userDefinedRouting",
        "none",
        "block",
    ];
    let managed: [(&str, [bool; 7]); 5] = [
        ("loadBalancer", [true, true, true, false, false, true, true]),
        ("managedNATGateway", [false, true, true, false, false, true, true]),
        ("managedNATGatewayV2", [false, false, true, false, false, false, false]),
        ("none", [true, true, true, false, false, true, true]),
        ("block", [true, true, true, false, false, true, true]),
    ];
    let own: [(&str, [bool; 7]); 4] = [
        ("loadBalancer", [true, false, false, true, true, true, false]),
        ("userAssignedNATGateway", [true, false, false, true, true, true, false]),
        ("userDefinedRouting", [true, false, false, true, true, true, false]),
        ("none", [true, false, false, true, true, true, false]),
    ];
    let kind = "/networkProfile/outboundType";
    let subnet = "/agentPoolProfiles/0/vnetSubnetId";
    let tables = [(Value::Null, &managed[..]), (json!("/s/subnets/nodes"), &own[..])];
    for (network, table) in tables {
        for (from, allowed) in table {
            let body = changed(
                "config/aks-flat.json",
                &[(kind, json!(from)), (subnet, network.clone()), (PORTS, json!(1_024))],
            );
            for (to, allowed) in types.iter().zip(allowed) {
                let (_, check) = check_text(&body, &["--to", to]);
                let refused = codes(&check).contains(&"OutboundTypeChangeNotAllowed");
                assert_eq!(!refused, *allowed, "{from} to {to}, {network}");
                assert_eq!(check["outbound_type_changes"]["drops_connections"], true);
                assert_eq!(check["outbound_type_changes"]["asked_is_allowed"], *allowed);
            }
        }
    }
}

fn headline(body: &str, to: &str) -> (Option<i32>, String) {
    let output = snatsim(&["check", "-", "--to", to]).write_stdin(body.to_string()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.lines().next().unwrap_or_default().to_string())
}

/// The cluster is judged as it would be, and lacks what it would need.
#[test]
fn the_first_line_says_whether_the_change_is_allowed_and_what_it_needs() {
    let managed = changed("config/aks-flat.json", &[(PORTS, json!(2_560))]);
    let own = changed(
        "config/aks-flat.json",
        &[(PORTS, json!(2_560)), ("/agentPoolProfiles/0/vnetSubnetId", json!("/s/subnets/nodes"))],
    );
    let drops = "which ends the connections that are open";
    for (body, to, status, expected) in [
        (
            &managed,
            "managedNATGateway",
            0,
            format!("ACCEPTED: publick8s: may become managedNATGateway, {drops}: 64,512 ports towards"),
        ),
        (
            &managed,
            "loadBalancer",
            0,
            "ACCEPTED: publick8s: is loadBalancer already: 64,000 of 64,000 ports".into(),
        ),
        (
            &managed,
            "userAssignedNATGateway",
            4,
            "REFUSED: publick8s: the outbound type loadBalancer of a cluster in a".into(),
        ),
        (
            &own,
            "userAssignedNATGateway",
            3,
            format!(
                "NEEDS INPUT: publick8s: may become userAssignedNATGateway, {drops}, but no file says the NAT gateway on the subnet"
            ),
        ),
        (
            &own,
            "userDefinedRouting",
            3,
            format!(
                "NEEDS INPUT: publick8s: may become userDefinedRouting, {drops}, but no file says the appliance"
            ),
        ),
    ] {
        let (found, line) = headline(body, to);
        assert_eq!(found, Some(status), "{line}");
        assert!(line.starts_with(&expected), "{line} is not {expected}");
    }
}

/// What is deployed is what changes, not what a plan makes of it.
#[test]
fn a_plan_that_is_not_applied_changes_no_type_that_is_asked_about() {
    let to = "/planned_values/root_module/resources/0/values/network_profile/0/outbound_type";
    let plan = changed("config/terraform-plan.json", &[(to, json!("block"))]);
    let (status, check) = check_text(&plan, &["--to", "managedNATGateway"]);
    let changes = &check["outbound_type_changes"];
    assert_eq!(
        (status, &changes["from"], &changes["asked"]),
        (0, &json!("loadBalancer"), &json!("managedNATGateway"))
    );
}

#[test]
fn a_change_is_asked_of_a_cluster() {
    let arguments = ["check", "tests/data/config/firewall.json", "--to", "none"];
    let output = snatsim(&arguments).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("--to: is about a cluster, and none is in the files"), "{error}");
}
