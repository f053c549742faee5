//! The files of `--out` and the printed formats: they open, they agree with the results, they need nothing.

use super::command_line::{json, snatsim};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const DEPLOY: &str = "models/scenarios/deploy-burst.toml";

/// The output directory of a run that has failures, resends and delays.
fn run_out(folder: &Path) -> PathBuf {
    let out = folder.join("out");
    let path = out.to_str().unwrap();
    snatsim(&["run", DEPLOY, "--replications", "3", "--reproducible", "--out", path]).assert().code(0);
    out
}

fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|inner| format!("{name}/{inner}")));
        } else {
            found.insert(name);
        }
    }
    found
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn run_writes_every_file_of_the_contract_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected: BTreeSet<String> = [
        "results.json",
        "windows.csv",
        "series.csv",
        "failure_ratio.hgrm",
        "failure_ratio.hlog",
        "connect_delay.hgrm",
        "connect_delay.hlog",
        "report.html",
        "report.md",
    ]
    .map(str::to_string)
    .into();
    for chart in ["failure_ratio", "timeline", "port_pools", "connect_delay"] {
        expected.extend([format!("plots/{chart}.svg"), format!("plots/{chart}.png")]);
    }
    assert_eq!(files(&run_out(folder.path())), expected);
}

#[test]
fn pictures_decode_and_describe_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    for name in files(&out).iter().filter(|name| name.starts_with("plots/")) {
        let bytes = std::fs::read(out.join(name)).unwrap();
        if name.ends_with(".png") {
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut pixels).unwrap();
            let colours: BTreeSet<&[u8]> = pixels.chunks(3).collect();
            assert!(colours.len() > 20, "{name} has {} colours", colours.len());
        } else {
            let text = String::from_utf8(bytes).unwrap();
            let tree = roxmltree::Document::parse(&text).unwrap();
            let root = tree.root_element();
            assert_eq!(root.attribute("role"), Some("img"), "{name}");
            let title = root.children().find(|node| node.has_tag_name("title")).unwrap();
            assert!(title.text().is_some_and(|text| text.len() > 20), "{name}");
        }
    }
}

#[test]
fn the_page_needs_no_network_and_no_script_and_shows_the_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    let page = read(&out, "report.html");
    for forbidden in ["<script", "<img", "url(", "@import", "src=", "http://", "https://"] {
        let allowed = "http://www.w3.org/2000/svg";
        assert!(!page.replace(allowed, "").contains(forbidden), "{forbidden}");
    }
    let results: Value = serde_json::from_str(&read(&out, "results.json")).unwrap();
    let failures = results["totals"]["snat_failures"].as_u64().unwrap();
    let grouped = format!("{},{:03}", failures / 1000, failures % 1000);
    for text in [page, read(&out, "report.md")] {
        assert!(text.contains(&grouped), "{grouped}");
        assert!(text.contains("How long does a burst after a deploy go on failing"));
        assert!(text.contains("MicrosoftDocs"), "sources of the platform's figures");
        assert!(text.contains("Sign-off"));
    }
}

#[test]
fn the_report_links_pictures_that_are_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    let report = read(&out, "report.md");
    let links: Vec<&str> = report.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert_eq!(links.len(), 4);
    assert!(links.iter().all(|link| out.join(link).is_file()), "{links:?}");
}

/// What the public plotter takes of a `.hgrm` file: lines of four numbers.
fn hgrm(text: &str) -> Vec<[f64; 4]> {
    let numbers = |line: &str| {
        let fields: Vec<f64> =
            line.split_whitespace().map(|field| field.parse().unwrap_or(f64::NAN)).collect();
        <[f64; 4]>::try_from(fields).ok().filter(|fields| !fields[0].is_nan())
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(numbers).collect()
}

#[test]
fn percentile_text_counts_every_window_and_ends_at_the_worst() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    let lines = hgrm(&read(&out, "failure_ratio.hgrm"));
    let ratios: Vec<f64> = read(&out, "windows.csv")
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(4).unwrap().parse().unwrap())
        .collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    let last = lines.last().unwrap();
    assert_eq!((last[1], last[2]), (1.0, ratios.len() as f64));
    assert!((last[0] - worst).abs() < 2e-3 * worst, "{} against {worst}", last[0]);
    assert!(lines.windows(2).all(|pair| pair[0][0] <= pair[1][0] && pair[0][2] <= pair[1][2]));
    let delays = hgrm(&read(&out, "connect_delay.hgrm"));
    let results: Value = serde_json::from_str(&read(&out, "results.json")).unwrap();
    let slowest = results["connect_delay_s"]["max"].as_f64().unwrap();
    assert!((delays.last().unwrap()[0] - slowest * 1e3).abs() <= 1e-3 * slowest * 1e3);
}

#[test]
fn interval_logs_read_back_as_one_interval_a_replication() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    let text = std::fs::read(out.join("failure_ratio.hlog")).unwrap();
    let mut counts = Vec::new();
    for entry in IntervalLogIterator::new(&text) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let bytes = base64::engine::general_purpose::STANDARD.decode(interval.encoded_histogram()).unwrap();
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        counts.push((interval.tag().unwrap().as_str().to_string(), histogram.len()));
    }
    let windows = read(&out, "windows.csv");
    let expected: Vec<(String, u64)> = (0..3)
        .map(|replication| {
            let own = windows.lines().filter(|line| line.starts_with(&format!("{replication},")));
            (format!("replication-{replication}"), own.count() as u64)
        })
        .collect();
    assert_eq!(counts, expected);
}

#[test]
fn results_rendered_again_give_the_same_files() {
    let folder = tempfile::tempdir().unwrap();
    let out = run_out(folder.path());
    let again = folder.path().join("again");
    let results = out.join("results.json");
    snatsim(&["report", results.to_str().unwrap(), "--out", again.to_str().unwrap()]).assert().code(0);
    assert_eq!(files(&out), files(&again));
    for name in files(&out) {
        assert_eq!(
            std::fs::read(out.join(&name)).unwrap(),
            std::fs::read(again.join(&name)).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn compare_and_size_write_directories_too() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("comparison");
    let scenario = "models/scenarios/recorded-office.toml";
    snatsim(&["compare", scenario, "--out", out.to_str().unwrap()]).assert().code(0);
    let found = files(&out);
    for name in [
        "results.json",
        "options.csv",
        "report.html",
        "report.md",
        "plots/options.png",
        "plots/option_2_timeline.svg",
    ] {
        assert!(found.contains(name), "{name} in {found:?}");
    }
    assert!(read(&out, "report.md").contains("Recommended: azure/nat-gateway with 1 public IP"));
    let out = folder.path().join("size");
    let target =
        ["--vary", "ports_per_node", "--target", "failure_ratio < 1%", "--out", out.to_str().unwrap()];
    snatsim(&[&["size", "models/scenarios/default-node.toml"][..], &target].concat()).assert().code(0);
    assert!(read(&out, "report.md").contains("is the smallest that meets failure"));
}

#[test]
fn every_format_says_the_same() {
    let print = |format: &str, status: i32| {
        let set = ["--set", "run.duration=10m", "--replications", "3", "-o", format];
        let output =
            snatsim(&[&["run", "models/scenarios/default-node.toml"][..], &set].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{format}");
        String::from_utf8(output.stdout).unwrap()
    };
    let results: Value = serde_json::from_str(&print("json", 1)).unwrap();
    let ratio = results["failure_ratio"]["estimate"].as_f64().unwrap();
    let row = print("csv", 1).lines().find(|line| line.starts_with("failure_ratio,")).unwrap().to_string();
    assert_eq!(row.split(',').nth(1).unwrap().parse::<f64>().unwrap(), ratio);
    let junit = print("junit", 1);
    let tree = roxmltree::Document::parse(&junit).unwrap();
    assert_eq!(tree.descendants().filter(|node| node.has_tag_name("failure")).count(), 1);
    assert!(print("github", 1).starts_with("::error title=failure_ratio < 1%25::azure/load-balancer"));
    assert!(print("markdown", 1).contains("**FAILS: "));
    assert!(print("text", 1).contains("FAILS: "));
}

#[test]
fn what_is_no_result_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |text: &str, expected: &str| {
        let path = folder.path().join("results.json");
        std::fs::write(&path, text).unwrap();
        let output = snatsim(&["report", path.to_str().unwrap()]).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected), "{message}");
    };
    refused("{}", "no results of snatsim: missing field");
    refused("{ cut", "no results of snatsim");
    refused("{\"schema_version\": 9}", "`schema_version` is 9; this snatsim reads 1");
    let replay = snatsim(&["replay", "models/traces/m57-conn.log.gz", "-o", "junit"]).output().unwrap();
    assert_eq!(replay.status.code(), Some(2));
    assert!(json(&["replay", "models/traces/m57-conn.log.gz", "-o", "json"])["flows"] == 2929);
}

/// Of every device that flows pass, with what the scenario set apart from what the platform says.
#[test]
fn a_review_holds_the_figures_of_the_nodes_and_of_every_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ways.toml");
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\nhold_down = { fin = \"60s\" }\n\
                [cluster]\nnetwork_plugin = \"kubenet\"\nnode_stage = { tracking_table = 65536 }\n\
                [[way_out]]\nname = \"partner\"\nmodel = \"azure/static-egress-gateway\"\ngateway_nodes = 1\n\
                [[workload]]\narrivals.poisson = { rate = \"1 per s\" }\nlifetime = \"1s\"\n\
                [run]\nduration = \"10m\"\nreplications = 2\n";
    std::fs::write(&path, text).unwrap();
    let output = snatsim(&["run", path.to_str().unwrap(), "-o", "markdown"]).output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap().replace('\\', "");
    let (_, figures) = report.split_once("## Platform figures used").expect("a section of figures");
    let row = |device: &str, figure: &str| {
        let (_, of_device) =
            figures.split_once(device).unwrap_or_else(|| panic!("{device} is not in {figures}"));
        let start = format!("| {figure} |");
        let line = of_device.lines().find(|line| line.starts_with(&start));
        line.unwrap_or_else(|| panic!("{figure} is not in {of_device}")).to_string()
    };
    for (device, figure, expected) in [
        (
            "nodes: linux/masquerade",
            "tracking_table",
            "| 65536 | set in the scenario; the shipped model has 131072",
        ),
        ("pods: linux/pod", "local_ports", "| [32768,60999] | MicrosoftDocs"),
        ("pods: linux/pod", "time_wait", "| 0s | assumed: "),
        ("nodes: linux/masquerade", "last_port", "| 65535 | Linux: net/netfilter"),
        (
            "outbound: azure/load-balancer",
            "hold_down.fin",
            "| 60s | set in the scenario; the shipped model has 240s",
        ),
        ("outbound: azure/load-balancer", "hold_down.rst", "| 15s | MicrosoftDocs"),
        ("way out \"partner\": azure/static-egress-gateway", "gateway_nodes", "| 1 | set in the scenario"),
        ("way out \"partner\": azure/static-egress-gateway", "prefix_length", "| 31 | MicrosoftDocs"),
    ] {
        let found = row(device, figure);
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
    let places = ["pods: ", "nodes: ", "outbound: ", "way out "].map(|device| figures.find(device).unwrap());
    assert!(places.is_sorted(), "as flows meet them");
}
