//! What the program reads and writes, held against the schemas that it publishes, by a validator that knows neither.

use super::command_line::{json, snatsim};
use jsonschema::Validator;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn schema(name: &str) -> Validator {
    let schema = json(&["schema", name]);
    assert!(jsonschema::meta::is_valid(&schema), "{name}");
    jsonschema::validator_for(&schema).unwrap()
}

/// What is wrong with `document`, and where.
fn problems(schema: &Validator, document: &Value) -> Vec<String> {
    schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn parsed(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

/// Shipped scenarios and those of tests.
fn scenarios() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders =
        ["models/scenarios", "tests/scenarios"].map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    assert!(files.len() >= 9, "{files:?}");
    files
}

#[test]
fn every_scenario_is_one_by_the_schema() {
    let schema = schema("scenario");
    for file in scenarios() {
        let document = parsed(&std::fs::read_to_string(&file).unwrap());
        assert_eq!(problems(&schema, &document), Vec::<String>::new(), "{}", file.display());
    }
    let every_law = parsed(include_str!("../golden/every-law.toml"));
    assert_eq!(problems(&schema, &every_law), Vec::<String>::new());
}

#[test]
fn the_results_of_every_scenario_are_results_by_the_schema() {
    let schema = schema("results");
    for file in scenarios() {
        let path = file.to_str().unwrap();
        let set = ["--set", "run.duration=600s"];
        for more in [&["--replications", "1", "--reproducible"][..], &["--replications", "2"]] {
            let document = json(&[&["run", path, "-o", "json"][..], &set, more].concat());
            assert_eq!(problems(&schema, &document), Vec::<String>::new(), "{path}");
        }
    }
}

const SMALL: &str = r#"
[outbound]
model = "azure/load-balancer"
ports_per_node = 1024

[[workload]]
arrivals.poisson = { rate = "3 per s" }
lifetime.exponential = { mean = "200ms" }
ends = { fin = 0.9, rst = 0.1 }

[run]
duration = "20m"
"#;

/// (what to write instead of what, where the schema must point): the program refuses the same.
const WRONG: [(&str, &str, &str); 11] = [
    ("ports_per_node", "port_per_node", "/outbound"),
    ("duration", "durations", "/run"),
    ("rate = ", "pace = ", "/workload/0/arrivals"),
    ("lifetime.exponential", "lifetime.exponental", "/workload/0/lifetime"),
    ("rst = 0.1", "reset = 0.1", "/workload/0/ends"),
    ("\"20m\"", "1200", "/run/duration"),
    ("\"20m\"", "\"20\"", "/run/duration"),
    ("duration = ", "precision = 0.05\nduration = ", "/run/precision"),
    ("duration = ", "precision = \"5\"\nduration = ", "/run/precision"),
    ("\"200ms\"", "0.2", "/workload/0/lifetime"),
    ("\"3 per s\"", "3", "/workload/0/arrivals"),
];

#[test]
fn unknown_keys_and_bare_numbers_for_times_are_refused_where_they_stand() {
    let schema = schema("scenario");
    assert_eq!(problems(&schema, &parsed(SMALL)), Vec::<String>::new());
    for (right, wrong, place) in WRONG {
        let text = SMALL.replace(right, wrong);
        let found = problems(&schema, &parsed(&text));
        assert!(!found.is_empty(), "{wrong} is accepted");
        assert!(found.iter().all(|problem| problem.starts_with(place)), "{wrong}: {found:?}");
        let output = snatsim(&["run", "-"]).write_stdin(text).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn results_that_lack_a_figure_or_have_a_wrong_one_are_refused() {
    let schema = schema("results");
    let whole = json(&["run", "tests/scenarios/o-db1.toml", "-o", "json"]);
    let mut lacking = whole.clone();
    lacking.as_object_mut().unwrap().remove("totals").unwrap();
    let mut wrong = whole.clone();
    wrong["totals"]["attempts"] = "many".into();
    for document in [lacking, wrong] {
        assert_ne!(problems(&schema, &document), Vec::<String>::new());
    }
}

#[test]
fn every_other_output_has_its_schema() {
    let short = ["--replications", "2", "--set", "run.duration=60s"];
    let node = "models/scenarios/default-node.toml";
    let target = ["--vary", "ports_per_node", "--target", "failure_ratio < 50%"];
    let trace = ["replay", "tests/data/zat/conn.log", "--ports", "16"];
    let compare = [&["compare", node][..], &short].concat();
    let size = [&["size", node][..], &target, &short].concat();
    let vary = ["--vary", "ports_per_node=1001,1024", "--threshold", "failure_ratio < 1%"];
    let sweep = [&["sweep", node][..], &vary, &short].concat();
    let doubt = ["--threshold", "failure_ratio < 1%"];
    let sensitivity = [&["sensitivity", node][..], &doubt, &short].concat();
    let headroom = [&["run", node, "--headroom"][..], &doubt, &short].concat();
    let check = vec!["check", "tests/data/azure-config/load-balancer-outbound-rules.json"];
    let trace = trace.to_vec();
    let traffic = vec!["import", "traffic", "tests/data/zat/conn.log"];
    let others = [
        ("comparison", compare),
        ("size", size),
        ("sensitivity", sensitivity),
        ("results", headroom),
        ("replay", trace),
        ("sweep", sweep),
        ("check", check),
        ("traffic", traffic),
    ];
    for (name, command) in others {
        let mut document = json(&[command.as_slice(), &["-o", "json"]].concat());
        let schema = schema(name);
        assert_eq!(problems(&schema, &document), Vec::<String>::new(), "{name}");
        let fields = document.as_object_mut().unwrap();
        let first = fields.keys().next().unwrap().clone();
        fields.insert(first, serde_json::json!({ "no": "value" }));
        assert_ne!(problems(&schema, &document), Vec::<String>::new(), "{name}");
    }
}
