//! Parts of a sweep that ran apart, against one run.

use super::command_line::snatsim;
use super::outputs::files;
use serde_json::Value;
use std::path::Path;

const SWEEP: [&str; 11] = [
    "sweep",
    "models/scenarios/hot-node.toml",
    "--vary",
    "ports_per_node=1001,64..256:64",
    "--vary",
    "idle_timeout=4m,10m",
    "--replications",
    "2",
    "--set",
    "run.duration=120s",
    "--reproducible",
];

fn sweep(out: &Path, more: &[&str]) -> Vec<u8> {
    let arguments = [&SWEEP[..], &["-o", "json", "--out", out.to_str().unwrap()], more].concat();
    let output = snatsim(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn merged(parts: &[&Path], more: &[&str]) -> std::process::Output {
    let parts: Vec<&str> = parts.iter().map(|part| part.to_str().unwrap()).collect();
    snatsim(&[&["merge", "-o", "json"][..], &parts, more].concat()).output().unwrap()
}

fn assert_not_merged(parts: &[&Path], messages: &[&str]) {
    let output = merged(parts, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(6), "{error}");
    assert!(output.stdout.is_empty());
    for message in messages {
        assert!(error.contains(message), "{message} is not in {error}");
    }
}

#[test]
fn parts_of_any_number_are_what_one_run_is_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let printed = sweep(&whole, &[]);
    let expected = files(&whole);
    for of in [1, 2, 3, 12] {
        let parts: Vec<_> = (1..=of).map(|number| folder.path().join(format!("{number}-of-{of}"))).collect();
        for (number, part) in parts.iter().enumerate() {
            sweep(part, &["--shard", &format!("{}/{of}", number + 1)]);
        }
        // The order of parts does not matter.
        let reversed: Vec<&Path> = parts.iter().rev().map(|part| part.as_path()).collect();
        let out = folder.path().join(format!("merged-{of}"));
        let output = merged(&reversed, &["--out", out.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout == printed, "{of} parts print something else");
        assert_eq!(files(&out).keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        assert!(files(&out) == expected, "{of} parts");
    }
}

#[test]
fn parts_may_share_a_directory_and_a_merged_one_can_be_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, shared) = (folder.path().join("whole"), folder.path().join("shared"));
    let printed = sweep(&whole, &[]);
    for part in ["2/3", "1/3", "3/3"] {
        sweep(&shared, &["--resume", "--shard", part]);
    }
    assert!(merged(&[&shared], &["--out", shared.to_str().unwrap()]).stdout == printed);
    assert!(sweep(&shared, &["--resume"]) == printed);
}

#[test]
fn a_part_holds_its_cells_alone_and_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("part");
    let printed: Value = serde_json::from_slice(&sweep(&out, &["--shard", "2/3"])).unwrap();
    let cells: Vec<u64> =
        printed["cells"].as_array().unwrap().iter().map(|cell| cell["cell"].as_u64().unwrap()).collect();
    assert_eq!((cells, &printed["part"]), (vec![1, 4, 7], &"2/3".into()));
    assert!(files(&out).keys().all(|name| name.starts_with("cells/")), "a part has no report");
    let arguments = [&SWEEP[..], &["--out", out.to_str().unwrap(), "--shard", "2/3", "--resume"]].concat();
    let text = String::from_utf8(snatsim(&arguments).output().unwrap().stdout).unwrap();
    assert!(text.contains("Part 2/3: ") && text.contains("join them: snatsim merge PART..."), "{text}");
}

#[test]
fn missing_parts_and_cells_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = ["1/3", "2/3", "3/3"].map(|part| {
        let out = folder.path().join(part.replace('/', "-of-"));
        sweep(&out, &["--shard", part]);
        out
    });
    assert_not_merged(
        &[&one, &three],
        &["3 of 10 cells are missing: 2, 5, 8; they are of 2/3: run `--shard 2/3 --resume`"],
    );
    let nowhere = folder.path().join("4-of-3");
    assert_not_merged(&[&one, &nowhere, &two], &["4-of-3: is no part of a sweep"]);
    assert_not_merged(&[folder.path()], &["is no part of a sweep"]);
    std::fs::remove_file(two.join("cells/cell-00004.json")).unwrap();
    assert_not_merged(&[&one, &two, &three], &["1 of 10 cells are missing: 5; they are of 2/3"]);
    std::fs::write(two.join("cells/cell-00007.json"), "{}").unwrap();
    assert_not_merged(&[&one, &two, &three], &["cell-00007.json: is damaged; run its part again"]);
    sweep(&two, &["--shard", "2/3", "--resume"]);
    assert_eq!(merged(&[&one, &two, &three], &[]).status.code(), Some(0));
}

#[test]
fn parts_of_different_sweeps_are_not_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    sweep(&one, &["--shard", "1/2"]);
    sweep(&two, &["--shard", "2/2", "--seed", "2"]);
    assert_not_merged(&[&one, &two], &["two: is of another sweep than", "the scenario"]);
    std::fs::copy(two.join("cells/cell-00001.json"), one.join("cells/cell-00001.json")).unwrap();
    assert_not_merged(&[&one], &["cell-00001.json: is a cell of another sweep; remove it"]);
}

#[test]
fn without_reproducible_a_merge_differs_by_performance_alone() {
    let folder = tempfile::tempdir().unwrap();
    let sweep = |out: &Path, more: &[&str]| {
        let arguments = [&SWEEP[..10], &["-o", "json", "--out", out.to_str().unwrap()], more].concat();
        snatsim(&arguments).output().unwrap().stdout
    };
    let mut whole: Value = serde_json::from_slice(&sweep(&folder.path().join("whole"), &[])).unwrap();
    let parts = ["1/2", "2/2"].map(|part| {
        let out = folder.path().join(part.replace('/', "-"));
        sweep(&out, &["--shard", part]);
        out
    });
    let found: Value = serde_json::from_slice(&merged(&[&parts[0], &parts[1]], &[]).stdout).unwrap();
    let performance = whole.as_object_mut().unwrap().remove("performance").unwrap();
    assert_eq!((&performance["cells_run"], &performance["cells_kept"]), (&10.into(), &0.into()));
    assert_eq!(whole, found);
}
