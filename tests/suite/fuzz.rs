//! Damaged input for every reader: no panic, no hang. A few thousand cases here; `SNATSIM_FUZZ_CASES` asks for more, and
//! `SNATSIM_FUZZ_FIRST` for others.
//!
//! Each case is a file of this repository with a few bytes or words changed, by a number that says which: a failure names the
//! number, and the file is written beside it.

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use snatsim::experiment::Plan;
use snatsim::experiment::check::{Check, of_scenario, of_subjects};
use snatsim::experiment::traffic::{Observer, Wanted};
use snatsim::import::anonymize::Anonymizer;
use snatsim::import::{BadLines, Reading, TRACE_HEADER, TraceFormat, each, trace_row};
use snatsim::profile::Profile;
use snatsim::report::read::results;
use snatsim::report::traffic::{in_place_of, scenario_text as of_traffic};
use snatsim::report::{Format, json, render};
use snatsim::scenario::deployed::{ACCEPTANCE, scenario_text, subjects, with_type};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longer than any of these takes on a slow machine, and far shorter than a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// Words that readers look at twice.
const WORDS: [&str; 44] = [
    "0",
    "-1",
    "1",
    "18446744073709551616",
    "9223372036854775807",
    "1e308",
    "1e-308",
    "nan",
    "inf",
    "-0.0",
    "\"\"",
    "\"0s\"",
    "\"1ns\"",
    "\"1ms\"",
    "\"365000d\"",
    "\"584y\"",
    "\"-5s\"",
    "\"5\"",
    "\"1e9 per s\"",
    "\"0 per s\"",
    "\"200%\"",
    "\"unlimited\"",
    "\"auto\"",
    "true",
    "[]",
    "{}",
    "[[]]",
    "\t",
    "\r\n",
    "\n\n",
    "#",
    "-",
    "(empty)",
    "SF",
    "udp",
    "tcp",
    "255.255.255.255",
    "999.1.1.1",
    "::1",
    "1e400",
    "\u{0}",
    "\u{1F600}",
    "duration = \"1000000h\"",
    "replications = 1000000",
];

fn cases(quick: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let first = number("SNATSIM_FUZZ_FIRST").unwrap_or(0);
    first..first + number("SNATSIM_FUZZ_CASES").unwrap_or(quick)
}

/// One of `files` with one to five changes.
fn damaged(files: &[Vec<u8>], case: u64) -> Vec<u8> {
    let mut draws = SmallRng::seed_from_u64(case);
    let mut bytes = files[draws.random_range(0..files.len())].clone();
    for _ in 0..draws.random_range(1..=5) {
        let at = draws.random_range(0..=bytes.len());
        let end = (at + draws.random_range(0..20)).min(bytes.len());
        match draws.random_range(0..8) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, draws.random()),
            3 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            4 => {
                let other = &files[draws.random_range(0..files.len())];
                let from = draws.random_range(0..=other.len());
                bytes.splice(at..end, other[from..(from + 60).min(other.len())].iter().copied());
            }
            // A word, a number or a text in the place of another.
            5 | 6 => {
                let word = WORDS[draws.random_range(0..WORDS.len())];
                let is_of_value = |byte: &u8| byte.is_ascii_alphanumeric() || b"\".-%_ ".contains(byte);
                let start =
                    bytes[..at].iter().rposition(|byte| !is_of_value(byte)).map_or(0, |place| place + 1);
                let end = bytes[at..]
                    .iter()
                    .position(|byte| !is_of_value(byte))
                    .map_or(bytes.len(), |place| at + place);
                bytes.splice(start..end, word.bytes());
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << draws.random_range(0..8);
                }
            }
        }
    }
    bytes
}

/// Gives each damaged file to `reads`.
fn survives(name: &str, files: &[Vec<u8>], quick: u64, reads: impl Fn(&[u8])) {
    for case in cases(quick) {
        let bytes = damaged(files, case);
        let began = Instant::now();
        let survived = catch_unwind(AssertUnwindSafe(|| reads(&bytes))).is_ok();
        if !survived || began.elapsed() > PATIENCE {
            let path = std::env::temp_dir().join(format!("snatsim-fuzz-{name}-{case}"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("{name}, case {case}, after {:?}: see {}", began.elapsed(), path.display());
        }
    }
}

fn files_in(folder: &str, ending: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The first lines of a file, which may be compressed.
fn head(path: &str, lines: usize) -> Vec<u8> {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let mut text = Vec::new();
    if path.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut text).unwrap();
    } else {
        text = bytes;
    }
    text.split_inclusive(|byte| *byte == b'\n').take(lines).flatten().copied().collect()
}

/// Reads, and plans what was accepted; nothing is simulated.
#[test]
fn damaged_scenarios() {
    let mut files = files_in("models/scenarios", ".toml");
    files.extend(files_in("tests/golden", ".toml"));
    survives("scenario", &files, 1_500, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(scenario) = snatsim::scenario::read("models/scenarios/damaged.toml", text, &[]) {
            drop(Plan::new(&scenario));
        }
    });
}

/// Plain tables, Zeek in both forms, the traces of the kernel laboratory, and compressed files.
#[test]
fn damaged_traces() {
    let mut files = vec![
        head("tests/data/zat/conn.log", 60),
        head("tests/data/apt29/day1_NASHUA_conn.json.gz", 40),
        head("models/traces/m57-conn.log.gz", 60),
        b"start_s,duration_s,protocol,source,destination,port,end\n1,2,tcp,10.0.0.1,203.0.113.1,443,fin\n1.5,0.25,udp,10.0.0.2,203.0.113.1,53,\n".to_vec(),
    ];
    files.push(
        std::fs::read(
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/apt29/day2_UTICA-C_conn.json.gz"),
        )
        .unwrap(),
    );
    let folder = tempfile::tempdir().unwrap();
    survives("trace", &files, 3_000, |bytes| {
        let gzip = bytes.starts_with(&[0x1F, 0x8B]);
        let path = folder.path().join(if gzip { "damaged.gz" } else { "damaged" });
        std::fs::write(&path, bytes).unwrap();
        drop(snatsim::import::read(&[path], &Reading::default()));
    });
    let lab: Vec<Vec<u8>> =
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lab/traces"))
            .unwrap()
            .take(1)
            .map(|entry| head(&format!("tests/data/lab/traces/{}", entry.unwrap().file_name().display()), 50))
            .collect();
    survives("lab", &lab, 1_000, |bytes| {
        let path = folder.path().join("lab.csv");
        std::fs::write(&path, bytes).unwrap();
        drop(snatsim::import::read(&[path], &Reading { format: TraceFormat::Lab, ..Reading::default() }));
    });
}

/// Flow logs, conntrack, tcplife and tcptracer: read as what they seem to be and as what they were; what comes of it is written as a
/// trace that is read again, and as a scenario that some reader takes.
#[test]
fn damaged_traffic() {
    let folder = tempfile::tempdir().unwrap();
    let anonymizer = Anonymizer::of_secret(b"damaged");
    for (name, ending, format) in [
        ("vnet-flow-log", "vnet-v4.json", TraceFormat::VnetFlowLog),
        ("nsg-flow-log", "nsg-v2.json", TraceFormat::NsgFlowLog),
        ("conntrack-events", "conntrack-events.txt", TraceFormat::ConntrackEvents),
        ("conntrack-list", "conntrack-list.txt", TraceFormat::ConntrackList),
        ("tcplife", "tcplife.txt", TraceFormat::Tcplife),
        ("tcplife-values", "tcplife.csv", TraceFormat::Tcplife),
        ("tcptracer", "tcptracer.txt", TraceFormat::Tcptracer),
    ] {
        survives(name, &files_in("tests/data/traffic", ending), 500, |bytes| {
            let path = folder.path().join("damaged");
            std::fs::write(&path, bytes).unwrap();
            for (format, bad_lines) in
                [(format, BadLines::Skip), (TraceFormat::Auto, BadLines::Skip), (format, BadLines::Refuse)]
            {
                let reading = Reading { format, bad_lines, ..Reading::default() };
                let mut observer = Observer::default();
                let mut table = TRACE_HEADER.to_string();
                let read = each(std::slice::from_ref(&path), &reading, &mut |flow| {
                    let flow = anonymizer.flow(flow);
                    observer.take(&flow);
                    table = format!("{table}\n{}", trace_row(&flow));
                });
                let Ok(tally) = read else { continue };
                let again = folder.path().join("again.csv");
                std::fs::write(&again, table).unwrap();
                drop(snatsim::import::read(&[again], &Reading::default()));
                let wanted = Wanted { destinations: 3, inside: Vec::new(), anonymized: true };
                let Ok(traffic) = observer.finish(tally, &wanted) else { continue };
                json(&traffic).unwrap();
                drop(snatsim::scenario::read("imported.toml", &of_traffic(&traffic), &[]));
            }
        });
    }
}

/// Recorded traffic is put into a damaged scenario; what comes of it is TOML, and differs from the scenario only where it may.
#[test]
fn damaged_scenarios_take_traffic() {
    let mut observer = Observer::default();
    let record = [Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/zat/conn.log")];
    let tally = each(&record, &Reading::default(), &mut |flow| observer.take(&flow)).unwrap();
    let wanted = Wanted { destinations: 3, inside: Vec::new(), anonymized: false };
    let traffic = observer.finish(tally, &wanted).unwrap();
    survives("into", &files_in("models/scenarios", ".toml"), 2_000, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        let Ok(joined) = in_place_of("damaged.toml", text, &traffic, None) else { return };
        let mut before: toml::Table = text.parse().unwrap();
        let mut after: toml::Table = joined.parse().unwrap();
        for table in [&mut before, &mut after] {
            table.remove("workload");
            table.remove("destination");
            if let Some(run) = table.get_mut("run").and_then(toml::Value::as_table_mut) {
                run.remove("duration");
            }
        }
        before.entry("run").or_insert_with(|| toml::Table::new().into());
        assert_eq!(format!("{before:?}"), format!("{after:?}"), "{joined}");
    });
}

/// Deployed configuration is read, judged, shown in every form, and written as a scenario that some reader takes.
#[test]
fn damaged_configuration() {
    let mut files = files_in("tests/data/config", ".json");
    files.extend(files_in("tests/data/azure-config", ".json"));
    survives("config", &files, 3_000, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        judge_files(&[("damaged.json".into(), text.into())]);
    });
}

/// Reads files, judges what is in them as it is and with another outbound type, shows it, and writes it as a scenario.
fn judge_files(files: &[(String, String)]) {
    let Ok(deployed) = snatsim::import::config::read(files) else { return };
    for deployed in [with_type(deployed.clone(), "userAssignedNATGateway"), deployed] {
        let subjects = subjects(&deployed);
        if let Some(check) = of_subjects(&subjects).unwrap() {
            show(&check);
        }
        for subject in &subjects {
            drop(snatsim::scenario::read_judged("imported.toml", &scenario_text(subject), &[]));
        }
    }
}

fn show(check: &Check) {
    for format in [Format::Text, Format::Json, Format::Markdown, Format::Csv, Format::Junit, Format::Github] {
        render(check, format).unwrap();
    }
}

/// A template with copies, conditions, a nested template and parts of parameters; a plan that leaves things to its apply; a firewall
/// in a virtual hub.
const SHAPES: [&str; 3] = [
    r#"{"contentVersion":"1.0.0.0","parameters":{"pools":{"defaultValue":[{"count":5},{"count":7}]},"more":{"defaultValue":true}},"variables":{"ips":3},
"resources":[{"type":"Microsoft.ContainerService/managedClusters","name":"a","properties":{"copy":[{"name":"agentPoolProfiles","count":"[length(parameters('pools'))]",
"input":{"name":"[concat('p',copyIndex('agentPoolProfiles'))]","count":"[parameters('pools')[copyIndex('agentPoolProfiles')].count]"}}],
"networkProfile":{"outboundType":"loadBalancer","loadBalancerProfile":{"managedOutboundIPs":{"count":"[variables('ips')]"}}}}},
{"type":"Microsoft.ContainerService/managedClusters/agentPools","name":"[concat('a/x',copyIndex(1))]","condition":"[parameters('more')]","copy":{"name":"c","count":3},"properties":{"count":2}},
{"type":"Microsoft.Resources/deployments","name":"n","condition":"[parameters('none')]","properties":{"expressionEvaluationOptions":{"scope":"inner"},"parameters":{"k":{"value":[{"id":"/p"}]}},
"template":{"contentVersion":"1.0.0.0","parameters":{"k":{"defaultValue":1}},"resources":{"g":{"type":"Microsoft.Network/natGateways","name":"g","properties":{"publicIpAddresses":"[parameters('k')]"}}}}}}]}"#,
    r#"{"planned_values":{"root_module":{"child_modules":[{"resources":[{"address":"module.a[\"x.y\"].azurerm_kubernetes_cluster.k","type":"azurerm_kubernetes_cluster","values":{"name":"k",
"default_node_pool":[{"name":"d","node_count":3}],"network_profile":[{"outbound_type":"loadBalancer","load_balancer_profile":[{"managed_outbound_ip_count":2}]}]}},
{"address":"module.a[\"x.y\"].azurerm_public_ip.o[0]","type":"azurerm_public_ip","values":{"name":"o"}}]}]}},
"resource_changes":[{"address":"module.a[\"x.y\"].azurerm_kubernetes_cluster.k","change":{"actions":["delete","create"],"before":{"network_profile":[{"outbound_type":"none"}]},
"after_unknown":{"network_profile":[{"load_balancer_profile":[{"outbound_ip_address_ids":true,"effective_outbound_ips":true}]}]}}}],
"configuration":{"root_module":{"module_calls":{"a":{"module":{"resources":[{"address":"azurerm_kubernetes_cluster.k","expressions":{"network_profile":[{"load_balancer_profile":[
{"outbound_ip_address_ids":{"references":["azurerm_public_ip.o[0].id","azurerm_public_ip.o[0]","azurerm_public_ip.o"]}}]}]}}]}}}}}}"#,
    r#"{"value":[{"type":"Microsoft.Network/azureFirewalls","name":"f","properties":{"hubIPAddresses":{"publicIPs":{"count":2}},"autoscaleConfiguration":{"minCapacity":3,"maxCapacity":30}}},
{"type":"Microsoft.ContainerService/managedClusters","name":"u","sku":{"name":"Base"},"properties":{"agentPoolProfiles":[{"name":"s","count":3,"type":"AvailabilitySet"}],"networkProfile":{"outboundType":"userDefinedRouting","loadBalancerSku":"basic"}}}]}"#,
];

/// Shapes that the files of `tests/data` have not, alone and beside another file.
#[test]
fn damaged_templates_and_plans() {
    let files: Vec<Vec<u8>> = SHAPES.iter().map(|text| text.as_bytes().to_vec()).collect();
    for text in SHAPES {
        assert!(snatsim::import::config::read(&[("whole.json".into(), text.into())]).is_ok(), "{text}");
    }
    survives("shapes", &files, 3_000, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        judge_files(&[("damaged.json".into(), text.into()), ("other.json".into(), SHAPES[2].into())]);
    });
}

/// A scenario is judged and shown as `check` does, whatever the platform would refuse of it.
#[test]
fn damaged_scenarios_are_judged() {
    let files = files_in("models/scenarios", ".toml");
    survives("judged", &files, 1_000, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(judged) = snatsim::scenario::read_judged("models/scenarios/damaged.toml", text, &[]) {
            show(&of_scenario("damaged.toml", &judged).unwrap());
        }
    });
}

/// Models ship inside the program; the reader of a damaged one says so or reads it.
#[test]
fn damaged_models() {
    let all: Vec<Profile> = snatsim::scenario::shipped::all().chain([ACCEPTANCE]).collect();
    let files: Vec<Vec<u8>> = all.iter().map(|profile| profile.text.as_bytes().to_vec()).collect();
    survives("model", &files, 1_500, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        // A profile lives as long as the program; a few megabytes of them are kept.
        let profile = Profile { name: "damaged", text: String::leak(text.into()) };
        drop((profile.tree(), profile.title(), profile.figures()));
        for key in ["public_ips", "instances", "idle_timeout"] {
            drop((profile.gives(key), profile.most(key), profile.range(key, "least")));
        }
    });
}

/// Results that were read back are shown in every form.
#[test]
fn damaged_results() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 8\n[[workload]]\narrivals.poisson = { rate = \"9 per s\" }\nlifetime = \"1s\"\n\
                [run]\nduration = \"5m\"\nreplications = 2\nwindow = \"60s\"\n[[threshold]]\nexpr = \"failure_ratio < 1%\"\n";
    let whole = serde_json::to_vec_pretty(&crate::check::run(text, &[])).unwrap();
    survives("results", &[whole], 300, |bytes| {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        if let Ok(read) = results("damaged.json", text) {
            for format in
                [Format::Text, Format::Json, Format::Markdown, Format::Csv, Format::Junit, Format::Github]
            {
                drop(render(&read, format));
            }
        }
    });
}
