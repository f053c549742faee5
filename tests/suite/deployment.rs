//! The files of `deploy/`: their command lines, run with every index as a scheduler would.

#![cfg(unix)]

use super::outputs::files;
use std::path::{Path, PathBuf};
use std::process::Command;
use yaml_rust2::{Yaml, YamlLoader};

const NODE: &str = "models/scenarios/default-node.toml";
const SHORT: &str = "\n[run]\nduration = \"60s\"\nreplications = 2\n";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A scenario that takes no time, and a shell that finds the program.
fn shell(folder: &Path) -> Command {
    let scenario = folder.join("night.toml");
    if !scenario.exists() {
        let text = std::fs::read_to_string(root().join(NODE)).unwrap();
        let text = text.split("\n[run]").next().unwrap().to_string();
        let text = text.split("\n[[threshold]]").next().unwrap();
        std::fs::write(&scenario, format!("{text}{SHORT}")).unwrap();
    }
    let programs = Path::new(env!("CARGO_BIN_EXE_snatsim")).parent().unwrap().display().to_string();
    let mut command = Command::new("sh");
    command.env("PATH", format!("{programs}:{}", std::env::var("PATH").unwrap())).current_dir(folder);
    command.env("SCENARIO", scenario);
    command
}

fn assert_succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

fn job(name: &str) -> Yaml {
    let text = std::fs::read_to_string(root().join("deploy").join(name)).unwrap();
    let mut documents = YamlLoader::load_from_str(&text).unwrap();
    assert_eq!(documents.len(), 1, "{name}");
    let job = documents.remove(0);
    assert_eq!((job["apiVersion"].as_str(), job["kind"].as_str()), (Some("batch/v1"), Some("Job")));
    job
}

fn container(job: &Yaml) -> &Yaml {
    &job["spec"]["template"]["spec"]["containers"][0]
}

/// The container's own command, with its own environment but for what `changed` says.
fn run(container: &Yaml, folder: &Path, changed: &[(&str, &str)]) {
    let mut command = shell(folder);
    let words = container["command"].as_vec().unwrap().iter().chain(container["args"].as_vec().unwrap());
    let words: Vec<&str> = words.map(|word| word.as_str().unwrap()).collect();
    assert_eq!(words[0], "sh");
    for variable in container["env"].as_vec().unwrap() {
        let name = variable["name"].as_str().unwrap();
        if name != "SCENARIO" {
            command.env(name, variable["value"].as_str().unwrap());
        }
    }
    assert_succeeds(command.args(&words[1..]).envs(changed.iter().copied()));
}

/// What one run of the same grid writes.
fn whole(folder: &Path) -> PathBuf {
    let out = folder.join("whole");
    let line = "exec snatsim sweep \"$SCENARIO\" --vary public_ips=1..16 \
                --vary outbound.model=azure/load-balancer,azure/nat-gateway --reproducible --out whole";
    assert_succeeds(shell(folder).args(["-c", line]));
    out
}

#[test]
fn the_parts_of_the_indexed_job_are_one_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let (sweep, merge) = (job("kubernetes-sweep.yaml"), job("kubernetes-merge.yaml"));
    let spec = &sweep["spec"];
    assert_eq!(spec["completionMode"].as_str(), Some("Indexed"));
    let completions = spec["completions"].as_i64().unwrap();
    let parts =
        container(&sweep)["env"].as_vec().unwrap().iter().find(|each| each["name"].as_str() == Some("PARTS"));
    assert_eq!(parts.unwrap()["value"].as_str(), Some(completions.to_string().as_str()));
    let out = folder.path().join("sweep");
    let to = ("OUT", out.to_str().unwrap());
    // In any order, some of them twice.
    for index in (0..completions).rev().chain([0, 3]) {
        run(container(&sweep), folder.path(), &[("JOB_COMPLETION_INDEX", &index.to_string()), to]);
    }
    run(container(&merge), folder.path(), &[to]);
    assert!(files(&out.join("merged")) == files(&whole(folder.path())));
}

#[test]
fn the_tasks_of_the_array_job_are_one_sweep() {
    let folder = tempfile::tempdir().unwrap();
    let script = root().join("deploy/slurm-sweep.sh");
    let text = std::fs::read_to_string(&script).unwrap();
    let array = text.lines().find_map(|line| line.strip_prefix("#SBATCH --array=1-")).unwrap();
    let tasks: u32 = array.parse().unwrap();
    for task in 1..=tasks {
        let mut command = shell(folder.path());
        command.arg(&script).env("SLURM_ARRAY_TASK_ID", task.to_string()).env("SLURM_CPUS_PER_TASK", "2");
        assert_succeeds(command.env("SLURM_ARRAY_TASK_COUNT", array));
    }
    let wrapped = text.lines().find_map(|line| line.split("--wrap '").nth(1)).unwrap().trim_end_matches('\'');
    assert_succeeds(shell(folder.path()).args(["-c", wrapped]));
    assert!(files(&folder.path().join("sweep/merged")) == files(&whole(folder.path())));
}
