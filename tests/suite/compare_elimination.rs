//! `compare --indifference`: options that are clearly worse stop, and what is left is what it would have been.

use super::check::{in_a_folder, scenario};
use super::command_line::{json, snatsim};
use serde_json::{Value, json};
use snatsim::analytic::erlang_b;
use snatsim::experiment::Control;
use snatsim::experiment::compare::{self, ComparisonResults, Elimination, Question};
use snatsim::scenario::Scenario;
use snatsim::simulation::Sharding;
use std::sync::atomic::AtomicUsize;

/// 8 erlang from their stationary law: the share that is refused is Erlang-B's in the mean.
const LOSS: &str = "[outbound]\nmodel = \"custom\"\nports = 10\n[[workload]]\narrivals.poisson = { rate = \"8 per s\" }\n\
                    lifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n[run]\nduration = \"200s\"\nreplications = 10\n";

fn at(ports: &[u32], set: &[(&str, &str)]) -> Vec<Scenario> {
    let one = |ports: &u32| {
        let ports = ports.to_string();
        scenario(LOSS, &[set, &[("outbound.ports", ports.as_str())]].concat())
    };
    ports.iter().map(one).collect()
}

fn eliminating(options: &[Scenario], indifference: f64, threads: usize) -> ComparisonResults {
    let stop = AtomicUsize::new(0);
    let control = Control { threads, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
    let elimination = Some(Elimination { indifference, most_replications: 1_000 });
    let question = Question { elimination, ..Question::of(options) };
    let mut found = compare::compare(&question, &control).unwrap();
    found.options.iter_mut().for_each(|option| option.results.performance = None);
    found
}

/// Four sizes whose ratios lie 2 to 4 percentage points apart, the two best by the indifference zone. Of 120 seeds at least 95 % are
/// right, less 3.29 standard deviations of that count: 106.
#[test]
fn the_best_is_selected_as_often_as_promised() {
    let ports = [13, 10, 12, 11];
    let ratios = ports.map(|ports| erlang_b(u64::from(ports), 8.0));
    let indifference = 0.0204;
    assert!(ratios[2] - ratios[0] > indifference, "{ratios:?}");
    let right = (0..120).filter(|seed| {
        let set = [
            ("run.seed", seed.to_string()),
            ("run.duration", "20s".into()),
            ("run.replications", "5".into()),
        ];
        let set: Vec<(&str, &str)> = set.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let found = eliminating(&at(&ports, &set), indifference, 1).selection.unwrap();
        assert!(found.decided);
        found.left == [0]
    });
    let right = right.count();
    assert!(right >= 106, "{right} of 120");
}

#[test]
fn replications_of_an_option_do_not_depend_on_who_is_left() {
    let all = eliminating(&at(&[10, 11, 12, 13], &[]), 0.001, 2);
    let selection = all.selection.as_ref().unwrap();
    assert_eq!((selection.metric.as_str(), selection.first_stage), ("connection_failure_ratio", 10));
    assert_eq!((selection.left.as_slice(), all.recommended), (&[3][..], Some(3)));
    assert_eq!(selection.eliminated.len(), 3);
    for (number, option) in all.options.iter().enumerate() {
        let out = selection.eliminated.iter().find(|each| each.option == number);
        let expected = out.map_or(selection.replications, |each| each.after);
        assert_eq!(option.results.replications, expected, "option {number}");
        // Alone, and as often: the same to the last bit.
        let count = expected.to_string();
        let [alone] = &at(&[10 + number as u32], &[("run.replications", &count)])[..] else { panic!("one") };
        let alone = super::check::run_cut(alone, 1, Sharding::Smallest);
        let mut found = option.results.clone();
        assert_eq!(found.totals, alone.totals);
        // Only what was asked for differs.
        found.scenario = alone.scenario.clone();
        assert_eq!(serde_json::to_string(&found).unwrap(), serde_json::to_string(&alone).unwrap());
    }
    for each in &selection.eliminated {
        assert!(each.difference > each.needed && each.by != each.option, "{each:?}");
        assert!((10..=selection.replications).contains(&each.after));
    }
    let once_more = eliminating(&at(&[10, 11, 12, 13], &[]), 0.001, 1);
    assert_eq!(serde_json::to_string(&all).unwrap(), serde_json::to_string(&once_more).unwrap());
}

/// Where nothing fails anywhere all are as good; the usual order then decides.
#[test]
fn options_without_a_failure_are_left_together() {
    let found = eliminating(&at(&[400, 300, 10], &[]), 0.001, 0);
    let selection = found.selection.unwrap();
    assert_eq!(
        (selection.left.as_slice(), selection.replications, selection.decided),
        (&[0, 1][..], 10, true)
    );
    assert_eq!((selection.eliminated[0].option, selection.eliminated[0].after), (2, 10));
    assert_eq!(found.recommended, Some(0), "the emptiest");
    let found_why = &found.why;
    assert!(
        found_why.contains(
            "best with 95 % confidence, or within 0.001 of the best, as far as replications without"
        ),
        "{found_why}"
    );
}

const TWO: [&str; 4] = ["--option", "ports=10", "--option", "ports=12"];

#[test]
fn the_metric_is_that_of_the_first_threshold_where_it_is_a_ratio() {
    for (thresholds, metric) in [
        ("[[threshold]]\nexpr = \"failure_ratio < 20%\"", "failure_ratio"),
        ("[[threshold]]\nexpr = \"occupancy.mean < 90%\"", "connection_failure_ratio"),
        ("[[threshold]]\nexpr = \"failure_ratio > 1%\"", "connection_failure_ratio"),
    ] {
        let (_folder, path) = in_a_folder(&format!("{LOSS}{thresholds}\n"));
        let found = json(&[&["compare", &path, "--indifference", "1%", "-o", "json"][..], &TWO].concat());
        assert_eq!(found["selection"]["metric"], metric);
        let schema = json(&["schema", "comparison"]);
        assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&found));
    }
}

#[test]
fn too_few_replications_leave_it_undecided() {
    let (_folder, path) = in_a_folder(LOSS);
    let flags = [
        "--indifference",
        "0.00001",
        "--max-replications",
        "12",
        "--option",
        "ports=12",
        "--option",
        "ports=12,hold_down=1ms",
    ];
    let output = snatsim(&[&["compare", &path, "-o", "json"][..], &flags].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["selection"]["decided"], &found["recommended"]), (&json!(false), &Value::Null));
    assert!(
        found["why"].as_str().unwrap().contains("options 0, 1 are not told apart after 12 replications"),
        "{}",
        found["why"]
    );
}

#[test]
fn text_and_report_tell_how_each_option_went() {
    let (folder, path) = in_a_folder(LOSS);
    let out = folder.path().join("review");
    let arguments =
        [&["compare", &path, "--indifference", "0.1%", "--out", out.to_str().unwrap()][..], &TWO].concat();
    let output = snatsim(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let page = std::fs::read_to_string(out.join("report.md")).unwrap();
    for told in [&text, &page] {
        assert!(told.contains("option 0 was eliminated after 10 replications: "), "{told}");
        assert!(told.contains("points worse than option 1"), "{told}");
        assert!(told.contains("with an indifference zone of 0.001"), "{told}");
    }
    let plain = json(&[&["compare", &path, "-o", "json"][..], &TWO].concat());
    assert!(plain.get("selection").is_none());
}

#[test]
fn what_does_not_go_with_it_is_refused() {
    let (_folder, path) = in_a_folder(LOSS);
    let told = |flags: &[&str]| {
        let output = snatsim(&[&["compare", &path][..], flags].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (flags, expected) in [
        (&["--indifference", "0"][..], "allowed is a share above 0 and below 1; write such as 0.001 or 0.1%"),
        (&["--indifference", "100%"], "allowed is a share above 0 and below 1"),
        (&["--indifference", "one"], "allowed is a share above 0 and below 1"),
        (&["--max-replications", "9"], "--indifference"),
        (&["--indifference", "1%", "--option", "ports=12"], "--indifference: one option is no choice"),
        (
            &[&TWO[..], &["--indifference", "1%", "--set", "run.precision=5%"]].concat(),
            "`run.precision` is another rule",
        ),
        (
            &[&TWO[..], &["--indifference", "1%", "--set", "run.rare=auto"]].concat(),
            "write `--set run.rare=null`",
        ),
        (
            &[&TWO[..], &["--indifference", "1%", "--replications", "1"]].concat(),
            "the first stage is one replication",
        ),
    ] {
        let message = told(flags);
        assert!(message.contains(expected), "{expected} is not in {message}");
    }
}
