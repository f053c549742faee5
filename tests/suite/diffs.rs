//! Two results side by side.

use super::command_line::{json, snatsim};
use crate::check::run;
use snatsim::experiment::diff::{Evidence, Gate, diff};
use snatsim::experiment::results::{Results, Verdict};
use std::path::Path;

/// Two nodes, each with 4 erlang on a few ports.
const SYSTEM: &str = "[outbound]\nmodel = \"custom\"\npartition = \"node\"\nports = 6\n[[node_pool]]\nnodes = 2\n[[workload]]\nname = \"api\"\npods = 2\n\
     arrivals.poisson = { rate = \"8 per s\" }\nlifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n\
     [[threshold]]\nexpr = \"failure_ratio < 13%\"\n[run]\nduration = \"5m\"\nwarm_up = \"20s\"\nreplications = 8\n";

fn with(set: &[(&str, &str)]) -> Results {
    run(SYSTEM, set)
}

fn evidence(before: &Results, after: &Results, metric: &str) -> Evidence {
    let diff = diff(("before", before), ("after", after), &[]);
    diff.metrics.iter().find(|change| change.metric == metric).unwrap().evidence
}

/// Erlang-B(6, 4) is 11.7 %, of (5, 4) 19.9 %, of (7, 4) 6.3 %.
#[test]
fn one_port_more_or_less_is_significant_and_only_less_is_worse() {
    let (six, five, seven) = (with(&[]), with(&[("outbound.ports", "5")]), with(&[("outbound.ports", "7")]));
    let all = [Gate::Worse, Gate::Significant, Gate::Results, Gate::Inputs];
    let fewer = diff(("six", &six), ("five", &five), &all);
    assert_eq!(fewer.inputs.iter().map(|change| change.key.as_str()).collect::<Vec<_>>(), ["outbound.ports"]);
    assert_eq!(fewer.gates.iter().map(|gate| gate.verdict).collect::<Vec<_>>(), [Verdict::Fail; 4]);
    assert!(fewer.gates[0].found.contains(&"failure_ratio < 13%".to_string()), "{:?}", fewer.gates[0]);
    let change = &fewer.metrics[0];
    assert_eq!((change.metric.as_str(), change.evidence), ("failure_ratio", Evidence::Significant));
    let (low, high) = (change.low.unwrap(), change.high.unwrap());
    assert!(low < 0.199 - 0.117 && 0.199 - 0.117 < high && high - low < 0.02, "[{low}, {high}]");

    let more = diff(("six", &six), ("seven", &seven), &all);
    let verdicts = more.gates.iter().map(|gate| gate.verdict).collect::<Vec<_>>();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Fail, Verdict::Fail, Verdict::Fail]);
    assert_eq!(more.verdict, Verdict::Fail);
}

#[test]
fn a_result_beside_itself_differs_in_nothing() {
    let one = with(&[]);
    let same =
        diff(("one", &one), ("one", &one), &[Gate::Worse, Gate::Significant, Gate::Results, Gate::Inputs]);
    assert_eq!(same.verdict, Verdict::Pass);
    assert!(same.metrics.iter().all(|change| change.evidence == Evidence::Same), "{:?}", same.metrics);
    assert!(same.inputs.is_empty() && same.new_warnings.is_empty());
}

/// A true 95 % interval excludes 0 in 5 of 100 pairs of seeds, and for 160 pairs in 2 to 15 of them (99.6 %). Where
/// nothing pairs replications, the interval of each side counts on its own.
#[test]
fn chance_alone_is_seldom_significant() {
    let short = |seed: u32, replications: &str| {
        with(&[("run.seed", &seed.to_string()), ("run.replications", replications), ("run.duration", "30s")])
    };
    for replications in ["8", "9"] {
        let pairs = (0..160).map(|pair| (short(2 * pair, "8"), short(2 * pair + 1, replications)));
        let found =
            pairs.filter(|(one, other)| evidence(one, other, "failure_ratio") == Evidence::Significant);
        let found = found.count();
        assert!((2..=15).contains(&found), "{found} of 160 with 8 and {replications} replications");
    }
}

/// With one seed both see the same arrivals: a port in 30 shows long before it would between strangers.
#[test]
fn pairing_by_replication_tells_small_differences() {
    let set = |ports, seed| {
        let load = ("workload.api.arrivals.poisson.rate", "60 per s");
        with(&[("outbound.ports", ports), ("run.seed", seed), load, ("run.duration", "60s")])
    };
    let (one, same_traffic, other_traffic) = (set("30", "1"), set("31", "1"), set("31", "2"));
    assert_eq!(evidence(&one, &same_traffic, "failure_ratio"), Evidence::Significant);
    let half_width = |other: &Results| {
        let change = &diff(("a", &one), ("b", other), &[]).metrics[0];
        (change.high.unwrap() - change.low.unwrap()) / 2.0
    };
    assert!(half_width(&same_traffic) < half_width(&other_traffic) / 4.0);
}

fn written(folder: &Path, name: &str, set: &[&str]) -> String {
    let out = folder.join(name);
    let mut arguments = vec!["run", "tests/scenarios/o-db1.toml", "--out", out.to_str().unwrap(), "-q"];
    set.iter().for_each(|set| arguments.extend(["--set", set]));
    snatsim(&arguments).output().unwrap();
    out.join("results.json").to_str().unwrap().to_string()
}

/// A burst of 1,500 on 1,024 ports loses 476, on 1,032 it loses 468.
#[test]
fn the_command_says_what_differs_and_ends_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) =
        (written(folder.path(), "before", &[]), written(folder.path(), "after", &["outbound.ports=1032"]));
    let (before, after) = (before.as_str(), after.as_str());
    let diff = json(&["diff", before, after, "-o", "json"]);
    assert_eq!(diff["inputs"][0]["key"], "outbound.ports");
    let found = diff["metrics"][0]["difference"].as_f64().unwrap();
    assert!((found - (468.0 - 476.0) / 1_500.0).abs() < 1e-12, "{found}");
    assert_eq!(diff["verdict"], "pass");

    let status = |arguments: &[&str]| {
        let output = snatsim(&[&["diff"], arguments].concat()).output().unwrap();
        let all = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(all).unwrap())
    };
    for (arguments, code, said) in [
        (&[before, after][..], 0, "outbound.ports  1024    1032"),
        (&[before, after, "--fail-on", "worse"], 0, "PASS  the second is not worse"),
        (
            &[before, after, "--fail-on", "inputs"],
            1,
            "FAIL  the second is different in inputs: outbound.ports",
        ),
        (&[before, before, "--fail-on", "inputs", "--fail-on", "results"], 0, "every metric is the same"),
        (&[before, after, "--fail-on", "inputs", "-o", "junit"], 1, "<failure"),
        (
            &[before, after, "--fail-on", "inputs", "-o", "github"],
            1,
            "::error title=not different in inputs::",
        ),
        (&[before, after, "-o", "junit"], 2, "write such as `--fail-on worse`"),
        (&["-", "-"], 2, "standard input holds one result"),
        (&[before, "Cargo.toml"], 2, "Cargo.toml: no results of snatsim"),
        (&[before, "nowhere.json"], 2, "nowhere.json"),
        (&[before, after, "--fail-on", "wors"], 2, "worse"),
    ] {
        let (found, output) = status(arguments);
        assert!(found == code && output.contains(said), "{arguments:?}: {found}\n{output}");
    }
}

/// Without retries an attempt is a flow: both ratios are one number, and say one thing.
#[test]
fn ratios_that_are_one_have_one_interval() {
    let diff = diff(("a", &with(&[])), ("b", &with(&[("outbound.ports", "7")])), &[]);
    let interval = |metric: &str| {
        let change = diff.metrics.iter().find(|change| change.metric == metric).unwrap();
        (change.low, change.high, change.evidence)
    };
    assert_eq!(interval("failure_ratio"), interval("first_attempt_failure_ratio"));
    assert_eq!(interval("failure_ratio"), interval("connection_failure_ratio"));
}

#[test]
fn results_that_no_run_can_have_found_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = written(folder.path(), "good", &[]);
    let text = std::fs::read_to_string(&good).unwrap();
    let mut results: serde_json::Value = serde_json::from_str(&text).unwrap();
    results["failure_ratio"]["estimate"] = 5.into();
    let bad = folder.path().join("bad.json");
    for said in ["`failure_ratio` is not between 0 and 1", "`scenario` is no table"] {
        std::fs::write(&bad, results.to_string()).unwrap();
        let output = snatsim(&["diff", &good, bad.to_str().unwrap()]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.code() == Some(2) && error.contains(said), "{error}");
        results["failure_ratio"]["estimate"] = 0.1.into();
        results["scenario"] = serde_json::Value::Null;
    }
}
