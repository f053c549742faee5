//! Local ports of pods: what a pod's own kernel has towards one destination, before any stage is asked.

use crate::check::{run, run_cut, scenario};
use snatsim::experiment::results::{Results, Totals};
use snatsim::scenario::read;
use snatsim::simulation::Sharding;

/// A device that never refuses, and pods whose addresses no node translates.
const PLENTY: &str = "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = \"unlimited\"\n";
const POD_SUBNET: &str = "[cluster]\nnetwork_plugin = \"azure-cni-pod-subnet\"\n";
const RUN: &str = "[run]\nduration = \"10m\"\nwarm_up = \"0s\"\nreplications = 1\n";

/// One workload with these keys, in a cluster with these.
fn alone(cluster: &str, workload: &str) -> Results {
    run(&format!("{PLENTY}{cluster}\n[[workload]]\n{workload}\n{RUN}"), &[])
}

/// With so many local ports.
fn ports(count: u32, more: &str) -> String {
    format!("{POD_SUBNET}local_ports = [1001, {}]\n{more}\n", 1000 + count)
}

/// Flows, attempts, and flows without a local port.
fn counts(results: &Results) -> (u64, u64, u64) {
    let Totals { flows, attempts, no_local_port, .. } = results.totals;
    (flows, attempts, no_local_port)
}

/// 32,768 to 60,999: 28,232 ports towards each destination.
#[test]
fn a_pod_has_28_232_local_ports_towards_a_destination() {
    let burst = |flows: u32, more: &str| {
        let workload =
            format!("arrivals.burst = {{ flows = {flows} }}\nlifetime = \"1m\"\nsyn = \"none\"\n{more}");
        alone(POD_SUBNET, &workload).totals
    };
    let lost = burst(30_000, "");
    assert_eq!((lost.attempts, lost.no_local_port), (28_232, 1_768));
    assert_eq!((lost.flows, lost.connection_failures, lost.request_failures), (30_000, 1_768, 1_768));
    assert_eq!(lost.snat_failures, 0, "no stage hears of them");
    assert_eq!(burst(28_232, "").no_local_port, 0);
    assert_eq!(burst(56_464, "pods = 2").no_local_port, 0);
    assert_eq!(burst(56_466, "pods = 2").no_local_port, 2);
    let two = "destinations = { one = 1, other = 1 }\n[[destination]]\nname = \"one\"\n[[destination]]\nname = \"other\"";
    assert_eq!(burst(30_000, two).no_local_port, 0);
    let host = burst(28_233, "pods = \"per-node\"");
    assert_eq!((host.attempts, host.no_local_port), (28_232, 1), "processes of a node have the node's range");
}

#[test]
fn every_plugin_counts_and_none_counts_nothing() {
    let workload = "arrivals.burst = { flows = 150 }\nlifetime = \"5s\"\nsyn = \"none\"";
    for plugin in ["kubenet", "azure-cni", "azure-cni-pod-subnet", "azure-cni-overlay", "cilium"] {
        let cluster = format!("[cluster]\nnetwork_plugin = \"{plugin}\"\nlocal_ports = [40000, 40099]\n");
        assert_eq!(counts(&alone(&cluster, workload)), (150, 100, 50), "{plugin}");
    }
    assert_eq!(counts(&alone("", workload)), (150, 150, 0));
}

/// SYNs at 0.1 s, 0.2 s and so on, to which nothing ever answers; each socket waits for 131 s.
#[test]
fn clients_that_nobody_answers_take_all_local_ports() {
    let with = |duration: &str, more: &str| {
        let text = format!(
            "[outbound]\nmodel = \"none\"\n{}[[workload]]\narrivals.even = {{ rate = \"10 per s\" }}\nlifetime = \"1s\"\n{more}\n\
             [run]\nduration = \"{duration}\"\nwarm_up = \"0s\"\nreplications = 1\n",
            ports(500, "")
        );
        let totals = run(&text, &[]).totals;
        (totals.flows + totals.unresolved, totals.no_local_port)
    };
    // An event that follows from the end, or none: the socket is closed at the same instant.
    for more in ["", "request_timeout = \"200s\""] {
        assert_eq!(with("50050ms", more), (500, 0));
        assert_eq!(with("51050ms", more), (510, 10));
        // The first socket is closed at 131.1 s, in time for the flow of that instant; so are the 499 that follow.
        assert_eq!(with("131050ms", more), (1_310, 810), "{more}");
        assert_eq!(with("181050ms", more), (1_810, 810), "{more}");
        assert_eq!(with("182050ms", more), (1_820, 820), "{more}");
    }
    assert_eq!(with("131050ms", "connect_timeout = \"30s\""), (1_310, 0), "300 wait at a time");
    assert_eq!(with("131050ms", "syn = \"none\""), (1_310, 0), "a refused try fails at once");
    let half_open = "ends = { half_open = 1.0 }";
    let text = format!(
        "{PLENTY}{}[[workload]]\narrivals.even = {{ rate = \"10 per s\" }}\nlifetime = \"1s\"\n{half_open}\n\
         [run]\nduration = \"131050ms\"\nwarm_up = \"0s\"\nreplications = 1\n",
        ports(500, "")
    );
    assert_eq!(run(&text, &[]).totals.no_local_port, 810, "SYNs that leave and are not answered");
}

/// Ten connections a second for a second each, whose sockets then wait for 60 s: 610 at a time. With 609 the 610th finds
/// none, and the next one takes the port that comes free as it asks; so it goes on.
#[test]
fn a_socket_that_waits_after_its_close_keeps_its_port() {
    let with = |count: u32, keys: &str, more: &str| {
        let text = format!(
            "{PLENTY}{}[[workload]]\narrivals.even = {{ rate = \"10 per s\" }}\nlifetime = \"1s\"\nsyn = \"none\"\n{more}\n\
             [run]\nduration = \"610s\"\nwarm_up = \"0s\"\nreplications = 1\n",
            ports(count, keys)
        );
        run(&text, &[]).totals.no_local_port
    };
    let wait = "time_wait = \"60s\"\n";
    assert_eq!([610, 609, 600].map(|count| with(count, wait, "")), [0, 9, 9 * 10 + 9]);
    assert_eq!(with(10, "", ""), 0, "the server closes first");
    assert!(with(9, "", "") > 0);
    assert_eq!(with(10, wait, "ends = { rst = 1.0 }"), 0, "nothing waits after RST");
}

#[test]
fn a_kept_connection_takes_one_local_port() {
    let waves = |count: u32, keys: &str, pool: &str| {
        let text = format!(
            "{PLENTY}{}[[workload]]\narrivals.herd = {{ every = \"10s\", clients = 5 }}\nlifetime = \"1s\"\nsyn = \"none\"\n\
             client_pool = {{ {pool} }}\n[run]\nduration = \"65s\"\nwarm_up = \"0s\"\nreplications = 1\n",
            ports(count, keys)
        );
        let totals = run(&text, &[]).totals;
        (totals.requests, totals.attempts, totals.no_local_port)
    };
    // Waves of five at 0 s, 10 s .. 60 s.
    assert_eq!(waves(5, "", "max = 10"), (35, 5, 0), "the second wave finds the connections of the first");
    assert_eq!(
        waves(4, "", "max = 10"),
        (35, 4, 7),
        "one of each wave finds neither a connection nor a port"
    );
    assert_eq!(waves(4, "", "max = 4"), (35, 4, 0), "the fifth waits in line");
    assert_eq!(waves(5, "", "max = 10, idle_timeout = \"5s\""), (35, 35, 0));
    // Closed at 6 s, the sockets wait until 66 s.
    let wait = "time_wait = \"60s\"";
    assert_eq!(waves(5, wait, "max = 10, idle_timeout = \"5s\""), (35, 5, 30));
    assert_eq!(
        waves(5, "time_wait = \"4s\"", "max = 10, idle_timeout = \"5s\""),
        (35, 35, 0),
        "free at 10 s"
    );
    assert_eq!(waves(5, wait, "max = 5, idle_timeout = \"5s\""), (35, 5, 30), "also where no more are open");
}

/// What a proxy keeps open costs the pods nothing, and a destination that needs no port costs no local port that is counted.
#[test]
fn pods_do_not_count_what_others_keep_or_nobody_translates() {
    let text = |device: &str, destination: &str| {
        format!(
            "[outbound]\n{device}\n{}[[destination]]\nname = \"api\"\n{destination}\n[[workload]]\narrivals.burst = {{ flows = 50 }}\n\
             lifetime = \"1s\"\n{RUN}",
            ports(2, "")
        )
    };
    let proxy = |upstream: &str| format!("model = \"azure/http-proxy\"\nproxies = 1\n{upstream}");
    assert_eq!(run(&text(&proxy("upstream = { max = 50 }"), ""), &[]).totals.no_local_port, 0);
    assert_eq!(run(&text(&proxy(""), ""), &[]).totals.no_local_port, 48, "tunnels");
    let custom = "model = \"custom\"\nports = 64";
    assert_eq!(run(&text(custom, "reach = \"private-endpoint\""), &[]).totals.no_local_port, 0);
    assert_eq!(run(&text(custom, ""), &[]).totals.no_local_port, 48);
}

/// UDP sockets close with the last datagram, and nothing waits after it; the device waits for 30 s of silence.
#[test]
fn a_udp_socket_leaves_its_local_port_before_the_device_knows() {
    let text = format!(
        "{PLENTY}udp_idle_timeout = \"30s\"\n{}[[destination]]\nname = \"dns\"\nprotocol = \"udp\"\n\
         [[workload]]\narrivals.even = {{ rate = \"10 per s\" }}\nlifetime = \"1s\"\n{RUN}",
        ports(10, "time_wait = \"60s\"")
    );
    assert_eq!(run(&text, &[]).totals.no_local_port, 0);
    assert!(run(&text.replace("1010]", "1009]"), &[]).totals.no_local_port > 0);
}

#[test]
fn an_abandoned_socket_is_there_until_the_nearest_stage_forgets_it() {
    let text = format!(
        "{PLENTY}idle_timeout = \"4m\"\n{}[[workload]]\narrivals.even = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n\
         syn = \"none\"\nends = {{ abandoned = 1.0 }}\n{RUN}",
        ports(241, "")
    );
    assert_eq!(run(&text, &[]).totals.no_local_port, 0);
    assert!(run(&text.replace("1241]", "1240]"), &[]).totals.no_local_port > 0);
}

/// A retry asks for a local port again, and is the first to ask a stage for one.
#[test]
fn a_flow_without_a_local_port_may_be_tried_again() {
    let workload = "arrivals.burst = { flows = 150 }\nlifetime = \"5s\"\nsyn = \"none\"\n\
                    retry = { attempts = 3, backoff = { base = \"3s\" } }";
    // 50 find none at 0 s, nor at 3 s; at 9 s all of them do.
    let results = alone(&ports(100, ""), workload);
    assert_eq!(counts(&results), (250, 150, 100));
    assert_eq!((results.totals.request_failures, results.totals.snat_failures), (0, 0));
    assert_eq!(results.retries.as_ref().map(|retries| retries.begun), Some(100));
}

/// The pods of a node that ends take their sockets with them.
#[test]
fn pods_in_place_of_lost_ones_have_all_local_ports() {
    let text = |event: &str| {
        format!(
            "{PLENTY}{}[[node_pool]]\nname = \"user\"\nnodes = 1\n[[workload]]\npods = 1\n\
             arrivals.herd = {{ every = \"2m\", clients = 100 }}\nlifetime = \"1h\"\nsyn = \"none\"\n{event}\
             [run]\nduration = \"3m\"\nwarm_up = \"0s\"\nreplications = 1\n",
            ports(100, "")
        )
    };
    assert_eq!(
        counts(&run(&text(""), &[])),
        (200, 100, 100),
        "the second wave meets the sockets of the first"
    );
    let lost = run(&text("[[event]]\nat = \"1m\"\nlose = { nodes = 1, back_after = \"30s\" }\n"), &[]);
    assert_eq!(counts(&lost), (200, 200, 0));
}

#[test]
fn a_range_that_nobody_exhausts_changes_no_number() {
    let with = |cluster: &str| {
        let text = format!(
            "[outbound]\nmodel = \"azure/nat-gateway\"\nports_per_ip = 200\n{cluster}[[node_pool]]\nnodes = 2\n\
             [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[workload]]\npods = 5\n\
             destinations = {{ a = 2, b = 1 }}\narrivals.poisson = {{ rate = \"5 per s\" }}\nlifetime.exponential = {{ mean = \"3s\" }}\n\
             ends = {{ fin = 0.6, rst = 0.2, abandoned = 0.1, half_open = 0.1 }}\n\
             [run]\nduration = \"5m\"\nwarm_up = \"2m\"\nreplications = 2\n"
        );
        let results = run(&text, &[]);
        assert!(results.totals.snat_failures > 0);
        serde_json::to_string(&Results { scenario: serde_json::Value::Null, ..results }).unwrap()
    };
    assert_eq!(with(""), with(&format!("{POD_SUBNET}local_ports = [1, 65535]\n")));
}

#[test]
fn threads_and_shards_leave_every_byte_as_it_is() {
    let text = "[outbound]\nmodel = \"azure/nat-gateway\"\nports_per_ip = 400\n[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
         local_ports = [40000, 40029]\ntime_wait = \"5s\"\n[[node_pool]]\nname = \"user\"\nnodes = 3\n\
         [[destination]]\nname = \"a\"\n[[destination]]\nname = \"b\"\n[[workload]]\npods = 6\n\
         destinations = { a = 3, b = 1 }\narrivals.poisson = { rate = \"60 per s\" }\nlifetime.exponential = { mean = \"1s\" }\n\
         ends = { fin = 0.6, rst = 0.2, abandoned = 0.1, half_open = 0.1 }\n\
         [[workload]]\npods = 7\ndestinations = { b = 1 }\narrivals.poisson = { rate = \"60 per s\" }\nlifetime = \"1s\"\n\
         client_pool = { idle_timeout = \"2s\" }\nretry = { attempts = 3, backoff = { base = \"300ms\", jitter = \"full\" } }\n\
         [run]\nduration = \"2m\"\nwarm_up = \"1m\"\nreplications = 2\n".to_string();
    let bytes = |threads, sharding| {
        serde_json::to_string(&run_cut(&scenario(&text, &[]), threads, sharding)).unwrap()
    };
    let one = bytes(1, Sharding::Smallest);
    assert_eq!(one, bytes(2, Sharding::Smallest));
    assert_eq!(one, bytes(2, Sharding::Coupled));
    assert!(run(&text, &[]).totals.no_local_port > 0);
}

fn problems(cluster: &str) -> String {
    let text = format!(
        "[cluster]\n{cluster}\n[outbound]\nmodel = \"azure/nat-gateway\"\n[[workload]]\n\
         arrivals.poisson = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n"
    );
    match read("bad.toml", &text, &[]) {
        Ok(_) => panic!("accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn each_mistake_has_its_place_and_says_what_to_write() {
    let overlay = "network_plugin = \"azure-cni-overlay\"";
    let cases = [
        (
            "local_ports = [32768, 60999]".into(),
            "bad.toml:2:15: `local_ports` says nothing without `network_plugin`\n  help: write `network_plugin",
        ),
        ("time_wait = \"60s\"".into(), "bad.toml:2:13: `time_wait` says nothing without `network_plugin`"),
        (
            format!("{overlay}\nlocal_ports = [60999, 32768]"),
            "bad.toml:3:15: `local_ports` runs from 60999 down to 32768\n  help: write `local_ports = [32768, 60999]`",
        ),
        (
            format!("{overlay}\nlocal_ports = [32768]"),
            "bad.toml:3:15: `local_ports` needs the first and the last port\n  help: write `local_ports = [32768, 60999]`",
        ),
        (
            format!("{overlay}\nlocal_ports = 28232"),
            "bad.toml:3:15: `local_ports` is the number 28232, not a list",
        ),
        (format!("{overlay}\nlocal_ports = [0, 60999]"), "bad.toml:3:16: `local_ports` is"),
        (format!("{overlay}\ntime_wait = 60"), "bad.toml:3:13: `time_wait` is 60, which has no unit"),
        (
            format!("{overlay}\nlocal_ports = [1024, 60999]\nnode_stage = {{ local_ports = [1024, 60999] }}"),
            "bad.toml:4:30: `local_ports` of the pods is said twice\n  help: write `cluster.local_ports` only",
        ),
    ];
    for (cluster, expected) in cases {
        let said = problems(&cluster);
        assert!(said.contains(expected), "{cluster}\n{said}");
        assert_eq!(said.matches("bad.toml:").count(), 1, "told once: {said}");
    }
}

/// The pods and the node that tries to keep their source ports have one range, wherever it is said.
#[test]
fn results_show_one_range() {
    let ranges = |keys: &str| {
        let resolved = scenario(
            &format!(
                "{PLENTY}[cluster]\nnetwork_plugin = \"kubenet\"\n{keys}\n[[workload]]\n\
                 arrivals.burst = {{ flows = 1 }}\nlifetime = \"1s\"\n"
            ),
            &[],
        )
        .resolved;
        let cluster = &resolved["cluster"];
        assert_eq!(cluster["local_ports"], cluster["node_stage"]["local_ports"], "{keys}");
        (cluster["local_ports"].to_string(), cluster["time_wait"].to_string())
    };
    assert_eq!(ranges(""), ("[32768,60999]".into(), "\"0s\"".into()));
    assert_eq!(ranges("local_ports = [1024, 60999]"), ("[1024,60999]".into(), "\"0s\"".into()));
    let of_node = "node_stage = { local_ports = [50000, 50099] }\ntime_wait = \"60s\"";
    assert_eq!(ranges(of_node), ("[50000,50099]".into(), "\"60s\"".into()));
    let workload = "arrivals.burst = { flows = 150 }\nlifetime = \"5s\"\nsyn = \"none\"";
    let cluster = format!("[cluster]\nnetwork_plugin = \"kubenet\"\n{of_node}\n");
    assert_eq!(counts(&alone(&cluster, workload)), (150, 100, 50));
}
