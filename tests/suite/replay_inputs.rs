//! Traces as people hand them over: piped, packed, cut, mixed up. Exact answers or a message with exit status 2.

use assert_cmd::Command;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const HEADER: &str = "start_s,duration_s,protocol,source,destination,port,end\n";
const OFFICE: &str = "models/traces/m57-conn.log.gz";
const MACHINE: &str = "tests/data/zat/conn.log";

fn replay(trace: &[u8], arguments: &[&str]) -> std::process::Output {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("snatsim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(["replay", "-"]).args(arguments);
    command.write_stdin(trace).output().unwrap()
}

fn found(trace: &[u8], arguments: &[&str]) -> Value {
    let output = replay(trace, &[arguments, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(trace: impl AsRef<[u8]>, arguments: &[&str], message: &str) {
    let output = replay(trace.as_ref(), arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}: {error}");
    assert!(error.contains(message), "{error}");
    assert!(output.stdout.is_empty(), "{message}");
}

fn csv(rows: &str) -> String {
    format!("{HEADER}{rows}")
}

fn stored(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_log_packed_in_several_gzip_members_and_piped_gives_the_same_counts() {
    let plain = stored(MACHINE);
    let (first, second) = plain.split_at(plain.len() / 3);
    let arguments = ["--ports", "16", "--hold-down", "65s"];
    let packed = found(&[gzip(first), gzip(second)].concat(), &arguments);
    assert_eq!(packed, found(&plain, &arguments));
    assert_eq!(packed["failed"], 19);
}

#[test]
fn a_table_replays_with_its_ends() {
    let rows = "1.0,0.5,tcp,10.0.0.1,203.0.113.1,443,rst\n1.2,0.5,tcp,10.0.0.2,203.0.113.1,443,fin\n\
                18,0.5,tcp,10.0.0.1,203.0.113.1,443,\n0.9,,udp,10.0.0.1,203.0.113.1,53,half_open\n";
    let table = csv(rows);
    let by_end = found(table.as_bytes(), &["--ports", "1", "--hold-down-by-end", "nat-gateway"]);
    // The port of the reset rests 16 s until 17.5 s, so only the second flow is refused.
    assert_eq!((&by_end["failed"], &by_end["first_failed_us"]), (&1.into(), &300_000.into()));
    assert_eq!(
        (&by_end["tcp"], &by_end["udp"], &by_end["missing_duration"]),
        (&3.into(), &1.into(), &1.into())
    );
    assert_eq!(by_end["hold_down_s"], Value::Null);
    assert_eq!(by_end["hold_down_by_end"]["rst"], 16.0);
}

#[test]
fn dotted_and_underscored_zeek_json_keys_mean_the_same() {
    let line = r#"{"ts":1.5,"id.orig_h":"10.0.0.1","id.resp_h":"203.0.113.1","id.resp_p":53,"proto":"udp"}"#;
    let dotted = found(line.as_bytes(), &[]);
    assert_eq!(dotted["udp"], 1);
    assert_eq!(dotted, found(line.replace("id.", "id_").as_bytes(), &[]));
}

#[test]
fn one_port_less_than_the_smallest_pool_refuses_somebody() {
    for sharing in ["endpoint", "exclusive", "exclusive-any-protocol"] {
        let ask = |ports: u64| {
            let ports = ports.to_string();
            found(&stored(OFFICE), &["--sharing", sharing, "--hold-down", "65s", "--ports", &ports])
        };
        let smallest = ask(1)["smallest_pool_without_failure"].as_u64().unwrap();
        assert_eq!(ask(smallest)["failed"], 0, "{sharing}");
        assert_ne!(ask(smallest - 1)["failed"], 0, "{sharing}");
    }
}

/// Rule 4 of a replay: flows of length 0 block nobody; but they are there at their instant, whatever their order.
#[test]
fn flows_of_length_0_at_one_instant_all_count_for_the_peak() {
    let empty = "5,0,tcp,10.0.0.1,203.0.113.1,443,fin\n";
    let long = "5,1,tcp,10.0.0.1,203.0.113.1,443,fin\n";
    let ended = "4,1,tcp,10.0.0.1,203.0.113.1,443,fin\n";
    for rows in [[ended, empty, empty, long].concat(), [ended, long, empty, empty].concat()] {
        let replay = found(csv(&rows).as_bytes(), &[]);
        assert_eq!(
            (&replay["peak_concurrent"], &replay["peak_concurrent_destination"]),
            (&3.into(), &3.into())
        );
    }
    let apart = format!("{empty}6,0,tcp,10.0.0.1,203.0.113.1,443,fin\n");
    let replay = found(csv(&apart).as_bytes(), &[]);
    assert_eq!(
        (&replay["peak_concurrent"], &replay["smallest_pool_without_failure"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_line_that_was_cut_is_refused_instead_of_guessed() {
    let log = String::from_utf8(stored(MACHINE)).unwrap();
    let record = log.lines().position(|line| !line.starts_with('#')).unwrap();
    let lines: Vec<&str> = log.lines().take(record + 1).collect();
    let (header, first) = (lines[..record].join("\n"), lines[record]);
    let without_state: Vec<&str> = first.split('\t').take(9).collect();
    let cut = format!("{header}\n{}", without_state.join("\t"));
    refused(&cut, &[], &format!("-:{}: has 9 fields where `#fields` names", record + 1));
    let skipped = found(format!("{cut}\n{first}\n").as_bytes(), &["--skip-bad-lines"]);
    assert_eq!((&skipped["records"], &skipped["skipped_lines"]), (&1.into(), &1.into()));
    refused(&gzip(log.as_bytes())[..9_000], &["--skip-bad-lines"], "is the file truncated?");
    refused(r#"{"ts":1.5,"proto":"udp""#, &[], "-:1: is no JSON object");
}

#[test]
fn a_log_of_something_else_is_refused() {
    let dns = String::from_utf8(stored(MACHINE)).unwrap().replace("#path\tconn", "#path\tdns");
    refused(&dns, &[], "belongs to Zeek's `dns` log");
    refused(&dns, &["--skip-bad-lines"], "belongs to Zeek's `dns` log");
    let line =
        r#"{"_path":"dns","ts":1,"id.orig_h":"10.0.0.1","id.resp_h":"1.1.1.1","id.resp_p":53,"proto":"udp"}"#;
    refused(line, &[], "belongs to Zeek's `dns` log");
}

#[test]
fn each_bad_field_is_named_with_its_line() {
    for (row, message) in [
        ("1,1,tcp,10.0.0.x,203.0.113.1,443,fin", "has \"10.0.0.x\" in `source`, which is no IP address"),
        ("1,1,tcp,10.0.0.1,,443,fin", "lacks `destination`"),
        ("1,-1,tcp,10.0.0.1,203.0.113.1,443,fin", "has a negative duration"),
        ("1,1,tcp,10.0.0.1,203.0.113.1,70000,fin", "has the port \"70000\"; allowed is 0 to 65535"),
        ("1,1,tcp,10.0.0.1,203.0.113.1,443,gone", "has the end \"gone\"; allowed is fin, rst or half_open"),
        ("1,1,tpc,10.0.0.1,203.0.113.1,443,fin", "has the protocol \"tpc\"; allowed is tcp, udp or icmp"),
        ("1e12,1,tcp,10.0.0.1,203.0.113.1,443,fin", "\"1e12\" is more than 9000000000 s from 0"),
        ("NaN,1,tcp,10.0.0.1,203.0.113.1,443,fin", "\"NaN\" is no number of seconds"),
    ] {
        refused(csv(row), &[], &format!("-:2: {message}"));
    }
}

#[test]
fn bad_lines_are_told_together() {
    let rows: String = (1..=60).map(|line| if line % 2 == 0 { "1,1,tpc\n" } else { "\n" }).collect();
    let output = replay(csv(&rows).as_bytes(), &[]);
    let error = String::from_utf8_lossy(&output.stderr);
    for line in [3, 5, 41] {
        assert!(error.contains(&format!("-:{line}: lacks `source`")), "{line}: {error}");
    }
    assert_eq!(error.matches("lacks `source`").count(), 20, "{error}");
    let header = replay(b"start,port\n1,2\n1,2\n", &[]);
    assert_eq!(String::from_utf8_lossy(&header.stderr).matches("is a header without").count(), 1);
}

/// Thousands of destinations come and go beside one flow that stays.
#[test]
fn a_trace_in_order_is_replayed_without_being_kept() {
    let row = |start: u32, lasts: u32, host: u32| {
        format!("{start},{lasts},tcp,10.0.0.1,203.0.{}.{},443,fin\n", host / 200, host % 200 + 1)
    };
    let long = row(0, 30_000, 0);
    let passing: String = (1..20_000).map(|second| row(second, 3, second % 9_999 + 1)).collect();
    let last = row(29_000, 1, 0);
    let trace = csv(&[long, passing, last.repeat(3)].concat());
    let arguments = ["--ports", "2", "--hold-down", "65s"];
    let streamed = found(trace.as_bytes(), &[&arguments[..], &["--sorted", "--memory-limit", "0"]].concat());
    assert_eq!(streamed, found(trace.as_bytes(), &arguments));
    let figures = ["failed", "smallest_pool_without_failure", "peak_concurrent", "destinations"];
    assert_eq!(figures.map(|name| streamed[name].as_u64()), [2, 4, 4, 10_000].map(Some));
    let office = stored(OFFICE);
    refused(&office, &["--sorted"], "leave out `--sorted` to have the trace sorted");
}

#[test]
fn a_trace_behind_a_whole_model_is_what_run_makes_of_it() {
    let custom = ["outbound.partition=shared", "outbound.ports=64", "outbound.hold_down=65s"];
    let settings: Vec<&str> = custom.iter().flat_map(|setting| ["--set", setting]).collect();
    let behind = found(&stored(OFFICE), &[&["--model", "custom"], settings.as_slice()].concat());
    assert_eq!(behind["totals"]["snat_failures"], 37);
    let balancer = ["--model", "azure/load-balancer", "--set", "ports_per_node=32"];
    let behind = found(&stored(OFFICE), &balancer);
    assert_eq!((&behind["totals"]["flows"], &behind["totals"]["attempts"]), (&2929.into(), &2929.into()));
    assert_eq!(behind["failures_by_node"].as_array().unwrap().len(), 4);
    refused(stored(OFFICE), &["--model", "azure/lod-balancer"], "did you mean \"azure/load-balancer\"?");
    refused(stored(OFFICE), &["--model", "custom", "--ports", "3"], "cannot be used with");
    refused(stored(OFFICE), &["--set", "nodes=3"], "--model <NAME>");
}

#[test]
fn quotes_spaces_line_ends_and_the_order_of_columns_do_not_matter() {
    let plain = csv("1.5,2,tcp,10.0.0.1,203.0.113.1,443,rst\n");
    let other = "\u{feff}port,\"source\" ,remark,destination,end,protocol,duration_s,start_s\r\n\
                 443,10.0.0.1,\"a \"\"word\"\", and more\",203.0.113.1, rst ,\"tcp\",2,1.5\r\n";
    assert_eq!(found(plain.as_bytes(), &[]), found(other.as_bytes(), &[]));
    let latin = [b"remark,", HEADER.as_bytes(), b"caf\xe9,1.5,2,tcp,10.0.0.1,203.0.113.1,443,rst"].concat();
    assert_eq!(found(plain.as_bytes(), &[]), found(&latin, &[]));
    let open = csv("1,2,tcp,\"10.0.0.1,203.0.113.1,443,rst\n1.5,2,tcp,10.0.0.1,203.0.113.1,443,rst\n");
    refused(&open, &[], "-:2: has a quotation mark without its other half");
    assert_eq!(found(open.as_bytes(), &["--skip-bad-lines"])["flows"], 1);
}

#[test]
fn a_table_may_hold_icmp_which_takes_no_port() {
    let rows = "1,1,ICMP,10.0.0.1,203.0.113.1,0,\n2,1,TCP,10.0.0.1,203.0.113.1,443,\n";
    let replay = found(csv(rows).as_bytes(), &[]);
    assert_eq!((&replay["flows"], &replay["not_used"]["proto"]), (&1.into(), &1.into()));
}

#[test]
fn the_furthest_times_replay_without_overflow() {
    let rows = "-9000000000,9000000000,tcp,10.0.0.1,203.0.113.1,443,fin\n9000000000,9000000000,tcp,10.0.0.1,203.0.113.1,443,fin\n";
    let replay = found(csv(rows).as_bytes(), &["--hold-down", "4m", "--ports", "1"]);
    assert_eq!((&replay["failed"], &replay["peak_concurrent"]), (&0.into(), &1.into()));
}

#[test]
fn a_trace_without_a_record_is_refused() {
    refused("", &[], "-: holds no record; give a Zeek conn.log");
    refused(gzip(b""), &[], "holds no record");
    refused(HEADER, &[], "holds no record");
    refused("start,port\n1,2\n", &["--skip-bad-lines"], "-:1: is a header without `start_s`");
    refused(csv("a\nb\n"), &["--skip-bad-lines"], "holds no record that can be read (2 lines passed over)");
    refused(vec![b'a'; 2 << 20], &[], "-:1: the line is longer than 1048576 bytes");
    refused(stored(MACHINE), &["--memory-limit", "0"], "raise `--memory-limit`");
}

#[test]
fn a_trace_with_nothing_outbound_warns() {
    let output = replay(&stored(MACHINE), &["--inside", "192.0.2.0/24"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("check `--inside`"));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_snatsim"))
        .args(["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(&stored(MACHINE)).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
