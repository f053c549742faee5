//! Plans as Terraform writes them: what the provider will report, what the configuration sets, several instances, modules.

use super::acceptance::check_text;
use serde_json::{Value, json};

/// A plan that makes a cluster of three nodes; `profile` is its load balancer's, `unknown` what of it the apply decides, and `set`
/// what the configuration says. `module` is where it all is.
fn plan(module: &str, parts: (Value, Value, Value), more: &[Value]) -> String {
    let (profile, unknown, set) = parts;
    let own = "azurerm_kubernetes_cluster.k";
    let address = format!("{module}{own}");
    let cluster = json!({ "address": address, "mode": "managed", "type": "azurerm_kubernetes_cluster", "values": { "name": "k",
        "default_node_pool": [{ "name": "d", "node_count": 3, "upgrade_settings": [{ "max_surge": "1" }] }],
        "network_profile": [{ "outbound_type": "loadBalancer", "load_balancer_profile": [profile] }] } });
    let resources = [vec![cluster], more.to_vec()].concat();
    let change = json!({ "address": address, "change": { "actions": ["create"], "before": null,
        "after_unknown": { "id": true, "network_profile": [{ "dns_service_ip": true, "load_balancer_profile": [unknown] }] } } });
    let expressions =
        json!({ "address": own, "expressions": { "network_profile": [{ "load_balancer_profile": [set] }] } });
    let inner = json!({ "resources": [expressions] });
    let (planned, configuration) = match module {
        "" => (json!({ "resources": resources }), inner),
        _ => (
            json!({ "child_modules": [{ "resources": resources }] }),
            json!({ "module_calls": { "aks": { "module": inner } } }),
        ),
    };
    json!({ "planned_values": { "root_module": planned }, "resource_changes": [change], "configuration": { "root_module": configuration } }).to_string()
}

fn ip(address: &str) -> Value {
    json!({ "address": address, "mode": "managed", "type": "azurerm_public_ip", "values": { "name": address, "allocation_method": "Static" } })
}

const ATTRIBUTES: [&str; 3] = ["effective_outbound_ips", "outbound_ip_address_ids", "outbound_ip_prefix_ids"];

fn all_unknown() -> Value {
    ATTRIBUTES.iter().map(|key| (key.to_string(), json!(true))).collect::<serde_json::Map<_, _>>().into()
}

/// The provider computes the lists of addresses too, so every plan that makes a cluster says that they are not known yet.
#[test]
fn what_the_provider_will_report_is_no_address() {
    for module in ["", "module.aks."] {
        let parts = (
            json!({ "managed_outbound_ip_count": 2 }),
            all_unknown(),
            json!({ "managed_outbound_ip_count": { "constant_value": 2 } }),
        );
        let (status, check) = check_text(&plan(module, parts, &[]), &[]);
        assert_eq!((status, &check["public_ips"]), (0, &json!(2)), "{module}: {check}");
    }
}

#[test]
fn every_instance_that_a_list_refers_to_is_an_address() {
    for module in ["", "module.aks.", "module.aks[\"a.b\"]."] {
        let ips: Vec<Value> =
            (0..4).map(|number| ip(&format!("{module}azurerm_public_ip.out[{number}]"))).collect();
        let with = |references: Value| {
            let set = json!({ "outbound_ip_address_ids": { "references": references } });
            check_text(&plan(module, (json!({}), all_unknown(), set), &ips), &[])
        };
        let (status, check) = with(json!(["azurerm_public_ip.out"]));
        assert_eq!((status, &check["public_ips"]), (0, &json!(4)), "{module}: {check}");
        let one = ["azurerm_public_ip.out[1].id", "azurerm_public_ip.out[1]", "azurerm_public_ip.out"];
        assert_eq!(with(json!(one)).1["public_ips"], 1, "{module}");
        for nowhere in [json!(["var.ips"]), json!([]), json!(["azurerm_public_ip.out", "each.key"])] {
            let (status, check) = with(nowhere.clone());
            assert_eq!((status, &check["public_ips"]), (3, &Value::Null), "{nowhere}: {check}");
            assert!(check["missing"].to_string().contains("how many public IPs"), "{check}");
        }
    }
}

/// A block that a loop makes stands nowhere in the configuration, so what is not known of it is not what the provider reports.
#[test]
fn a_block_that_a_loop_makes_is_not_taken_for_the_default() {
    let text = plan("", (json!({}), all_unknown(), json!({})), &[]);
    let mut body: Value = serde_json::from_str(&text).unwrap();
    body["configuration"]["root_module"]["resources"][0]["expressions"] = json!({});
    let (status, check) = check_text(&body.to_string(), &[]);
    assert_eq!(status, 3, "{check}");
}

/// Four associations of four addresses made by `count` are four addresses.
#[test]
fn associations_of_several_instances_are_told_apart() {
    let resource = |address: &str, values: Value| {
        let of_type = address.split(['.', '[']).next().unwrap();
        json!({ "address": address, "mode": "managed", "type": of_type, "values": values })
    };
    let kind = "azurerm_nat_gateway_public_ip_association";
    let mut resources =
        vec![resource("azurerm_nat_gateway.g", json!({ "name": "g", "sku_name": "Standard" }))];
    let mut changes = Vec::new();
    for number in 0..4 {
        let address = format!("{kind}.a[{number}]");
        resources.push(ip(&format!("azurerm_public_ip.out[{number}]")));
        resources.push(resource(&address, json!({})));
        changes.push(json!({ "address": address, "change": { "actions": ["create"],
            "after_unknown": { "id": true, "nat_gateway_id": true, "public_ip_address_id": true } } }));
    }
    let set = json!({ "nat_gateway_id": { "references": ["azurerm_nat_gateway.g.id", "azurerm_nat_gateway.g"] },
        "public_ip_address_id": { "references": ["azurerm_public_ip.out", "count.index"] } });
    let configuration =
        json!({ "root_module": { "resources": [{ "address": format!("{kind}.a"), "expressions": set }] } });
    let body = json!({ "planned_values": { "root_module": { "resources": resources } }, "resource_changes": changes, "configuration": configuration });
    let (status, check) = check_text(&body.to_string(), &[]);
    assert_eq!((status, &check["public_ips"]), (0, &json!(4)), "{check}");
}
