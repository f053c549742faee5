//! Theory: one row of ports at the sizes of real pools, how sure an estimate is, and what rarely happens.

use crate::check::{Sample, assert_agrees, full_counts, run};
use snatsim::experiment::results::Results;

/// `ports` at `offered` erlang for `duration` of mean holding times of one second.
fn loss(ports: &str, offered: f64, duration: f64, more: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = {ports}\n[[workload]]\narrivals.poisson = {{ rate = \"{offered} per s\" }}\n\
         lifetime.exponential = {{ mean = \"1s\" }}\nsyn = \"none\"\n[run]\nwarm_up = \"stationary\"\nduration = \"{duration}s\"\n{more}"
    )
}

/// Expected figures of a row; at full counts nearly twice the arrivals that the oracle asks for, else a part and a wider interval.
struct Row {
    ports: u32,
    offered: f64,
    arrivals: f64,
    blocking: f64,
    mean: f64,
    variance: f64,
}

fn agrees(row: &Row) {
    let Row { ports, offered, arrivals, blocking, mean, variance } = *row;
    let (share, widest) = if full_counts() { (1.8, 0.05) } else { (0.06, 0.25) };
    let duration = (arrivals * share / 20.0 / offered).max(2.0);
    let results = run(&loss(&ports.to_string(), offered, duration, "replications = 20\n"), &[]);
    assert_agrees(&results.first_attempt_failure_ratio, blocking, widest);
    let busy = &results.occupancy_ports;
    // The number of busy ports wanders: its time average has a deviation of at most sqrt(2 variance x 1 s / time).
    let seconds = 20.0 * duration;
    let error = (2.0 * variance / seconds).sqrt();
    assert!((busy.mean - mean).abs() < 3.29 * error, "{} against {mean}, at most {error} wide", busy.mean);
}

#[test]
fn o_eb5_a_default_node_at_107_percent() {
    let (mean, variance) = (1013.46391325, 101.712196327);
    agrees(&Row { ports: 1024, offered: 1100.0, arrivals: 359e3, blocking: 0.078669169772, mean, variance });
}

#[test]
fn o_eb6_four_times_what_a_default_node_carries() {
    let (mean, variance) = (1023.65622429, 0.461541155355);
    // The oracle's 891 arrivals are a fraction of a second.
    agrees(&Row { ports: 1024, offered: 4000.0, arrivals: 2e6, blocking: 0.744085943927, mean, variance });
}

#[test]
fn o_eb7_a_firewall_instance() {
    let (mean, variance) = (2434.58681472, 1488.01401114);
    agrees(&Row {
        ports: 2496,
        offered: 2450.0,
        arrivals: 15.1e6,
        blocking: 0.00629109603381,
        mean,
        variance,
    });
}

#[test]
fn o_eb8_two_firewall_instances() {
    let (mean, variance) = (4917.8402911, 2532.885641);
    agrees(&Row {
        ports: 4992,
        offered: 4950.0,
        arrivals: 20.2e6,
        blocking: 0.00649691088844,
        mean,
        variance,
    });
}

/// Fewer arrivals than the interval would need are only run at full counts.
#[test]
fn o_eb9_a_whole_public_ip_of_the_load_balancer() {
    if full_counts() {
        let (mean, variance) = (63643.8105344, 43629.7148045);
        // Half as many again as for the others: of 20 replications the interval is narrow by luck.
        let (offered, arrivals, blocking) = (63_700.0, 1.5 * 551e6, 0.000882095221558);
        agrees(&Row { ports: 64_000, offered, arrivals, blocking, mean, variance });
    }
}

#[test]
fn o_eb10_a_public_ip_of_the_nat_gateway() {
    let (mean, variance) = (64263.3189369, 30273.3268476);
    let (offered, arrivals, blocking) = (64_400.0, 220e6, 0.00212237675669);
    agrees(&Row { ports: 64_512, offered, arrivals, blocking, mean, variance });
}

/// Occupations of three kinds: FIN, RST, and silence until the idle timeout.
#[test]
fn o_eb12_mixed_ends() {
    let (duration, widest) = if full_counts() { ("6000s", 0.05) } else { ("1500s", 0.12) };
    let text = "[outbound]\nmodel = \"custom\"\nports = 1024\nhold_down = { fin = \"65s\", rst = \"16s\" }\nidle_timeout = \"240s\"\n\
        [[workload]]\narrivals.poisson = { rate = \"15.9 per s\" }\nlifetime.exponential = { mean = \"400ms\" }\n\
        ends = { fin = 0.9, rst = 0.08, abandoned = 0.02 }\nsyn = \"none\"\n[run]\nwarm_up = \"stationary\"\nreplications = 20\n";
    let results = run(text, &[("run.duration", duration)]);
    assert_agrees(&results.first_attempt_failure_ratio, 0.0302638253923, widest);
    let offered = results.analytic.as_ref().map(|analytic| analytic.offered_erlang).expect("one row");
    assert!((offered - 1033.182).abs() < 1e-6, "{offered}");
}

/// The failure ratio of each replication: one window holds all of it.
fn ratios(results: &Results) -> Vec<f64> {
    results.windows.iter().map(|window| window.snat_failures as f64 / window.attempts as f64).collect()
}

/// n Var(ratio) / (B (1 - B)) over replications of n arrivals: 3.43 and 11.9 as n grows.
#[test]
fn o_eb11_failures_come_together_as_much_as_theory_says() {
    let replications = if full_counts() { 4_000 } else { 1_000 };
    for (ports, offered, blocking, inflation) in
        [(10, 8.0, 0.121661064253, 3.43079365603_f64), (100, 90.0, 0.0269573804644, 11.9132878706)]
    {
        let duration = 400.0;
        let more = format!("window = \"400s\"\nreplications = {replications}\n");
        let results = run(&loss(&ports.to_string(), offered, duration, &more), &[]);
        let ratios = ratios(&results);
        assert_eq!(ratios.len(), replications);
        let count = replications as f64;
        let squares = ratios.iter().map(|ratio| (ratio - blocking).powi(2)).sum::<f64>() / count;
        let found = squares * offered * duration / (blocking * (1.0 - blocking));
        // The variance of so many nearly normal values has a deviation of sqrt(2 / count) of it.
        Sample::known(found, 2.0 * inflation.powi(2), count).assert_agrees(inflation, 0.1);
    }
}

/// Intervals of 95 % hold the true ratio in 93 to 97 % of 1,000 runs: of 20 replications, and of one cut into batches.
#[test]
fn o_eb11_intervals_cover_as_often_as_they_say() {
    let runs = if full_counts() { 4_000 } else { 1_000 };
    let coverage = |ports: u32, offered: f64, duration: f64, replications: u32, blocking: f64| {
        let more = format!("replications = {replications}\n");
        let text = loss(&ports.to_string(), offered, duration, &more);
        let covers = |seed: &u32| {
            let found = run(&text, &[("run.seed", &seed.to_string())]).first_attempt_failure_ratio;
            found.low <= blocking && blocking <= found.high
        };
        (1..=runs).filter(covers).count() as f64 / f64::from(runs)
    };
    let several = coverage(10, 8.0, 60.0, 20, 0.121661064253);
    let wider = coverage(100, 90.0, 120.0, 20, 0.0269573804644);
    let batches = coverage(10, 8.0, 1_200.0, 1, 0.121661064253);
    println!("{several} {wider} {batches}");
    for found in [several, wider, batches] {
        assert!((0.93..=0.97).contains(&found), "{several} {wider} {batches}");
    }
}

/// 64 ports at 40 erlang: whether anything fails within 100 mean holding times.
#[test]
fn o_ra5_any_failure_within_a_horizon() {
    let replications: u32 = if full_counts() { 40_000 } else { 4_000 };
    let more = format!("replications = {replications}\n");
    let results = run(&loss("64", 40.0, 100.0, &more), &[]);
    let failed = replications - results.replications_without_failure;
    let widest = if full_counts() { 0.05 } else { 0.1 };
    Sample::share(failed, replications).assert_agrees(0.14928579966, widest);
}

/// How the time average of busy ports varies from run to run, of constant and of exponential occupations S of 65.2 s: in the limit of
/// long runs L Var = 10 E[S^2]; in runs of L, less by S / 3 L of it for the constant law and by S / L for the exponential.
#[test]
fn o_st6_time_average_of_busy_ports() {
    let replications = if full_counts() { 10_000 } else { 1_000 };
    let (duration, mean) = (2_000.0, 65.2);
    for (law, limit, less) in [
        ("constant = { value", 42_510.4_f64, mean / duration / 3.0),
        ("exponential = { mean", 85_020.8, mean / duration),
    ] {
        let text = loss("\"unlimited\"", 10.0, duration, &format!("replications = {replications}\n"))
            .replace("exponential = { mean = \"1s\"", &format!("{law} = \"65200ms\""));
        let results = run(&text, &[]);
        let averages: Vec<f64> = time_averages(&results, duration);
        assert_eq!(averages.len(), replications);
        let count = replications as f64;
        let squares = averages.iter().map(|average| (average - 10.0 * mean).powi(2)).sum::<f64>() / count;
        let (found, expected) = (squares * duration, limit * (1.0 - less));
        Sample::known(found, 2.0 * expected.powi(2), count).assert_agrees(expected, 0.1);
    }
}

/// Mean of busy ports of each replication, from the means of its bins of 60 s, the last of which is a part.
fn time_averages(results: &Results, duration: f64) -> Vec<f64> {
    let bins = (duration / 60.0).ceil() as usize;
    let width = |start: f64| (duration - start).min(60.0);
    let of_run = |bins: &[snatsim::experiment::results::SeriesBin]| {
        bins.iter().map(|bin| (bin.in_use + bin.hold_down) * width(bin.start_s)).sum::<f64>() / duration
    };
    results.series.chunks(bins).map(of_run).collect()
}

/// Counts of a day that swings, in six hours each: Poisson with the integral of the rate as their mean.
#[test]
fn o_ge2_a_thinned_diurnal_rate() {
    let replications = if full_counts() { 100 } else { 4 };
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n[[workload]]\n\
         arrivals.sinusoid = {{ mean = \"20 per s\", amplitude = \"12 per s\", period = \"86400s\" }}\nlifetime = \"0s\"\nsyn = \"none\"\n\
         [run]\nwarm_up = \"0s\"\nduration = \"18h\"\nwindow = \"6h\"\nreplications = {replications}\n"
    );
    let results = run(&text, &[]);
    for (part, expected) in [597_011.844998, 597_011.844998, 266_988.155002].into_iter().enumerate() {
        let of_part = results.windows.iter().filter(|window| window.start_s == part as f64 * 21_600.0);
        let counts: Vec<f64> = of_part.map(|window| window.attempts as f64).collect();
        let mean = counts.iter().sum::<f64>() / counts.len() as f64;
        Sample::known(mean, expected, counts.len() as f64).assert_agrees(expected, 0.005);
    }
}

/// 64,512 ports an IP, and towards one endpoint no more than 50,000 live flows of each where that cap is on.
#[test]
fn o_hl2_the_inventory_of_the_nat_gateway() {
    for (ips, ports, capped) in
        [(1, 64_512, 50_000), (2, 129_024, 100_000), (4, 258_048, 200_000), (16, 1_032_192, 800_000)]
    {
        let text = format!(
            "[outbound]\nmodel = \"azure/nat-gateway\"\npublic_ips = {ips}\n[[workload]]\n\
             arrivals.burst = {{ flows = {} }}\nlifetime = \"1m\"\nsyn = \"none\"\n[run]\nduration = \"1s\"\nreplications = 1\n",
            ports + 1_000
        );
        let granted = |text: &str| {
            let totals = run(text, &[]).totals;
            totals.attempts - totals.snat_failures
        };
        assert_eq!(granted(&text), capped);
        let open = text.replace("public_ips", "per_destination_cap = 64512\ntotal_cap = 3000000\npublic_ips");
        assert_eq!(granted(&open), ports);
    }
}
