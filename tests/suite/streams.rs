//! Input without end, and outputs that nobody reads or that cannot be written, of every command.

use super::command_line::BURST;
use std::fs::File;
use std::process::{Command, Output, Stdio};

const CLUSTER: &str = "tests/data/azure-config/aks-loadbalancer.json";
const RECORD: &str = "tests/data/zat/conn.log";

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snatsim"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn error(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).to_string()
}

/// Each reader stops at its bound, long before a gigabyte.
#[cfg(unix)]
#[test]
fn input_without_end_is_refused_by_every_command() {
    for arguments in [
        &["run", "-"][..],
        &["compare", "-"],
        &["size", "-", "--vary", "public_ips", "--target", "failure_ratio < 1%"],
        &["sweep", "-", "--vary", "public_ips=1..2"],
        &["check", "-"],
        &["import", "config", "-"],
        &["import", "traffic", "-"],
        &["import", "traffic", "-", "--to", "trace"],
        &["import", "traffic", "-", "--skip-bad-lines", "--trace-format", "vnet-flow-log"],
        &["import", "traffic", RECORD, "--into", "-"],
        &["replay", "-"],
        &["replay", "-", "--skip-bad-lines", "--trace-format", "csv"],
        &["report", "/dev/zero"],
        &["diff", "/dev/zero", "/dev/zero"],
    ] {
        let output = program(arguments)
            .stdin(File::open("/dev/zero").unwrap())
            .stdout(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            (output.status.code(), output.stdout.len()),
            (Some(2), 0),
            "{arguments:?}: {}",
            error(&output)
        );
        assert!(output.stderr.starts_with(b"error: "), "{arguments:?}");
    }
}

/// Every command that prints, each with little to do.
const PRINTING: [&[&str]; 16] = [
    &["run", BURST, "-q", "--replications", "1"],
    &["run", BURST, "-q", "--replications", "1", "-o", "json"],
    &["compare", BURST, "-q", "--replications", "2"],
    &[
        "size",
        BURST,
        "-q",
        "--replications",
        "2",
        "--vary",
        "public_ips=1,2",
        "--target",
        "failure_ratio < 50%",
    ],
    &["sweep", BURST, "-q", "--replications", "1", "--vary", "public_ips=1,2"],
    &["check", CLUSTER],
    &["import", "config", CLUSTER],
    &["import", "traffic", RECORD],
    &["import", "traffic", RECORD, "-o", "json"],
    &["import", "traffic", "models/traces/m57-conn.log.gz", "--to", "trace"],
    &["replay", RECORD],
    &["models", "list"],
    &["models", "show", "azure/load-balancer"],
    &["schema", "scenario"],
    &["man"],
    &["--help"],
];

/// As with `| head -1`.
#[test]
fn a_reader_that_leaves_ends_every_command_quietly() {
    for arguments in PRINTING {
        let mut child = program(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1 | 3 | 4)), "{arguments:?}: {:?}", output.status);
        let complaints: Vec<String> =
            error(&output).lines().filter(|line| !line.starts_with("note: ")).map(str::to_string).collect();
        assert!(complaints.is_empty(), "{arguments:?}: {complaints:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_told_by_every_command() {
    for arguments in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = program(arguments).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(70), "{arguments:?}: {}", error(&output));
        assert!(
            error(&output).contains("error: cannot write standard output: No space left"),
            "{arguments:?}"
        );
    }
}

/// A signal in the middle of a run leaves nothing behind that could be taken for results.
#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let endless =
        ["--replications", "1", "--set", "run.duration=365d", "--set", "run.window=1d", "-q", "--out"];
    let rate = ["--set", "workload.checkout.arrivals.poisson.rate=1000 per s"];
    for command in [&["run"][..], &["compare"]] {
        let all = [command, &["models/scenarios/default-node.toml"], &rate, &endless].concat();
        let child = program(&all).arg(&out).stdout(Stdio::piped()).spawn().unwrap();
        while !out.is_dir() {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0), "{}", error(&output));
        assert!(!out.exists(), "{:?}", std::fs::read_dir(&out).unwrap().collect::<Vec<_>>());
    }
}
