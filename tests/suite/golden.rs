//! Simulated bytes that must not change unnoticed, on this machine or another.
//!
//! `tests/golden/NAME.toml` keeps the SHA-256 of the reproducible JSON of one scenario, and beside it the figures by
//! which a person judges a change. `tests/golden/refresh` writes them again; a change of simulated numbers belongs
//! into the changelog. `.ci/run` runs this a second time without the processor's FMA.

use super::command_line::snatsim;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use snatsim::random::{Purpose, Stream};
use snatsim::workload::Law;
use std::collections::BTreeMap;
use std::path::Path;

/// One file of `tests/golden`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Golden<F> {
    of: String,
    sha256: String,
    figures: F,
}

/// What a person reads first.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Figures {
    flows: u64,
    attempts: u64,
    snat_failures: u64,
    connection_failures: u64,
    request_failures: u64,
    failure_ratio: [f64; 3],
    first_failure_s: Option<f64>,
    busy_ports_mean: f64,
    busy_ports_most: u64,
    port_holding_s: f64,
    connect_delay_p99_s: f64,
}

/// Null and absent figures are 0 here; the digest tells them apart.
fn figures(results: &Value) -> Figures {
    let at = |pointer: &str| results.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    let count = |pointer: &str| at(pointer).as_u64().unwrap();
    let number = |pointer: &str| at(pointer).as_f64().unwrap_or_default();
    Figures {
        flows: count("/totals/flows"),
        attempts: count("/totals/attempts"),
        snat_failures: count("/totals/snat_failures"),
        connection_failures: count("/totals/connection_failures"),
        request_failures: count("/totals/request_failures"),
        failure_ratio: ["estimate", "low", "high"].map(|part| number(&format!("/failure_ratio/{part}"))),
        first_failure_s: at("/first_failure_s").as_f64(),
        busy_ports_mean: number("/occupancy_ports/mean"),
        busy_ports_most: count("/occupancy_ports/max"),
        port_holding_s: number("/port_holding_s/mean"),
        connect_delay_p99_s: number("/connect_delay_s/p99"),
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run(scenario: &str) -> Golden<Figures> {
    let output = snatsim(&["run", scenario, "--reproducible", "-o", "json"]).output().unwrap();
    let results = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|why| panic!("{why}: {}", String::from_utf8_lossy(&output.stderr)));
    Golden { of: scenario.into(), sha256: digest(&output.stdout), figures: figures(&results) }
}

fn assert_golden<F>(found: Golden<F>)
where
    F: std::fmt::Debug + PartialEq + Serialize + for<'text> Deserialize<'text>,
{
    let name = Path::new(&found.of).file_stem().unwrap().to_str().unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.golden.toml"));
    if std::env::var_os("SNATSIM_REFRESH_GOLDEN").is_some() {
        std::fs::write(file, toml::to_string(&found).unwrap()).unwrap();
        return;
    }
    let kept: Golden<F> = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(found, kept, "simulated bytes changed; if they should have, run tests/golden/refresh");
}

/// Exponential draws and a stationary start.
#[test]
fn a_default_node_gives_the_bytes_it_gave() {
    assert_golden(run("models/scenarios/default-node.toml"));
}

#[test]
fn every_law_gives_the_bytes_it_gave() {
    assert_golden(run("tests/golden/every-law.toml"));
}

/// No draws at all: what differs here is counting or estimating.
#[test]
fn a_recorded_day_gives_the_bytes_it_gave() {
    assert_golden(run("models/scenarios/recorded-office.toml"));
}

/// Every bit of a draw counts: a scenario keeps nanoseconds, which hide the last ones. So do laws of seconds, hence
/// means of years.
#[test]
fn draws_have_the_bits_they_had() {
    let year = 3e7;
    let laws = [
        ("exponential", Law::Exponential { mean: year }),
        ("lognormal", Law::Lognormal { location: 17.0, scale: 1.0 }),
        ("pareto", Law::Pareto { least: year, alpha: 2.5, most: None }),
        ("pareto, cut", Law::Pareto { least: year, alpha: 0.9, most: Some(50.0 * year) }),
        ("weibull", Law::Weibull { scale: year, shape: 0.7 }),
        ("erlang", Law::Erlang { mean: year, stages: 3 }),
    ];
    let (mut bytes, mut figures) = (Vec::new(), BTreeMap::new());
    let mut keep = |name: String, mut draw: Box<dyn FnMut() -> f64>| {
        let draws: Vec<f64> = (0..100_000).map(|_| draw()).collect();
        bytes.extend(draws.iter().flat_map(|value| value.to_le_bytes()));
        figures.insert(name, draws.iter().sum::<f64>() / 1e5);
    };
    let stream = || Stream::new(1, 0, Purpose::Lifetime, 0);
    let (mut normal, mut gamma) = (stream(), stream());
    keep("normal, mean".into(), Box::new(move || normal.normal()));
    keep("gamma of shape 2.4, mean".into(), Box::new(move || gamma.gamma(2.4)));
    for (name, law) in laws {
        let (biased, mut one, mut other) = (law.clone(), stream(), stream());
        keep(format!("{name}, mean"), Box::new(move || law.sample(&mut one).as_secs_f64()));
        let draw = move || biased.sample_length_biased(&mut other).as_secs_f64();
        keep(format!("{name}, length-biased mean"), Box::new(draw));
    }
    assert_golden(Golden { of: "draws".into(), sha256: digest(&bytes), figures });
}
