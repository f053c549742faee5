//! A sweep that was stopped at any moment goes on as if nothing had been.

#![cfg(unix)]

use super::command_line::snatsim;
use super::outputs::files;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

/// 24 cells of some tens of milliseconds.
const SWEEP: [&str; 12] = [
    "sweep",
    "tests/scenarios/o-eb3.toml",
    "--vary",
    "outbound.ports=940..980:8",
    "--vary",
    "workload.0.arrivals.poisson.rate=900 per s,920 per s,940 per s,960 per s",
    "--set",
    "run.duration=100s",
    "--reproducible",
    "-o",
    "json",
    "--out",
];

fn command(out: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_snatsim"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(SWEEP).arg(out).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn resumed(out: &Path, more: &[&str]) -> std::process::Output {
    let output = command(out, &[&["--resume"], more].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Finished cells and when they were written.
fn finished(out: &Path) -> BTreeMap<PathBuf, SystemTime> {
    let entries = std::fs::read_dir(out.join("cells")).into_iter().flatten().map(Result::unwrap);
    let cells = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("cell-"));
    cells.map(|entry| (entry.path(), entry.metadata().unwrap().modified().unwrap())).collect()
}

fn signal(name: &str, child: &std::process::Child) {
    let kill = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
}

#[test]
fn killed_at_five_random_moments_and_resumed_the_bytes_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let began = Instant::now();
    let output = command(&whole, &[]).output().unwrap();
    let takes = began.elapsed();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let expected = files(&whole);
    assert_eq!(finished(&whole).len(), 24);
    let mut random = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut kept_some = 0;
    for number in 0..5 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let moment = takes.mul_f64(f64::from(random) / f64::from(u32::MAX));
        let out = folder.path().join(format!("killed-{number}"));
        let mut child = command(&out, &[]).spawn().unwrap();
        std::thread::sleep(moment);
        // A run that was faster this time has ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
        let before = finished(&out);
        kept_some += usize::from((1..24).contains(&before.len()));
        let again = resumed(&out, &[]);
        assert!(again.stdout == output.stdout, "standard output differs after a kill at {moment:?}");
        let found = files(&out);
        assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "at {moment:?}");
        assert!(found == expected, "bytes differ after a kill at {moment:?}");
        let after = finished(&out);
        assert!(before.iter().all(|(path, time)| after[path] == *time), "finished cells were run again");
    }
    println!("{kept_some} of 5 kills left some cells finished and some not");
}

#[test]
fn an_interrupted_sweep_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let child = command(&out, &["--threads", "1", "--replications", "100"]).spawn().unwrap();
    while finished(&out).len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    signal("-INT", &child);
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(error.contains("finished cells are kept in ") && error.contains("`--resume` goes on"), "{error}");
    assert!(output.stdout.is_empty());
    assert!((2..24).contains(&finished(&out).len()));
    assert!(!out.join("results.json").exists());
}

#[test]
fn cells_of_another_run_are_neither_kept_nor_lost() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    assert_eq!(command(&out, &["--set", "run.replications=2"]).output().unwrap().status.code(), Some(0));
    let before = files(&out);
    let refused = |more: &[&str], message: &str| {
        let output = command(&out, more).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{more:?}: {error}");
        assert!(error.contains(message), "{more:?}: {error}");
        assert!(files(&out) == before, "{more:?}");
    };
    let same = ["--set", "run.replications=2"];
    refused(&same, "holds 24 finished cells of a sweep; add `--resume` to keep them and go on");
    refused(&["--resume"], "holds cells of another sweep: the scenario");
    refused(&[&["--resume", "--seed", "2"][..], &same].concat(), "holds cells of another sweep");
    refused(&[&["--resume", "--threshold", "failure_ratio < 1%"][..], &same].concat(), "another sweep");
    let more = [&["--resume", "--vary", "idle_timeout=4m,5m"][..], &same].concat();
    refused(&more, "they vary outbound.ports=940,948");
    resumed(&out, &same);
    assert!(files(&out) == before, "nothing was left to do");
}

#[test]
fn another_version_made_other_cells() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    assert_eq!(command(&out, &["--set", "run.replications=2"]).output().unwrap().status.code(), Some(0));
    let path = out.join("cells/grid.json");
    let mut head: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    (head["version"], head["fingerprint"]) = ("0.0.1".into(), "of an earlier one".into());
    std::fs::write(&path, head.to_string()).unwrap();
    let output = command(&out, &["--resume", "--set", "run.replications=2"]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("they were made by snatsim 0.0.1, this is"), "{error}");
}

/// Whatever happens to a file: cut, emptied, a figure changed, made a folder's neighbour.
#[test]
fn damaged_cells_are_run_again_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let small = ["--set", "run.replications=2"];
    assert_eq!(command(&out, &small).output().unwrap().status.code(), Some(0));
    let expected = files(&out);
    let cell = |number: usize| out.join(format!("cells/cell-{number:05}.json"));
    let text = std::fs::read_to_string(cell(3)).unwrap();
    std::fs::write(cell(3), &text[..text.len() / 2]).unwrap();
    std::fs::write(cell(5), "").unwrap();
    let text = std::fs::read_to_string(cell(7)).unwrap();
    assert!(text.contains("\"public_ips\":1,"), "{text}");
    std::fs::write(cell(7), text.replacen("\"public_ips\":1,", "\"public_ips\":2,", 1)).unwrap();
    std::fs::copy(cell(9), cell(10)).unwrap();
    std::fs::write(out.join("cells/grid.json"), "{").unwrap();
    let output = resumed(&out, &small);
    let error = String::from_utf8_lossy(&output.stderr);
    for number in [3, 5, 7, 10] {
        assert!(
            error.contains(&format!("cell-{number:05}.json is damaged; its cell is run again")),
            "{error}"
        );
    }
    assert_eq!(error.lines().count(), 4, "{error}");
    assert!(files(&out) == expected);
}

#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    std::fs::create_dir_all(out.join("cells")).unwrap();
    std::fs::write(out.join("cells/notes.txt"), "mine").unwrap();
    std::fs::write(out.join("thesis.tex"), "mine").unwrap();
    assert_eq!(command(&out, &["--set", "run.replications=2"]).output().unwrap().status.code(), Some(0));
    let found = files(&out);
    assert_eq!((&found["cells/notes.txt"][..], &found["thesis.tex"][..]), (&b"mine"[..], &b"mine"[..]));
}

/// Files of at most 20 KiB: cells can be written, the report cannot.
#[test]
fn a_report_that_cannot_be_written_leaves_the_cells_and_no_half_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    let arguments = SWEEP.map(|argument| format!("'{argument}'")).join(" ");
    let script = format!("trap '' XFSZ; ulimit -f 40; \"$1\" {arguments} \"$2\" --set run.replications=2");
    let output = Command::new("sh")
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_snatsim")])
        .arg(&out)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{error}");
    assert!(error.contains("cannot write "), "{error}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"cells\""), "the results are lost");
    assert!(files(&out).keys().all(|name| name.starts_with("cells/")), "{:?}", files(&out).keys());
    assert_eq!(finished(&out).len(), 24);
    resumed(&out, &["--set", "run.replications=2"]);
    assert!(out.join("report.html").exists());
}

#[test]
fn cells_that_cannot_be_written_end_the_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grid");
    std::fs::create_dir_all(&out).unwrap();
    std::fs::write(out.join("cells"), "a file").unwrap();
    let output = command(&out, &[]).output().unwrap();
    assert_eq!(output.status.code(), Some(70), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());
}

#[test]
fn resuming_where_nothing_is_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("one"), folder.path().join("new/other"));
    let small = ["--set", "run.replications=2"];
    assert_eq!(command(&one, &small).output().unwrap().status.code(), Some(0));
    resumed(&other, &small);
    assert!(files(&one) == files(&other));
    let rendered = folder.path().join("rendered");
    let results = one.join("results.json");
    snatsim(&["report", results.to_str().unwrap(), "--out", rendered.to_str().unwrap()]).assert().code(0);
    let rendered = files(&rendered);
    assert!(rendered.iter().all(|(name, bytes)| files(&one)[name] == *bytes), "{:?}", rendered.keys());
}
