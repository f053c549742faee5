//! Annotations and summaries for GitHub Actions.

use super::command_line::snatsim;

const BURST: &str = "tests/scenarios/o-db1.toml";

/// What a command prints, and what it appends to a summary that holds something already.
fn summary(arguments: &[&str]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("summary.md");
    std::fs::write(&file, "# Before\n").unwrap();
    let output = snatsim(arguments).env("GITHUB_STEP_SUMMARY", &file).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), std::fs::read_to_string(file).unwrap())
}

#[test]
fn a_summary_is_appended_for_github_and_for_nothing_else() {
    let run = ["run", BURST, "--threshold", "failure_ratio < 1%", "-o"];
    let (annotations, added) = summary(&[&run[..], &["github"]].concat());
    assert!(annotations.starts_with("::error title=failure_ratio < 1%25::"), "{annotations}");
    let markdown = snatsim(&[&run[..], &["markdown", "--reproducible"]].concat()).output().unwrap();
    let markdown = String::from_utf8(markdown.stdout).unwrap();
    assert_eq!(added, format!("# Before\n{markdown}"));
    assert_eq!(summary(&[&run[..], &["markdown"]].concat()).1, "# Before\n");
}

#[test]
fn every_command_with_a_verdict_has_a_summary() {
    let target = ["--target", "failure_ratio < 1%"];
    let commands: [&[&str]; 5] = [
        &[
            "compare",
            "models/scenarios/minute-herd.toml",
            "--set",
            "run.duration=120s",
            "--option",
            "model=azure/nat-gateway",
        ],
        &["size", BURST, "--vary", "ports_per_node=1000,2000", target[0], target[1]],
        &["sweep", BURST, "--vary", "outbound.ports=1000,2000"],
        &["check", "models/scenarios/hot-node.toml"],
        &["sensitivity", BURST, "--vary", "outbound.ports=1000,2000", "--threshold", "failure_ratio < 1%"],
    ];
    for command in commands {
        let (_, added) = summary(&[command, &["-o", "github"]].concat());
        assert!(added.starts_with("# Before\n# ") && added.len() > 100, "{command:?}: {added}");
    }
}

#[test]
fn a_summary_that_cannot_be_written_is_told_after_the_annotations() {
    let output = snatsim(&["run", BURST, "--threshold", "failure_ratio < 1%", "-o", "github"])
        .env("GITHUB_STEP_SUMMARY", "/no/such/folder/summary.md")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(70));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("::error"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/no/such/folder/summary.md"));
}
