//! `run.precision`: as many replications as the interval needs, the same number whatever the machine.

use crate::check::{in_a_folder, run, run_cut, scenario};
use crate::command_line::{json, snatsim};
use serde_json::{Value, json};
use snatsim::experiment::Control;
use snatsim::experiment::compare::{self, Question};
use snatsim::experiment::results::{PrecisionReached, Results, StopReason};
use snatsim::scenario::read;
use snatsim::simulation::Sharding;
use std::sync::atomic::AtomicUsize;

/// A loss system that starts from its stationary law; at 8 erlang one attempt in eight fails.
const LOSS: &str = "[outbound]\nmodel = \"custom\"\nports = 10\n[[node_pool]]\nname = \"user\"\nnodes = 2\n[[workload]]\npods = 2\n\
                    arrivals.poisson = { rate = \"16 per s\" }\nlifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n\
                    [run]\nduration = \"100s\"\n";

fn found(results: &Results) -> PrecisionReached {
    results.precision.expect("a precision was asked for")
}

fn precise(set: &[(&str, &str)]) -> Results {
    run(LOSS, set)
}

#[test]
fn replications_go_on_until_the_interval_is_narrow_enough() {
    let results = precise(&[("run.precision", "2%")]);
    let PrecisionReached { asked, reached, max_replications, reason } = found(&results);
    assert_eq!((asked, max_replications, reason), (0.02, 1_000, StopReason::Precision));
    let reached = reached.unwrap();
    assert!(reached <= 0.02, "{reached}");
    assert!([30, 45, 68, 102, 153, 230].contains(&results.replications), "{}", results.replications);
    let ratio = &results.failure_ratio;
    let (estimate, half_width) = (ratio.estimate.unwrap(), (ratio.high - ratio.low) / 2.0);
    assert!((half_width / estimate - reached).abs() < 1e-12, "{half_width} {estimate} {reached}");
    // The look before was not enough.
    let before = (results.replications * 2 / 3).to_string();
    let fewer = precise(&[("run.replications", &before)]);
    let ratio = &fewer.failure_ratio;
    assert!((ratio.high - ratio.low) / 2.0 > 0.02 * ratio.estimate.unwrap(), "{before} were enough");
}

/// What is simulated is what so many replications without a precision are.
#[test]
fn the_replications_are_those_of_a_run_that_asks_for_as_many() {
    let precise = precise(&[("run.precision", "2%")]);
    let plain = run(LOSS, &[("run.replications", &precise.replications.to_string())]);
    assert_eq!(precise.totals, plain.totals);
    assert_eq!(precise.failure_ratio, plain.failure_ratio);
    assert_eq!((&precise.windows, &precise.series), (&plain.windows, &plain.series));
    assert_eq!(plain.precision, None);
}

#[test]
fn the_number_does_not_depend_on_threads_or_shards() {
    let scenario = scenario(LOSS, &[("run.precision", "2%")]);
    let one = run_cut(&scenario, 1, Sharding::Smallest);
    for other in [run_cut(&scenario, 2, Sharding::Smallest), run_cut(&scenario, 2, Sharding::Coupled)] {
        assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&other).unwrap());
    }
}

/// A quota that turns out to bind couples the shards; the trials before are then run again.
#[test]
fn a_quota_that_binds_changes_nothing_about_the_rule() {
    // A pilot run leaves quotas out that span shards, and may so choose another warm-up.
    let capped = [
        ("run.precision", "3%"),
        ("run.warm_up", "30s"),
        ("outbound.ports", "64"),
        ("outbound.total_cap", "12"),
    ];
    let scenario = scenario(LOSS, &capped);
    let one = run_cut(&scenario, 1, Sharding::Smallest);
    assert_eq!(found(&one).reason, StopReason::Precision);
    let coupled = run_cut(&scenario, 2, Sharding::Coupled);
    assert_eq!(serde_json::to_string(&one).unwrap(), serde_json::to_string(&coupled).unwrap());
}

#[test]
fn replications_beside_it_are_the_first_batch() {
    let results = precise(&[("run.precision", "100%"), ("run.replications", "37")]);
    assert_eq!((results.replications, found(&results).reason), (37, StopReason::Precision));
    let default = precise(&[("run.precision", "100%")]);
    assert_eq!(default.replications, 20);
    // Fewer than 20 replications with a failure are never enough: 8, 12, 18, 27.
    let small = precise(&[("run.precision", "100%"), ("run.replications", "8")]);
    assert_eq!((small.replications, found(&small).reason), (27, StopReason::Precision));
}

fn warning<'r>(results: &'r Results, part: &str) -> Option<&'r String> {
    results.warnings.iter().find(|warning| warning.contains(part))
}

#[test]
fn it_ends_at_the_most_allowed_and_says_so() {
    let results = precise(&[("run.precision", "0.1%"), ("run.max_replications", "25")]);
    assert_eq!((results.replications, found(&results).reason), (25, StopReason::MaxReplications));
    assert!(found(&results).reached.unwrap() > 0.001);
    let told = warning(&results, "`max_replications`").expect("a warning");
    assert!(told.starts_with("25 replications") && told.contains("`precision` of 0.1 %"), "{told}");
}

#[test]
fn a_run_without_a_failure_ends_at_the_most_allowed_and_says_so() {
    let set = [("run.precision", "5%"), ("run.max_replications", "33"), ("outbound.ports", "1000")];
    let results = precise(&set);
    let PrecisionReached { reached, reason, .. } = found(&results);
    assert_eq!((results.replications, reached, reason), (33, None, StopReason::NoFailure));
    assert!(
        warning(&results, "nothing failed in any of the 33 replications").is_some(),
        "{:?}",
        results.warnings
    );
}

/// Options fail more or less, and the last not at all.
#[test]
fn options_of_a_comparison_are_run_as_often_as_the_neediest() {
    let stop = AtomicUsize::new(0);
    let control = Control { threads: 0, progress: &|_, _| {}, stop: &stop, sharding: Sharding::Smallest };
    let compared = |all: &[&str]| {
        let scenarios = all.iter().map(|ports| {
            scenario(
                LOSS,
                &[("run.precision", "6%"), ("run.max_replications", "400"), ("outbound.ports", ports)],
            )
        });
        compare::compare(&Question::of(&scenarios.collect::<Vec<_>>()), &control).unwrap()
    };
    let together = compared(&["10", "14", "1000"]);
    let [many, few, none] = [0, 1, 2].map(|number| &together.options[number].results);
    let alone = |ports: &str| {
        let set = [("run.precision", "6%"), ("run.max_replications", "400"), ("outbound.ports", ports)];
        precise(&set).replications
    };
    let counts = [many.replications, few.replications, none.replications];
    assert_eq!(counts, [alone("14"); 3]);
    assert!(alone("10") < alone("14"));
    let reasons = [many, few, none].map(|results| found(results).reason);
    assert_eq!(reasons, [StopReason::Precision, StopReason::Precision, StopReason::OtherOptions]);
    assert!(warning(none, "`max_replications`").is_none(), "{:?}", none.warnings);
    // Where nothing fails in any option, nobody is left to decide.
    let quiet = compared(&["900", "1000"]);
    assert!(quiet.options.iter().all(|option| option.results.replications == 400));
    assert!(quiet.options.iter().all(|option| found(&option.results).reason == StopReason::NoFailure));
}

fn problem(run: &str) -> String {
    read("bad.toml", &format!("{LOSS}{run}\n"), &[]).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn each_mistake_says_what_is_allowed() {
    for shown in ["\"0%\"", "\"-1%\"", "\"101%\"", "\"5\"", "\"five %\"", "\"NaN%\"", "0.05", "5"] {
        let told = problem(&format!("precision = {shown}"));
        assert!(told.starts_with("bad.toml:14:13: `precision` is the "), "{told}");
        assert!(
            told.contains("allowed is a text above \"0%\" and up to \"100%\"")
                && told.contains("write \"5%\""),
            "{told}"
        );
    }
    for (run, expected) in [
        (
            "precision = \"5%\"\nmax_replications = 10",
            "bad.toml:15:20: `max_replications` is 10, below the first batch of 20 (`replications`)\n  help: write `max_replications` of 20 or more",
        ),
        (
            "precision = \"5%\"\nreplications = 50\nmax_replications = 49",
            "is 49, below the first batch of 50",
        ),
        (
            "precision = \"5%\"\nreplications = 2000",
            "is not set, so it is 1000, below the first batch of 2000",
        ),
        (
            "max_replications = 10",
            "bad.toml:14:20: `max_replications` stands without `precision`\n  help: write `precision = \"5%\"`",
        ),
        ("precision = \"5%\"\nmax_replications = 0", "allowed is a whole number from 1 to 1000000"),
    ] {
        let told = problem(run);
        assert!(told.contains(expected), "{told}");
    }
    assert!(
        read(
            "good.toml",
            &format!("{LOSS}precision = \"5 %\"\nreplications = 50\nmax_replications = 50\n"),
            &[]
        )
        .is_ok()
    );
}

#[test]
fn replications_on_the_command_line_are_so_many() {
    let (_folder, path) = in_a_folder(&format!("{LOSS}precision = \"2%\"\nmax_replications = 500\n"));
    let asked = json(&["run", &path, "-o", "json"]);
    assert_eq!(asked["precision"]["reason"], "precision");
    let plain = json(&["run", &path, "-o", "json", "--replications", "3"]);
    assert_eq!((&plain["replications"], &plain["precision"]), (&json!(3), &Value::Null));
    assert_eq!(plain["scenario"]["run"], json!({ "duration": "100s", "replications": 3 }));
    let batch = json(&["run", &path, "-o", "json", "--set", "run.replications=200"]);
    assert_eq!((&batch["replications"], &batch["precision"]["reason"]), (&json!(200), &json!("precision")));
}

#[test]
fn text_and_reviews_tell_how_many_and_why() {
    let (folder, path) = in_a_folder(&format!("{LOSS}precision = \"2%\"\n"));
    let out = folder.path().join("review");
    let output = snatsim(&["run", &path, "--out", out.to_str().unwrap()]).output().unwrap();
    let review = std::fs::read_to_string(out.join("report.md")).unwrap();
    for told in [String::from_utf8(output.stdout).unwrap(), review] {
        assert!(
            told.contains(
                " replications (until the half-width is at most 2 % of the failure ratio; it is 1."
            ),
            "{told}"
        );
    }
    let most = snatsim(&["run", &path, "--set", "run.precision=0.1%", "--set", "run.max_replications=20"]);
    let told = String::from_utf8({ most }.output().unwrap().stdout).unwrap();
    assert!(told.contains("20 replications (the most allowed; the half-width is "), "{told}");
    assert!(told.contains("warning: 20 replications, the most that `max_replications` allows"), "{told}");
}
