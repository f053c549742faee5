//! Bad input: each problem with its place, all of a file at once.

use snatsim::scenario::read;

fn problems(text: &str) -> String {
    match read("bad.toml", text, &[]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

const GOOD: &str = "[outbound]\nmodel = \"custom\"\nports = 64\n[[workload]]\n\
                    arrivals.poisson = { rate = \"1 per s\" }\nlifetime.constant = { value = \"1s\" }\n";

#[test]
fn the_base_of_these_tests_is_good() {
    assert!(read("good.toml", GOOD, &[]).is_ok());
}

#[test]
fn all_problems_of_a_file_are_reported_at_once_with_their_places() {
    let text = "[outbound]\nmodel = \"azure/nat-gateway\"\nidle_timeout = \"4\"\npublic_ips = 17\n[[workload]]\n\
                arrivals.poisson = { rate = \"40\" }\nlifetime.exponential = { mean = \"-1s\" }\nplacment = \"even\"\n";
    assert_eq!(
        problems(text),
        "bad.toml:3:16: `idle_timeout` is \"4\", which has no unit; write \"4s\" or \"4m\"\n\
         bad.toml:4:14: `public_ips` is the number 17; allowed is a whole number from 1 to 16\n\
         bad.toml:6:29: `rate` is \"40\", which is no rate; write \"40 per s\"\n\
         bad.toml:7:33: `mean` is \"-1s\", which is negative; write a number of 0 or more\n\
         bad.toml:8:1: unknown key `placment` in `workload`\n  help: did you mean `placement`?"
    );
}

#[test]
fn each_mistake_says_what_is_allowed() {
    let with = |line: &str| format!("{GOOD}{line}\n");
    for (text, expected) in [
        (with("syn = \"linux-7\""), "allowed is \"linux-6.5\", \"linux-classic\", \"none\""),
        (with("syn = [\"1s\"]"), "needs `connect_timeout`"),
        (with("ends = { fin = 0.5 }"), "sum to 0.5; they must sum to 1"),
        (with("ends = { abandoned = 1.0 }"), "needs an idle timeout"),
        (with("pods = 0"), "allowed is a whole number from 1 to"),
        (with("node_pool = \"gpu\""), "`node_pool` is \"gpu\"; there are node"),
        (with("retry = { attempts = 3 }"), "`retry` is not simulated"),
        (with("client_pool = { idle_timeout = \"1s\" }"), "`client_pool` lacks `max`"),
        (with("destinations = { nowhere = 1 }"), "no destination is called \"nowhere\""),
        (with("destinations = { internet = 0 }"), "sum to 0"),
        (with("[run]\nduration = \"0s\""), "`duration` is 0; allowed is a time above 0"),
        (with("[run]\nduration = 60"), "is 60, which has no unit"),
        (with("[run]\nwindow = \"nan s\""), "is no unit of time"),
        (with("[run]\nduration = \"inf s\""), "is no unit of time"),
        (with("[run]\nwarm_up = \"stationery\""), "`warm_up`"),
        (with("[[threshold]]\nexpr = \"failure_rate < 1%\""), "did you mean `failure_ratio`?"),
        (with("[[threshold]]\nexpr = \"failure_ratio\""), "is no threshold"),
        (with("[cluster]\nnetwork_plugin = \"cilium\""), "node stage, which is not simulated"),
        (GOOD.replace("custom", "azure/natgateway"), "did you mean \"azure/nat-gateway\"?"),
        (GOOD.replace("64", "-1"), "`ports` is the number -1"),
        (GOOD.replace("1 per s", "0 per s"), "write a rate above 0"),
        (GOOD.replace("constant = { value", "pareto = { alpha = 0.9, mean"), "has no mean without `max`"),
        (GOOD.replace("constant", "weibul"), "unknown key `weibul` in `lifetime`"),
        (GOOD.replace("poisson = { rate = \"1 per s\" }", "trace = { files = [\"/\"] }"), "is a directory"),
        (GOOD.replace("[outbound]", "[outbound"), "not valid TOML"),
        ("".to_string(), "lacks `[outbound]`"),
        ("{ \"outbound\": ".to_string(), "not valid JSON"),
        ("{ \"outbound\": 3 }".to_string(), "is the number 3, not a table"),
    ] {
        let found = problems(&text);
        assert!(found.contains(expected), "expected {expected:?} in:\n{found}\nfor:\n{text}");
    }
}

#[test]
fn overrides_reach_any_key_and_say_when_there_is_none() {
    let set = |key: &str, value: &str| read("good.toml", GOOD, &[(key.into(), value.into())]);
    assert_eq!(set("run.seed", "9").unwrap().run.seed, 9);
    assert_eq!(set("public_ips", "3").unwrap().outbound.public_ips(), 3);
    assert_eq!(
        set("workload.0.client_pool.max", "7").unwrap().workloads[0].client_pool.as_ref().unwrap().max,
        7
    );
    assert!(
        set("workload.checkout.pods", "7")
            .unwrap_err()
            .to_string()
            .contains("no table is called \"checkout\"")
    );
    assert!(set("nodes", "7").unwrap_err().to_string().contains("no `[[node_pool]]`"));
    assert!(set("outbound.prots", "7").unwrap_err().to_string().contains("did you mean `ports`?"));
}

#[test]
fn json_reads_like_toml() {
    let json = r#"{"outbound": {"model": "custom", "ports": 64},
        "workload": [{"arrivals": {"poisson": {"rate": "1 per s"}}, "lifetime": {"constant": {"value": "1s"}}}]}"#;
    let (json, toml) = (read("a.json", json, &[]).unwrap(), read("a.toml", GOOD, &[]).unwrap());
    assert_eq!(json.workloads, toml.workloads);
    assert_eq!(json.outbound, toml.outbound);
}

proptest::proptest! {
    /// Whatever the text, it is read or refused.
    #[test]
    fn no_text_makes_the_reader_panic(noise in ".{0,60}", at in 0usize..160, cut in 0usize..160) {
        let start = GOOD.floor_char_boundary(at.min(GOOD.len()));
        let end = GOOD.floor_char_boundary((start + cut).min(GOOD.len()));
        let text = format!("{}{noise}{}", &GOOD[..start], &GOOD[end..]);
        let _ = read("noise.toml", &text, &[]);
    }
}
