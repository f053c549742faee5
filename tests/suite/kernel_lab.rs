//! A real Linux kernel's source NAT, attempt by attempt: the same traces through a custom device that searches as Linux
//! does must give what the kernel gave (`tests/data/lab`).

use crate::check::{keep_line, scenario};
use serde_json::Value;
use snatsim::experiment::Plan;
use snatsim::simulation::{Attempt, Connected, Observer, Outcome, Sharding, TrialKey, run_shard, shards};
use std::fmt::Write;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;

/// The tolerances hold for any seed.
const SEEDS: u64 = 5;

/// What became of the attempts of a trace.
#[derive(Default)]
struct Outcomes {
    /// Whether each SYN or datagram got a port, in their order.
    tries: Vec<bool>,
    /// Seconds from the first SYN of each attempt that succeeded to the one that did.
    waits: Vec<f64>,
    attempts: u64,
}

impl Observer for Outcomes {
    fn attempt(&mut self, attempt: Attempt) {
        self.tries.push(attempt.refused.is_none());
    }

    fn connected(&mut self, connected: Connected) {
        self.waits.push(connected.time.since(connected.first).as_secs_f64());
    }

    fn outcome(&mut self, outcome: Outcome) {
        self.attempts += u64::from(outcome.flow.is_some());
    }
}

impl Outcomes {
    fn of(text: &str, seed: u64) -> Self {
        let seed = seed.to_string();
        let plan = Plan::new(&scenario(text, &[("run.seed", &seed)])).unwrap();
        let mut outcomes = Self::default();
        let key = TrialKey { seed: plan.seed, replication: 0 };
        for shard in shards(&plan.system, Sharding::Coupled) {
            run_shard(&plan.system, &shard, key, &AtomicUsize::new(0), &mut outcomes);
        }
        outcomes
    }

    /// A figure of a case file.
    fn figure(&self, name: &str) -> f64 {
        let ok = self.waits.len() as f64;
        match name {
            "ok" => ok,
            "failed" => self.attempts as f64 - ok,
            "failed_before_full" => {
                let full = self.tries.iter().rposition(|ok| *ok).unwrap_or(0);
                self.tries[..full].iter().filter(|ok| !**ok).count() as f64
            }
            "packets_dropped_by_nat" => self.tries.iter().filter(|ok| !**ok).count() as f64,
            "mean_wait_of_successes_s" => self.waits.iter().sum::<f64>() / ok,
            other => panic!("no figure {other}"),
        }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lab")
}

fn case(name: &str) -> Value {
    let path = folder().join("cases").join(format!("{name}.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The place of a node, from 1.
fn node_number(name: &Value) -> usize {
    name.as_str().unwrap()[1..].parse().unwrap()
}

/// The set-up of a case as a scenario.
fn scenario_of(case: &Value) -> String {
    let (nat, timeouts) = (&case["nat"], &case["timeouts_s"]);
    let pools = nat["pools"].as_array().unwrap();
    let port = |key: &str| pools[0][key].as_u64().unwrap();
    let mut text = format!(
        "[outbound]\nmodel = \"custom\"\nsearch = \"linux\"\nfirst_port = {}\nports = {}\npublic_ips = {}\n",
        port("port_lo"),
        port("port_hi") - port("port_lo") + 1,
        pools[0]["ips"].as_array().unwrap().len(),
    );
    let nodes = if pools.len() > 1 { pools.len() } else { 8 };
    let partition = match pools.len() {
        1 => "\"shared\"".to_string(),
        several => {
            let mut by_node = vec![0; nodes];
            for (pool, nodes) in pools.iter().enumerate() {
                nodes["nodes"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|node| by_node[node_number(node) - 1] = pool + 1);
            }
            format!("{{ instances = {several}, by_node = {by_node:?} }}")
        }
    };
    let time = |key: &str| timeouts[key].as_f64().unwrap();
    writeln!(text, "partition = {partition}").unwrap();
    writeln!(text, "take_over = {}", nat["take_over_of_closing_ports"] == "yes").unwrap();
    writeln!(
        text,
        "hold_down = {{ fin = \"{}s\", rst = \"{}s\" }}",
        time("time_wait_after_fin"),
        time("after_rst")
    )
    .unwrap();
    writeln!(text, "udp_idle_timeout = \"{}s\"", time("udp_one_shot")).unwrap();
    writeln!(text, "udp_stream_timeout = \"{}s\"", time("udp_stream")).unwrap();
    writeln!(text, "idle_timeout = \"{}s\"", time("established_idle")).unwrap();
    match nat["public_address_choice"].as_str().unwrap() {
        "only one" => {}
        "in turns" => text += "public_ip_choice = \"in-turns\"\n",
        _ => {
            let mut of = vec![0; nodes];
            for choice in nat["chosen_public_address"].as_array().unwrap() {
                let ips = pools[0]["ips"].as_array().unwrap();
                of[node_number(&choice["node"]) - 1] =
                    ips.iter().position(|ip| *ip == choice["public_ip"]).unwrap();
            }
            let of: Vec<String> =
                of.iter().enumerate().map(|(node, ip)| format!("n{} = {ip}", node + 1)).collect();
            writeln!(text, "public_ip_of = {{ {} }}", of.join(", ")).unwrap();
        }
    }
    writeln!(
        text,
        "{}[[node_pool]]\nname = \"n\"\nnodes = {nodes}\n\
         [run]\nduration = \"1h\"\nwarm_up = \"0s\"\nreplications = 1",
        if is_forgotten(case) { kept_idle(case) } else { replayed(case) },
    )
    .unwrap();
    text
}

/// Whether the kernel forgets connections of a case before their clients close them.
fn is_forgotten(case: &Value) -> bool {
    case["timeouts_s"]["established_idle"].as_f64().unwrap() < 3_600.0
}

fn trace_of(case: &Value) -> PathBuf {
    folder().join(format!("{}.gz", case["trace"].as_str().unwrap()))
}

/// The trace of a case as it is.
fn replayed(case: &Value) -> String {
    format!(
        "[[workload]]\n{}\narrivals.trace = {{ files = [\"{}\"], format = \"lab\", inside = [\"10.10.0.0/16\"] }}\n",
        syn_of(&case["client"]),
        trace_of(case).display()
    )
}

/// Each connection of a trace by itself, of a client that neither sends nor closes: the flows of a trace are never silent, so
/// a replay would keep them until their clients close them.
fn kept_idle(case: &Value) -> String {
    let file = std::fs::File::open(trace_of(case)).unwrap();
    let lines = std::io::read_to_string(flate2::read::GzDecoder::new(file)).unwrap();
    let connection = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!((fields[3], fields[5], fields[7]), ("tcp", "n1", "0"), "idle connections of one node");
        format!(
            "[[workload]]\nname = \"c{}\"\narrivals.burst = {{ at = \"{}s\", flows = 1 }}\n{}\npackets = {{ gap = \"1h\" }}\n",
            fields[0],
            fields[1],
            syn_of(&case["client"])
        )
    };
    lines.lines().skip(1).map(connection).collect()
}

/// When the clients of a case send their SYN again.
fn syn_of(client: &Value) -> String {
    let timer = &client["resend_timer"];
    let Some(intervals) = timer["intervals_s"].as_array() else { return "syn = \"none\"".into() };
    let intervals: Vec<String> = intervals.iter().map(|seconds| format!("\"{seconds}s\"")).collect();
    let grid = timer["rounded_up_to_grid_s"].as_object().unwrap().iter();
    let mut grid: Vec<(f64, f64)> = grid
        .map(|(below, step)| (below["below ".len()..].parse().unwrap(), step.as_f64().unwrap()))
        .collect();
    grid.sort_by(|one, other| one.0.total_cmp(&other.0));
    let grid: Vec<String> = grid.iter().map(|(below, step)| format!("[\"{below}s\", \"{step}s\"]")).collect();
    assert_eq!(timer["order_at_one_grid_instant"], "last armed first");
    format!(
        "connect_timeout = \"{}s\"\nsyn = {{ intervals = [{}], grid = [{}], order = \"last-armed-first\" }}",
        client["gives_up_after_s"],
        intervals.join(", "),
        grid.join(", ")
    )
}

/// A figure of a case, and the rule by which it is held against the kernel.
struct Comparison<'a> {
    case: &'a Value,
    rule: &'a Value,
    figure: &'a str,
}

impl<'a> Comparison<'a> {
    /// All comparisons of a case.
    fn all(case: &'a Value) -> impl Iterator<Item = Self> {
        let rules = [&case["compare"], &case["compare"]["also"]];
        rules.into_iter().filter_map(move |rule| Some(Self { case, rule, figure: rule["field"].as_str()? }))
    }

    /// What each run of the kernel gave.
    fn measured(&self) -> Vec<f64> {
        measured(self.case, self.figure)
    }

    fn allowed(&self) -> RangeInclusive<f64> {
        let number = |key: &str| self.rule[key].as_f64();
        match (number("of"), number("plus_minus"), number("min"), number("max")) {
            (Some(of), Some(plus_minus), ..) => of - plus_minus..=of + plus_minus,
            (.., Some(min), Some(max)) => min..=max,
            _ => {
                let all = self.measured();
                all[0]..=all[all.len() - 1]
            }
        }
    }

    fn rule_in_words(&self) -> String {
        let rule = self.rule;
        match (&rule["of"], &rule["min"]) {
            (Value::Number(of), _) => format!("{of} ± {}", rule["plus_minus"]),
            (_, Value::Number(min)) => format!("{min} to {}", rule["max"]),
            _ => "equal".into(),
        }
    }
}

fn measured(case: &Value, figure: &str) -> Vec<f64> {
    case["measured"][figure].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
}

/// Kept in the file that `tests/kernel-table` names, for its table.
fn report(case: &Value, figure: &str, rule: &str, simulated: &[f64]) {
    let words = match figure {
        "ok" => "connected",
        "failed_before_full" => "failed before all ports were taken",
        "packets_dropped_by_nat" => "packets dropped",
        "mean_wait_of_successes_s" => "mean wait, s",
        other => other,
    };
    let [name, what, trace] =
        [&case["case"], &case["what"], &case["trace"]].map(|text| text.as_str().unwrap());
    let trace = match &trace["traces/".len()..trace.len() - ".csv".len()] {
        own if own == name => String::new(),
        of => format!(" (trace of `{of}`)"),
    };
    let (measured, simulated) = (spread(&measured(case, figure)), spread(simulated));
    let line = format!("{name}\t{what}{trace}\t{words}\t{rule}\t{measured}\t{simulated}\n");
    print!("{line}");
    keep_line("SNATSIM_KERNEL_LINES", &line);
}

/// The least and the most, in whole numbers or with three digits after the point.
fn spread(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let digits = if values.iter().all(|value| value.fract() == 0.0) { 0 } else { 3 };
    let [least, most] = [least, most].map(|value| format!("{value:.digits$}"));
    if least == most { least } else { format!("{least} to {most}") }
}

fn assert_cases(names: &[&str]) {
    names.iter().for_each(|name| assert_case(name));
}

fn assert_case(name: &str) {
    let case = case(name);
    let text = scenario_of(&case);
    let runs: Vec<Outcomes> = (1..=SEEDS).map(|seed| Outcomes::of(&text, seed)).collect();
    let attempts = case["attempts"].as_u64().unwrap();
    assert!(runs.iter().all(|run| run.attempts == attempts), "{name}: not {attempts} attempts");
    for comparison in Comparison::all(&case) {
        let simulated: Vec<f64> = runs.iter().map(|run| run.figure(comparison.figure)).collect();
        report(&case, comparison.figure, &comparison.rule_in_words(), &simulated);
        let allowed = comparison.allowed();
        let missed = simulated.iter().position(|found| !allowed.contains(found));
        assert_eq!(missed, None, "{name}: {} is {simulated:?}, allowed {allowed:?}", comparison.figure);
    }
}

#[test]
fn a_range_is_filled_by_windows() {
    assert_cases(&["e1-range128", "e1-range129", "e1-range1024", "e1-range8192"]);
}

#[test]
fn a_port_serves_each_destination_and_protocol() {
    assert_cases(&[
        "e2-burst1500-dst2",
        "e2-fill256-dst1",
        "e2-fill256-dst2",
        "e2-fill256-port2",
        "e2-fill256-tcp-and-udp",
    ]);
}

#[test]
fn ports_at_rest_serve_nobody() {
    assert_cases(&["e3b-tw2-noevict-load50-s1", "e3b-tw2-noevict-load60-s1", "e3b-tw2-noevict-load80-s1"]);
    assert_cases(&["e3d-tw2-range512-s1", "e3g-longhold-noevict-rate60", "e4-fin-rst"]);
}

#[test]
fn closed_ports_are_taken_over() {
    assert_cases(&["e3c-tw2-evict-load50-s1", "e3c-tw2-evict-load60-s1", "e3c-tw2-evict-load80-s1"]);
    assert_cases(&[
        "e3e-tw2-evict-range512-s1",
        "e3g-longhold-evict-rate60",
        "e3j-longhold-rst-evict-rate55",
    ]);
}

#[test]
fn ports_without_rest_are_free_at_the_close() {
    assert_cases(&["e3h-holdonly-load50", "e3h-holdonly-load60", "e3h-holdonly-load80"]);
}

#[test]
fn datagrams_keep_a_port_for_the_timeout() {
    assert_cases(&[
        "e5-udp-bursts",
        "e5-udp-load50",
        "e5-udp-load60",
        "e5-udp-load80",
        "e5-udp-range4096-load95",
    ]);
}

/// A flow that talks for more than 2 s keeps its port for the longer timeout.
#[test]
fn datagrams_of_a_stream_keep_a_port_for_longer() {
    assert_case("e5-udp-stream");
}

#[test]
fn ports_of_silent_connections_are_free_after_the_idle_timeout() {
    assert_case("e6-idle-reaped");
}

#[test]
fn nodes_share_a_range_or_have_their_own() {
    assert_cases(&["e7-shared-4nodes", "e7-shared-9010", "e7-split-4nodes", "e7-split-9010"]);
    assert_cases(&["e7p-shared-s1", "e7p-split-s1", "e11-mixed-a-shared96", "e11-mixed-a-split32"]);
}

#[test]
fn there_is_no_second_try_on_another_public_ip() {
    assert_cases(&["e8-two-ips-one-pair", "e8-two-ips-8-sources", "e8-two-ips-numgen-inc"]);
}

/// Timers of one machine fire on a common grid, and among those of one instant the last armed comes first.
#[test]
fn clients_that_wait_send_again_in_bunches() {
    assert_cases(&["e9-burst-release", "e9-patient-load55", "e9-patient-classic-load55"]);
    assert_cases(&["e9-patient-load62", "e9-patient-classic-load62"]);
}

/// The same clients with exact timers, or with timers that fire in the order of their arming.
#[test]
fn with_exact_timers_or_in_order_of_arming_too_few_fail() {
    let case = case("e9-patient-load62");
    let (of, plus_minus) = (case["compare"]["of"].as_f64(), case["compare"]["plus_minus"].as_f64());
    let least = of.unwrap() - plus_minus.unwrap();
    let text = scenario_of(&case);
    let grid = text.find(", grid").unwrap()..text.find(", order").unwrap();
    let in_order = text.replace("last-armed-first", "first-armed-first");
    for text in [in_order, [&text[..grid.start], &text[grid.end..]].concat()] {
        let failed = Outcomes::of(&text, 1).figure("failed");
        assert!(failed < least, "{failed} failed, at least {least} in the kernel");
    }
}

/// The cases above say how many attempts failed; this is how often the kernel dropped a SYN on the way.
#[test]
fn as_many_syns_are_dropped_as_the_kernel_dropped() {
    for (name, allowed) in
        [("e9-burst-release", 0.0), ("e9-patient-load55", 0.15), ("e9-patient-load62", 0.25)]
    {
        let case = case(name);
        let figure = "packets_dropped_by_nat";
        let text = scenario_of(&case);
        let found: Vec<f64> = (1..=SEEDS).map(|seed| Outcomes::of(&text, seed).figure(figure)).collect();
        let rule =
            if allowed == 0.0 { "equal".into() } else { format!("means within {} %", 100.0 * allowed) };
        report(&case, figure, &rule, &found);
        let [mean, measured] =
            [found, measured(&case, figure)].map(|counts| counts.iter().sum::<f64>() / counts.len() as f64);
        assert!((mean - measured).abs() <= allowed * measured, "{name}: {mean}, measured {measured}");
    }
}

/// No case is left out of the tests above by a slip.
#[test]
fn every_case_is_told_of() {
    let source = include_str!("kernel_lab.rs");
    for entry in std::fs::read_dir(folder().join("cases")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap().replace(".json", "");
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
    }
}
