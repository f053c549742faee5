//! Keys of a workload whose effect is seen before anything runs: where pods are, and what counts as feedback.

use crate::check::{run, run_cut, scenario};
use snatsim::experiment::Plan;
use snatsim::simulation::Sharding;

fn placed(nodes: u32, pods: u32, placement: &str) -> Vec<usize> {
    let text = format!(
        "[outbound]\nmodel = \"custom\"\nports = 64\n[[node_pool]]\nname = \"system\"\nnodes = 2\n[[node_pool]]\nname = \"user\"\n\
         nodes = {nodes}\n[[workload]]\nnode_pool = \"user\"\npods = {pods}\nplacement{placement}\n\
         arrivals.poisson = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n"
    );
    let pods = &scenario(&text, &[]).workloads[0].pods;
    let on = |node: u32| pods.iter().filter(|pod| pod.0 == 2 + node).count();
    (0..nodes).map(on).collect()
}

#[test]
fn pods_are_placed_by_weights() {
    assert_eq!(placed(3, 10, ".weights = [5, 3.0, 2]"), [5, 3, 2]);
    assert_eq!(placed(3, 10, ".weights = [1, 0, 1]"), [5, 0, 5]);
    assert_eq!(placed(4, 25, ".zipf = 1.0"), [12, 6, 4, 3], "1, 1/2, 1/3, 1/4");
    assert_eq!(placed(4, 10, ".zipf = 0"), placed(4, 10, " = \"even\""));
    assert_eq!(placed(4, 9, ".hot_node = 0.5"), [5, 2, 1, 1]);
    assert_eq!(placed(4, 9, " = { weights = [0, 0, 0, 1] }"), [0, 0, 0, 9]);
}

/// The loss of each node is that of its own share: the first of two nodes has 9 of 10 pods.
#[test]
fn a_node_with_more_pods_fails_more_often() {
    let text = "[outbound]\nmodel = \"custom\"\nports = 64\npartition = \"node\"\n[[node_pool]]\nname = \"user\"\nnodes = 2\n[[workload]]\n\
                pods = 10\nplacement.weights = [9, 1]\narrivals.poisson = { rate = \"60 per s\" }\nlifetime.exponential = { mean = \"1s\" }\n\
                syn = \"none\"\n[run]\nduration = \"500s\"\nreplications = 2\n";
    let found = run(text, &[]);
    let asked: Vec<(&str, u64)> =
        found.failures_by_node.iter().map(|node| (node.name.as_str(), node.attempts)).collect();
    assert_eq!(asked[0].0, "user-1");
    let share = asked[0].1 as f64 / (asked[0].1 + asked[1].1) as f64;
    assert!((share - 0.9).abs() < 0.01, "{asked:?}");
}

fn resolver(protocol: &str, more: &str) -> String {
    format!(
        "[outbound]\nmodel = \"custom\"\nports = 64\nudp_idle_timeout = \"900ms\"\n[[destination]]\nname = \"resolver\"\n\
         protocol = \"{protocol}\"\n{more}[[workload]]\narrivals.poisson = {{ rate = \"60 per s\" }}\nlifetime = \"100ms\"\n{}\n\
         [run]\nduration = \"1000s\"\n",
        if more.is_empty() { "" } else { "destinations = { resolver = 1, other = 1 }" }
    )
}

/// A refused datagram is not sent again, so nothing follows from a refusal: the law is known, Erlang's, and shards may be as
/// small as rows.
#[test]
fn udp_has_no_syn_that_could_be_sent_again() {
    let feedback = |text: &str| !Plan::new(&scenario(text, &[])).unwrap().has_no_feedback();
    let udp = resolver("udp", "");
    assert!(!feedback(&udp) && !feedback(&udp.replace("lifetime", "syn = \"linux-classic\"\nlifetime")));
    assert!(feedback(&resolver("tcp", "")));
    let mixed = resolver("udp", "[[destination]]\nname = \"other\"\nprotocol = \"tcp\"\n");
    assert!(feedback(&mixed), "some of its flows are TCP");
    let found = run_cut(&scenario(&udp, &[]), 0, Sharding::Smallest);
    assert_eq!(found.start, "stationary");
    let check = found.analytic.as_ref().unwrap();
    let (erlang, ratio) = (check.erlang_b.unwrap(), &found.first_attempt_failure_ratio);
    assert!((ratio.low..=ratio.high).contains(&erlang), "{erlang} {ratio:?}");
    assert_eq!(found.retry_amplification, 1.0);
}
