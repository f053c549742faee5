//! What is uncertain, and whether it changes the decision.

use super::command_line::{json, snatsim};
use serde_json::Value;

/// 20 erlang of flows and 20 x `hold_down` of ports at rest, on 64 ports: with 1 s of rest 40 erlang, which Erlang-B loses 0.01 % of.
const ROOM: &str = "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 64\nhold_down = \"1s\"\n[[workload]]\nname = \"api\"\n\
    arrivals.poisson = { rate = \"20 per s\" }\nlifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n\
    [run]\nduration = \"400s\"\nreplications = 6\n[[threshold]]\nexpr = \"failure_ratio < 1%\"\n";

fn sensitivity(text: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let all = [&["sensitivity", "-", "-o", "json", "--reproducible"], arguments].concat();
    let output = snatsim(&all).write_stdin(text).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), error)
}

fn knob<'a>(found: &'a Value, key: &str) -> &'a Value {
    let knobs = found["knobs"].as_array().unwrap();
    knobs.iter().find(|knob| knob["keys"][0] == key).unwrap_or_else(|| panic!("{key}: {found}"))
}

/// 4 s of rest are 100 erlang on 64 ports: 38 % lost by Erlang-B.
#[test]
fn what_flips_the_decision_is_to_be_measured_next() {
    let rest = ["--vary", "outbound.hold_down=0s..4s"];
    let rate = ["--vary", "workload.api.arrivals.poisson.rate=19 per s..21 per s"];
    let (status, found, error) = sensitivity(ROOM, &[&rest[..], &rate].concat());
    assert_eq!((status, &found["verdict"]), (Some(3), &"inconclusive".into()), "{error}");
    let (rest, rate) =
        (knob(&found, "outbound.hold_down"), knob(&found, "workload.api.arrivals.poisson.rate"));
    assert_eq!((&rest["flips"], &rate["flips"]), (&"yes".into(), &"no".into()), "{found}");
    let highest = rest["swing"]["highest"].as_f64().unwrap();
    assert!((0.35..0.41).contains(&highest), "{highest}");
    assert_eq!(rest["swing"]["evidence"], "significant");
    assert_eq!(
        (&found["measure_next"]["knob"], &found["measure_next"]["why"]),
        (&0.into(), &"flips_the_decision".into())
    );
    assert_eq!(found["knobs"][0], *rest, "the widest swing comes first");
    let base = &found["base_results"];
    assert_eq!((&base["verdict"], &base["warm_up_s"]), (&"pass".into(), &base["warm_up_s"]));
}

#[test]
fn a_decision_that_holds_over_every_range_ends_with_0_one_that_fails_as_it_is_with_1() {
    let rest = ["--vary", "outbound.hold_down=500ms..1100ms"];
    let (status, found, error) = sensitivity(ROOM, &rest);
    assert_eq!((status, &found["verdict"]), (Some(0), &"pass".into()), "{error}");
    assert_eq!(found["measure_next"]["why"], "widest_swing");
    let (status, found, _) =
        sensitivity(ROOM, &["--vary", "outbound.ports=32,256", "--threshold", "occupancy.mean < 10%"]);
    assert_eq!((status, &knob(&found, "outbound.ports")["flips"]), (Some(1), &"no".into()), "{found}");
    let without = ROOM.split("[[threshold]]").next().unwrap();
    let (status, found, _) = sensitivity(without, &rest);
    assert_eq!((status, &found["knobs"][0]["flips"]), (Some(0), &Value::Null));
}

/// What a run of the same scenario with the key set finds: on the same traffic, after the same warm-up.
#[test]
fn a_value_is_what_run_finds_with_it_set() {
    let text = ROOM.replace("[run]", "[run]\nwarm_up = \"30s\"");
    let (_, found, _) = sensitivity(&text, &["--vary", "outbound.hold_down=2s,3s"]);
    let set = ["run", "-", "-o", "json", "--reproducible", "--set", "outbound.hold_down=3s"];
    let output = snatsim(&set).write_stdin(text).output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        knob(&found, "outbound.hold_down")["values"][1]["figure"]["estimate"],
        run["failure_ratio"]["estimate"]
    );
}

const BALANCER: &str = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 64\nhalf_open = \"45s\"\n[[workload]]\nname = \"api\"\n\
    arrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\nsyn = \"none\"\n[run]\nduration = \"600s\"\nreplications = 3\n\
    warm_up = \"5m\"\n[[threshold]]\nexpr = \"failure_ratio < 10%\"\n";

#[test]
fn what_models_assume_is_varied_over_what_they_say_and_the_rest_is_listed_with_why() {
    let (status, found, error) = sensitivity(BALANCER, &[]);
    assert_eq!(status, Some(1), "{error}");
    let rest = knob(&found, "outbound.hold_down.fin");
    assert_eq!((&rest["base"], &rest["model"]), (&"240s".into(), &"azure/load-balancer".into()));
    assert_eq!(rest["values"].as_array().unwrap().len(), 1, "60 s and 120 s lie between");
    assert_eq!(
        (&rest["values"][0]["settings"][0]["value"], &rest["flips"]),
        (&"\"0s\"".into(), &"yes".into())
    );
    assert!(rest["measure"].as_str().unwrap().contains("close all of them with FIN"), "{rest}");
    assert_eq!(knob(&found, "outbound.hold_down.udp")["swing"]["evidence"], "same");
    let left_out = found["not_varied"].as_array().unwrap();
    let own = left_out.iter().find(|each| each["keys"][0] == "outbound.half_open").unwrap();
    assert!(own["why"].as_str().unwrap().contains("the scenario sets it itself"), "{own}");
    let alone = ["--no-assumptions", "--vary", "ports_per_node=64..512"];
    let (_, found, _) = sensitivity(BALANCER, &alone);
    assert_eq!(
        (found["knobs"].as_array().unwrap().len(), &found["not_varied"]),
        (1, &Value::Array(Vec::new()))
    );
}

#[test]
fn a_value_that_the_platform_refuses_is_told_and_flips_nothing() {
    let (_, found, error) = sensitivity(
        BALANCER,
        &[
            "--no-assumptions",
            "--vary",
            "nodes=2,500",
            "--set",
            "ports_per_node=1024",
            "--set",
            "node_pool=[{name = \"user\", nodes = 1}]",
        ],
    );
    let nodes = knob(&found, "nodes");
    assert!(
        nodes["values"][1]["refused"].as_str().is_some_and(|why| why.contains("501 nodes")),
        "{error} {nodes}"
    );
    assert_eq!((&nodes["values"][1]["figure"], &nodes["base"]), (&Value::Null, &"1".into()));
}

#[test]
fn what_cannot_be_varied_is_refused_with_what_to_write() {
    for (arguments, said) in [
        (&["--vary", "outbound.hold_down=4s..1s"][..], "does not run from less to more"),
        (&["--vary", "outbound.hold_down=1..4s"], "is no range of quantities of one kind"),
        (&["--vary", "outbound.hold_down=1s"], "the scenario has 1s already"),
        (&["--vary", "outbound.holddown=2s"], "holddown"),
        (&["--vary", "hold_down"], "write KEY="),
        (&["--metric", "headroom"], "invalid value"),
        (&["--threshold", "headroom > 1.3"], "is judged by `run` alone"),
        (&["--no-assumptions"], "--vary"),
    ] {
        let (status, _, error) = sensitivity(ROOM, arguments);
        assert!(status == Some(2) && error.contains(said), "{arguments:?}: {status:?} {error}");
    }
}

#[test]
fn a_directory_holds_the_tornado_and_can_be_rendered_again() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("doubt");
    let out = out.to_str().unwrap();
    let (_, found, error) = sensitivity(ROOM, &["--vary", "outbound.hold_down=0s..4s", "--out", out]);
    let read = |name: &str| {
        std::fs::read_to_string(format!("{out}/{name}")).unwrap_or_else(|why| panic!("{name}: {why} {error}"))
    };
    assert!(read("plots/tornado.svg").contains("flips the decision"));
    assert!(std::fs::metadata(format!("{out}/plots/tornado.png")).unwrap().len() > 1_000);
    assert!(
        read("report.html").contains("Measure this next") && read("report.md").contains("plots/tornado.svg")
    );
    let table = read("sensitivity.csv");
    assert_eq!(table.lines().count(), 4, "{table}");
    let again = json(&["report", &format!("{out}/results.json"), "-o", "json"]);
    assert_eq!(again, found);
    let one = sensitivity(ROOM, &["--vary", "outbound.hold_down=0s..4s", "--threads", "1"]).1;
    assert_eq!(one, found, "the same with any number of threads");
}

#[test]
fn every_doubt_is_a_case_of_a_test_report() {
    let all = ["sensitivity", "-", "--vary", "outbound.hold_down=0s..4s", "-o", "junit"];
    let output = snatsim(&all).write_stdin(ROOM).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("holds for any outbound.hold_down (1s; 0s, 4s)") && text.contains("failures=\"1\""),
        "{text}"
    );
    let without = ROOM.split("[[threshold]]").next().unwrap();
    let none = snatsim(&all).write_stdin(without).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
}
