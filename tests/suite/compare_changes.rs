//! `compare`: what it takes to change to an option, what partners must allow, what it costs.

use super::command_line::{json, snatsim};
use serde_json::{Value, json};

const NODE: &str = "models/scenarios/default-node.toml";
const SHORT: [&str; 6] = ["--set", "run.duration=60s", "--replications", "2", "--set", "run.warm_up=10s"];
const EXAMPLE: &str = "models/prices/azure-example.toml";

fn options_of(scenario: &str, options: &[&str], more: &[&str]) -> Vec<Value> {
    let flags: Vec<&str> = options.iter().flat_map(|option| ["--option", option]).collect();
    let found = json(&[&["compare", scenario][..], &SHORT, more, &flags, &["-o", "json"]].concat());
    found["options"].as_array().unwrap().clone()
}

/// The tables of the page on outbound types, as `check --to` reads them.
#[test]
fn a_change_of_the_model_is_judged_by_the_tables_of_outbound_types() {
    let efforts = |scenario: &str, to: &[&str]| -> Vec<(Value, Value)> {
        let options: Vec<String> = to.iter().map(|model| format!("model={model}")).collect();
        let options = options_of(scenario, &options.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
        let told =
            |option: &Value| (option["migration"]["effort"].clone(), option["migration"]["network"].clone());
        options.iter().map(told).collect()
    };
    let drops = |network: &str| (json!("drops_connections"), json!(network));
    let other = |effort: &str| (json!(effort), Value::Null);
    assert_eq!(
        efforts(
            NODE,
            &[
                "azure/nat-gateway",
                "azure/firewall",
                "azure/nva",
                "block",
                "none",
                "azure/node-public-ip",
                "azure/static-egress-gateway"
            ]
        ),
        [
            drops("any"),
            drops("own"),
            drops("own"),
            drops("managed"),
            drops("any"),
            other("unknown"),
            other("unknown")
        ]
    );
    let gateway = "models/scenarios/nat-gateway.toml";
    let found = efforts(gateway, &["azure/load-balancer", "azure/firewall", "block", "none"]);
    assert_eq!(found, [drops("own"), drops("own"), drops("managed"), drops("any")]);
    let block = efforts("models/scenarios/no-egress.toml", &["azure/firewall", "azure/load-balancer"]);
    let from = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/scenarios/no-egress.toml"),
    );
    match from.unwrap().contains("model = \"block\"") {
        true => assert_eq!(block, [other("new_cluster"), drops("managed")]),
        false => assert_eq!(block, [drops("own"), drops("any")]),
    }
    // The type stays, the device does not.
    let appliance = options_of("models/scenarios/nva.toml", &["model=azure/firewall"], &[]);
    assert_eq!(appliance[0]["migration"]["effort"], "drops_connections");
    let reason = appliance[0]["migration"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the outbound type stays userDefinedRouting"), "{reason}");
}

#[test]
fn settings_change_in_place_and_end_what_loses_its_port() {
    let set = ["--set", "public_ips=2", "--set", "ports_per_node=1024"];
    let efforts = |option: &str| {
        let found = options_of(NODE, &[option], &set);
        found[0]["migration"]["effort"].as_str().unwrap().to_string()
    };
    for (option, expected) in [
        ("public_ips=2", "none"),
        ("public_ips=3", "keeps_connections"),
        ("public_ips=1", "drops_connections"),
        ("ports_per_node=2048", "keeps_connections"),
        ("ports_per_node=512", "drops_connections"),
        ("idle_timeout=4m", "keeps_connections"),
        ("workload.checkout.client_pool.max=5", "keeps_connections"),
        ("cluster.network_plugin=kubenet", "unknown"),
        ("model=azure/load-balancer,public_ips=2,ports_per_node=1024", "none"),
    ] {
        assert_eq!(efforts(option), expected, "{option}");
    }
}

#[test]
fn partners_must_allow_every_address_that_connections_may_come_from() {
    let found = options_of(
        NODE,
        &[
            "model=azure/nat-gateway,public_ips=3",
            "model=azure/static-egress-gateway,prefix_length=30",
            "model=azure/node-public-ip,nodes=7",
            "model=none",
            "way_out=[{ name = \"proxies\", model = \"azure/http-proxy\", proxies = 2 }]",
        ],
        &[],
    );
    let lists: Vec<(Value, Value)> = found
        .iter()
        .map(|option| {
            (option["allow_list"]["addresses"].clone(), option["allow_list"]["prefix_length"].clone())
        })
        .collect();
    let plain = |addresses: u64| (json!(addresses), Value::Null);
    assert_eq!(lists, [plain(3), (json!(4), json!(30)), plain(7), plain(0), plain(3)]);
}

fn price_file(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prices.toml");
    std::fs::write(&path, text).unwrap();
    let name = path.to_str().unwrap().to_string();
    (folder, name)
}

const HEAD: &str = "currency = \"EUR\"\nregion = \"here\"\ndate = \"2026-08-01\"\n";

fn line(of: &str, per: &str, amount: &str, more: &str) -> String {
    format!(
        "[[price]]\nof = \"{of}\"\nper = \"{per}\"\namount = {amount}\nsource = \"a bill\"\ndate = \"2026-07\"\n{more}\n"
    )
}

/// By hand: 730 hours a month.
#[test]
fn a_cost_is_whole_only_where_everything_that_is_charged_has_a_price() {
    let text = [
        HEAD.to_string(),
        "gb_per_month = 1000\n".into(),
        line("nat-gateway", "hour", "0.1", ""),
        line("nat-gateway", "GB", "0.05", "beyond = 100"),
        line("public-ip", "month", "4", ""),
        line("load-balancer-rule", "hour", "0.01", "beyond = 1"),
    ]
    .concat();
    let (_folder, prices) = price_file(&text);
    let found = options_of(
        NODE,
        &["model=azure/nat-gateway,public_ips=3", "inbound_rules=4", "model=none", "model=custom,ports=64"],
        &["--prices", &prices],
    );
    let cost = |option: usize| (found[option]["monthly_cost"].as_f64(), &found[option]["cost"]);
    let (whole, items) = cost(0);
    assert!((whole.unwrap() - (73.0 + 45.0 + 12.0)).abs() < 1e-9, "{items}");
    assert_eq!(items["items"].as_array().unwrap().len(), 3);
    // Its own outbound rule is free here, and the price of its data is missing.
    let (balancer, items) = cost(1);
    assert_eq!(balancer, None);
    assert!((items["counted"].as_f64().unwrap() - (4.0 * 7.3 + 4.0)).abs() < 1e-9, "{items}");
    assert_eq!(items["not_counted"], json!(["data of load-balancer (no price)"]));
    assert_eq!(cost(2).0, Some(0.0));
    assert_eq!(
        (cost(3).0, &cost(3).1["not_counted"]),
        (None, &json!(["outbound (a device of no platform)"]))
    );
}

#[test]
fn the_shipped_example_is_marked_as_partial_and_names_its_sources() {
    let schema = json(&["schema", "prices"]);
    let text =
        std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(EXAMPLE)).unwrap();
    let example: Value = toml::from_str(&text).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&example));
    let mut wrong = example.clone();
    wrong["price"][0]["per"] = "year".into();
    assert!(!jsonschema::validator_for(&schema).unwrap().is_valid(&wrong));
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("review");
    let arguments =
        [&["compare", NODE][..], &SHORT, &["--prices", EXAMPLE, "--out", out.to_str().unwrap()]].concat();
    let output = snatsim(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(
            "at least USD 36.50 a month; not counted: data of nat-gateway (a scenario has no bytes"
        ),
        "{text}"
    );
    assert!(text.contains("at least USD 3.65 a month; not counted: data of load-balancer (no price); load-balancer-rule (no price)"), "{text}");
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    for part in [
        "cost a month",
        "addresses to allow",
        "migration",
        "margin to the limit",
        "https://c3x.dev/",
        "at least USD 36.50 (in part)",
    ] {
        assert!(page.contains(part), "{part} in\n{page}");
    }
    let read_again = snatsim(&["report", out.join("results.json").to_str().unwrap()]).output().unwrap();
    assert_eq!(String::from_utf8(read_again.stdout).unwrap(), text);
}

#[test]
fn each_mistake_in_a_price_file_is_told_with_its_place() {
    let good = [HEAD, &line("public-ip", "hour", "0.005", "")].concat();
    for (text, expected) in [
        (good.replace("currency", "curency"), "prices.toml:1:1: unknown key `curency` in `the price file`"),
        (good.replace("region = \"here\"\n", ""), "lacks `region`\n  help: write `region = \"westeurope\"`"),
        (
            good.replace("public-ip", "public-IP"),
            "prices.toml:5:6: `of` is the text \"public-IP\"; allowed is \"load-balancer\", ",
        ),
        (
            good.replace("\"hour\"", "\"year\""),
            "`per` is the text \"year\"; allowed is \"hour\", \"month\", \"GB\"",
        ),
        (
            good.replace("\"hour\"", "\"GB\""),
            "`per` is \"GB\", but nothing passes a `public-ip`\n  help: write \"hour\" or \"month\"",
        ),
        (good.replace("0.005", "-1"), "`amount` is the number -1; allowed is a number from 0 to 1000000000"),
        (good.replace("0.005", "nan"), "`amount` is the number NaN"),
        (good.replace("source = \"a bill\"\n", ""), "`price` lacks `source`"),
        (
            [&good, &line("public-ip", "month", "3", "")[..]].concat(),
            "a second price of `public-ip` for the same; leave one out",
        ),
        (HEAD.into(), "lacks `price`"),
        ("currency = \n".into(), "not valid TOML"),
    ] {
        let (_folder, prices) = price_file(&text);
        let output = snatsim(&["compare", NODE, "--prices", &prices]).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(expected), "{expected} is not in {told}");
    }
    let output = snatsim(&["compare", NODE, "--prices", "nowhere.toml"]).output().unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("nowhere.toml: cannot be read"));
}
