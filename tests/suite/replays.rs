//! Real traces: every cell of their facts, exactly.

use serde_json::Value;
use snatsim::experiment::replay::{HoldDown, Question, Replay, Replayer};
use snatsim::import::{Reading, Trace, read};
use snatsim::outbound::Sharing;
use snatsim::time::SimDuration;
use std::io::Read;
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
    let cells = cells.as_array().map_or(&[][..], Vec::as_slice);
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
    for (mode, by_time) in pools.as_object().into_iter().flatten() {
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
    let files: Vec<PathBuf> = files.iter().map(|file| path(file)).collect();
    check_files(&files, facts, inside)
}

fn check_files(files: &[PathBuf], facts: &str, inside: Option<&str>) -> usize {
    let facts: Value = serde_json::from_str(&std::fs::read_to_string(path(facts)).unwrap()).unwrap();
    let mut reading = Reading::default();
    if let Some(prefix) = inside {
        reading.inside = vec![prefix.parse().unwrap()];
    }
    let trace = read(files, &reading).unwrap();
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

/// A flow of a data set that records no connections, as its page says to make one of a row: start and duration in microseconds,
/// last parts of the addresses.
type Made = (u64, u64, u8, u8);

/// As a plain table, in order of start.
fn check_made(mut flows: Vec<Made>, facts: &str) -> usize {
    flows.sort_by_key(|(start, ..)| *start);
    let mut table = String::from("start_s,duration_s,protocol,source,destination,port\n");
    let seconds = |micros: u64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    for (start, duration, source, destination) in flows {
        let (start, duration) = (seconds(start), seconds(duration));
        table += &format!("{start},{duration},tcp,10.0.0.{source},192.0.2.{destination},443\n");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("flows.csv");
    std::fs::write(&file, table).unwrap();
    check_files(&[file], facts, None)
}

fn text_of(name: &str) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(path(name)).unwrap();
    match name.ends_with(".gz") {
        true => flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text),
        false => std::io::BufReader::new(file).read_to_string(&mut text),
    }
    .unwrap();
    text
}

/// Microseconds of a time of day within one day, `18:15:46.6805900`.
fn micros_of(time: &str) -> u64 {
    let parts: Vec<&str> = time.split([':', '.']).collect();
    let [hours, minutes, seconds, fraction] = parts[..] else { panic!("{time}") };
    let whole = [hours, minutes, seconds].iter().fold(0, |sum, part| sum * 60 + part.parse::<u64>().unwrap());
    whole * 1_000_000 + fraction[..6].parse::<u64>().unwrap()
}

/// Each request is a connection that lasts 0.5 s + 0.02 s x the tokens generated.
#[test]
fn requests_to_language_models_replay_exactly() {
    let mut flows = Vec::new();
    for (name, source, destination) in [("code", 1, 10), ("conv", 2, 20)] {
        let text = text_of(&format!("tests/data/azure-llm-2023/AzureLLMInferenceTrace_{name}.csv.gz"));
        for row in text.lines().skip(1) {
            let fields: Vec<&str> = row.trim().split(',').collect();
            let tokens: u64 = fields[2].parse().unwrap();
            let (_, time) = fields[0].split_once(' ').unwrap();
            flows.push((micros_of(time), 500_000 + 20_000 * tokens, source, destination));
        }
    }
    assert_eq!(flows.len(), 28_185);
    assert!(check_made(flows, "tests/data/azure-llm-2023/facts.json") > 40);
}

/// Each invocation holds a connection for as long as it runs; its app is a destination. The only time stored is the end.
#[test]
fn invocations_of_functions_replay_exactly() {
    let mut apps: Vec<String> = Vec::new();
    let mut flows = Vec::new();
    for row in text_of("tests/data/azure-functions-2021/Azure2021_200.csv").lines().skip(1) {
        let fields: Vec<&str> = row.trim().split(',').collect();
        let app = apps.iter().position(|app| app == fields[0]).unwrap_or_else(|| {
            apps.push(fields[0].into());
            apps.len() - 1
        });
        let micros = |field: &str| (field.parse::<f64>().unwrap() * 1e6).round() as u64;
        let (end, duration) = (micros(fields[2]), micros(fields[3]));
        flows.push((end - duration, duration, 1, app as u8 + 1));
    }
    assert_eq!((flows.len(), apps.len()), (199, 13));
    assert!(check_made(flows, "tests/data/azure-functions-2021/facts.json") > 40);
}
