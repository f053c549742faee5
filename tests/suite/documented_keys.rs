//! Every key and value that the page on the scenario file shows is read.

use snatsim::scenario::read;

/// The example of the page.
const WHOLE: &str = r#"
title = "Checkout after the launch"

[outbound]
model = "azure/load-balancer"
public_ips = 1
ports_per_node = 1024
idle_timeout = "30m"
hold_down = { fin = "240s", rst = "15s", udp = "0s" }
half_open = "30s"
udp_idle_timeout = "240s"

[cluster]
network_plugin = "azure-cni-overlay"

[[node_pool]]
name = "user"
nodes = 10
max_surge = "10%"

[[destination]]
name = "payments-api"
address = "203.0.113.10"
port = 443
protocol = "tcp"
reach = "internet"

[[workload]]
name = "checkout"
node_pool = "user"
pods = 30
placement = "even"
destinations = { "payments-api" = 1.0 }
arrivals.poisson = { rate = "40 per s" }
lifetime.exponential = { mean = "240s" }
ends = { fin = 0.9, rst = 0.1 }
syn = "none"
connect_timeout = "30s"
client_pool = { max = 50, idle_timeout = "90s", order = "lifo" }
retry = { attempts = 3, backoff = { base = "100ms", cap = "10s", jitter = "full" } }

[run]
duration = "2h"
warm_up = "auto"
replications = 20
seed = 1
window = "60s"

[[threshold]]
expr = "failure_ratio < 0.001"

[[probe]]
at = "207.2s"
above = 1800
"#;

/// What each kind of line stands in.
fn in_place(kind: &str, line: &str) -> String {
    let outbound = "[outbound]\nmodel = \"custom\"\nports = 64\n";
    let workload = |arrivals: &str, lifetime: &str, line: &str| {
        format!("[[workload]]\n{arrivals}{lifetime}{line}\n[run]\nduration = \"60s\"\n")
    };
    let (poisson, second) = ("arrivals.poisson = { rate = \"1 per s\" }\n", "lifetime = \"1s\"\n");
    match kind {
        "device" => format!("[outbound]\nmodel = \"custom\"\n{line}\n{}", workload(poisson, second, "")),
        "node pool" => {
            format!("{outbound}[[node_pool]]\nname = \"user\"\n{line}\n{}", workload(poisson, second, ""))
        }
        "destination" => {
            format!("{outbound}[[destination]]\nname = \"a\"\n{line}\n{}", workload(poisson, second, ""))
        }
        "cluster" => format!("{outbound}[cluster]\n{line}\n{}", workload(poisson, second, "")),
        "arrivals" => format!("{outbound}{}", workload(line, &format!("\n{second}"), "")),
        "trace" => format!("{outbound}{}", workload(line, "", "")),
        "lifetime" => format!("{outbound}{}", workload(poisson, line, "")),
        "workload" => format!("{outbound}{}", workload(poisson, second, line)),
        "abandoned" => format!(
            "[outbound]\nmodel = \"custom\"\nports = 64\nidle_timeout = \"4m\"\nhalf_open = \"30s\"\n{}",
            workload(poisson, second, line)
        ),
        "run" => format!("{outbound}{}{line}\n", workload(poisson, second, "")),
        other => panic!("no place for {other}"),
    }
}

/// By place, each line of the page, and each alternative that it names.
const LINES: [(&str, &[&str]); 10] = [
    (
        "cluster",
        &[
            "network_plugin = \"kubenet\"",
            "network_plugin = \"azure-cni\"",
            "network_plugin = \"azure-cni-pod-subnet\"",
            "network_plugin = \"azure-cni-overlay\"",
            "network_plugin = \"cilium\"",
            "network_plugin = \"kubenet\"\nlocal_ports = [1024, 60999]\ntime_wait = \"60s\"",
        ],
    ),
    (
        "destination",
        &[
            "protocol = \"udp\"",
            "reach = \"private-endpoint\"",
            "reach = \"service-endpoint\"",
            "reach = \"vnet\"",
            "reach = \"peered\"",
            "reach = \"on-premises\"",
            "reach = \"blocked\"",
        ],
    ),
    (
        "node pool",
        &[
            "nodes = 10",
            "nodes = 10\nmax_surge = \"10%\"",
            "nodes = 3\nmax_surge = 2",
            "autoscale = { min = 3, max = 20 }",
            "autoscale = { min = 3, max = 20 }\nmax_surge = \"10%\"",
        ],
    ),
    (
        "workload",
        &[
            "placement.hot_node = 0.5",
            "placement.zipf = 1.0",
            "placement.weights = [1.0]",
            "destination_mix.zipf = { exponent = 1.0, count = 50 }",
            "syn = \"none\"",
            "syn = \"linux-6.5\"",
            "syn = \"linux-classic\"",
            "syn = [ \"1s\", \"3s\" ]\nconnect_timeout = \"30s\"",
            "syn = { intervals = [\"1s\", \"2s\"], grid = [[\"2.044s\", \"32ms\"]], order = \"last-armed-first\" }\nconnect_timeout = \"30s\"",
            "client_pool = { preset = \"go-net-http\", max = 50, max_idle = 2, idle_timeout = \"90s\", max_lifetime = \"10m\", order = \"lifo\", wait = { order = \"fifo\", timeout = \"2s\" } }",
            "client_pool = { max = 50, idle_timeout = \"90s\", order = \"fifo\" }\nkeepalive = \"200s\"",
            "retry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\", jitter = \"none\" } }",
            "retry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\", jitter = \"equal\" } }",
            "retry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\", jitter = \"decorrelated\" } }",
            "retry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\", jitter = \"full\" }, budget = { ratio = 0.1, floor = \"1 per s\" } }",
            "retry = { orbit = { rate = \"1 per s\", first_persistence = 1.0, persistence = 0.8 } }",
            "request_timeout = \"2s\"",
            "ports_per_flow = 1",
        ],
    ),
    (
        "abandoned",
        &[
            "ends = { fin = 0.9, rst = 0.08, abandoned = 0.02 }",
            "ends = { fin = 0.5, half_open = 0.3, refused = 0.2 }",
            "packets = { gap.exponential = { mean = \"30s\" }, stop_after_packet = 0.2 }",
            "keepalive = \"200s\"",
        ],
    ),
    (
        "arrivals",
        &[
            "arrivals.poisson   = { rate = \"40 per s\" }",
            "arrivals.even      = { rate = \"20 per s\", first = \"25ms\" }",
            "arrivals.renewal   = { gap.hyperexponential = { mean = \"62.5ms\", cv2 = 4.0 } }",
            "arrivals.batch     = { rate = \"5 per s\", size.geometric = { mean = 5.0 }, accept = \"partial\" }",
            "arrivals.batch     = { rate = \"5 per s\", size.constant = 10, accept = \"whole\" }",
            "arrivals.mmpp      = { rates = [\"30 per s\", \"10 per s\"], mean_stay = [\"120s\", \"300s\"] }",
            "arrivals.mmpp      = { rates = [\"30 per s\", \"10 per s\", \"1 per s\"], mean_stay = [\"120s\", \"300s\", \"1m\"] }",
            "arrivals.on_off    = { on.pareto = { mean = \"10s\", alpha = 1.5 }, off.exponential = { mean = \"60s\" }, rate = \"100 per s\" }",
            "arrivals.sinusoid  = { mean = \"20 per s\", amplitude = \"12 per s\", period = \"600s\" }",
            "arrivals.piecewise = { points = [[\"0s\", \"5 per s\"], [\"30s\", \"40 per s\"]], before = \"5 per s\" }",
            "arrivals.herd      = { every = \"60s\", clients = 700, jitter = \"0s\" }",
            "arrivals.burst     = { at = \"0s\", flows = 1500, spread = \"0s\" }",
            "arrivals.burst     = { per_node = [2000] }",
            "arrivals.closed    = { clients = 60, think.exponential = { mean = \"2s\" } }",
        ],
    ),
    (
        "trace",
        &[
            "arrivals.trace = { files = [\"tests/data/zat/conn.log\"], format = \"auto\", inside = [\"10.0.0.0/8\", \"192.168.0.0/16\"], faster = 1.0, loop = false }",
            "arrivals.trace = { files = [\"tests/data/lab/traces/e4-fin-rst.csv.gz\"], format = \"lab\", inside = [\"10.10.0.0/16\"] }\n[[node_pool]]\nname = \"n\"\nnodes = 8",
        ],
    ),
    (
        "lifetime",
        &[
            "lifetime.constant = { value = \"2s\" }",
            "lifetime.exponential = { mean = \"2s\" }",
            "lifetime.erlang = { mean = \"2s\", stages = 3 }",
            "lifetime.hyperexponential = { mean = \"2s\", cv2 = 4.0 }",
            "lifetime.hyperexponential = { branches = [[1, \"1s\"], [2, \"3s\"]] }",
            "lifetime.lognormal = { mean = \"200ms\", cv2 = 4.0 }",
            "lifetime.pareto = { mean = \"2s\", alpha = 1.5, max = \"1h\" }",
            "lifetime.weibull = { mean = \"2s\", shape = 0.5 }",
            "lifetime.two_point = { branches = [[1, \"1s\"], [2, \"3s\"]] }",
            "lifetime.empirical = { values = [\"1s\", \"2s\"] }",
            "lifetime.mixture = { branches = [[1, { constant = { value = \"1s\" } }], [2, { exponential = { mean = \"1s\" } }]] }",
        ],
    ),
    (
        "device",
        &[
            "partition = \"node\"\nports = \"unlimited\"",
            "partition = \"shared\"\nports = 64",
            "partition = { instances = 2, by_node = [1] }\nports = 64",
            "ports = 64\nsharing = \"endpoint\"",
            "ports = 64\nsharing = { tcp = \"endpoint\", udp = \"address\" }",
            "ports = 64\nsharing = \"exclusive\"",
            "ports = 64\nsharing = \"exclusive-any-protocol\"",
            "ports = 64\nsearch = \"lowest\"",
            "ports = 64\nsearch = \"random\"",
            "ports = 64\nsearch = \"round-robin\"",
            "ports = 64\nsearch = { random_tries = 10, replacement = true }",
            "ports = 64\nsearch = { sequential_tries = 32 }",
            "ports = 64\nsearch = \"linux\"\ntake_over = true",
            "ports = 64\nhold_down = \"1s\"",
            "ports = 64\nhold_down = { exponential = { mean = \"1s\" } }",
            "ports = 64\nhold_down = { fin = { exponential = { mean = \"1s\" } }, rst = \"0s\" }",
            "ports = 64\nidle_timeout = \"4m\"\nidle_expiry = \"silent\"",
            "ports = 64\nidle_timeout = \"4m\"\nidle_expiry = \"reset\"",
            "ports = 64\nudp_idle_timeout = \"30s\"\nudp_stream_timeout = \"120s\"\nhalf_open = \"30s\"",
            "ports = 64\npublic_ips = 2",
            "public_ips = [{ ports = 64 }, { ports = \"unlimited\" }]",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"sticky\"",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"uniform\"",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"in-turns\"",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"random\"",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"hash-source-destination\"",
            "ports = 64\npublic_ips = 2\npublic_ip_choice = \"hash-source\"",
            "ports = 64\npublic_ips = 2\npublic_ip_of = { node-1 = 0 }",
            "ports = 64\nper_node_cap = 9",
            "ports = 64\nper_node_cap = [9]",
            "ports = 64\ntotal_cap = 9",
            "ports = 64\nper_destination_cap = 9",
            "ports = 64\nports_per_flow = 1",
        ],
    ),
    (
        "run",
        &[
            "warm_up = \"auto\"",
            "warm_up = \"20m\"",
            "warm_up = \"0s\"",
            "seed = 7\nwindow = \"30s\"",
            "precision = \"5%\"",
            "precision = \"5%\"\nmax_replications = 200",
            "replications = 40\nprecision = \"5%\"\nmax_replications = 200",
        ],
    ),
];

/// Why a text is refused, if it is.
fn refused(text: &str) -> Option<String> {
    // Files are named from the folder of the scenario.
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/documented.toml");
    read(file, text, &[]).err().map(|error| error.to_string())
}

#[test]
fn the_example_of_the_page_is_read_whole() {
    assert_eq!(refused(WHOLE), None);
    for (from, to) in [
        ("ports_per_node = 1024", "ports_per_node = \"auto\""),
        ("warm_up = \"auto\"", "warm_up = \"30m\""),
        ("replications = 20", "precision = \"5%\"\nmax_replications = 200"),
        ("nodes = 10", "autoscale = { min = 3, max = 20 }"),
    ] {
        assert_eq!(refused(&WHOLE.replace(from, to)), None, "{to}");
    }
    let stationary = "[outbound]\nmodel = \"custom\"\nports = 64\n[[workload]]\narrivals.poisson = { rate = \"55 per s\" }\n\
                      lifetime.exponential = { mean = \"1s\" }\nsyn = \"none\"\n[run]\nwarm_up = \"stationary\"\n";
    assert_eq!(
        (refused(stationary), stationary.lines().count()),
        (None, 9),
        "a loss system in about eight lines"
    );
}

#[test]
fn every_line_of_the_page_is_read() {
    let lines = LINES.into_iter().flat_map(|(kind, lines)| lines.iter().map(move |line| (kind, *line)));
    let problems: Vec<String> = lines
        .filter_map(|(kind, line)| Some(format!("{line}\n    {}", refused(&in_place(kind, line))?)))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
