//! How many times the load an answer carries, and what would save its last step.

use super::command_line::snatsim;
use serde_json::Value;

/// Even arrivals of constant length on 100 ports: 10 a second, 5 s and 0 s of rest, are exactly 50 ports; twice that is the most.
const EVEN: &str = "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 100\n[[destination]]\nname = \"api\"\n[[workload]]\nname = \"web\"\n\
    arrivals.even = { rate = \"10 per s\" }\nlifetime = \"5s\"\nsyn = \"none\"\n[run]\nduration = \"600s\"\nwarm_up = \"10s\"\nreplications = 2\n\
    [[threshold]]\nexpr = \"failure_ratio < 2%\"\n";

fn asked(text: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let all = [&arguments[..1], &["-", "-o", "json", "--reproducible"], &arguments[1..]].concat();
    let output = snatsim(&all).write_stdin(text).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).to_string();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), error)
}

/// A ratio of 2 % needs a load of 100 / 0.98 ports: 2.04 times; a step is a hundredth.
#[test]
fn headroom_is_the_largest_load_that_still_passes() {
    let (status, found, error) = asked(EVEN, &["run", "--headroom"]);
    assert_eq!(status, Some(0), "{error}");
    let headroom = found["headroom"].as_f64().unwrap();
    assert!((2.0..=2.05).contains(&headroom), "{headroom}");
    let search = &found["headroom_search"];
    assert_eq!((&search["proved"], &search["target"][0]), (&found["headroom"], &"failure_ratio < 2%".into()));
    assert!(search["refuted"].as_f64().unwrap() <= headroom * 1.011, "{search}");
    let factor = format!("run.load_factor={headroom}");
    assert_eq!(asked(EVEN, &["run", "--set", &factor]).0, Some(0));
    let beyond = format!("run.load_factor={}", search["refuted"]);
    assert_eq!(asked(EVEN, &["run", "--set", &beyond]).0, Some(1));
}

#[test]
fn a_threshold_asks_for_headroom_and_without_one_nothing_is_looked_for() {
    for (limit, status) in [("1.9", 0), ("2.2", 1)] {
        let (code, found, error) = asked(EVEN, &["run", "--threshold", &format!("headroom > {limit}")]);
        assert_eq!(code, Some(status), "{error}");
        assert_eq!(found["thresholds"][1]["low"], found["headroom"]);
    }
    let (_, found, _) = asked(EVEN, &["run"]);
    assert_eq!((&found["headroom"], found.get("headroom_search")), (&Value::Null, None));
}

/// 220 ports are needed, 100 are there: 1 / 2.2 of the load, and a little more, for 2 % may fail.
#[test]
fn headroom_of_what_fails_is_below_1() {
    let (status, found, error) =
        asked(EVEN, &["run", "--headroom", "--set", "workload.web.arrivals.even.rate=44 per s"]);
    let headroom = found["headroom"].as_f64().unwrap();
    assert!(status == Some(1) && (0.45..0.47).contains(&headroom), "{headroom} {error}");
}

#[test]
fn what_has_no_headroom_says_why() {
    let renewal =
        EVEN.replace("arrivals.even = { rate = \"10 per s\" }", "arrivals.renewal = { gap = \"100ms\" }");
    let (_, found, error) = asked(&renewal, &["run", "--headroom"]);
    let why = found["headroom_search"]["why"].as_str().unwrap_or_default();
    assert!(found["headroom"].is_null() && why.contains("`web` has no rate to multiply"), "{found} {error}");
    let (status, _, error) = asked(&renewal, &["run", "--threshold", "headroom > 1.3"]);
    assert!(status == Some(2) && error.contains("`web` has no rate to multiply"), "{status:?} {error}");
    let without = EVEN.split("[[threshold]]").next().unwrap();
    for (arguments, said) in [
        (&["run", "--headroom"][..], "there is none; write such as"),
        (&["run", "--threshold", "headroom > 30%"], "write how many times the load"),
        (&["run", "--threshold", "headroom > 20"], "write how many times the load"),
        (&["compare", "--set", "threshold=[{expr = \"headroom > 1.3\"}]"], "is judged by `run` alone"),
        (&["size", "--vary", "ports_per_node", "--target", "headroom < 2"], "is told of the answer"),
    ] {
        let (status, _, error) = asked(without, arguments);
        assert!(status == Some(2) && error.contains(said), "{arguments:?}: {status:?} {error}");
    }
}

#[test]
fn a_load_factor_multiplies_every_workload() {
    for (arrivals, lifetime) in [
        ("arrivals.even = { rate = \"10 per s\" }", 6_000),
        ("arrivals.herd = { every = \"60s\", clients = 30 }", 300),
        ("arrivals.burst = { at = \"1s\", flows = 30 }", 30),
        ("arrivals.burst = { at = \"1s\", per_node = [30] }", 30),
        ("arrivals.piecewise = { points = [[\"0s\", \"10 per s\"]] }", 6_000),
        ("arrivals.sinusoid = { mean = \"10 per s\", amplitude = \"5 per s\", period = \"60s\" }", 6_000),
        ("arrivals.mmpp = { rates = [\"10 per s\", \"10 per s\"], mean_stay = [\"9s\", \"9s\"] }", 6_000),
        ("arrivals.batch = { rate = \"5 per s\", size.constant = 2 }", 6_000),
        ("arrivals.poisson = { rate = \"10 per s\" }\nrate_over_time = { points = [[\"0s\", 1.0]] }", 6_000),
    ] {
        let text = EVEN.replace("arrivals.even = { rate = \"10 per s\" }", arrivals);
        let flows = |factor: &str| {
            let (_, found, error) = asked(&text, &["run", "--replications", "1", "--set", factor]);
            found["totals"]["flows"].as_f64().unwrap_or_else(|| panic!("{arrivals}: {error}"))
        };
        let (one, three) = (flows("run.load_factor=1"), flows("run.load_factor=3"));
        assert!((one / f64::from(lifetime) - 1.0).abs() < 0.1, "{arrivals}: {one}");
        assert!((three / one / 3.0 - 1.0).abs() < 0.1, "{arrivals}: {one} {three}");
    }
}

/// 50 ports are needed; 49 ports lose 2 % of the flows that come evenly. Kept connections are 50 as well, but few are opened.
#[test]
fn size_tells_headroom_and_what_would_save_the_last_step() {
    let size = [
        "size",
        "--vary",
        "ports_per_node=10..100",
        "--target",
        "failure_ratio < 1.5%",
        "--replications",
        "4",
    ];
    let (status, found, error) = asked(EVEN, &size);
    assert_eq!((status, &found["answer"]), (Some(0), &50.into()), "{error}");
    let headroom = found["headroom"]["proved"].as_f64().unwrap();
    assert!((1.0..1.03).contains(&headroom), "{headroom}");
    let savings = found["savings"].as_array().unwrap();
    let of = |change: &str| savings.iter().find(|saving| saving["change"] == change).unwrap();
    assert_eq!(
        (&of("private_link")["verdict"], &of("private_link")["settings"][0]),
        (&"pass".into(), &"destination.0.reach = private-endpoint".into())
    );
    assert!(of("idle_timeout")["why"].as_str().unwrap().contains("no idle timeout to choose"), "{found}");
    assert!(of("client_pool")["verdict"].is_string(), "{found}");
    let (_, never, _) = asked(EVEN, &[&size[..], &["--advice", "never"]].concat());
    assert_eq!((never.get("headroom"), never.get("savings")), (None, None));
    let text = snatsim(&[&["size", "-"], &size[1..]].concat()).write_stdin(EVEN).output().unwrap();
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("headroom") && text.contains("saves the step: no flow needs a SNAT port any more"),
        "{text}"
    );
}

/// A flow a second that nobody closes keeps its port for the idle timeout: 30 min are 1,800 ports, 4 min are 240.
#[test]
fn a_shorter_idle_timeout_may_save_ports() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 1024\n[[workload]]\nname = \"web\"\n\
        arrivals.even = { rate = \"1 per s\" }\nlifetime = \"1s\"\nends = { abandoned = 1 }\nsyn = \"none\"\n\
        [run]\nduration = \"1h\"\nwarm_up = \"0s\"\nreplications = 4\n";
    let size = ["size", "--vary", "ports_per_node=1000..2400:200", "--target", "failure_ratio < 10%"];
    let (_, found, error) = asked(text, &size);
    let saving = &found["savings"].as_array().unwrap()[1];
    assert_eq!(
        (&saving["settings"][0], &saving["verdict"]),
        (&"outbound.idle_timeout = 4m".into(), &"pass".into()),
        "{found} {error}"
    );
}
