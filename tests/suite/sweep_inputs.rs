//! What a sweep refuses, before anything runs.

use super::command_line::snatsim;

const BURST: &str = "tests/scenarios/o-db1.toml";

fn assert_refused(arguments: &[&str], message: &str) {
    let output = snatsim(&[&["sweep", BURST][..], arguments].concat()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert!(error.contains(message), "{arguments:?}: {error}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

#[test]
fn lists_ranges_and_grids_that_are_none_are_refused() {
    for (vary, message) in [
        (&["outbound.ports"][..], "write KEY=a,b,c or KEY=from..to:step"),
        (&["=1,2"], "write KEY=a,b,c or KEY=from..to:step"),
        (&["outbound.ports="], "a value is empty"),
        (&["outbound.ports=1,,2"], "a value is empty"),
        (&["outbound.ports=64,64"], "the value 64 stands twice"),
        (&["outbound.ports=100..50"], "runs from more to less"),
        (&["outbound.ports=1..50:0"], "a step that is not above 0"),
        (&["run.duration=1m..5m"], "has no step"),
        (&["run.duration=1m..5m:30s"], "has several units"),
        (&["outbound.ports=1..1000000000"], "a sweep has 10000 cells at most"),
        (&["outbound.ports=1..2000", "run.seed=1..2000"], "2000 x 2000 values are more than the 10000 cells"),
        (&["outbound.ports=1,2", "outbound.ports=3"], "`outbound.ports` is varied twice"),
        (&["public_ips=1,2", "outbound.public_ips=3"], "`outbound.public_ips` is varied twice"),
    ] {
        let vary: Vec<&str> = vary.iter().flat_map(|vary| ["--vary", vary]).collect();
        assert_refused(&vary, message);
    }
    assert_refused(&[], "--vary");
    let both = ["--vary", "outbound.ports=1,2", "--set", "outbound.ports=3"];
    assert_refused(&both, "`outbound.ports` is both set and varied");
    assert_refused(&["--vary", "run.seed=1,2", "--seed", "3"], "`run.seed` is both set and varied");
}

#[test]
fn a_cell_with_bad_input_ends_the_sweep_and_is_named() {
    let bad = ["--vary", "outbound.ports=64,many,128"];
    assert_refused(&bad, "cell 2 of 3 (outbound.ports=many): `ports` is the text \"many\"");
    let unknown = ["--vary", "outbound.prots=64,128"];
    assert_refused(&unknown, "cell 1 of 2 (outbound.prots=64): unknown key `prots` in `outbound`");
    assert_refused(&unknown, "did you mean `ports`?");
    assert_refused(&["--vary", "public_ip=1,2"], "did you mean `public_ips`?");
    let gateway = ["--set", "outbound={ model = \"azure/nat-gateway\" }", "--vary", "idle_timeout=4..6:2"];
    assert_refused(&gateway, "cell 1 of 2 (idle_timeout=4): `idle_timeout` is 4, which has no unit");
    assert_refused(&["--vary", "frequency=1,2"], "a scenario has no `frequency`");
    assert_refused(
        &["--vary", "outbound.model=custom,azure/moon"],
        "cell 2 of 2 (outbound.model=azure/moon)",
    );
    assert_refused(&["--vary", "run.window=1,2"], "cell 1 of 2 (run.window=1): `window`");
    // The file's own slip is not a cell's.
    let output = snatsim(&["sweep", "-", "--vary", "outbound.ports=1,2"])
        .write_stdin("[outbound]\nmodel = \"custom\"\nports = 3\nprots = 4\n[[workload]]\narrivals.burst = { flows = 1 }\nlifetime = \"1s\"\n")
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.starts_with("error: -:4:1: unknown key `prots`"), "{error}");
}

#[test]
fn a_key_that_says_nothing_is_noticed() {
    let same = ["--vary", "workload.0.pods=1,2", "--vary", "workload={x=1}"];
    assert_refused(&same, "one holds the other");
    assert_refused(&["--vary", "run.replications=1,01"], "cell");
}

#[test]
fn parts_that_there_are_not_are_refused() {
    let part = |part: &str| {
        ["--vary", "outbound.ports=1,2", "--out", "/nonexistent", "--shard"]
            .map(String::from)
            .into_iter()
            .chain([part.to_string()])
            .collect::<Vec<_>>()
    };
    for (text, message) in [
        ("3/2", "parts of 2 are 1/2 to 2/2"),
        ("0/4", "parts of 4 are 1/4 to 4/4"),
        ("1/0", "write I/N, such as 1/4"),
        ("half", "write I/N, such as 1/4"),
        ("1/1000000", "with N from 1 to 10000"),
    ] {
        let arguments = part(text);
        assert_refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), message);
    }
    assert_refused(&["--vary", "outbound.ports=1,2", "--shard", "1/2"], "--out <DIR>");
    assert_refused(&["--vary", "outbound.ports=1,2", "--resume"], "--out <DIR>");
    assert_refused(&["--vary", "outbound.ports=1,2", "--threshold", "speed < 1"], "is no metric");
}

#[test]
fn nothing_is_made_for_input_that_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("new/grid");
    assert_refused(&["--vary", "outbound.ports=64,many", "--out", out.to_str().unwrap()], "many");
    assert!(!folder.path().join("new").exists());
    let output =
        snatsim(&["sweep", BURST, "--vary", "outbound.ports=1,2", "--out", "/dev/null/x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(70));
}
