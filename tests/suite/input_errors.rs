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
        "bad.toml:3:16: `idle_timeout` is \"4\", which has no unit; write ms, s, m (minutes), h or d, such as \"4s\"\n\
         bad.toml:4:14: `public_ips` is the number 17; allowed is a whole number from 1 to 16\n\
         bad.toml:6:29: `rate` is \"40\", which is no rate; write \"40 per s\"\n\
         bad.toml:7:33: `mean` is \"-1s\", which is negative; write a number of 0 or more\n\
         bad.toml:8:1: unknown key `placment` in `workload`\n  help: did you mean `placement`?"
    );
}

#[test]
fn each_mistake_says_what_is_allowed() {
    let with = |line: &str| format!("{GOOD}{line}\n");
    let arrivals = |process: &str| GOOD.replace("poisson = { rate = \"1 per s\" }", process);
    let law = |law: &str| GOOD.replace("constant = { value = \"1s\" }", law);
    for (text, expected) in [
        (with("syn = \"linux-7\""), "did you mean \"linux-6.5\"?"),
        (with("syn = \"solaris\""), "\"linux-classic-timer-wheel\", \"windows\", \"none\""),
        (
            with("syn = { intervals = [\"1s\"], grid = [\"32ms\"] }"),
            "`grid` is the text \"32ms\", not a list",
        ),
        (with("syn = { intervals = [\"1s\"], grid = [[\"32ms\"]] }"), "an entry of `grid` needs two times"),
        (
            with("syn = { intervals = [\"1s\"], grid = [[\"2s\", \"0s\"]] }"),
            "`grid` is 0; allowed is a time above 0",
        ),
        (
            with("syn = { intervals = [\"1s\"], grid = [[\"2s\", \"1s\"], [\"2s\", \"2s\"]] }"),
            "the bound 2s of `grid` follows 2s; bounds must rise",
        ),
        (
            with("syn = { intervals = [\"1s\"], order = \"lifo\" }"),
            "allowed is \"first-armed-first\", \"last-armed-first\"",
        ),
        (with("syn = { intervals = [\"1s\"] }"), "needs `connect_timeout`"),
        (with("syn = [\"1s\"]"), "needs `connect_timeout`"),
        (with("ends = { fin = 0.5 }"), "sum to 0.5; they must sum to 1"),
        (with("ends = { abandoned = 1.0 }"), "needs an idle timeout"),
        (with("pods = 0"), "allowed is a whole number from 1 to"),
        (with("node_pool = \"gpu\""), "no node pool is called \"gpu\"\n  help: known here: node"),
        (with("retry = { attempts = 3 }"), "`retry` lacks `backoff`"),
        (with("placement = {}"), "`placement` needs exactly one of hot_node, zipf, weights"),
        (with("placement.zipff = 1.0"), "did you mean `zipf`?"),
        (with("placement.zipf = -1.0"), "allowed is a number from 0 to 10"),
        (with("placement.weights = 3"), "`weights` is the number 3, not a list"),
        (with("placement.weights = [1, 2]"), "`weights` has 2, and the node pool node has 1"),
        (with("placement.weights = [0.0]"), "all `weights` are 0"),
        (with("placement.weights = [\"much\"]"), "allowed is a number from 0 to"),
        (with("request_timeout = \"0s\""), "`request_timeout` is 0; allowed is a time above 0"),
        (
            with("request_timeout = \"1s\"\npackets = { gap = \"1s\" }"),
            "`request_timeout` is for requests that are answered",
        ),
        (with("retry = {}"), "`retry` needs either `attempts` or `orbit`"),
        (
            with("retry = { attempts = 3, backoff = { base = \"2s\", cap = \"1s\" } }"),
            "`backoff.cap` is below",
        ),
        (
            with("retry = { attempts = 3, backoff = { base = \"2s\", jitter = \"ful\" } }"),
            "did you mean \"full\"?",
        ),
        (with("retry.orbit = { rate = \"1 per s\", persistence = 2 }"), "allowed is a number from 0 to 1"),
        (
            with("client_pool = { order = \"fifo\" }"),
            "needs `max`, `max_idle`, `idle_timeout`, `max_lifetime` or a `preset`",
        ),
        (with("client_pool = { preset = \"go-http\" }"), "did you mean \"go-net-http\"?"),
        (with("client_pool = { max = 0 }"), "allowed is a whole number from 1"),
        (with("client_pool = { max = 1, order = \"newest\" }"), "allowed is \"lifo\", \"fifo\""),
        (with("client_pool = { max = 1, wait = { time = \"1s\" } }"), "did you mean `timeout`?"),
        (with("client_pool = { max = 1, retry_stale = 1 }"), "allowed is true or false"),
        (
            with("client_pool = { max = 1, max_lifetime = { value = \"1s\", jitter = \"2s\" } }"),
            "the `jitter` of `max_lifetime` is longer than it",
        ),
        (with("destinations = { nowhere = 1 }"), "no destination is called \"nowhere\""),
        (with("destinations = { internet = 0 }"), "sum to 0"),
        (with("[run]\nduration = \"0s\""), "`duration` is 0; allowed is a time above 0"),
        (with("[run]\nduration = 60"), "is 60, which has no unit"),
        (with("[run]\nwindow = \"nan s\""), "is no unit of time"),
        (with("[run]\nduration = \"inf s\""), "is no unit of time"),
        (with("[run]\nwarm_up = \"stationery\""), "`warm_up`"),
        (with("packets = {}"), "`packets` lacks `gap`"),
        (with("packets = { gap = \"0s\" }"), "`gap` is 0; allowed is a time above 0"),
        (with("packets = { gap = \"1s\", stop_after_packet = 2 }"), "allowed is a number from 0 to 1"),
        (with("keepalive = \"0s\""), "`keepalive` is 0; allowed is a time above 0"),
        (
            with("packets = { gap = \"1s\" }\nclient_pool = { max = 1 }"),
            "`packets` is for neither a `client_pool` nor a trace",
        ),
        (
            with("packets = { gap = \"300s\" }").replace("lifetime.constant = { value = \"1s\" }\n", ""),
            "hold their ports for ever",
        ),
        (
            with("packets = { gap = \"30s\" }")
                .replace("lifetime.constant = { value = \"1s\" }\n", "")
                .replace("ports = 64", "ports = 64\nidle_timeout = \"240s\""),
            "hold their ports for ever",
        ),
        (
            with("via = \"mesh\""),
            "no relay is called \"mesh\"\n  help: write `[[relay]]` with `name = \"mesh\"`",
        ),
        (with("via = \"mash\"\n[[relay]]\nname = \"mesh\""), "did you mean `mesh`?"),
        (
            with("via = \"mesh\"\nclient_pool = { max = 1 }\n[[relay]]\nname = \"mesh\""),
            "has no `client_pool` of its own\n  help: write it in the `[[relay]]`",
        ),
        (
            arrivals("burst = { per_node = [1] }\nvia = \"mesh\"\n[[relay]]\nname = \"mesh\""),
            "neither a trace nor `per_node` says which",
        ),
        (with("[[relay]]\nname = \"mesh\"\n[[relay]]\nname = \"mesh\""), "two relays are called \"mesh\""),
        (with("preset = \"dns-coredns\""), "did you mean \"dns-coredns-azure\"?"),
        (with("preset = 1"), "`preset` is the number 1; allowed is \"aks-mandatory-egress\", \"api-server\""),
        (with("preset = \"api-server\"\nlifetme = \"1s\""), "did you mean `lifetime`?"),
        (with("preset = \"api-server\"\nplacement = \"even\""), "says where they run"),
        (with("cache_hit_ratio = 1.0"), "allowed is a number from 0 to 0.999999"),
        (
            arrivals("even = { rate = \"1 per s\" }\ncache_hit_ratio = 0.5"),
            "`cache_hit_ratio` is for `arrivals.poisson` only",
        ),
        (
            with("[[workload]]\npreset = \"api-server\""),
            "`workload` lacks `destinations`, and there are 2 to choose from",
        ),
        (with("[[relay]]\nnode_pool = \"gpu\""), "no node pool is called \"gpu\"\n  help: known here: node"),
        (with("[[relay]]\nstreams = 3"), "unknown key `streams` in `relay`"),
        (with("pods = \"per-pod\""), "did you mean \"per-node\"?"),
        (with("pods = \"per-node\"\nplacement = \"even\""), "says where they run"),
        (
            arrivals("poisson = { rate = \"1 per s\", rate_per_pod = \"1 per s\" }"),
            "write either `rate` or `rate_per_pod`",
        ),
        (
            arrivals("poisson = { rate_per_pod = \"1000000 per s\" }\npods = 10_000"),
            "allowed is at most 1e9 per s in all",
        ),
        (
            arrivals("closed = { clients_per_pod = 10_001, think = \"1s\" }\npods = 100"),
            "allowed is a whole number from 1 to 10000",
        ),
        (arrivals("closed = { clients = 0, think = \"1s\" }"), "`clients` is the number 0"),
        (arrivals("closed = { clients = 1, think = \"0s\" }"), "`think` is 0; allowed is a time above 0"),
        (
            arrivals("closed = { clients = 1, think = \"1s\" }\nkeepalive = \"1s\""),
            "are not for `arrivals.closed`",
        ),
        (with("[[probe]]\nabove = 3"), "`probe` lacks `at`"),
        (with("[[probe]]\nat = \"61m\""), "`at` is 61m, after the end of the measured time"),
        (with("[[probe]]\nat = \"1m\"\nabove = -1"), "allowed is a whole number from 0"),
        (with("[[threshold]]\nexpr = \"failure_rate < 1%\""), "did you mean `failure_ratio`?"),
        (with("[[threshold]]\nexpr = \"failure_ratio\""), "is no threshold"),
        (
            with("[[threshold]]\nexpr = \"failure_ratio < 1\""),
            "allowed is 0 or more and below 1 (100 %); is a % missing?",
        ),
        (with("[[threshold]]\nexpr = \"failure_ratio < 1000%\""), "the limit of `failure_ratio` is 1000 %"),
        (with("[[threshold]]\nexpr = \"failure_ratio < -1\""), "the limit of `failure_ratio` is -1"),
        (with("[[threshold]]\nexpr = \"occupancy.max < 1.5\""), "at most 1 (100 %)"),
        (with("[[threshold]]\nexpr = \"connect_delay_s.p99 < 5%\""), "write seconds, such as 5"),
        (with("name = \"\""), "`name` is empty"),
        (with("name = \"a\\u001b[31m\""), "`name` holds a control character"),
        (with("[cluster]\nnetwork_plugin = \"silium\""), "did you mean \"cilium\"?"),
        (with("[cluster]\nmax_pods = 30"), "`max_pods` says nothing without `network_plugin`"),
        (with("[cluster]\nnetwork_plugin = \"cilium\"\nsubnet = \"\""), "unknown key `subnet` in `cluster`"),
        (
            with("[cluster]\nnetwork_plugin = \"azure-cni\"\nnode_subnet = \"10.240.0.1/24\""),
            "which does not begin a range\n  help: write \"10.240.0.0/24\"",
        ),
        (
            with("[cluster]\nnetwork_plugin = \"azure-cni\"\nnode_subnet = \"10.240.0.0\""),
            "is no range of IPv4 addresses",
        ),
        (
            with("[cluster]\nnetwork_plugin = \"azure-cni\"\npod_cidr = \"10.0.0.0/16\""),
            "pods of azure-cni take no address from a `pod_cidr`",
        ),
        (GOOD.replace("custom", "azure/natgateway"), "did you mean \"azure/nat-gateway\"?"),
        (GOOD.replace("64", "-1"), "`ports` is the number -1"),
        (GOOD.replace("1 per s", "0 per s"), "write a rate above 0"),
        (GOOD.replace("constant = { value", "pareto = { alpha = 0.9, mean"), "has no mean without `max`"),
        (GOOD.replace("constant", "weibul"), "unknown key `weibul` in `lifetime`"),
        (arrivals("renewal = { gap = \"0s\" }"), "`gap` is 0; allowed is a time above 0"),
        (
            arrivals("mmpp = { rates = [\"1 per s\"], mean_stay = [\"1s\", \"2s\"] }"),
            "`rates` has 1 phases and `mean_stay` 2; each needs both",
        ),
        (arrivals("mmpp = { rates = [\"0 per s\"], mean_stay = [\"1s\"] }"), "`rates` has no value above 0"),
        (
            arrivals("mmpp = { rates = [\"1 per s\"], mean_stay = [\"0s\"] }"),
            "`mean_stay` is 0; allowed is a time above 0",
        ),
        (arrivals("mmpp = { rates = [\"1 per s\"] }"), "`arrivals.mmpp` lacks `mean_stay`"),
        (
            arrivals("on_off = { on = \"1s\", off = \"0s\", rate = \"1 per s\" }"),
            "`off` is 0; allowed is a time above 0",
        ),
        (arrivals("on_off = { on = \"1s\", rate = \"1 per s\" }"), "`arrivals.on_off` lacks `off`"),
        (
            arrivals("sinusoid = { mean = \"1 per s\", amplitude = \"2 per s\", period = \"1h\" }"),
            "`amplitude` is above `mean`",
        ),
        (
            arrivals("sinusoid = { mean = \"1 per s\", amplitude = \"1 per s\", period = \"0s\" }"),
            "`period` is 0; allowed is a time above 0",
        ),
        (
            with("rate_over_time = { points = [[\"0s\", -1]] }"),
            "`points` is the number -1; allowed is a number from 0",
        ),
        (with("rate_over_time = { points = [[\"0s\", \"1 per s\"]] }"), "allowed is a number from 0"),
        (with("rate_over_time = { before = 1 }"), "`rate_over_time` lacks `points`"),
        (
            with("rate_over_time = { points = [[\"0s\", 2]] }").replace("poisson", "even"),
            "`rate_over_time` is for arrivals that follow a rate",
        ),
        (
            with("rate_over_time = { points = [[\"0s\", 2]] }\nclient_pool = { max = 1 }")
                .replace("poisson = { ", "batch = { size.constant = 2, accept = \"whole\", "),
            "`client_pool` takes no batch with `accept = \"whole\"`",
        ),
        (arrivals("piecewise = { points = [\"0s\"] }"), "each is a time and a value"),
        (arrivals("piecewise = { points = [[\"0s\", \"0 per s\"]] }"), "`points` has no value above 0"),
        (arrivals("piecewise = { points = [] }"), "`points` has no value above 0"),
        (
            arrivals("piecewise = { points = [[\"1s\", \"1 per s\"], [\"1s\", \"2 per s\"]] }"),
            "the times of `points` do not rise",
        ),
        (
            arrivals("piecewise = { points = [[\"0s\", \"1 per s\"]], between = \"lines\" }"),
            "allowed is \"steps\", \"linear\"",
        ),
        (arrivals("renewal = {}"), "`arrivals.renewal` lacks `gap`"),
        (
            arrivals("batch = { rate = \"1 per s\", size.constant = 2, accept = \"all\" }"),
            "allowed is \"partial\", \"whole\"",
        ),
        (
            with("client_pool = { max = 1 }")
                .replace("poisson = { ", "batch = { size.constant = 2, accept = \"whole\", "),
            "`client_pool` takes no batch with `accept = \"whole\"`",
        ),
        (
            law("erlang = { mean = \"1s\", stages = 0 }"),
            "`stages` is the number 0; allowed is a whole number from 1",
        ),
        (law("weibull = { mean = \"1s\" }"), "`lifetime.weibull` lacks `shape`"),
        (law("two_point = { branches = [[1, \"1s\"]] }"), "`two_point` has 1 branches, not 2"),
        (law("mixture = { branches = [[0, \"1s\"]] }"), "the weights of `branches` sum to 0"),
        (law("mixture = { branches = [[1, \"0s\"]] }"), "the mean of `branches` is 0"),
        (law("mixture = { branches = [\"1s\"] }"), "`branches` is the text \"1s\", not a list"),
        (GOOD.replace("poisson = { rate = \"1 per s\" }", "trace = { files = [\"/\"] }"), "is a directory"),
        (GOOD.replace("[outbound]", "[outbound"), "not valid TOML"),
        ("".to_string(), "lacks `[outbound]`"),
        ("[1, 2]".to_string(), "is JSON, but no object; a scenario has its tables in one"),
        ("null".to_string(), "is JSON, but no object"),
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
    let scenario = set("public_ips", "3").unwrap();
    assert_eq!(scenario.outbound.public_ips(&scenario.cluster), 3);
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
fn an_override_takes_a_key_or_a_table_away() {
    let text = format!(
        "{GOOD}[[event]]\nname = \"noon\"\nat = \"1m\"\n[[threshold]]\nexpr = \"failure_ratio < 1%\"\n"
    );
    let set = |key: &str, value: &str| read("good.toml", &text, &[(key.into(), value.into())]);
    assert_eq!(
        (
            set("run.seed", "1").unwrap().thresholds.len(),
            set("threshold.0", "null").unwrap().thresholds.len()
        ),
        (1, 0)
    );
    assert_eq!(set("threshold", "null").unwrap().thresholds.len(), 0);
    assert!(set("event.noon", "null").unwrap().events.marks.is_empty());
    assert!(set("outbound.ports", "null").unwrap_err().to_string().contains("lacks `ports`"));
    let title = set("title", "\"null\"").unwrap().title;
    assert_eq!(title, "null", "a text in quotes is one");
    for (key, words) in [
        ("outbound.idle_timeout", "--set: `outbound.idle_timeout`: there is no `idle_timeout` to take away"),
        ("threshold.3", "there is no `3` to take away"),
        ("probe.0", "there is no `0` to take away"),
        ("event.dusk", "there is no `dusk` to take away"),
    ] {
        let error = set(key, "null").unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

/// One mistake gives one message: no key is unknown because another one was wrong.
#[test]
fn a_mistake_is_reported_once_and_hides_no_key() {
    let firewall = "[outbound]\nmodel = \"azure/firewall\"\ninstances = 1\npublic_ips = 2\n";
    let custom = "[outbound]\nmodel = \"custom\"\nports = 64\n";
    let traffic = &GOOD[custom.len()..];
    for (text, expected) in [
        (
            format!("{firewall}{traffic}"),
            "bad.toml:3:13: `instances` is the number 1; allowed is a whole number from 2 to 50",
        ),
        (
            format!("{GOOD}pods = 0\nplacement = \"even\"\n"),
            "bad.toml:7:8: `pods` is the number 0; allowed is a whole number from 1 to 1000000",
        ),
        (
            format!("{custom}hold_down = \"4\"\n{traffic}"),
            "bad.toml:4:13: `hold_down` is \"4\", which has no unit; write ms, s, m (minutes), h or d, such as \"4s\"",
        ),
        (
            format!("{custom}sharing = {{ tdp = \"exclusive\" }}\n{traffic}"),
            "bad.toml:4:13: unknown key `tdp` in `sharing`\n  help: known here: tcp, udp",
        ),
        (
            format!("[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = \"atuo\"\n{traffic}"),
            "bad.toml:3:18: `ports_per_node` is the text \"atuo\"; allowed is a whole number from 0 to 64000, or \"auto\"",
        ),
        (
            format!("{GOOD}ends = {{ abandoned = 1.0 }}\n"),
            "bad.toml:7:22: `ends.abandoned` needs an idle timeout, or its ports never come free\n  \
             help: write `idle_timeout = \"4m\"` in `[outbound]`",
        ),
        (
            format!("{GOOD}destinations = {{ internt = 1 }}\n"),
            "bad.toml:7:18: no destination is called \"internt\"; there are internet\n  help: did you mean `internet`?",
        ),
    ] {
        assert_eq!(problems(&text), expected, "for:\n{text}");
    }
}

#[test]
fn no_mistake_in_a_file_is_called_a_defect_of_the_program() {
    let balancer = "[outbound]\nmodel = \"azure/load-balancer\"\n";
    let traffic = &GOOD[GOOD.find("[[workload]]").unwrap()..];
    let law = |branches: &str| {
        GOOD.replace(
            "constant = { value = \"1s\" }",
            &format!("hyperexponential = {{ branches = {branches} }}"),
        )
    };
    for (text, expected) in [
        (law("[]"), "the weights of `branches` sum to 0"),
        (law("[[1, \"0s\"]]"), "the mean of `branches` is 0"),
        (format!("{balancer}tiers = 3\n{traffic}"), "`tiers` is the number 3, not a list"),
        (format!("{balancer}tiers = [{{ nodes = 50 }}]\n{traffic}"), "`tiers` needs a list of tables"),
        (format!("{balancer}tiers = []\n{traffic}"), "`tiers` needs a list of tables"),
        (format!("{balancer}sharing = {{ tcp = \"exclusive\" }}\n{traffic}"), "shares TCP ports by endpoint"),
    ] {
        let error = read("bad.toml", &text, &[]).unwrap_err();
        assert_eq!(error.exit_status().code(), 2, "{error}");
        assert!(error.to_string().contains(expected), "expected {expected:?} in:\n{error}");
    }
}

#[test]
fn totals_are_bounded_not_only_single_numbers() {
    let pools = "[[node_pool]]\nname = \"a\"\nnodes = 6000\n[[node_pool]]\nname = \"b\"\nnodes = 6000\n";
    let found = problems(&format!("{GOOD}{pools}"));
    assert_eq!(found, "bad.toml:10:1: the node pools up to \"b\" have 12000 nodes; allowed are 10000");
    let burst = "burst = { per_node = [60000000, 60000000] }";
    let text = GOOD.replace("poisson = { rate = \"1 per s\" }", burst);
    let found = problems(&format!("{text}[[node_pool]]\nnodes = 2\n"));
    assert_eq!(found, "bad.toml:5:31: `per_node` adds up to 120000000 flows; allowed are 100000000 in all");
}

#[test]
fn a_mistake_in_a_flag_is_not_blamed_on_the_file() {
    let set = |key: &str, value: &str| {
        read("good.toml", GOOD, &[(key.into(), value.into())]).unwrap_err().to_string()
    };
    assert_eq!(
        set("outbound.prots", "3"),
        "--set: unknown key `prots` in `outbound`\n  help: did you mean `ports`?"
    );
    assert_eq!(
        set("run.duration", "60"),
        "--set: `duration` is 60, which has no unit; write ms, s, m (minutes), h or d, such as \"60s\""
    );
    let balancer = GOOD.replace("\"custom\"\nports = 64", "\"azure/load-balancer\"\nports_per_node = 8");
    let refused = read("good.toml", &balancer, &[("ports_per_node".into(), "1001".into())]).unwrap_err();
    assert!(refused.to_string().contains("\n--set: 1001 ports per node"), "{refused}");
    let refused = read("good.toml", &balancer.replace("= 8", "= 1001"), &[]).unwrap_err();
    assert!(refused.to_string().contains("\ngood.toml:3:18: 1001 ports per node"), "{refused}");
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

#[test]
fn a_cap_for_each_destination_needs_rows_of_one() {
    for sharing in ["exclusive", "address", "exclusive-any-protocol"] {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = 64\nsharing = \"{sharing}\"\nper_destination_cap = 8\n[[workload]]\n\
             arrivals.burst = {{ flows = 1 }}\nlifetime = \"1s\"\n"
        );
        let error = read("bad.toml", &text, &[]).unwrap_err().to_string();
        assert!(
            error.contains("bad.toml:5:23: `per_destination_cap` needs a port pool that destinations share"),
            "{error}"
        );
    }
}

#[test]
fn a_search_that_asks_nothing_of_a_flows_own_port_takes_no_range_of_them() {
    let with = |search: &str| {
        GOOD.replace(
            "ports = 64\n",
            &format!("ports = 64\nlocal_ports = [40000, 50000]\nsearch = {search}\n"),
        )
    };
    assert_eq!(
        problems(&with("\"random\"")),
        "bad.toml:4:15: this `search` asks nothing of a flow's own port\n  help: write `search = \"linux\"` or `search = { sequential_tries = 32 }`"
    );
    assert!(read("good.toml", &with("{ sequential_tries = 32 }"), &[]).is_ok());
}
