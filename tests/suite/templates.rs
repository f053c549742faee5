//! ARM templates: copies, conditions, parts of parameters, nested templates. What is literal counts, what is not is asked for.

use super::acceptance::check_text;
use serde_json::{Value, json};

/// A template with a cluster of three nodes, and more resources; two outbound IPs, 1,024 ports a node.
fn template(parameters: Value, pools: Value, more: &[Value]) -> String {
    let cluster = json!({ "type": "Microsoft.ContainerService/managedClusters", "name": "aks", "properties": {
        "agentPoolProfiles": pools,
        "networkProfile": { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 1024, "managedOutboundIPs": { "count": 2 } } } } });
    let resources = [vec![cluster], more.to_vec()].concat();
    json!({ "contentVersion": "1.0.0.0", "parameters": parameters, "resources": resources }).to_string()
}

fn three_nodes() -> Value {
    json!([{ "name": "system", "count": 3, "upgradeSettings": { "maxSurge": "1" } }])
}

fn pool(more: &[(&str, Value)]) -> Value {
    let mut pool = json!({ "type": "Microsoft.ContainerService/managedClusters/agentPools",
        "name": "[concat('aks/pool', copyIndex(1))]", "properties": { "count": 10, "upgradeSettings": { "maxSurge": "1" } } });
    more.iter().for_each(|(key, value)| pool[*key] = value.clone());
    pool
}

fn nodes(text: &str) -> Value {
    let (status, check) = check_text(text, &[]);
    assert!([0, 4].contains(&status), "{check}");
    check["nodes_counted"].clone()
}

fn asked(text: &str) -> String {
    let (status, check) = check_text(text, &[]);
    assert_eq!((status, &check["verdict"]), (3, &json!("needs_input")), "{check}");
    check["missing"].to_string()
}

/// 3 + 1 nodes, and three node pools of 10 + 1.
#[test]
fn every_literal_copy_is_counted() {
    let copy = |count: Value| pool(&[("copy", json!({ "name": "pools", "count": count }))]);
    assert_eq!(nodes(&template(json!({}), three_nodes(), &[copy(json!(3))])), 37);
    let parameters =
        json!({ "pools": { "type": "int", "defaultValue": 3 }, "names": { "defaultValue": ["a", "b"] } });
    assert_eq!(
        nodes(&template(parameters.clone(), three_nodes(), &[copy(json!("[parameters('pools')]"))])),
        37
    );
    assert_eq!(
        nodes(&template(parameters, three_nodes(), &[copy(json!("[length(parameters('names'))]"))])),
        26
    );
    assert_eq!(nodes(&template(json!({}), three_nodes(), &[copy(json!(0))])), 4);
    let words = asked(&template(json!({}), three_nodes(), &[copy(json!("[parameters('pools')]"))]));
    assert!(words.contains("of [concat('aks/pool', copyIndex(1))] (agentPools), how many copies there are ([parameters('pools')])"), "{words}");
    let many = asked(&template(json!({}), three_nodes(), &[copy(json!(1_000_000_000_u64))]));
    assert!(many.contains("too many to read"), "{many}");
}

/// Each of the two copies takes its own part of the parameter: 5 + 7 nodes and a surge of 1 each.
#[test]
fn copies_of_a_property_take_their_own_numbers() {
    let parameters = json!({ "pools": { "defaultValue": [{ "count": 5 }, { "count": 7 }] } });
    let input = json!({ "name": "[concat('p', copyIndex('agentPoolProfiles'))]", "count": "[parameters('pools')[copyIndex('agentPoolProfiles')].count]",
        "upgradeSettings": { "maxSurge": "1" } });
    let with = |count: Value| {
        let mut body: Value = serde_json::from_str(&template(parameters.clone(), json!([]), &[])).unwrap();
        let properties = body["resources"][0]["properties"].as_object_mut().unwrap();
        properties.remove("agentPoolProfiles");
        properties
            .insert("copy".into(), json!([{ "name": "agentPoolProfiles", "count": count, "input": input }]));
        body.to_string()
    };
    assert_eq!(nodes(&with(json!("[length(parameters('pools'))]"))), 14);
    assert!(asked(&with(json!("[length(variables('pools'))]"))).contains("node pool"), "no number of copies");
}

#[test]
fn a_condition_that_is_literal_decides_and_another_is_asked_for() {
    let parameters = json!({ "more": { "type": "bool", "defaultValue": false } });
    let with =
        |condition: Value| template(parameters.clone(), three_nodes(), &[pool(&[("condition", condition)])]);
    assert_eq!(nodes(&with(json!(true))), 15);
    assert_eq!(nodes(&with(json!(false))), 4);
    assert_eq!(nodes(&with(json!("[parameters('more')]"))), 4);
    let words = asked(&with(json!("[equals(parameters('tier'), 'big')]")));
    assert!(words.contains("whether it is made ([equals(parameters('tier'), 'big')])"), "{words}");
    let existing = json!({ "existing": true, "type": "Microsoft.Network/natGateways", "name": "g" });
    assert_eq!(nodes(&template(json!({}), three_nodes(), &[existing])), 4);
}

#[test]
fn what_only_a_deployment_resolves_is_no_default() {
    let with = |key: &str, expression: &str| {
        let mut body: Value = serde_json::from_str(&template(json!({}), three_nodes(), &[])).unwrap();
        body["resources"][0]["properties"][key] = json!(expression);
        body.to_string()
    };
    assert!(
        asked(&with("networkProfile", "[variables('network')]"))
            .contains("the outbound type ([variables('network')])")
    );
    assert!(asked(&with("agentPoolProfiles", "[variables('pools')]")).contains("the count of node pool"));
    let gateway = json!({ "contentVersion": "1.0.0.0", "resources": [{ "type": "Microsoft.Network/natGateways", "name": "g",
        "properties": { "publicIpAddresses": "[parameters('ips')]" } }] });
    assert!(asked(&gateway.to_string()).contains("how many public IPs"), "a list is not one address");
    let object = json!({ "network": { "defaultValue": { "outboundType": "managedNATGateway" } } });
    let mut body: Value = serde_json::from_str(&template(object, three_nodes(), &[])).unwrap();
    body["resources"][0]["properties"]["networkProfile"] = json!("[parameters('network')]");
    assert_eq!(check_text(&body.to_string(), &[]).1["outbound_type"], "managedNATGateway");
}

/// The parent's parameter of the same name is another one.
#[test]
fn a_nested_template_that_is_evaluated_inside_has_parameters_of_its_own() {
    let nested = |scope: &str, given: Value, condition: Value| {
        let mut inner = pool(&[("name", json!("aks/inner"))]);
        inner["properties"]["count"] = json!("[parameters('nodes')]");
        json!({ "type": "Microsoft.Resources/deployments", "name": "n", "condition": condition, "properties": {
            "expressionEvaluationOptions": { "scope": scope }, "parameters": given,
            "template": { "contentVersion": "1.0.0.0", "parameters": { "nodes": { "defaultValue": 20 } }, "resources": [inner] } } })
    };
    let parameters = json!({ "nodes": { "defaultValue": 40 } });
    let with = |nested: Value| template(parameters.clone(), three_nodes(), &[nested]);
    assert_eq!(nodes(&with(nested("outer", json!({}), json!(true)))), 45);
    assert_eq!(nodes(&with(nested("inner", json!({}), json!(true)))), 25);
    assert_eq!(nodes(&with(nested("Inner", json!({ "nodes": { "value": 30 } }), json!(true)))), 35);
    assert_eq!(
        nodes(&with(nested("inner", json!({ "nodes": { "value": "[parameters('nodes')]" } }), json!(true)))),
        45
    );
    assert_eq!(nodes(&with(nested("inner", json!({}), json!(false)))), 4);
    assert!(
        asked(&with(nested("inner", json!({}), json!("[variables('x')]")))).contains("whether it is made")
    );
}
