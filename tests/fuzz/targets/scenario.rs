//! A scenario is read and, if accepted, planned; nothing is simulated.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::experiment::Plan;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(scenario) = snatsim::scenario::read("models/scenarios/fuzzed.toml", text, &[]) {
        drop(Plan::new(&scenario));
    }
});
