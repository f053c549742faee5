//! No file takes a transcendental function from the platform, whose library differs between processors.

use super::layering::sources;
use std::path::Path;

/// Methods of `f64` that the platform's library answers; `sqrt` is exact everywhere.
const PLATFORM: [&str; 22] = [
    "ln", "ln_1p", "log", "log2", "log10", "exp", "exp2", "exp_m1", "powf", "sin", "cos", "tan", "asin",
    "acos", "atan", "atan2", "sin_cos", "sinh", "cosh", "tanh", "cbrt", "hypot",
];

/// Calls in code, docs and tests left out.
fn calls(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let used = |line: &&str, name: &str| {
        line.contains(&format!(".{name}(")) || line.contains(&format!("f64::{name}"))
    };
    lines
        .filter(|line| PLATFORM.iter().any(|name| used(line, name)))
        .map(|line| line.trim().to_string())
        .collect()
}

#[test]
fn no_file_uses_the_platforms_mathematics() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.retain(|file| file.file_name().is_some_and(|name| name != "tests.rs"));
    let found = files.iter().flat_map(|file| {
        let text = std::fs::read_to_string(file).unwrap();
        calls(&text).into_iter().map(move |line| format!("{}: {line}", file.display()))
    });
    assert_eq!(found.collect::<Vec<_>>(), Vec::<String>::new(), "take them from the `libm` crate");
}

#[test]
fn a_call_of_the_platform_is_found() {
    assert_eq!(calls("let x = y.powf(2.0);\nlet z = libm::log(y);"), ["let x = y.powf(2.0);"]);
}
