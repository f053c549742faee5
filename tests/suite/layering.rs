//! Lower layers never name upper ones.

use std::path::{Path, PathBuf};

/// From the ground up; entries of one line may name one another.
const LAYERS: [&[&str]; 12] = [
    &["time", "random", "error", "event_queue", "flow"],
    &["snat"],
    &["workload"],
    &["outbound", "cluster"],
    &["simulation"],
    &["metrics", "analytic"],
    &["import"],
    &["profile", "scenario"],
    &["experiment"],
    &["report"],
    &["cli"],
    &["main", "lib"],
];

fn rank(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` is in no layer"))
}

/// Every Rust file below `folder`.
pub fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Modules named as `crate::NAME` in code, docs and tests left out.
fn named(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let parts = lines.flat_map(|line| line.split("crate::").skip(1));
    let name =
        |part: &str| part.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    parts.map(name).filter(|name: &String| !name.is_empty()).collect()
}

fn violations(module: &str, text: &str) -> Vec<String> {
    let above = |name: &String| rank(name) > rank(module);
    named(text).into_iter().filter(above).map(|name| format!("`{module}` names `{name}`")).collect()
}

/// The module at the top and the text of every file.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 40);
    let read = |file: &PathBuf| {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        (module.trim_end_matches(".rs").to_string(), std::fs::read_to_string(file).unwrap())
    };
    files.iter().map(read).collect()
}

#[test]
fn no_file_names_a_layer_above_its_own() {
    let found: Vec<String> = files().iter().flat_map(|(module, text)| violations(module, text)).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn only_the_command_line_knows_clap() {
    let mut modules: Vec<String> =
        files().into_iter().filter(|(_, text)| text.contains("clap::")).map(|(module, _)| module).collect();
    modules.dedup();
    assert_eq!(modules, ["cli"]);
}

#[test]
fn a_violation_is_found() {
    assert_eq!(violations("snat", "use crate::report::text;"), ["`snat` names `report`"]);
}
