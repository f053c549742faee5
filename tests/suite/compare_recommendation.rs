//! What `compare` recommends, by what, and with which margin.

use super::command_line::{json, snatsim};
use serde_json::Value;

/// 8 erlang on so many ports: 12.2 % fail on 10, 5.1 % on 12, 0.9 % on 15, nothing on 100.
const LOSS: &str = "[outbound]\nmodel = \"custom\"\nports = 10\n[[workload]]\narrivals.poisson = { rate = \"8 per s\" }\n\
                    lifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n[run]\nduration = \"1000s\"\nreplications = 10\n";

fn compared(more: &str, flags: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loss.toml");
    std::fs::write(&path, format!("{LOSS}{more}\n")).unwrap();
    json(&[&["compare", path.to_str().unwrap(), "-o", "json"][..], flags].concat())
}

const LIMIT: &str = "[[threshold]]\nexpr = \"failure_ratio < 8%\"";

#[test]
fn the_threshold_that_others_fail_decides_and_the_margin_is_the_distance_of_the_bound() {
    let found = compared(LIMIT, &["--option", "ports=10", "--option", "ports=12"]);
    assert_eq!((&found["recommended"], &found["verdict"]), (&1.into(), &"pass".into()));
    let why = found["why"].as_str().unwrap();
    assert!(why.starts_with("custom with 1 public IP, ports 12 meets every threshold, and is the only one: the next, custom with 1 public IP, ports 10, fails failure_ratio < 8%"), "{why}");
    let margin = &found["margin"];
    assert_eq!((&margin["option"], &margin["runner_up"]), (&1.into(), &0.into()));
    assert_eq!(margin["threshold"], "failure_ratio < 8%");
    let distances: Vec<f64> =
        margin["distances"].as_array().unwrap().iter().map(|each| each.as_f64().unwrap()).collect();
    for (number, distance) in distances.iter().enumerate() {
        let high = found["options"][number]["failure_ratio"]["high"].as_f64().unwrap();
        assert!((distance - (0.08 - high)).abs() < 1e-12);
    }
    assert!(distances[0] < 0.0 && distances[1] > 0.0);
    // Erlang-B: 7.03 points more on 10 ports than on 12; runner-up minus the recommended one.
    let pair = &margin["difference"];
    assert_eq!(
        (&pair["first"], &pair["second"], &pair["metric"]),
        (&1.into(), &0.into(), &"failure_ratio".into())
    );
    let (low, difference, high) = (&pair["low"], pair["difference"].as_f64().unwrap(), &pair["high"]);
    assert!((difference - 0.0703).abs() < 0.004, "{difference}");
    assert!(low.as_f64().unwrap() < difference && difference < high.as_f64().unwrap());
}

#[test]
fn of_options_that_meet_all_the_fewest_public_ips_then_the_cost_then_the_change_then_the_room_decide() {
    let why = |more: &str, flags: &[&str]| {
        let found = compared(more, flags);
        (found["recommended"].as_u64(), found["why"].as_str().unwrap().to_string())
    };
    let (recommended, told) = why(LIMIT, &["--option", "ports=60,public_ips=2", "--option", "ports=12"]);
    assert_eq!(recommended, Some(1));
    assert!(told.contains("needs the fewest public IPs (1 against 2)"), "{told}");
    let (recommended, told) = why(LIMIT, &["--option", "ports=12", "--option", "ports=120"]);
    assert_eq!(recommended, Some(1));
    assert!(told.contains("has the most room"), "{told}");
    let staying =
        ["--set", "ports=12", "--option", "model=custom,ports=120", "--option", "outbound.ports=12"];
    let staying = [&["--set", "outbound.ports=12"][..], &staying[2..]].concat();
    let (recommended, told) = why(LIMIT, &staying);
    assert_eq!(recommended, Some(1));
    assert!(told.contains("takes less of a change than custom with 1 public IP, ports 120"), "{told}");

    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("prices.toml");
    let item = |of: &str, per: &str, amount: u32| {
        format!(
            "[[price]]\nof = \"{of}\"\nper = \"{per}\"\namount = {amount}\nsource = \"a bill\"\ndate = \"2026\"\n"
        )
    };
    let text = [
        "currency = \"EUR\"\nregion = \"here\"\ndate = \"2026\"\ngb_per_month = 1\n".to_string(),
        item("nat-gateway", "month", 50),
        item("nat-gateway", "GB", 0),
        item("firewall", "month", 20),
        item("firewall", "GB", 0),
        item("public-ip", "month", 1),
    ];
    std::fs::write(&prices, text.concat()).unwrap();
    let both = ["--option", "model=azure/nat-gateway", "--option", "model=azure/firewall"];
    let priced = [&both[..], &["--prices", prices.to_str().unwrap()]].concat();
    let (recommended, told) = why(LIMIT, &priced);
    assert_eq!(recommended, Some(1));
    assert!(
        told.contains(
            "costs less than the next with as few public IPs (EUR 21.00 a month against EUR 51.00)"
        ),
        "{told}"
    );
    let (recommended, told) = why(LIMIT, &both);
    assert_eq!(recommended, Some(0), "{told}");
    // A hole in the price file does not decide.
    std::fs::write(&prices, text[..4].concat()).unwrap();
    assert_eq!(why(LIMIT, &priced).0, Some(0));
}

#[test]
fn without_a_threshold_the_fewest_lost_connections_decide_and_the_margin_is_their_difference() {
    let found = compared("", &["--option", "ports=10", "--option", "ports=12"]);
    assert!(found["why"].as_str().unwrap().contains("loses the fewest connections"));
    let margin = &found["margin"];
    assert!(margin["threshold"].is_null() && margin["distances"].as_array().unwrap().is_empty());
    assert_eq!(margin["difference"]["metric"], "connection_failure_ratio");
}

#[test]
fn the_margin_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("loss.toml");
    std::fs::write(&path, format!("{LOSS}{LIMIT}\n")).unwrap();
    let arguments = ["compare", path.to_str().unwrap(), "--option", "ports=10", "--option", "ports=12"];
    let output = snatsim(&arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("margin: ")).unwrap_or_else(|| panic!("{text}"));
    assert!(
        line.contains("points within the limit of failure_ratio < 8%; the interval of option 0 ends"),
        "{line}"
    );
    assert!(
        line.contains("points on the wrong side of the limit")
            && line.contains("option 0 minus option 1 of failure_ratio: 6.85 percentage points ["),
        "{line}"
    );
}
