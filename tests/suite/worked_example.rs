//! The README's way from `az aks show` to a gated decision, as it is written there.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

/// The commands after `begin`, without comments.
fn commands(begin: &str) -> Vec<String> {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once(begin).expect("the README has the example");
    let (_, block) = rest.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().filter(|line| !line.starts_with('#')).map(str::to_string).collect()
}

/// Runs a command line in a folder in which `models` and `tests` are those of the repository.
fn shell(folder: &Path, line: &str) -> Output {
    let snatsim = assert_cmd::cargo::cargo_bin!("snatsim").display().to_string();
    let line = line.replace("target/release/snatsim", &format!("'{snatsim}'"));
    Command::new("sh").args(["-c", &line]).current_dir(folder).output().unwrap()
}

#[test]
fn from_what_is_deployed_to_a_gated_decision_in_five_commands() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["models", "tests"] {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        std::os::unix::fs::symlink(original, folder.path().join(name)).unwrap();
    }
    let commands = commands("in five commands");
    assert_eq!(commands.len(), 5, "{commands:?}");
    let mut told = Vec::new();
    for (command, expected) in commands.iter().zip([4, 0, 0, 0, 0]) {
        let output = shell(folder.path(), command);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(expected), "{command}: {error}");
        told.push(String::from_utf8(output.stdout).unwrap());
    }
    assert!(told[0].starts_with("REFUSED: publick8s: 25 nodes"), "{}", told[0]);
    let scenario = std::fs::read_to_string(folder.path().join("shop.toml")).unwrap();
    assert!(
        scenario.contains("ports_per_node = 3200 # tests/data/config/aks-flat.json")
            && scenario.contains("name = \"recorded-tcp\"")
            && !scenario.contains("FILL IN"),
        "{scenario}"
    );
    assert!(
        told[3].starts_with("ports_per_node = 72 is the smallest that meets failure_ratio < 0.1%"),
        "{}",
        told[3]
    );
    let results = std::fs::read(folder.path().join("review-shop/results.json")).unwrap();
    let results: Value = serde_json::from_slice(&results).unwrap();
    let headroom = results["headroom"].as_f64().unwrap();
    assert!((1.45..1.65).contains(&headroom), "{headroom}");
    let thresholds: Vec<&str> = results["thresholds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["expression"].as_str().unwrap())
        .collect();
    assert_eq!(thresholds, ["failure_ratio < 0.1%", "headroom > 1.2"]);
    assert!(folder.path().join("review-shop/report.html").exists());
}
