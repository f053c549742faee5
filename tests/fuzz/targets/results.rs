//! Results that were read back are shown in every form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::report::read::results;
use snatsim::report::{Format, render};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(read) = results("fuzzed.json", text) {
        for format in
            [Format::Text, Format::Json, Format::Markdown, Format::Csv, Format::Junit, Format::Github]
        {
            drop(render(&read, format));
        }
    }
});
