//! A cluster that changes while it runs, against arithmetic and Erlang's formula.

use crate::check::{Sample, run, run_cut, scenario};
use snatsim::analytic::erlang_b;
use snatsim::error::Error;
use snatsim::experiment::Plan;
use snatsim::experiment::results::{Phase, Results};
use snatsim::flow::NodeId;
use snatsim::scenario::read;
use snatsim::simulation::{Epoch, Sharding};

/// A flow a second for 100 s, from 1 s on, each for 1,000 s.
const EVEN: &str = "[[workload]]\narrivals.even = { rate = \"1 per s\" }\nlifetime.constant = { value = \"1000s\" }\n\
    syn = \"none\"\n[run]\nwarm_up = \"0s\"\nduration = \"99500ms\"\nreplications = 1\n";

fn of(phase: &Phase) -> (f64, u64, u64, u64) {
    (phase.start_s, phase.attempts, phase.snat_failures, phase.cut_off)
}

fn phases(results: &Results) -> Vec<(f64, u64, u64, u64)> {
    results.phases.iter().map(of).collect()
}

/// Ten ports serve the first ten flows; ten more serve those of the ten seconds after they come.
#[test]
fn a_public_ip_comes_and_goes_with_its_flows() {
    let text = format!(
        "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 10\npublic_ips = 1\n{EVEN}\
         [[event]]\nat = \"50500ms\"\noutbound = {{ public_ips = 2 }}\n[[event]]\nat = \"80500ms\"\noutbound = {{ public_ips = 1 }}\n"
    );
    let results = run(&text, &[]);
    assert_eq!(phases(&results), [(0.0, 50, 40, 0), (50.5, 30, 20, 0), (80.5, 19, 19, 10)]);
    let ports: Vec<Option<u64>> = results.phases.iter().map(|phase| phase.ports).collect();
    assert_eq!(ports, [Some(10), Some(20), Some(10)]);
    assert_eq!(results.phases[1].what, ["public_ips = 2"]);
    assert_eq!((results.totals.flows, results.totals.snat_failures), (99, 79));
    assert_eq!(results.occupancy_ports.max, 20);
}

/// Each of 20 pods on two nodes has a flow of 1,000 s. A node falls silent at 50 s: the gateway keeps its ten ports until 150 s.
#[test]
fn a_lost_node_keeps_shared_ports_until_silence_ends_its_flows() {
    let burst = |name: &str, at: &str, flows: u32| {
        format!(
            "[[workload]]\nname = \"{name}\"\narrivals.burst = {{ at = \"{at}\", flows = {flows} }}\nlifetime = \"1s\"\nsyn = \"none\"\n"
        )
    };
    let text = format!(
        "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 20\nidle_timeout = \"100s\"\n\
         [[node_pool]]\nnodes = 2\n[[workload]]\nname = \"long\"\npods = 20\narrivals.burst = {{ flows = 20 }}\n\
         lifetime = \"1000s\"\nsyn = \"none\"\n{}{}\
         [[event]]\nat = \"50s\"\nlose = {{ nodes = 1 }}\n[run]\nduration = \"10m\"\nreplications = 1\n",
        burst("early", "149s", 4),
        burst("late", "150s", 11),
    );
    let results = run(&text, &[]);
    assert_eq!(phases(&results), [(0.0, 20, 0, 0), (50.0, 15, 5, 10)]);
    assert_eq!(results.phases[1].nodes, 1);
    let silent = run(&text, &[("event.0.lose.nodes", "1"), ("outbound.idle_timeout", "1h")]);
    assert_eq!(phases(&silent)[1], (50.0, 15, 15, 10));
}

/// Two pods on two nodes keep a connection each, used until 21 s. One node falls silent at 50 s: the device counts its silence from the last
/// packet, as that of the other's connection, which is idle.
#[test]
fn an_idle_connection_of_a_lost_node_is_forgotten_when_it_would_have_been() {
    let burst = |name: &str, at: &str, flows: u32| {
        format!(
            "[[workload]]\nname = \"{name}\"\narrivals.burst = {{ at = \"{at}\", flows = {flows} }}\nlifetime = \"1s\"\nsyn = \"none\"\n"
        )
    };
    let text = format!(
        "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 2\nidle_timeout = \"60s\"\n\
         [[node_pool]]\nnodes = 2\n[[workload]]\nname = \"kept\"\npods = 2\narrivals.burst = {{ at = \"20s\", flows = 2 }}\n\
         lifetime = \"1s\"\nsyn = \"none\"\nclient_pool = {{ max = 1 }}\n{}{}\
         [[event]]\nat = \"50s\"\nlose = {{ nodes = 1 }}\n[run]\nwarm_up = \"0s\"\nduration = \"3m\"\nreplications = 1\n",
        burst("early", "79500ms", 1),
        burst("late", "81500ms", 2),
    );
    let results = run(&text, &[]);
    assert_eq!(phases(&results), [(0.0, 2, 0, 0), (50.0, 3, 1, 1)]);
}

/// What a lost node asks for is gone until others do its work; they do all of it then.
#[test]
fn pods_of_a_lost_node_ask_for_nothing_until_others_do_their_work() {
    let text = "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n[[node_pool]]\nnodes = 4\n\
        [[workload]]\npods = 4\narrivals.even = { rate = \"1 per s\", first = \"500ms\" }\nlifetime = \"1s\"\nsyn = \"none\"\n\
        [[event]]\nat = \"100s\"\nlose = { nodes = 1, noticed_after = \"100s\", back_after = \"200s\" }\n\
        [[event]]\nat = \"200s\"\nname = \"noticed\"\npods = { pods = 4 }\n\
        [run]\nwarm_up = \"0s\"\nduration = \"400s\"\nreplications = 1\n";
    let results = run(text, &[]);
    let attempts: Vec<u64> = results.phases.iter().map(|phase| phase.attempts).collect();
    assert_eq!(attempts, [100, 75, 100, 100]);
    let nodes: Vec<u32> = results.phases.iter().map(|phase| phase.nodes).collect();
    assert_eq!(nodes, [4, 3, 3, 4]);
    let poisson = text
        .replace("even = { rate = \"1 per s\", first = \"500ms\" }", "poisson = { rate = \"400 per s\" }");
    let results = run(&poisson, &[]);
    for (phase, expected) in results.phases.iter().zip([40_000.0, 30_000.0, 40_000.0, 40_000.0_f64]) {
        let apart = (phase.attempts as f64 - expected) / expected.sqrt();
        assert!(apart.abs() < 4.0, "{} for {expected}", phase.attempts);
    }
}

/// 52 nodes have half the ports of 48: three flows a second that keep a port for 242 s meet 512 instead of 1,024.
#[test]
fn a_tier_crossing_halves_the_grants_of_all_nodes() {
    let text = include_str!("../../models/scenarios/scale-out.toml");
    let settled = "\n[[event]]\nat = \"30m\"\nname = \"settled\"\nscale = { nodes = 52 }\n";
    let text = text.replacen("[run]", &format!("{settled}\n[run]"), 1);
    // With holds of one length the node would fill and empty in time with them for hours.
    let any_length =
        "public_ips = 1\nhold_down = { fin = { exponential = { mean = \"240s\" } } }\n\n[[node_pool]]";
    let text = text.replacen("\n[[node_pool]]", any_length, 1);
    let runs: Vec<Results> = (0..20)
        .map(|seed| {
            run(&text, &[("run.seed", &seed.to_string()), ("run.replications", "1"), ("run.duration", "40m")])
        })
        .collect();
    let settled = |results: &Results| {
        let phase = &results.phases[2];
        assert_eq!((phase.nodes, phase.ports), (52, Some(52 * 512)));
        phase.snat_failures as f64 / phase.attempts as f64
    };
    Sample::of(&runs, settled).assert_agrees(erlang_b(512, 726.0), 0.01);
    for results in &runs {
        let [before, crossing, _] = &results.phases[..] else { panic!("three phases") };
        assert_eq!((before.snat_failures, before.cut_off), (0, 0));
        // 288 live flows on 48 nodes, each on a port that goes with the chance of one half.
        assert!((100..190).contains(&crossing.cut_off), "{}", crossing.cut_off);
    }
}

/// Every port is either among the lower or among the upper half of a grant: of 288 live flows each is cut off by one of the two.
#[test]
fn which_ports_go_is_a_knob() {
    let text = include_str!("../../models/scenarios/scale-out.toml");
    let cut_off = |reclaim: &str| {
        let set = [("outbound.reclaim", reclaim), ("run.replications", "1"), ("run.duration", "22m")];
        run(text, &set).phases[1].cut_off
    };
    let [lowest, random, highest] = ["lowest", "random", "highest"].map(cut_off);
    assert!((220..360).contains(&(lowest + highest)), "{lowest} {highest}");
    assert!(random > lowest.min(highest) && random < lowest.max(highest), "{lowest} {random} {highest}");
}

/// Nodes that stay keep their grants for `realloc_delay`; nodes that come have theirs at once.
#[test]
fn grants_change_a_while_after_the_cluster() {
    let text = include_str!("../../models/scenarios/scale-out.toml");
    let mark = |at: &str| format!("[[event]]\nat = \"{at}\"\nname = \"{at}\"\n");
    let text = text.replacen("[run]", &format!("{}{}[run]", mark("1229s"), mark("1231s")), 1);
    let ports = |delay: &str| -> Vec<u64> {
        let set = [("outbound.realloc_delay", delay), ("run.replications", "1"), ("run.duration", "21m")];
        run(&text, &set).phases.iter().filter_map(|phase| phase.ports).collect()
    };
    let grown = 48 * 1_024 + 4 * 512;
    assert_eq!(ports("30s"), [48 * 1_024, grown, 52 * 512, 52 * 512]);
    assert_eq!(ports("0s"), [48 * 1_024, 52 * 512, 52 * 512, 52 * 512]);
}

/// A share of what was asked for in the last second of ten is refused; what is asked for while all is slow takes ten times as long.
#[test]
fn a_dependency_is_slow_or_refuses_for_a_while() {
    let text = "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\nhold_down = { fin = \"0s\", refused = \"5s\" }\n\
        [[workload]]\narrivals.even = { rate = \"10 per s\", first = \"50ms\" }\nlifetime = \"2s\"\nsyn = \"none\"\n\
        [[event]]\nat = \"100s\"\nslow = { factor = 10, lasts = \"50s\" }\n\
        [[event]]\nat = \"200s\"\nrefuse = { destination = \"internet\", lasts = \"50s\" }\n\
        [[probe]]\nat = \"99s\"\n[[probe]]\nat = \"149s\"\n[[probe]]\nat = \"160s\"\n[[probe]]\nat = \"199s\"\n[[probe]]\nat = \"249s\"\n\
        [run]\nwarm_up = \"0s\"\nduration = \"300s\"\nreplications = 1\n";
    let results = run(text, &[]);
    let busy: Vec<f64> = results.probes.iter().map(|probe| probe.mean).collect();
    // 10 a second for 2 s; for 20 s; those asked for from 140 to 150 s, and the last 2 s; for 2 s; 5 s of rest after a reset.
    assert_eq!(busy, [20.0, 200.0, 120.0, 20.0, 50.0]);
    assert_eq!(results.totals.request_failures, 500);
    assert_eq!(results.totals.connection_failures, 0);
    let what: Vec<&str> = results.phases.iter().flat_map(|phase| &phase.what).map(String::as_str).collect();
    assert_eq!(
        what[..2],
        ["every destination takes 10 times as long", "over: every destination takes 10 times as long"]
    );
    let half = run(text, &[("event.1.refuse.share", "0.5")]).totals.request_failures;
    assert!((200..300).contains(&half), "{half}");
}

/// An instance that goes away takes no new flow, serves those it has for 45 s, and resets them.
#[test]
fn a_firewall_instance_drains_before_it_goes() {
    let burst = |at: &str, flows: u32| {
        format!(
            "[[workload]]\narrivals.burst = {{ at = \"{at}\", flows = {flows} }}\nlifetime = \"1000s\"\nsyn = \"none\"\n"
        )
    };
    let text = format!(
        "[outbound]\nmodel = \"azure/firewall\"\ninstances = 3\n{}{}\
         [[event]]\nat = \"60s\"\noutbound = {{ instances = 2 }}\n[[event]]\nat = \"104s\"\nname = \"before\"\npods = {{ workload = \"workload-1\", pods = 1 }}\n\
         [[event]]\nat = \"105s\"\nname = \"gone\"\npods = {{ workload = \"workload-1\", pods = 1 }}\n\
         [run]\nduration = \"5m\"\nreplications = 1\n",
        burst("0s", 3_000),
        burst("70s", 9_000)
    );
    let results = run(&text, &[]);
    let [first, draining, before, gone] = &results.phases[..] else { panic!("{:?}", results.phases) };
    assert_eq!((first.snat_failures, first.cut_off, draining.cut_off, before.cut_off), (0, 0, 0, 0));
    assert!((900..1_100).contains(&gone.cut_off), "{}", gone.cut_off);
    let on_two = 3_000 - gone.cut_off;
    assert_eq!(draining.snat_failures, 9_000 - (2 * 2_496 - on_two));
    assert_eq!((first.ports, gone.ports), (Some(3 * 2_496), Some(2 * 2_496)));
    let more = run(&text, &[("event.0.outbound.instances", "4")]);
    assert_eq!(more.phases.iter().map(|phase| phase.cut_off).sum::<u64>(), 0);
    assert_eq!(more.phases[0].snat_failures, 0, "no flow goes to an instance that is still to come");
    assert!(more.phases[1].snat_failures < draining.snat_failures - 2_400, "new flows find the new instance");
}

/// Two pods keep a connection each. One loses its port while idle: its next request meets a stale connection, and a new one finds no port.
#[test]
fn a_kept_connection_that_loses_its_port_is_stale() {
    let text = "[outbound]\nmodel = \"custom\"\npartition = \"shared\"\nports = 2\n[[workload]]\npods = 2\n\
        arrivals.even = { rate = \"1 per s\" }\nlifetime = \"100ms\"\nsyn = \"none\"\nclient_pool = { idle_timeout = \"1h\" }\n\
        [[event]]\nat = \"50500ms\"\noutbound = { ports = 1 }\n[run]\nwarm_up = \"0s\"\nduration = \"99500ms\"\nreplications = 1\n";
    let results = run(text, &[]);
    let totals = &results.totals;
    assert_eq!((totals.requests, totals.stale, totals.request_failures), (99, 1, 24));
    assert_eq!(totals.snat_failures, 24, "the stale one asks for a new port too");
    assert_eq!(results.phases[1].cut_off, 1);
}

/// Whoever waits in line in a pod that ends with its node does not ask for a port there.
#[test]
fn nobody_asks_on_a_node_that_is_gone() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\n[[node_pool]]\nnodes = 3\n[[workload]]\npods = 6\n\
        arrivals.poisson = { rate = \"12 per s\" }\nlifetime.exponential = { mean = \"2s\" }\nsyn = \"none\"\n\
        client_pool = { max = 2, max_idle = 2 }\n[[event]]\nat = \"5m\"\nscale = { nodes = 1 }\n[run]\nduration = \"10m\"\nreplications = 2\n";
    let totals = run(text, &[]).totals;
    assert_eq!((totals.snat_failures, totals.unresolved > 0), (0, true), "{totals:?}");
}

/// A proxy has one port and keeps one connection. A pod whose node is lost at 12.5 s waited there for the port, which is free at 13 s.
#[test]
fn a_proxy_does_not_count_on_a_client_that_is_gone() {
    let text = "[outbound]\nmodel = \"azure/http-proxy\"\nproxies = 1\nports_per_proxy = 1\nhold_down = { fin = \"5s\" }\n\
        upstream = { max = 1, idle_timeout = \"1s\" }\n[[node_pool]]\nnodes = 2\n[[workload]]\npods = 2\n\
        arrivals.even = { rate = \"10 per m\" }\nlifetime = \"1s\"\n[[event]]\nat = \"12500ms\"\nlose = { nodes = 1 }\n\
        [run]\nwarm_up = \"0s\"\nduration = \"1m\"\nreplications = 1\n";
    let totals = run(text, &[]).totals;
    assert_eq!((totals.requests, totals.request_failures, totals.unresolved), (6, 1, 0), "{totals:?}");
}

/// An upgrade moves every pod, and asks for the same as before, whatever the outbound type.
#[test]
fn pods_that_move_ask_for_the_same_whatever_the_outbound_type() {
    let text = "[outbound]\nmodel = \"azure/load-balancer\"\n[[node_pool]]\nnodes = 6\n[[workload]]\npods = 18\n\
        arrivals.poisson = { rate = \"100 per s\" }\nlifetime.exponential = { mean = \"1s\" }\n\
        [[event]]\nat = \"2m\"\nupgrade = { round = \"1m\" }\n[run]\nduration = \"15m\"\nreplications = 2\n";
    let own = run(text, &[]);
    let other = run(
        text,
        &[("outbound.model", "azure/nat-gateway"), ("run.warm_up", &format!("{}s", own.warm_up_s))],
    );
    assert_eq!((own.totals.requests, own.phases.len()), (other.totals.requests, 3));
    let nodes: Vec<u32> = own.phases.iter().map(|phase| phase.nodes).collect();
    assert_eq!(nodes, [6, 7, 6]);
    let away = (own.totals.requests as f64 - 180_000.0) / 180_000.0_f64.sqrt();
    assert!(away.abs() < 4.0, "{}", own.totals.requests);
    let by_node: Vec<u64> = own.failures_by_node.iter().map(|node| node.attempts).collect();
    assert_eq!(by_node.len(), 7, "the extra node had its turn");
}

/// Everything that can happen, at once.
const EVERYTHING: &str = "[outbound]\nmodel = \"azure/firewall\"\ninstances = 3\n[cluster]\nnetwork_plugin = \"azure-cni-overlay\"\n\
    [[node_pool]]\nname = \"a\"\nnodes = 3\nzones = 3\n[[node_pool]]\nname = \"b\"\nnodes = 2\n[[destination]]\nname = \"api\"\n\
    [[destination]]\nname = \"dns\"\nprotocol = \"udp\"\n\
    [[workload]]\nname = \"steady\"\nnode_pool = \"a\"\npods = 7\ndestinations = { api = 3, dns = 1 }\narrivals.poisson = { rate = \"30 per s\" }\n\
    lifetime.exponential = { mean = \"5s\" }\nends = { fin = 0.6, half_open = 0.2, rst = 0.2 }\nretry = { attempts = 3, backoff = { base = \"100ms\", cap = \"10s\", jitter = \"full\" } }\n\
    [[workload]]\nname = \"pooled\"\nnode_pool = \"b\"\npods = 5\ndestinations = { api = 1 }\narrivals.poisson = { rate = \"20 per s\" }\n\
    lifetime.exponential = { mean = \"1s\" }\nclient_pool = { max = 4, idle_timeout = \"20s\", wait = { timeout = \"2s\" } }\n\
    [[workload]]\nname = \"looped\"\nnode_pool = \"a\"\npods = 4\ndestinations = { api = 1, dns = 1 }\narrivals.closed = { clients = 9, think.exponential = { mean = \"2s\" } }\nlifetime = \"1s\"\n\
    [[workload]]\nname = \"everywhere\"\npods = \"per-node\"\ndestinations = { dns = 1 }\narrivals.batch = { rate = \"2 per s\", size.constant = 3 }\nlifetime = \"1s\"\n\
    [[event]]\nat = \"60s\"\nscale = { node_pool = \"a\", nodes = 5 }\n[[event]]\nat = \"90s\"\nupgrade = { node_pool = \"b\", surge = 1, round = \"40s\" }\n\
    [[event]]\nat = \"120s\"\nlose = { zone = 2, noticed_after = \"30s\", back_after = \"60s\" }\n[[event]]\nat = \"150s\"\noutbound = { instances = 2 }\n\
    [[event]]\nat = \"170s\"\npods = { workload = \"steady\", pods = 12 }\n[[event]]\nat = \"200s\"\nslow = { destination = \"api\", factor = 4, lasts = \"30s\" }\n\
    [[event]]\nat = \"220s\"\nrefuse = { destination = \"api\", share = 0.3, lasts = \"30s\" }\n[[event]]\nat = \"240s\"\noutbound = { instances = 4 }\n\
    [[event]]\nat = \"260s\"\nscale = { node_pool = \"a\", nodes = 2 }\n[run]\nwarm_up = \"60s\"\nduration = \"5m\"\nreplications = 2\n";

#[test]
fn shards_and_threads_change_nothing_when_everything_changes() {
    let scenario = scenario(EVERYTHING, &[]);
    let text = |results: &Results| serde_json::to_string(results).unwrap();
    let whole = text(&run_cut(&scenario, 1, Sharding::Coupled));
    assert_eq!(whole, text(&run_cut(&scenario, 1, Sharding::Smallest)));
    assert_eq!(whole, text(&run_cut(&scenario, 2, Sharding::Smallest)));
    for model in ["azure/load-balancer", "azure/nat-gateway"] {
        let text_of =
            EVERYTHING.replace("model = \"azure/firewall\"\ninstances = 3", &format!("model = \"{model}\""));
        let text_of =
            text_of.replace("instances = 2", "public_ips = 2").replace("instances = 4", "public_ips = 3");
        let scenario = read("test.toml", &text_of, &[]).unwrap();
        let whole = text(&run_cut(&scenario, 1, Sharding::Coupled));
        assert_eq!(whole, text(&run_cut(&scenario, 2, Sharding::Smallest)), "{model}");
    }
}

#[test]
fn every_request_of_a_changing_cluster_has_an_outcome() {
    let results = run(EVERYTHING, &[]);
    assert_eq!(results.totals.unresolved, 0);
    assert!(results.totals.requests > 10_000, "{:?}", results.totals);
    assert!(results.phases.iter().map(|phase| phase.cut_off).sum::<u64>() > 0);
}

fn refused(event: &str) -> (bool, String) {
    let text = format!(
        "[outbound]\nmodel = \"azure/load-balancer\"\nports_per_node = 1304\n[[node_pool]]\nname = \"user\"\nnodes = 48\n\
         [[destination]]\nname = \"api\"\n[[workload]]\nname = \"checkout\"\ndestinations = {{ api = 1 }}\narrivals.burst = {{ flows = 1 }}\nlifetime = \"1s\"\n[[event]]\n{event}\n"
    );
    match read("test.toml", &text, &[]) {
        Ok(_) => panic!("accepted: {event}"),
        Err(error) => (matches!(error, Error::PlatformRefuses(_)), error.to_string()),
    }
}

#[test]
fn wrong_events_are_told_apart() {
    for (event, said) in [
        ("at = \"5m\"", "an event needs exactly one of scale, upgrade, lose, pods, outbound, slow, refuse"),
        ("scale = { nodes = 50 }", "lacks `at`"),
        ("at = \"5m\"\nscale = { node_pool = \"usr\", nodes = 50 }", "no node pool is called \"usr\""),
        ("at = \"5m\"\nscale = { nodes = 0 }", "allowed is a whole number from 1 to 10000"),
        ("at = \"5m\"\nscale = {}", "lacks `nodes`"),
        ("at = \"5m\"\nupgrade = { surge = \"120%\" }", "allowed is \"0%\" to \"100%\""),
        ("at = \"5m\"\nlose = { zone = 1 }", "no node is in zone 1"),
        ("at = \"5m\"\nlose = {}", "lacks `nodes`"),
        ("at = \"5m\"\npods = { workload = \"chekout\", pods = 3 }", "did you mean `checkout`?"),
        ("at = \"5m\"\noutbound = { instances = 3 }", "unknown key `instances`"),
        ("at = \"5m\"\noutbound = { public_ips = 0 }", "allowed is a whole number from 1 to"),
        (
            "at = \"5m\"\nslow = { destination = \"apo\", factor = 3, lasts = \"1m\" }",
            "no destination is called \"apo\"",
        ),
        ("at = \"5m\"\nslow = { factor = 3 }", "lacks `lasts`"),
        ("at = \"5m\"\nrefuse = { share = 1.5, lasts = \"1m\" }", "`share` is the number 1.5"),
        ("at = \"5m\"\nscale = { nodes = 47 }\ngrain = 1", "unknown key `grain`"),
        ("at = \"5m\"\noutbound = {}", "`outbound` changes nothing"),
        ("at = \"5m\"\nupgrade = { surge = 0 }", "an upgrade needs at least one extra node"),
        (
            "at = \"20m\"\nupgrade = {}\n[[event]]\nat = \"5m\"\nupgrade = {}",
            "the upgrade of user that begins at 20m is not over by then",
        ),
    ] {
        let (by_platform, message) = refused(event);
        assert!(!by_platform && message.contains(said), "{event}: {message}");
    }
}

#[test]
fn many_pods_come_at_once_and_go_to_the_emptiest_nodes() {
    let text = "[outbound]\nmodel = \"custom\"\nports = \"unlimited\"\n[[node_pool]]\nnodes = 400\n[[workload]]\npods = 10\n\
        arrivals.poisson = { rate = \"100 per s\" }\nlifetime = \"1s\"\n[[event]]\nat = \"10s\"\npods = { pods = 200000 }\n\
        [[event]]\nat = \"20s\"\nlose = { nodes = 200, noticed_after = \"5s\" }\n\
        [run]\nwarm_up = \"0s\"\nduration = \"30s\"\nreplications = 1\n";
    let plan = Plan::new(&scenario(text, &[])).unwrap();
    let on = |epoch: &Epoch, node| epoch.pods[0].iter().filter(|each| **each == NodeId(node)).count();
    let epochs = &plan.system.epochs;
    assert!((0..400).all(|node| on(&epochs[0], node) == 500));
    assert!((0..400).all(|node| on(&epochs[2], node) == if node < 200 { 1_000 } else { 0 }));
}

#[test]
fn nodes_with_recorded_flows_stay() {
    let with = |event: &str| {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = 64\n[[node_pool]]\nnodes = 2\n[[workload]]\n\
             arrivals.trace = {{ files = [\"models/traces/m57-conn.log.gz\"] }}\n[[event]]\nat = \"10s\"\n{event}\n"
        );
        read("test.toml", &text, &[]).err().map_or_else(String::new, |error| error.to_string())
    };
    for event in ["scale = { nodes = 1 }", "upgrade = {}", "lose = { nodes = 1 }"] {
        let said = with(event);
        assert!(said.contains("are recorded on nodes that would go"), "{event}: {said}");
    }
    assert!(!with("scale = { nodes = 3 }").contains("recorded"));
}

#[test]
fn what_comes_too_late_is_told() {
    let at = |at: &str| {
        let text = format!(
            "[outbound]\nmodel = \"custom\"\nports = 64\n[[workload]]\narrivals.poisson = {{ rate = \"1 per s\" }}\n\
             lifetime = \"1s\"\n[[event]]\nat = \"{at}\"\noutbound = {{ ports = 32 }}\n[run]\nduration = \"10m\"\nreplications = 2\n"
        );
        run(&text, &[]).warnings.join("\n")
    };
    assert!(
        at("10m").contains("\"ports = 32\" at 10m comes when the measured time of 10m is over"),
        "{}",
        at("10m")
    );
    assert!(!at("9m").contains("is over"));
}

#[test]
fn the_platform_refuses_what_an_event_leads_to() {
    for (event, said) in [
        ("at = \"5m\"\nscale = { nodes = 52 }", "test.toml:14:1: at 5m (user: 52 nodes): 52 nodes"),
        ("at = \"5m\"\nupgrade = { surge = 10 }", "(upgrade of user with 10 extra): 58 nodes"),
        ("at = \"5m\"\nlose = { nodes = 48 }", "has no node left for its pods"),
    ] {
        let (by_platform, message) = refused(event);
        assert!(by_platform && message.contains(said), "{event}: {message}");
    }
}

/// The platform has nothing against another idle timeout; this program cannot change it while it runs.
#[test]
fn an_event_that_the_program_cannot_follow_is_wrong_input() {
    let (by_platform, message) = refused("at = \"5m\"\noutbound = { idle_timeout = \"5m\" }");
    assert!(!by_platform && message.contains("nothing else of the outbound device"), "{message}");
    assert!(message.contains("test.toml:14:1: at 5m") && !message.contains("NotWhileItRuns"), "{message}");
}
