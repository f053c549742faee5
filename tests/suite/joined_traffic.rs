//! `import traffic --into`: recorded traffic in a scenario that `import config` wrote, ready for `check` and `run`.

use super::command_line::snatsim;
use super::imported_traffic::text;
use std::path::{Path, PathBuf};

const ONE_POOL: &str = "tests/data/azure-config/aks-loadbalancer.json";
const THREE_POOLS: &str = "tests/data/config/aks-flat.json";
const RECORD: &str = "tests/data/zat/conn.log";

/// Five sources with 5, 4, 3, 2 and 1 flows.
fn five_sources() -> String {
    let mut table = "start_s,duration_s,protocol,source,destination,port,end\n".to_string();
    for source in 1..=5 {
        for flow in 0..6 - source {
            table += &format!("{flow}.{source},1,tcp,10.0.0.{source},203.0.113.9,443,fin\n");
        }
    }
    table
}

/// A scenario in a file of its own.
fn scenario(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("base.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn of_config(file: &str) -> String {
    text(&snatsim(&["import", "config", file]).output().unwrap())
}

fn joined(record: &str, input: &str, base: &Path, more: &[&str]) -> std::process::Output {
    let all = [&["import", "traffic", record, "--into", base.to_str().unwrap()], more].concat();
    snatsim(&all).write_stdin(input.to_string()).output().unwrap()
}

fn refused(output: &std::process::Output, message: &str) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
    assert!(error.contains(message), "{error}");
}

/// Every line of the base but its traffic and duration is there, in its order; the result is accepted and runs.
#[test]
fn a_configured_cluster_takes_recorded_traffic_and_keeps_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    for file in [ONE_POOL, THREE_POOLS] {
        let base = of_config(file).replace("ports_per_node = 3200", "ports_per_node = 2560 # mine");
        let base = base.replace("replications = 10", "replications = 10\nseed = 7 # mine too");
        let output = text(&joined(RECORD, "", &scenario(folder.path(), &base), &[]));
        let mut lines = output.lines();
        let kept = base.split("# Traffic is in no configuration").next().unwrap();
        for line in kept.lines().chain(["[run]", "replications = 10", "seed = 7 # mine too", "[[threshold]]"])
        {
            assert!(lines.any(|found| found == line), "{file}: {line} is not in its place in\n{output}");
        }
        assert!(!output.contains("example") && output.contains("# as long as the record"), "{output}");
        let alone = text(&snatsim(&["import", "traffic", RECORD]).output().unwrap());
        for own in
            alone.lines().filter(|line| line.starts_with("name = \"tcp ") || line.starts_with("arrivals"))
        {
            assert!(output.contains(own), "{own}");
        }
        let check = snatsim(&["check", "-"]).write_stdin(output.clone()).output().unwrap();
        assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stdout));
        let run = snatsim(&["run", "-", "--replications", "1"]).write_stdin(output).output().unwrap();
        assert!(matches!(run.status.code(), Some(0 | 1 | 3)), "{}", String::from_utf8_lossy(&run.stderr));
    }
}

#[test]
fn sources_are_dealt_to_the_nodes_of_a_pool() {
    let folder = tempfile::tempdir().unwrap();
    let base = scenario(folder.path(), &of_config(ONE_POOL));
    let three = text(&joined("-", &five_sources(), &base, &[]));
    assert!(three.contains("placement.weights = [7, 5, 3]"), "5 + 2, 4 + 1, 3: {three}");
    assert!(!three.contains("WARNING: fewer sources"), "{three}");
    let pools = scenario(folder.path(), &of_config(THREE_POOLS));
    let everywhere = text(&joined("-", &five_sources(), &pools, &[]));
    assert!(
        everywhere.contains("pods = \"per-node\"") && !everywhere.contains("node_pool ="),
        "{everywhere}"
    );
    let one = text(&joined("-", &five_sources(), &pools, &["--node-pool", "system"]));
    assert!(one.contains("node_pool = \"system\"\npods = 1000\nplacement.weights = [9, 6]"), "{one}");
    let few = five_sources().lines().take(6).collect::<Vec<_>>().join("\n");
    let idle = text(&joined("-", &few, &scenario(folder.path(), &of_config(ONE_POOL)), &[]));
    assert!(idle.contains("WARNING: fewer sources") && idle.contains("[\"0s\", 3.00]"), "{idle}");
}

/// What must be filled in stays so; a scenario without tables of its own for `run` gets one.
#[test]
fn what_is_unfinished_stays_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let base = "run.seed = 3\n[outbound]\nmodel = \"FILL IN\" # what?\n[[node_pool]]\nname = \"a\"\nnodes = \"FILL IN\"\n# the end\n";
    let output = text(&joined("-", &five_sources(), &scenario(folder.path(), base), &[]));
    assert!(output.starts_with("run.seed = 3\nrun.duration = \"5s\""), "{output}");
    for line in ["model = \"FILL IN\" # what?", "nodes = \"FILL IN\"", "# the end", "pods = \"per-node\""] {
        assert!(output.contains(line), "{line}: {output}");
    }
    let filled = output.replacen("\"FILL IN\"", "\"azure/nat-gateway\"", 1).replace("\"FILL IN\"", "3");
    snatsim::scenario::read("filled.toml", &filled, &[]).unwrap_or_else(|why| panic!("{why}\n{filled}"));
}

#[test]
fn what_cannot_be_joined_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let base = scenario(folder.path(), &of_config(THREE_POOLS));
    refused(&joined(RECORD, "", &base, &["--node-pool", "nope"]), "there are system, ");
    refused(&joined(RECORD, "", &base, &["--to", "trace"]), "`--to trace`");
    refused(&joined(RECORD, "", &base, &["-o", "json"]), "makes a scenario");
    refused(&joined(RECORD, "", &scenario(folder.path(), "{}"), &[]), "is JSON");
    refused(&joined(RECORD, "", &scenario(folder.path(), "[outbound\n"), &[]), "not valid TOML");
    refused(&joined(RECORD, "", &folder.path().join("none.toml"), &[]), "cannot be read");
    let alone = snatsim(&["import", "traffic", RECORD, "--node-pool", "a"]).output().unwrap();
    assert!(String::from_utf8_lossy(&alone.stderr).contains("--into"));
}

#[test]
fn a_file_that_is_given_twice_is_refused() {
    let again = format!("./{RECORD}");
    let output = snatsim(&["import", "traffic", RECORD, &again]).output().unwrap();
    refused(&output, "is given twice");
}

/// Nothing outbound: it says what there was instead.
#[test]
fn what_was_left_out_is_told_where_nothing_is_left() {
    let table = "start_s,duration_s,protocol,source,destination,port,end\n1,1,tcp,fd00::1,2001:db8::1,443,fin\n1,1,icmp,10.0.0.1,203.0.113.1,0,\n";
    for to in ["workload", "trace"] {
        let output =
            snatsim(&["import", "traffic", "-", "--to", to]).write_stdin(table.to_string()).output().unwrap();
        refused(&output, "hold no outbound flow (left out: not IPv4 1, proto 1)");
    }
}
