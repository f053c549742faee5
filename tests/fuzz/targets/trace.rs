//! A table or a Zeek log of either form, plain or compressed, whose format is found out.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::import::Reading;
use std::path::PathBuf;
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for the input"));

fuzz_target!(|bytes: &[u8]| {
    let name = if bytes.starts_with(&[0x1F, 0x8B]) { "fuzzed.gz" } else { "fuzzed" };
    let path: PathBuf = FOLDER.path().join(name);
    std::fs::write(&path, bytes).expect("room for the input");
    drop(snatsim::import::read(&[path], &Reading::default()));
});
