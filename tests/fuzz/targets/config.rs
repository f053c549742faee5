//! Deployed configuration is read, judged, shown in every form, and written as a scenario.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::experiment::check::of_subjects;
use snatsim::report::{Format, render};
use snatsim::scenario::deployed::{scenario_text, subjects, with_type};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(deployed) = snatsim::import::config::read(&[("fuzzed.json".into(), text.into())]) else { return };
    let asked = subjects(&with_type(deployed.clone(), "userAssignedNATGateway"));
    drop(of_subjects(&asked).expect("subjects are judged"));
    let subjects = subjects(&deployed);
    if let Some(check) = of_subjects(&subjects).expect("subjects are judged") {
        for format in
            [Format::Text, Format::Json, Format::Markdown, Format::Csv, Format::Junit, Format::Github]
        {
            render(&check, format).expect("a check has every form");
        }
    }
    for subject in &subjects {
        drop(snatsim::scenario::read_judged("imported.toml", &scenario_text(subject), &[]));
    }
});
