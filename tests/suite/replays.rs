//! Real traces: every cell of their facts, exactly.

use serde_json::Value;
use snatsim::experiment::replay::{HoldDown, Question, Replay, Replayer};
use snatsim::import::{Reading, Trace, read};
use snatsim::outbound::Sharing;
use snatsim::time::SimDuration;
use std::path::{Path, PathBuf};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn sharing(mode: &str) -> Sharing {
    match mode {
        "ed" => Sharing::Endpoint,
        "ei" => Sharing::Exclusive,
        "ei1" => Sharing::ExclusiveAnyProtocol,
        mode => panic!("no mode {mode}"),
    }
}

const SECONDS: fn(u64) -> SimDuration = SimDuration::from_secs;

fn by_end() -> HoldDown {
    HoldDown::ByEnd { fin: SECONDS(65), rst: SECONDS(16), half_open: SECONDS(30), udp: SECONDS(65) }
}

fn replay(trace: &Trace, question: &Question) -> Replay {
    let mut replayer = Replayer::new(*question);
    trace.flows.iter().for_each(|flow| replayer.take(flow));
    replayer.finish(trace.tally.clone())
}

fn check_cells(trace: &Trace, cells: &Value, faster: u64) -> usize {
    let cells = cells.as_array().unwrap();
    for cell in cells {
        let hold_down =
            cell["cooldown_s"].as_u64().map_or_else(by_end, |span| HoldDown::Fixed(SECONDS(span)));
        let question = Question {
            sharing: sharing(cell["mode"].as_str().unwrap()),
            ports: Some(cell["ports"].as_u64().unwrap() as u32),
            hold_down,
            arrivals_faster: faster,
        };
        let found = replay(trace, &question);
        assert_eq!(found.failed, cell["failed"].as_u64(), "{cell}");
        assert_eq!(found.failed_tcp, cell["failed_tcp"].as_u64(), "{cell}");
        assert_eq!(found.failed_udp, cell["failed_udp"].as_u64(), "{cell}");
        assert_eq!(found.first_failed_us, cell["first_failed_us"].as_u64(), "{cell}");
        assert_eq!(found.failed_sha256.as_deref(), cell["failed_sha256"].as_str(), "{cell}");
    }
    cells.len()
}

fn check_pools(trace: &Trace, pools: &Value, faster: u64) -> usize {
    let mut checked = 0;
    for (mode, by_time) in pools.as_object().unwrap() {
        let cells: Vec<(HoldDown, u64)> = match by_time {
            Value::Number(pool) => vec![(by_end(), pool.as_u64().unwrap())],
            times => times
                .as_object()
                .unwrap()
                .iter()
                .map(|(span, pool)| (HoldDown::Fixed(SECONDS(span.parse().unwrap())), pool.as_u64().unwrap()))
                .collect(),
        };
        for (hold_down, pool) in cells {
            let question =
                Question { sharing: sharing(mode), ports: None, hold_down, arrivals_faster: faster };
            assert_eq!(
                u64::from(replay(trace, &question).smallest_pool_without_failure),
                pool,
                "{mode} {hold_down:?}"
            );
            checked += 1;
        }
    }
    checked
}

/// Checks a trace against its facts; gives the number of cells.
fn check(files: &[&str], facts: &str, inside: Option<&str>) -> usize {
    let facts: Value = serde_json::from_str(&std::fs::read_to_string(path(facts)).unwrap()).unwrap();
    let mut reading = Reading::default();
    if let Some(prefix) = inside {
        reading.inside = vec![prefix.parse().unwrap()];
    }
    let files: Vec<PathBuf> = files.iter().map(|file| path(file)).collect();
    let trace = read(&files, &reading).unwrap();
    let ports = Question { sharing: Sharing::Endpoint, ports: None, hold_down: by_end(), arrivals_faster: 1 };
    let found = replay(&trace, &ports);
    assert_eq!(found.records, facts["records"].as_u64().unwrap());
    assert_eq!(serde_json::to_value(&found.not_used).unwrap(), facts["not_used"]);
    let outbound = &facts["outbound"];
    assert_eq!(found.flows, outbound["flows"].as_u64().unwrap());
    assert_eq!(found.tcp, outbound["tcp"].as_u64().unwrap());
    assert_eq!(found.udp, outbound["udp"].as_u64().unwrap());
    assert_eq!(found.destinations, outbound["destinations"].as_u64().unwrap());
    assert_eq!(found.missing_duration, outbound["missing_duration"].as_u64().unwrap());
    let peaks = &facts["peak_concurrent"];
    assert_eq!(u64::from(found.peak_concurrent), peaks["all"].as_u64().unwrap());
    assert_eq!(
        u64::from(found.peak_concurrent_destination),
        peaks["per_destination"][0]["peak"].as_u64().unwrap()
    );
    let mut cells = check_cells(&trace, &facts["replay"], 1);
    cells += check_pools(&trace, &facts["smallest_pool_without_failure"], 1);
    cells += check_cells(&trace, &facts["cooldown_by_end"]["replay"], 1);
    cells += check_pools(&trace, &facts["cooldown_by_end"]["smallest_pool_without_failure"], 1);
    for (faster, part) in facts["arrivals_faster"].as_object().into_iter().flatten() {
        let faster = faster.parse().unwrap();
        cells += check_cells(&trace, &part["replay"], faster);
        cells += check_pools(&trace, &part["smallest_pool_without_failure"], faster);
    }
    cells
}

#[test]
fn the_m57_office_day_replays_exactly() {
    assert!(check(&["models/traces/m57-conn.log.gz"], "tests/data/m57-facts.json", None) > 100);
}

#[test]
fn the_busy_machine_of_zat_replays_exactly() {
    assert!(check(&["tests/data/zat/conn.log"], "tests/data/zat/facts.json", None) > 50);
}

#[test]
fn both_days_of_the_azure_lab_replay_exactly() {
    let file = |name: &str| format!("tests/data/apt29/{name}_conn.json.gz");
    let day = |names: &[&str]| names.iter().map(|name| file(name)).collect::<Vec<String>>();
    for (names, facts) in [
        (day(&["day1_NASHUA", "day1_SCRANTON"]), "tests/data/apt29/facts-day1.json"),
        (
            day(&["day2_UTICA-A", "day2_UTICA-ONE-DRIVE", "day2_UTICA-C", "day2_UTICA-D"]),
            "tests/data/apt29/facts-day2.json",
        ),
    ] {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(check(&names, facts, Some("10.0.0.0/8")) > 50);
    }
}
