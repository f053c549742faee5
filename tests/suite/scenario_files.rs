//! Files that a scenario names lie where the scenario says, wherever the program is run.

use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;

const TRACE: &str = "start_s,duration_s,protocol,source,destination,port\n1,2,tcp,10.0.0.1,203.0.113.1,443\n\
                     2,2,tcp,10.0.0.1,203.0.113.1,443\n";

/// `scenarios/office.toml` names `../traces/flows.csv` and `times.txt` beside itself; `elsewhere` has neither.
fn project() -> TempDir {
    let project = tempfile::tempdir().unwrap();
    for folder in ["scenarios", "traces", "elsewhere"] {
        std::fs::create_dir(project.path().join(folder)).unwrap();
    }
    let write = |name: &str, text: &str| std::fs::write(project.path().join(name), text).unwrap();
    write("traces/flows.csv", TRACE);
    write("scenarios/times.txt", "# seconds\n2s\n2s\n");
    write("scenarios/office.toml", &office("times.txt"));
    project
}

fn office(times: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = 1\nhold_down.fin.empirical.file = \"{times}\"\n[[workload]]\n\
         arrivals.trace = {{ files = [\"../traces/flows.csv\"] }}\nsyn = \"none\"\n[run]\nduration = \"10s\"\nreplications = 1\n"
    )
}

fn run(folder: &Path, scenario: &str, arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("snatsim");
    command.current_dir(folder).args(["run", scenario, "-o", "json"]).args(arguments);
    command
}

fn results(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|why| panic!("{why}: {error}"))
}

#[test]
fn the_folder_of_the_scenario_counts_and_not_the_working_directory() {
    let project = project();
    let absolute = project.path().join("scenarios/office.toml");
    for (folder, scenario) in [
        ("", "scenarios/office.toml"),
        ("scenarios", "office.toml"),
        ("elsewhere", "../scenarios/office.toml"),
        ("elsewhere", absolute.to_str().unwrap()),
    ] {
        let found = results(&mut run(&project.path().join(folder), scenario, &[]));
        // The only port rests 2 s after the first flow, so the second finds none.
        assert_eq!((&found["totals"]["attempts"], &found["totals"]["snat_failures"]), (&2.into(), &1.into()));
        let named = &found["scenario"]["workload"][0]["arrivals"]["trace"]["files"][0];
        assert_eq!(named, "../traces/flows.csv", "as written, in {folder}");
    }
}

#[test]
fn a_scenario_from_standard_input_names_files_from_the_working_directory() {
    let project = project();
    let mut command = run(&project.path().join("elsewhere"), "-", &[]);
    let found = results(command.write_stdin(office("../scenarios/times.txt")));
    assert_eq!(found["totals"]["attempts"], 2);
}

#[test]
fn a_file_that_is_not_there_is_named_with_the_folder_it_was_looked_for_in() {
    let project = project();
    for (key, place) in [
        ("workload.0.arrivals.trace.files", "scenarios/gone.csv: cannot be read"),
        ("outbound.hold_down.fin.empirical.file", "cannot read `scenarios/gone.csv`"),
    ] {
        let value = if key.ends_with("files") { "[\"gone.csv\"]" } else { "gone.csv" };
        let set = format!("{key}={value}");
        let output = run(project.path(), "scenarios/office.toml", &["--set", &set]).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{error}");
        assert!(error.contains(place), "{error}");
    }
}

/// A list that is searched once for each of its names takes hours at this length.
#[test]
fn many_destinations_are_read_in_a_moment() {
    let names = || (0..100_000).map(|number| format!("d{number}"));
    let weights: Vec<String> = names().map(|name| format!("{name} = 1")).collect();
    let tables: String = names().map(|name| format!("[[destination]]\nname = \"{name}\"\n")).collect();
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = 64\n[[workload]]\nlifetime = \"1s\"\narrivals.poisson = {{ rate = \"10 per s\" }}\n\
         destinations = {{ {} }}\n[run]\nduration = \"10s\"\n{tables}",
        weights.join(", ")
    );
    assert_eq!(crate::check::scenario(&text, &[]).destinations.len(), 100_000);
}
