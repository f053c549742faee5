//! `import traffic`: a workload like the recorded traffic, figures by hand, and a scenario that runs as it is.

use super::command_line::snatsim;
use super::imported_traffic::{imported, text, traffic};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use snatsim::workload::{Arrivals, Workload};
use std::fmt::Write;

const HEADER: &str = "start_s,duration_s,protocol,source,destination,port,end\n";
const RECORDS: [&str; 7] = [
    "tests/data/traffic/vnet-v4.json",
    "tests/data/traffic/conntrack-events.txt",
    "tests/data/traffic/tcplife.txt",
    "tests/data/traffic/tcplife.csv",
    "tests/data/traffic/tcptracer.txt",
    "tests/data/zat/conn.log",
    "models/traces/m57-conn.log.gz",
];

fn piped(input: &str, arguments: &[&str]) -> std::process::Output {
    let all = [&["import", "traffic", "-"], arguments].concat();
    snatsim(&all).write_stdin(input.to_string()).output().unwrap()
}

fn figures(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&imported(&[arguments, &["-o", "json"]].concat()))).unwrap()
}

fn figures_of(input: &str) -> Value {
    serde_json::from_str(&text(&piped(input, &["-o", "json"]))).unwrap()
}

fn refused(input: &str, message: &str) {
    let output = piped(input, &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
    assert!(error.contains(message), "{error}");
}

fn run(scenario: &str) -> (Option<i32>, String) {
    let output =
        snatsim(&["run", "-", "--replications", "1"]).write_stdin(scenario.to_string()).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).to_string())
}

/// 8 flows in 40 s; counts of 10 s are 4, 0, 2, 2.
fn by_hand() -> String {
    let flows = [
        "0.5,1,tcp,10.0.0.1,203.0.113.1,443,fin",
        "1.1,2,tcp,10.0.0.1,203.0.113.1,443,fin",
        "1.9,3,tcp,10.0.0.2,203.0.113.2,443,rst",
        "9,,tcp,10.0.0.1,203.0.113.1,80,half_open",
        "20,0,tcp,10.0.0.1,203.0.113.1,443,fin",
        "21,4,tcp,10.0.0.2,203.0.113.1,443,fin",
        "30,5,udp,10.0.0.1,203.0.113.53,53,",
        "39.75,1,tcp,10.0.0.2,203.0.113.2,443,fin",
    ];
    HEADER.to_string() + &flows.join("\n")
}

#[test]
fn figures_are_those_that_can_be_counted() {
    let found = figures_of(&by_hand());
    assert_eq!(
        [&found["flows"], &found["duration_s"], &found["flows_by_source"]],
        [&json!(8), &json!(40), &json!([5, 3])]
    );
    let tcp = &found["workloads"][0];
    assert_eq!(
        [&tcp["protocol"], &tcp["flows"], &tcp["flows_by_source"]],
        [&json!("tcp"), &json!(7), &json!([4, 3])]
    );
    let arrivals = &tcp["arrivals"];
    assert_eq!([&arrivals["mean_per_s"], &arrivals["steady_chance"]], [&json!(7.0 / 40.0), &Value::Null]);
    let windows: Vec<u64> = arrivals["dispersion"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["window_s"].as_u64().unwrap())
        .collect();
    assert!([1, 10, 65, 240, 300].iter().all(|window| windows.contains(window)), "{windows:?}");
    // TCP counts of 10 s are 4, 0, 2, 1: mean 7/4, variance (21 - 49/4) / 3.
    let of_10 =
        arrivals["dispersion"].as_array().unwrap().iter().find(|each| each["window_s"] == 10).unwrap();
    assert_eq!(of_10["windows"], 4);
    assert!((of_10["recorded"].as_f64().unwrap() - (21.0 - 12.25) / 3.0 / 1.75).abs() < 1e-12, "{of_10}");
    let ends: Vec<f64> =
        ["fin", "rst", "half_open"].iter().map(|end| tcp["ends"][*end].as_f64().unwrap()).collect();
    assert!((ends[0] - 5.0 / 7.0).abs() < 1e-12 && ends[1] == 1.0 / 7.0 && ends[2] == 1.0 / 7.0, "{ends:?}");
    // 1, 2, 3, 0, 4 and 1 s; the half-open flow has none.
    let lifetime = &tcp["lifetime"];
    assert_eq!(
        [&lifetime["known"], &lifetime["zero"], &lifetime["max_s"]],
        [&json!(6), &json!(1), &json!(4.0)]
    );
    assert!((lifetime["mean_s"].as_f64().unwrap() - 11.0 / 6.0).abs() < 1e-12);
    let named = &tcp["destinations"]["named"];
    assert_eq!(named[0], json!({ "address": "203.0.113.1", "port": 443, "flows": 4, "share": 4.0 / 7.0 }));
    assert_eq!(found["workloads"][1]["ends"], Value::Null);
}

/// Each workload of the scenario has the rate, mean lifetime, ends and destinations that were found.
#[test]
fn the_scenario_says_what_was_found_and_runs_as_it_is() {
    for record in RECORDS {
        let (scenario, found) = (text(&imported(&[record])), figures(&[record]));
        let read = snatsim::scenario::read("imported.toml", &scenario, &[])
            .unwrap_or_else(|why| panic!("{record}: {why}"));
        assert_eq!(read.workloads.len(), found["workloads"].as_array().unwrap().len(), "{record}");
        for (workload, found) in read.workloads.iter().zip(found["workloads"].as_array().unwrap()) {
            let seconds = read.run.duration.as_secs_f64();
            let flows = expected_flows(workload, seconds);
            assert!((flows / found["flows"].as_f64().unwrap() - 1.0).abs() < 1e-4, "{record}: {flows}");
            let mean = found["lifetime"]["mean_s"].as_f64().unwrap_or(0.0);
            let off = (workload.lifetime.mean() - mean).abs();
            // A law may be off by a tenth; lifetimes that stand for themselves are not.
            assert!(off <= 0.1 * mean + 1e-9, "{record}: {} and {mean}", workload.lifetime.mean());
            if let Some(share) = found["destinations"]["named"][0]["share"].as_f64() {
                let (_, hottest) =
                    workload.destinations.iter().max_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
                assert!((hottest - share).abs() < 1e-5, "{record}: {hottest}");
            }
        }
        let (status, error) = run(&scenario);
        assert!(matches!(status, Some(0 | 1 | 3)), "{record}: {error}");
    }
}

fn expected_flows(workload: &Workload, seconds: f64) -> f64 {
    match &workload.arrivals {
        Arrivals::Poisson { rate } => rate * seconds,
        Arrivals::Piecewise(series) => {
            let ends = series.points.iter().skip(1).map(|point| point.0.as_secs_f64()).chain([seconds]);
            series
                .points
                .iter()
                .zip(ends)
                .map(|((start, rate), end)| rate * (end - start.as_secs_f64()))
                .sum()
        }
        other => panic!("{other:?}"),
    }
}

/// A steady Poisson process of 2 a second whose lifetimes are exponential with mean 3 s, an hour of it.
fn simple(seed: u64) -> String {
    let mut draws = SmallRng::seed_from_u64(seed);
    let mut exponential = |mean: f64| -mean * (1.0 - draws.random::<f64>()).ln();
    let (mut now, mut table) = (0.0, HEADER.to_string());
    while now < 3_600.0 {
        writeln!(table, "{now:.6},{:.6},tcp,10.0.0.1,203.0.113.1,443,fin", exponential(3.0)).unwrap();
        now += exponential(0.5);
    }
    table
}

/// The standard error of the rate and of the mean is 1.2 %. Each test refuses a true law once in 20 times: 3 of 10 are refused
/// once in 87 times, 5 once in 16,000.
#[test]
fn simple_traffic_gives_the_simple_scenario() {
    let (mut steady, mut exponential) = (0, 0);
    for seed in 1..=10 {
        let found = figures_of(&simple(seed));
        let tcp = &found["workloads"][0];
        assert!((tcp["arrivals"]["mean_per_s"].as_f64().unwrap() / 2.0 - 1.0).abs() < 0.05, "{tcp}");
        assert!((tcp["lifetime"]["mean_s"].as_f64().unwrap() / 3.0 - 1.0).abs() < 0.05, "{tcp}");
        steady += u32::from(tcp["arrivals"]["pieces"].as_array().unwrap().len() == 1);
        if let Some(mean) = tcp["lifetime"]["law"]["exponential"]["mean_s"].as_f64() {
            assert!((mean / 3.0 - 1.0).abs() < 0.05, "{mean}");
            exponential += 1;
        }
    }
    assert!(steady > 5 && exponential > 5, "{steady} steady, {exponential} exponential");
    let scenario = text(&piped(&simple(12), &[]));
    assert!(
        scenario.contains("arrivals.poisson = { rate = \"") && scenario.contains("# exponential passes: "),
        "{scenario}"
    );
}

#[test]
fn bursts_are_told_with_what_to_do_about_them() {
    let scenario = text(&imported(&["tests/data/zat/conn.log"]));
    assert!(scenario.contains("# WARNING: tcp arrivals come in bursts: over"), "{scenario}");
    assert!(scenario.contains("`arrivals.trace`"), "{scenario}");
}

/// Shares, rates and lifetimes stay, addresses do not.
#[test]
fn an_anonymous_workload_differs_in_addresses_only() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key").display().to_string();
    std::fs::write(&key, [7; 32]).unwrap();
    let record = "tests/data/zat/conn.log";
    let (mut open, mut hidden) = (figures(&[record]), figures(&[record, "--anonymize", "--key-file", &key]));
    let of_open = stripped(&mut open);
    let of_hidden = stripped(&mut hidden);
    assert_eq!((open, of_open.len()), (hidden, of_hidden.len()));
    assert!(of_open.iter().all(|address| !of_hidden.contains(address)), "{of_open:?} and {of_hidden:?}");
}

/// Takes the addresses out of an import, and what depends on their order: of equally busy destinations the lower address is first.
fn stripped(traffic: &mut Value) -> Vec<Value> {
    traffic["anonymized"].take();
    let workloads = traffic["workloads"].as_array_mut().unwrap().iter_mut();
    let named = workloads.flat_map(|workload| workload["destinations"]["named"].as_array_mut().unwrap());
    named.map(|named| (named["port"].take(), named["address"].take()).1).collect()
}

#[test]
fn a_list_leaves_rates_and_lifetimes_to_be_filled_in() {
    let scenario = text(&imported(&[&traffic("conntrack-list.txt")]));
    assert!(scenario.contains("# FILL IN: rates and lifetimes"), "{scenario}");
    assert_eq!(run(&scenario).0, Some(2));
    let nsg = text(&imported(&[&traffic("nsg-v2.json")]));
    assert!(nsg.contains("# No lifetime is known from begin to end.\nlifetime = \"FILL IN\"\n"), "{nsg}");
    let filled =
        scenario.replace("rate = \"FILL IN\"", "rate = \"1 per s\"").replace("\"FILL IN\"", "\"2s\"");
    assert!(matches!(run(&filled).0, Some(0 | 1 | 3)), "{}", run(&filled).1);
}

#[test]
fn records_that_do_not_belong_together_are_refused() {
    let list = traffic("conntrack-list.txt");
    let output = imported(&[&list, &traffic("conntrack-events.txt")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("import the list by itself"));
    let row = |start: &str| format!("{start},1,tcp,10.0.0.1,203.0.113.1,443,fin\n");
    refused(&(HEADER.to_string() + &row("0") + &row("1700000000")), "hold starts that are 19675 days apart");
    refused(HEADER, "holds no record");
}

/// Beyond so many, destinations are stood for by equal ones: shares sum to 1 as before.
#[test]
fn many_destinations_are_few_in_the_scenario() {
    let mut table = HEADER.to_string();
    for flow in 0..1_000 {
        writeln!(table, "{flow},1,tcp,10.0.0.1,203.0.{}.{},443,fin", flow % 7, flow % 200).unwrap();
    }
    let scenario = text(&piped(&table, &["--destinations", "5"]));
    let read = snatsim::scenario::read("imported.toml", &scenario, &[]).unwrap();
    let shares: Vec<f64> = read.workloads[0].destinations.iter().map(|(_, share)| *share).collect();
    assert_eq!(shares.len(), 5 + 100, "{scenario}");
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
}
