//! Theory of flows that fall silent: exact values that the simulator must reproduce through the scenario interface.

use crate::check::{Sample, assert_agrees, full_counts, run};
use snatsim::experiment::results::Results;

/// Flows that their clients never close, on a device that forgets them after 240 s of silence.
fn never_closed(ports: &str, rate: &str, packets: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = {ports}\nidle_timeout = \"240s\"\n[[workload]]\n\
         arrivals.poisson = {{ rate = \"{rate} per s\" }}\npackets = {{ {packets} }}\nsyn = \"none\"\n[run]\n\
         replications = 1\n"
    )
}

/// 20 runs with a seed each.
fn runs(text: &str, set: &[(&str, &str)]) -> Vec<Results> {
    let seeded = |seed: u32| run(text, &[set, &[("run.seed", &seed.to_string())]].concat());
    (1..=20).map(seeded).collect()
}

/// The mean and standard deviation of holding times.
fn assert_holding(packets: &str, mean: f64, deviation: f64) {
    let text = never_closed("\"unlimited\"", "10", packets);
    let runs = runs(&text, &[("run.warm_up", "0s"), ("run.duration", "1000s")]);
    Sample::of(&runs, |run| run.port_holding_s.mean).assert_agrees(mean, 0.02);
    Sample::of(&runs, |run| run.port_holding_s.sd).assert_agrees(deviation, 0.02);
}

#[test]
fn o_it1_packets_every_minute() {
    assert_holding("gap.exponential = { mean = \"60s\" }", 3215.88900199, 3025.79279403);
}

#[test]
fn o_it2_packets_every_two_minutes() {
    assert_holding("gap.exponential = { mean = \"120s\" }", 766.686731872, 588.390796307);
}

/// The full count is for `tests/statistics`; here the interval of the ratio is wider.
#[test]
fn o_it3_abandoned_connections() {
    let (duration, widest) = if full_counts() { ("160000s", 0.05) } else { ("20000s", 0.15) };
    let packets = "gap.exponential = { mean = \"30s\" }, stop_after_packet = 0.2";
    let text = never_closed("1024", "2.76312240053", packets);
    let set = [("run.warm_up", "4000s"), ("run.duration", duration)];
    Sample::of(&runs(&text, &set), |run| run.port_holding_s.mean).assert_agrees(359.477379579, 0.05);
    let results = run(&text, &[&set[..], &[("run.replications", "20")]].concat());
    assert_agrees(&results.first_attempt_failure_ratio, 0.00928318765333, widest);
}

#[test]
fn o_it4_keepalives() {
    for (keepalive, expected) in [("200s", 1000.0), ("239s", 1000.0), ("241s", 240.0)] {
        let text = never_closed("1", "1", "")
            .replace("packets = {  }", &format!("keepalive = \"{keepalive}\""))
            .replace("poisson = { rate = \"1 per s\" }", "burst = { flows = 1 }\nlifetime = \"1000s\"");
        let holding = run(&text, &[]).port_holding_s;
        assert_eq!((holding.mean, holding.sd), (expected, 0.0), "{keepalive}");
    }
}

/// Packets that are further apart than the idle timeout are one packet, and then the silence.
#[test]
fn a_talk_of_equal_gaps_is_a_lifetime() {
    let set = [("run.warm_up", "1000s"), ("run.duration", "2000s"), ("run.replications", "4")];
    let talk = never_closed("\"unlimited\"", "5", "gap = \"300s\"");
    let law = talk.replace("packets = { gap = \"300s\" }", "lifetime = \"240s\"");
    let (talk, law) = (run(&talk, &set), run(&law, &set));
    assert_eq!((talk.totals, talk.port_holding_s), (law.totals, law.port_holding_s));
    assert_eq!(talk.occupancy_ports, law.occupancy_ports);
}
