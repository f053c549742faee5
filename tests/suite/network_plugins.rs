//! Clusters that the network plugin or the address ranges make impossible, with the documents' own arithmetic.

use snatsim::error::Error;
use snatsim::scenario::{Scenario, read};

/// `nodes` nodes without surge that run `pods` pods in all, in a cluster of these keys.
fn cluster(nodes: u32, pods: u32, keys: &str) -> Result<Scenario, Error> {
    surging(nodes, 0, pods, keys)
}

fn surging(nodes: u32, surge: u32, pods: u32, keys: &str) -> Result<Scenario, Error> {
    let text = format!(
        "[cluster]\n{keys}\n[outbound]\nmodel = \"azure/nat-gateway\"\n[[node_pool]]\nname = \"user\"\nnodes = {nodes}\n\
         max_surge = {surge}\n[[workload]]\npods = {pods}\narrivals.poisson = {{ rate = \"1 per s\" }}\nlifetime = \"1s\"\n"
    );
    read("cluster.toml", &text, &[])
}

/// What the platform says to it.
fn refusal(found: Result<Scenario, Error>) -> String {
    match found {
        Err(error @ Error::PlatformRefuses(_)) => error.to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("accepted"),
    }
}

fn assert_refused(found: Result<Scenario, Error>, parts: &[&str]) {
    let said = refusal(found);
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

const KUBENET: &str = "network_plugin = \"kubenet\"";
const CNI: &str = "network_plugin = \"azure-cni\"";
const OVERLAY: &str = "network_plugin = \"azure-cni-overlay\"";
const POD_SUBNET: &str = "network_plugin = \"azure-cni-pod-subnet\"";

#[test]
fn kubenet_has_four_hundred_nodes_and_overlay_five_thousand() {
    assert!(cluster(400, 1, KUBENET).is_ok());
    let parts = ["cluster.toml:2:18", "401 nodes are more than the 400", "TooManyNodes", "at most 400 nodes"];
    assert_refused(cluster(401, 1, KUBENET), &parts);
    assert!(cluster(5_000, 1, OVERLAY).is_ok());
    assert_refused(cluster(5_001, 1, OVERLAY), &["5001 nodes are more than the 5000"]);
}

#[test]
fn a_node_has_at_most_the_pods_that_its_plugin_allows() {
    assert!(cluster(2, 500, OVERLAY).is_ok(), "250 on each");
    let more = cluster(2, 501, OVERLAY);
    assert_refused(more, &["node user-1 has 251 pods, and `max_pods` is 250", "(TooManyPodsOnNode)"]);
    assert_refused(cluster(1, 31, CNI), &["has 31 pods", "help: write `max_pods = 31`, or use more nodes"]);
    assert!(cluster(1, 31, &format!("{CNI}\nmax_pods = 31")).is_ok());
    let high = cluster(1, 1, &format!("{OVERLAY}\nmax_pods = 251"));
    assert_refused(
        high,
        &["cluster.toml:3:12", "251 pods a node are not within the 10 to 250", "`max_pods = 250`"],
    );
    assert_refused(cluster(1, 1, &format!("{CNI}\nmax_pods = 9")), &["write `max_pods = 10`"]);
}

/// 50 nodes and 1 of surge at 30 pods each: 51 + 51 x 30 = 1,581, a /21.
#[test]
fn a_flat_subnet_holds_nodes_surge_nodes_and_all_their_pods() {
    let with = |subnet: &str| surging(50, 1, 50, &format!("{CNI}\nnode_subnet = \"{subnet}\""));
    assert!(with("10.240.0.0/21").is_ok());
    let parts = ["51 nodes (surge nodes counted) x 31 addresses need 1581", "10.240.0.0/22 has 1019"];
    assert_refused(with("10.240.0.0/22"), &parts);
    let changes = ["a `node_subnet` of /21, or use at most 32 nodes with their surge, or `max_pods = 18`"];
    assert_refused(with("10.240.0.0/22"), &changes);
    // Each change alone passes.
    assert!(surging(31, 1, 1, &format!("{CNI}\nnode_subnet = \"10.240.0.0/22\"")).is_ok());
    assert!(surging(50, 1, 1, &format!("{CNI}\nnode_subnet = \"10.240.0.0/22\"\nmax_pods = 18")).is_ok());
    assert!(surging(50, 1, 1, &format!("{CNI}\nnode_subnet = \"10.240.0.0/22\"\nmax_pods = 19")).is_err());
}

/// The documents: a /24 holds 8 nodes of 30 pods with Azure CNI, and 251 nodes with kubenet, surge left out.
#[test]
fn a_subnet_of_256_addresses_holds_eight_flat_nodes_or_251_of_kubenet() {
    let with = |plugin: &str, nodes| cluster(nodes, 1, &format!("{plugin}\nnode_subnet = \"10.240.0.0/24\""));
    assert!(with(CNI, 8).is_ok() && with(KUBENET, 251).is_ok());
    assert_refused(with(CNI, 9), &["9 nodes", "need 279", "has 251", "a `node_subnet` of /23"]);
    assert_refused(with(KUBENET, 252), &["252 nodes", "x 1 addresses need 252"]);
}

#[test]
fn a_virtual_network_has_65_536_addresses() {
    assert!(cluster(2_114, 1, CNI).is_ok());
    let parts =
        ["2115 nodes", "x 31 addresses need 65565", "InsufficientNetworkAddresses", "at most 2114 nodes"];
    assert_refused(cluster(2_115, 1, CNI), &parts);
    assert!(cluster(5_000, 1, POD_SUBNET).is_ok(), "pods take addresses when they come");
}

#[test]
fn pods_of_a_subnet_of_their_own_take_blocks_of_sixteen() {
    let with =
        |pods: u32, subnet: &str| surging(4, 1, pods, &format!("{POD_SUBNET}\npod_subnet = \"{subnet}\""));
    // Five blocks, one for each node and the surge node: 80 addresses.
    assert!(with(64, "10.241.0.0/25").is_ok());
    assert_refused(with(64, "10.241.0.0/26"), &["5 blocks", "need 80", "has 59", "a `pod_subnet` of /25"]);
    // A 17th pod on one node takes another block; 123 addresses hold seven.
    assert!(with(66, "10.241.0.0/25").is_ok());
    assert_refused(with(67, "10.241.0.0/25"), &["8 blocks", "need 128", "has 123"]);
}

#[test]
fn an_overlay_gives_each_node_a_prefix_of_24() {
    let with = |nodes, range: &str| surging(nodes, 1, 1, &format!("{OVERLAY}\npod_cidr = \"{range}\""));
    assert!(with(255, "10.244.0.0/16").is_ok());
    let parts =
        ["257 nodes (surge nodes counted) need a /24 each", "10.244.0.0/16 has 256", "a `pod_cidr` of /15"];
    assert_refused(with(256, "10.244.0.0/16"), &parts);
    assert_refused(with(1, "10.244.0.0/25"), &["has 0", "/23"]);
}

#[test]
fn ranges_that_overlap_are_refused() {
    let with = |range: &str| {
        cluster(1, 1, &format!("{OVERLAY}\nnode_subnet = \"10.0.0.0/16\"\npod_cidr = \"{range}\""))
    };
    assert!(with("10.244.0.0/16").is_ok());
    for range in ["10.0.0.0/8", "10.0.128.0/17"] {
        assert_refused(
            with(range),
            &["overlaps with `node_subnet` 10.0.0.0/16", "(OverlappingAddressRanges)"],
        );
    }
}

#[test]
fn all_refusals_come_at_once() {
    let text = "[cluster]\nnetwork_plugin = \"kubenet\"\nmax_pods = 300\n[outbound]\nmodel = \"azure/load-balancer\"\n\
                ports_per_node = 1024\n[[node_pool]]\nnodes = 500\n[[workload]]\narrivals.burst = { flows = 1 }\nlifetime = \"1s\"\n";
    let said = refusal(read("cluster.toml", text, &[]));
    let places =
        ["cluster.toml:2:18: 500 nodes", "cluster.toml:3:12: 300 pods", "cluster.toml:6:18: 501 nodes"];
    assert!(places.iter().all(|place| said.contains(place)), "{said}");
}
