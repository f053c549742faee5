//! `compare --option`: any keys of a scenario, options that can be told apart.

use super::command_line::{json, snatsim};
use serde_json::Value;

const NODE: &str = "models/scenarios/default-node.toml";
const SHORT: [&str; 6] = ["--set", "run.duration=120s", "--replications", "2", "--set", "run.warm_up=250s"];

fn compared(options: &[&str]) -> Value {
    let flags: Vec<&str> = options.iter().flat_map(|option| ["--option", option]).collect();
    json(&[&["compare", NODE][..], &SHORT, &flags, &["-o", "json"]].concat())
}

fn refused(options: &[&str]) -> String {
    let flags: Vec<&str> = options.iter().flat_map(|option| ["--option", option]).collect();
    let output = snatsim(&[&["compare", NODE][..], &SHORT, &flags].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8(output.stderr).unwrap()
}

fn names(found: &Value) -> Vec<&str> {
    found["options"].as_array().unwrap().iter().map(|option| option["name"].as_str().unwrap()).collect()
}

#[test]
fn an_option_without_a_model_keeps_the_scenarios_own_device() {
    let found =
        compared(&["ports_per_node=512", "public_ips=2,idle_timeout=4m,ports_per_node=1024", "nodes=3"]);
    let outbound = |option: usize, key: &str| found["options"][option]["scenario"]["outbound"][key].clone();
    assert_eq!(outbound(0, "model"), "azure/load-balancer");
    assert_eq!((outbound(0, "ports_per_node"), outbound(0, "public_ips")), (512.into(), 1.into()));
    assert_eq!((outbound(1, "idle_timeout"), outbound(1, "public_ips")), ("4m".into(), 2.into()));
    assert_eq!(outbound(2, "ports_per_node"), "auto");
    assert_eq!(found["options"][2]["scenario"]["node_pool"][0]["nodes"], 3);
    // The model's own idle timeout, and those of the scenario's other tables.
    assert_eq!(outbound(0, "idle_timeout"), "30m");
}

#[test]
fn a_model_begins_with_its_shipped_figures_and_takes_keys_of_its_own() {
    let found = compared(&[
        "model=azure/static-egress-gateway,gateway_nodes=3,prefix_length=30",
        "outbound.model=azure/load-balancer,hold_down={fin=\"15s\", rst=\"15s\"},workload.checkout.pods=2",
    ]);
    let [gateway, balancer] = [0, 1].map(|option| &found["options"][option]["scenario"]);
    assert_eq!(
        (&gateway["outbound"]["gateway_nodes"], &gateway["outbound"]["public_ips"]),
        (&3.into(), &Value::Null)
    );
    assert_eq!(balancer["outbound"]["hold_down"]["fin"], "15s");
    assert_eq!(balancer["outbound"]["ports_per_node"], "auto");
    assert_eq!(balancer["workload"][0]["pods"], 2);
}

#[test]
fn names_hold_what_tells_options_of_one_model_apart() {
    let found = compared(&[
        "ports_per_node=512",
        "ports_per_node=1024,public_ips=2",
        "model=azure/nat-gateway",
        "model=azure/nat-gateway,workload.checkout.client_pool.max=5",
    ]);
    assert_eq!(
        names(&found),
        [
            "azure/load-balancer, 1 public IP, ports_per_node 512, without workload.checkout.client_pool.max",
            "azure/load-balancer, 2 public IPs, ports_per_node 1024, without workload.checkout.client_pool.max",
            "azure/nat-gateway, 1 public IP, without workload.checkout.client_pool.max",
            "azure/nat-gateway, 1 public IP, workload.checkout.client_pool.max 5",
        ]
    );
    let plain = compared(&["model=azure/load-balancer,ports_per_node=512", "model=azure/nat-gateway"]);
    let expected = ["azure/load-balancer, 1 public IP, ports_per_node 512", "azure/nat-gateway, 1 public IP"];
    assert_eq!(names(&plain), expected, "what differs from the scenario as it is");
}

/// Each is told where it stands.
#[test]
fn an_option_that_cannot_be_read_is_refused_with_its_place() {
    for (option, expected) in [
        (
            "public_ip=2",
            "--option \"public_ip=2\": unknown key `public_ip` in `outbound`\n  help: did you mean `public_ips`?",
        ),
        ("workload.checkout.pod=2", "--option \"workload.checkout.pod=2\": unknown key `pod` in `workload`"),
        (
            "workload.nobody.pods=2",
            "--option \"workload.nobody.pods=2\": `workload.nobody.pods`: no table is called \"nobody\"",
        ),
        ("model=azure/nat", "--option \"model=azure/nat\": `model` is the text \"azure/nat\""),
        (
            "public_ips",
            "--option: \"public_ips\": write KEY=VALUE,..., such as model=azure/nat-gateway,public_ips=2",
        ),
        ("public_ips=1,outbound.public_ips=2", "`outbound.public_ips` stands twice"),
        ("hold_down={fin=\"1s\"", "lacks the other half of `{`"),
        (
            "run.seed=2",
            "`run.seed` is the same for all options, or they could not be compared; write `--set run.seed=2`",
        ),
        ("replications=2", "`replications` is the same for all options"),
        ("threshold.0.expr=failure_ratio < 1", "is the same for all options"),
    ] {
        let told = refused(&["ports_per_node=512", option]);
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn every_output_names_the_options_and_warnings_stand_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("review");
    let options = ["--option", "ports_per_node=512", "--option", "ports_per_node=1024"];
    let arguments = [&["compare", NODE][..], &SHORT, &options, &["--out", out.to_str().unwrap()]].concat();
    let output = snatsim(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let name = "azure/load-balancer, 1 public IP, ports_per_node 512";
    assert!(text.contains(&format!("0 {name}  ")), "{text}");
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    let told = page.matches(&name.replace('_', "\\_")).count();
    assert!(told >= 4, "the table, the chart, the differences, the heading: {told} in\n{page}");
    assert!(std::fs::read_to_string(out.join("plots/options.svg")).unwrap().contains("ports_per_node 512"));
    let table = std::fs::read_to_string(out.join("options.csv")).unwrap();
    assert!(table.contains(&format!("allow_list.addresses,1,,,\"{name}\"")), "{table}");
    let github = [&["compare", NODE][..], &SHORT, &options, &["-o", "github"]].concat();
    let told = String::from_utf8(snatsim(&github).output().unwrap().stdout).unwrap();
    assert!(told.contains(&format!("::{name}: ")), "{told}");
    let warned: Vec<&str> = text.lines().filter(|line| line.starts_with("warning (")).collect();
    let mut once = warned.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), warned.len(), "{text}");
    assert!(warned.iter().any(|line| line.starts_with("warning (all options): ")), "{text}");
}
