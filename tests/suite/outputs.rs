//! What `--out` leaves behind when it cannot be finished.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const BURST: &str = "tests/scenarios/o-db1.toml";

/// Every file under `folder`, with its contents.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.path().is_dir() {
            true => found.extend(
                files(&entry.path()).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)),
            ),
            false => drop(found.insert(name, std::fs::read(entry.path()).unwrap())),
        }
    }
    found
}

fn shell(script: &str, out: &Path) -> Output {
    Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_snatsim")])
        .arg(out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

/// Exit status 70, the message, and nevertheless the results on standard output.
fn assert_unwritten(output: &Output) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{error}");
    assert!(error.starts_with("error: cannot write "), "{error}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"failure_ratio\""), "the results are lost");
}

/// Files of at most 40 KiB: some can be written, some cannot.
#[test]
fn files_that_cannot_all_be_written_leave_those_of_the_run_before() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("review");
    let script = format!("\"$1\" run {BURST} -q --out \"$2\"");
    assert!(shell(&script, &out).status.success());
    let before = files(&out);
    assert!(before.contains_key("results.json") && before.contains_key("report.html"), "{:?}", before.keys());
    let limited = format!("trap '' XFSZ; ulimit -f 80; \"$1\" run {BURST} -q --seed 2 -o json --out \"$2\"");
    assert_unwritten(&shell(&limited, &out));
    assert!(files(&out) == before, "files of two runs are mixed");

    let fresh = folder.path().join("new/review");
    assert_unwritten(&shell(&limited, &fresh));
    assert!(!folder.path().join("new").exists(), "folders without a file are left behind");
}

/// The same on a disk of 64 KiB, where a disk can be made.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().unwrap();
    if !shell("unshare --user --map-root-user --mount mount -t tmpfs -o size=64k tmpfs \"$2\"", folder.path())
        .status
        .success()
    {
        eprintln!("skipped: no disk can be mounted here");
        return;
    }
    let script = format!(
        "unshare --user --map-root-user --mount sh -c '\
         mount -t tmpfs -o size=64k tmpfs \"$2\" || exit 99; \
         \"$1\" run {BURST} -q -o json --out \"$2/review\"; status=$?; \
         find \"$2\" -type f >&2; exit $status' sh \"$1\" \"$2\""
    );
    let output = shell(&script, folder.path());
    assert_unwritten(&output);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.lines().count(), 1, "files were left: {error}");
}

#[test]
fn an_interrupted_run_leaves_no_file_and_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("review");
    let child = Command::new(env!("CARGO_BIN_EXE_snatsim"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["run", "models/scenarios/default-node.toml", "-q", "--replications", "1000000", "--out"])
        .arg(&out)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !out.join("plots").exists() {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(300));
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
    assert!(!out.exists(), "{:?}", files(&out).keys());
}
