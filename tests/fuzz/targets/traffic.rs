//! Flow logs, conntrack, tcplife and tcptracer, each file read as every one of them, and what comes of it written as a scenario.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snatsim::experiment::traffic::{Observer, Wanted};
use snatsim::import::{BadLines, Reading, TraceFormat, each};
use snatsim::report::traffic::{in_place_of, scenario_text};
use std::sync::LazyLock;

static FOLDER: LazyLock<tempfile::TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("a folder for the input"));

fuzz_target!(|bytes: &[u8]| {
    let path = FOLDER.path().join("fuzzed");
    std::fs::write(&path, bytes).expect("room for the input");
    for format in [
        TraceFormat::Auto,
        TraceFormat::VnetFlowLog,
        TraceFormat::NsgFlowLog,
        TraceFormat::ConntrackEvents,
        TraceFormat::ConntrackList,
        TraceFormat::Tcplife,
        TraceFormat::Tcptracer,
    ] {
        let reading = Reading { format, bad_lines: BadLines::Skip, ..Reading::default() };
        let mut observer = Observer::default();
        let Ok(tally) = each(std::slice::from_ref(&path), &reading, &mut |flow| observer.take(&flow)) else { continue };
        let wanted = Wanted { destinations: 3, inside: Vec::new(), anonymized: false };
        if let Ok(traffic) = observer.finish(tally, &wanted) {
            let scenario = scenario_text(&traffic);
            drop(snatsim::scenario::read("imported.toml", &scenario, &[]));
            let joined = in_place_of("imported.toml", &scenario, &traffic, None).expect("a scenario takes traffic");
            drop(snatsim::scenario::read("joined.toml", &joined, &[]));
        }
    }
});
