//! What an outbound type may be changed to.

use super::acceptance::{PORTS, changed, check_text, codes};
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
            }
        }
    }
}
