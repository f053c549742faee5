//! A table of attempts in the format of the kernel laboratory.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::import::{Reading, TraceFormat};
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for the input"));

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("fuzzed.csv");
    std::fs::write(&path, bytes).expect("room for the input");
    drop(snatsim::import::read(&[path], &Reading { format: TraceFormat::Lab, ..Reading::default() }));
});
