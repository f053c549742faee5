//! `import traffic --to trace`, and the formats of recorded traffic that `replay` and `arrivals.trace` read: counts by hand.

use super::command_line::snatsim;
use assert_cmd::Command;
use serde_json::{Value, json};
use std::process::Output;

pub fn traffic(name: &str) -> String {
    format!("{}/tests/data/traffic/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub fn imported(arguments: &[&str]) -> Output {
    snatsim(&[&["import", "traffic"][..], arguments].concat()).output().unwrap()
}

pub fn text(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn trace(arguments: &[&str]) -> String {
    text(&imported(&[&["--to", "trace"], arguments].concat()))
}

fn rows(trace: &str) -> Vec<&str> {
    trace.lines().skip(1).collect()
}

fn replayed(arguments: &[&str], trace: Option<&str>) -> Value {
    let mut command: Command = snatsim(&[&["replay", "-o", "json"], arguments].concat());
    if let Some(trace) = trace {
        command.write_stdin(trace.to_string());
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(arguments: &[&str], input: &str, message: &str) {
    let all = [&["import", "traffic", "--to", "trace", "-"], arguments].concat();
    let output = snatsim(&all).write_stdin(input.to_string()).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains(message), "{error}");
    assert!(output.stdout.is_empty(), "{message}");
}

/// What the page beside the two samples says of them.
#[test]
fn the_published_samples_of_flow_logs_hold_what_their_page_says() {
    let vnet = replayed(&[&traffic("vnet-v4.json")], None);
    let figures = [&vnet["records"], &vnet["flows"], &vnet["destinations"], &vnet["not_used"]["denied"]];
    assert_eq!(figures, [&json!(19), &json!(5), &json!(3), &json!(9)]);
    assert_eq!(
        rows(&trace(&[&traffic("vnet-v4.json")])),
        [
            "1663146003.599000,0.007000,tcp,10.0.0.6,52.239.184.180,443,fin",
            "1663146003.637000,0.003000,tcp,10.0.0.6,40.74.146.17,443,fin",
            "1663146004.251000,0.000000,tcp,10.0.0.6,40.74.146.17,443,fin",
            "1663146004.622000,0.000000,tcp,10.0.0.6,40.74.146.17,443,fin",
            "1663146017.343000,5.450000,tcp,10.0.0.6,104.16.218.84,443,fin",
        ]
    );
    let nsg = replayed(&[&traffic("nsg-v2.json")], None);
    let figures = [&nsg["records"], &nsg["flows"], &nsg["not_used"]];
    assert_eq!(figures, [&json!(11), &json!(1), &json!({ "began before the record": 3, "denied": 7 })]);
    // Never closed: open until the last entry, 113 s later.
    assert_eq!(
        rows(&trace(&[&traffic("nsg-v2.json")])),
        ["1542110377.000000,113.000000,tcp,10.5.16.4,13.67.143.118,443,fin"]
    );
}

/// Blobs hold an hour each, without a line break; what one begins, the next ends. Records also come by themselves, a line each.
#[test]
fn a_flow_goes_on_from_one_blob_to_the_next() {
    let blob = |tuple: &str| {
        format!(
            r#"{{"records":[{{"flowLogVersion":4,"flowRecords":{{"flows":[{{"aclID":"a","flowGroups":[{{"rule":"r","flowTuples":["{tuple}"]}}]}}]}}}}]}}"#
        )
    };
    let tuples = [
        "1663146003599,10.0.0.6,203.0.113.9,23956,443,6,O,B,NX,0,0,0,0",
        "1663149603599,10.0.0.6,203.0.113.9,23956,443,6,O,C,NX,3,200,2,300",
        "1663150003600,10.0.0.6,203.0.113.9,23956,443,6,O,E,NX,3,200,2,300",
    ];
    let expected = "1663146003.599000,4000.001000,tcp,10.0.0.6,203.0.113.9,443,fin";
    let folder = tempfile::tempdir().unwrap();
    let file = |number: usize| folder.path().join(format!("{number}.json")).display().to_string();
    for (number, tuple) in tuples.iter().enumerate() {
        std::fs::write(file(number), blob(tuple)).unwrap();
    }
    assert_eq!(rows(&trace(&[&file(0), &file(1), &file(2)])), [expected]);
    let records: Vec<String> = tuples.iter().map(|tuple| blob(tuple)).collect();
    let record = |blob: &String| blob.trim_start_matches("{\"records\":[").trim_end_matches("]}").to_string();
    let alone: String = records.iter().map(|blob| record(blob) + "\n").collect();
    std::fs::write(file(3), alone).unwrap();
    assert_eq!(rows(&trace(&[&file(3)])), [expected]);
}

#[test]
fn events_of_conntrack_are_flows() {
    let found = replayed(&[&traffic("conntrack-events.txt")], None);
    let figures = [&found["records"], &found["flows"], &found["udp"], &found["not_used"]];
    let left_out = json!({ "began before the record": 1, "destination inside": 1 });
    assert_eq!(figures, [&json!(18), &json!(5), &json!(1), &left_out]);
    assert_eq!(
        rows(&trace(&[&traffic("conntrack-events.txt")])),
        [
            "1723286403.000000,1.000000,tcp,10.244.1.8,203.0.113.9,443,rst",
            // Forgotten 30 s after its last datagram.
            "1723286400.500000,0.125000,udp,10.244.1.8,198.51.100.53,53,fin",
            "1723286401.000000,,tcp,10.244.1.7,203.0.113.10,443,half_open",
            "1723286400.000000,2.750000,tcp,10.244.1.7,203.0.113.9,443,fin",
            // Still open at the last event.
            "1723286405.000000,117.750000,tcp,10.244.1.8,203.0.113.11,443,fin",
        ]
    );
}

/// The list is an instant: as many ports are taken as connections are open towards the hottest destination.
#[test]
fn a_list_of_conntrack_tells_what_is_open_at_once() {
    let found = replayed(&[&traffic("conntrack-list.txt")], None);
    let left_out = json!({ "closed already": 1, "destination inside": 1, "proto": 1 });
    assert_eq!([&found["records"], &found["flows"], &found["not_used"]], [&json!(7), &json!(4), &left_out]);
    let concurrent = [
        &found["peak_concurrent"],
        &found["peak_concurrent_destination"],
        &found["smallest_pool_without_failure"],
    ];
    assert_eq!(concurrent, [&json!(4), &json!(2), &json!(2)]);
}

#[test]
fn tools_that_watch_a_kernel_give_flows() {
    let sessions = [
        "0.250000,1.250000,tcp,10.244.1.7,203.0.113.9,443,fin",
        "1.500000,0.500000,tcp,10.244.1.7,203.0.113.10,443,fin",
        "2.499500,0.000500,tcp,10.244.1.8,203.0.113.9,443,fin",
    ];
    for file in ["tcplife.txt", "tcplife.csv"] {
        assert_eq!(rows(&trace(&[&traffic(file)])), sessions, "{file}");
    }
    let connections = [
        "0.000000,1.500000,tcp,10.244.1.7,203.0.113.9,443,fin",
        "0.750000,3.250000,tcp,10.244.1.8,203.0.113.10,443,fin",
        "2.000000,2.000000,tcp,10.244.1.7,203.0.113.9,443,fin",
    ];
    assert_eq!(rows(&trace(&[&traffic("tcptracer.txt")])), connections);
    let found = replayed(&[&traffic("tcptracer.txt")], None);
    assert_eq!(found["not_used"], json!({ "accepted": 2, "began before the record": 1 }));
}

const FORMATS: [(&str, &str); 7] = [
    ("vnet-v4.json", "vnet-flow-log"),
    ("nsg-v2.json", "nsg-flow-log"),
    ("conntrack-events.txt", "conntrack-events"),
    ("conntrack-list.txt", "conntrack-list"),
    ("tcplife.txt", "tcplife"),
    ("tcplife.csv", "tcplife"),
    ("tcptracer.txt", "tcptracer"),
];

#[test]
fn a_format_is_found_out_named_and_read_by_a_scenario() {
    for (file, format) in FORMATS {
        let file = traffic(file);
        assert_eq!(trace(&[&file]), trace(&[&file, "--trace-format", format]), "{format}");
        let scenario = format!(
            "[outbound]\nmodel = \"custom\"\nports = 64\nhalf_open = \"30s\"\n[[node_pool]]\nname = \"n\"\nnodes = 2\n[[workload]]\n\
             arrivals.trace = {{ files = [\"{file}\"], format = \"{format}\" }}\n[run]\nduration = \"60s\"\n"
        );
        snatsim::scenario::read("test.toml", &scenario, &[]).unwrap();
    }
}

/// A trace in the place of the files gives the same counts, down to the positions of the flows that find no port.
#[test]
fn a_trace_replays_as_its_source_does() {
    let apt: Vec<String> =
        ["day1_NASHUA", "day1_SCRANTON"].map(|name| format!("tests/data/apt29/{name}_conn.json.gz")).into();
    for (files, inside, ports) in [
        (vec!["tests/data/zat/conn.log".to_string()], "192.168.0.0/16", "16"),
        (vec!["models/traces/m57-conn.log.gz".to_string()], "192.168.0.0/16", "64"),
        // The lab's servers have private addresses too.
        (apt, "10.0.0.0/8", "16"),
    ] {
        let files: Vec<&str> = files.iter().map(String::as_str).chain(["--inside", inside]).collect();
        for rest in [&["--hold-down", "65s"][..], &["--hold-down-by-end", "nat-gateway"]] {
            let settings = [&["--ports", ports], rest].concat();
            let mut source = replayed(&[&files[..], &settings].concat(), None);
            let mut again =
                replayed(&[&["-", "--inside", inside], &settings[..]].concat(), Some(&trace(&files)));
            assert_ne!(source["failed"], 0);
            for replay in [&mut source, &mut again] {
                // A trace holds outbound flows only.
                replay
                    .as_object_mut()
                    .unwrap()
                    .retain(|key, _| !["records", "not_used"].contains(&key.as_str()));
            }
            assert_eq!(source, again, "{files:?}");
        }
    }
}

/// Prefixes are kept, so flows are as concurrent towards as many destinations as before, and a replay needs no `--inside`.
#[test]
fn an_anonymous_trace_replays_as_the_true_one_and_the_key_decides() {
    let folder = tempfile::tempdir().unwrap();
    let key = |secret: &str| {
        let path = folder.path().join(secret);
        std::fs::write(&path, secret.repeat(16)).unwrap();
        path.display().to_string()
    };
    let (one, other) = (key("one"), key("other"));
    let file = "tests/data/zat/conn.log";
    let with = |key: &str| trace(&[file, "--anonymize", "--key-file", key]);
    let anonymous = with(&one);
    assert_eq!(anonymous, with(&one));
    assert_ne!(anonymous, with(&other));
    let true_rows = trace(&[file]);
    let addresses = |trace: &str| -> Vec<String> {
        rows(trace)
            .iter()
            .flat_map(|row| row.split(',').skip(3).take(2).map(String::from).collect::<Vec<_>>())
            .collect()
    };
    let public = |address: &&String| !["10.", "192.168."].iter().any(|private| address.starts_with(private));
    let (before, after) = (addresses(&true_rows), addresses(&anonymous));
    assert_eq!(before.iter().filter(public).count(), after.iter().filter(public).count());
    assert!(before.iter().filter(public).all(|address| !after.contains(address)));
    let settings = ["-", "--ports", "16", "--hold-down", "65s"];
    assert_eq!(replayed(&settings, Some(&anonymous)), replayed(&settings, Some(&true_rows)));
    let random = imported(&["--to", "trace", file, "--anonymize"]);
    assert_ne!(text(&random), text(&imported(&["--to", "trace", file, "--anonymize"])));
}

/// A prefix of one's own is replaced too, and what stands in its place is printed for the replay.
#[test]
fn what_is_inside_is_told_for_the_replay_of_an_anonymous_trace() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, [7; 32]).unwrap();
    let table = "start_s,duration_s,protocol,source,destination,port\n1,2,tcp,20.1.0.9,203.0.113.1,443\n1,2,tcp,20.1.0.8,20.1.0.9,443\n";
    let arguments =
        ["import", "traffic", "--to", "trace", "-", "--inside", "20.1.0.0/16", "--anonymize", "--key-file"];
    let output =
        snatsim(&[&arguments[..], &[key.to_str().unwrap()]].concat()).write_stdin(table).output().unwrap();
    let note = String::from_utf8_lossy(&output.stderr).to_string();
    let inside = note.split("--inside ").nth(1).unwrap().trim();
    assert!(inside.ends_with(".0.0/16") && inside != "20.1.0.0/16", "{note}");
    let found = replayed(&["-", "--inside", inside], Some(&text(&output)));
    assert_eq!(found["flows"], 1);
}

#[test]
fn keys_that_are_no_secret_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let short = folder.path().join("short").display().to_string();
    std::fs::write(&short, "secret").unwrap();
    refused(&["--anonymize", "--key-file", &short], "", "holds 6 bytes; a key has 16 or more");
    refused(&["--anonymize", "--key-file", "/nowhere"], "", "cannot be read");
    refused(&["--key-file", &short], "", "--anonymize");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place_and_nothing_is_written() {
    let events = std::fs::read_to_string(traffic("conntrack-events.txt")).unwrap();
    let bad = events.replace(
        "[1723286400.500000]\t    [NEW] udp      17 30 src=10.244.1.8",
        "[1723286400.500000]\t    [NEW] udp      17 30 src=10.244.1",
    );
    refused(&[], &bad, "-:3: has \"10.244.1\" in `src`, which is no IP address");
    refused(&[], &events.replace("[17232864", "[NEW] [17232864"), "record with `conntrack -E -o timestamp`");
    let log = std::fs::read_to_string(traffic("vnet-v4.json")).unwrap();
    refused(
        &[],
        &log.replace("443,6,O,B,NX", "443,6,O,Q,NX"),
        "-:20:38: has the flow state \"Q\"; allowed is B, C, E or D",
    );
    refused(&[], &log[..1_500], "is no JSON of a flow log (EOF while parsing");
    refused(&["--trace-format", "nsg-flow-log"], &log, "is a tuple of vnet-flow-log, not of nsg-flow-log");
    refused(
        &["--inside", "192.168.0.0/16"],
        &log,
        "hold no outbound flow (left out: denied 9, source outside 5); check `--inside`",
    );
    let version_1 = std::fs::read_to_string(traffic("nsg-v2.json"))
        .unwrap()
        .replace(",A,B,,,,", ",A")
        .replace(",D,B,,,,", ",D");
    refused(&[], &version_1, "holds a tuple of version 1");
    refused(&[], "PID   COMM LADDR LPORT RADDR RPORT TX_KB RX_KB MS\n", "record with `tcplife -t`");
    refused(&[], "T  PID    COMM IP SADDR DADDR SPORT  DPORT\n", "record with `tcptracer -t`");
}

#[test]
fn bad_entries_are_counted_where_that_is_asked_for() {
    let log = std::fs::read_to_string(traffic("vnet-v4.json")).unwrap();
    let bad = log.replacen("52.239.184.180", "52.239.184", 1);
    let found = replayed(&["-", "--skip-bad-lines"], Some(&bad));
    assert_eq!(
        [&found["records"], &found["skipped_lines"], &found["flows"]],
        [&json!(18), &json!(1), &json!(4)]
    );
}

/// Packed, and piped.
#[test]
fn flow_logs_come_packed_too() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&std::fs::read(traffic("vnet-v4.json")).unwrap()).unwrap();
    let output = snatsim(&["import", "traffic", "--to", "trace", "-"])
        .write_stdin(packed.finish().unwrap())
        .output()
        .unwrap();
    assert_eq!(text(&output), trace(&[&traffic("vnet-v4.json")]));
}
